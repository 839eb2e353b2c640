"""A peer that sends what it should not: forged, garbled and repeated packets from its own
address."""

import pathlib
import random

INJECTOR = pathlib.Path(__file__).with_name("inject.py")


def inject(namespace, packets: list[bytes]) -> None:
    """Sends whole IPv4 packets out of `namespace`."""
    lines = "\n".join(packet.hex() for packet in packets) + "\n"
    namespace.run("/usr/bin/python3", "-B", INJECTOR, text_in=lines, timeout=120)


def corrupt(packet: bytes, position: int, flip: int = 0xFF) -> bytes:
    return packet[:position] + bytes([packet[position] ^ flip]) + packet[position + 1 :]


def garbage(count: int, seed: int, size_max: int = 1400) -> list[bytes]:
    source = random.Random(seed)
    return [source.randbytes(source.randint(0, size_max)) for _ in range(count)]
