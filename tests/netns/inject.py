"""Sends whole IP packets, read as hex lines from stdin, from this namespace: a gateway's forged
double.

Run inside a namespace by hostile.py; a raw socket needs no port, so it stands beside the real
daemon.
"""

import socket
import sys


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        for line in sys.stdin:
            packet = bytes.fromhex(line)
            out.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))


if __name__ == "__main__":
    main()
