"""Seals and opens ESP without our code, by the keys of --key-log: scapy, and `cryptography` where
scapy is too tidy."""

import csv
import dataclasses
import io
import pathlib
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.packet import Raw

IPV4_INSIDE = 4
NO_NEXT_HEADER = 59


@dataclasses.dataclass(frozen=True)
class Keys:
    """One row of Wireshark's esp_sa table: one direction of one child SA."""

    source: str
    target: str
    spi: int
    key: bytes  # With the salt at its end.


def read_keys(folder: pathlib.Path) -> list[Keys]:
    rows = csv.reader(io.StringIO((folder / "esp_sa").read_text()))
    return [Keys(row[1], row[2], int(row[3], 16), bytes.fromhex(row[5][2:])) for row in rows if row]


def keys_of(folder: pathlib.Path, spi: str) -> Keys:
    [found] = [keys for keys in read_keys(folder) if keys.spi == int(spi, 16)]
    return found


def open_with_scapy(keys: Keys, packet, esn: bool = True):
    """The inner IP packet of a sealed one; raises when the ICV is wrong."""
    association = SecurityAssociation(
        ESP,
        spi=keys.spi,
        crypt_algo="AES-GCM",
        crypt_key=keys.key,
        tunnel_header=IP(src=keys.source, dst=keys.target),
        esn_en=esn,
        esn=0,
    )
    return association.decrypt(packet, verify=True, esn_en=esn, esn=0)


def seal(
    keys: Keys,
    inner: bytes,
    number: int,
    next_header: int = IPV4_INSIDE,
    padding: bytes | None = None,
) -> bytes:
    """ESP with ESN: SPI, number, IV, ciphertext, ICV. Odd padding and trailers are up to the
    caller."""
    if padding is None:
        count = -(len(inner) + 2) % 4
        padding = bytes(range(1, count + 1))
    plain = inner + padding + bytes([len(padding), next_header])
    iv = struct.pack("!Q", number)
    bound = struct.pack("!IQ", keys.spi, number)
    sealed = AESGCM(keys.key[:-4]).encrypt(keys.key[-4:] + iv, plain, bound)
    return struct.pack("!II", keys.spi, number & 0xFFFFFFFF) + iv + sealed


def in_udp(keys: Keys, esp: bytes) -> bytes:
    """The whole outer IP packet around it."""
    return bytes(IP(src=keys.source, dst=keys.target) / UDP(sport=4500, dport=4500) / Raw(esp))


def ping_packet(source: str, target: str, text: bytes = b"forged") -> bytes:
    return bytes(IP(src=source, dst=target) / ICMP(type=8, id=77, seq=1) / Raw(text))
