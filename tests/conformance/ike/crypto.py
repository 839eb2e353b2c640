"""The cryptography of the scripted peer, written from RFC 7296 2.13-2.18 and 5282 and not from the
daemon's code: two programs that agree by chance only."""

import dataclasses
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AES_CBC, AES_GCM_16 = 12, 20
KEY_PAD = b"Key Pad for IKEv2"
_HASHES = {2: "sha1", 5: "sha256", 6: "sha384", 7: "sha512"}
_INTEGRITY = {12: ("sha256", 16), 13: ("sha384", 24), 14: ("sha512", 32)}
_CURVES = {19: (ec.SECP256R1, 32), 20: (ec.SECP384R1, 48)}
MODP_2048 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)


class BadIntegrity(Exception):
    """An Encrypted payload does not verify under the keys of the SA."""


# --- Diffie-Hellman ---


class DiffieHellman:
    """One key pair of one group: 14, 19, 20 or 31."""

    def __init__(self, group: int):
        self.group = group
        if group == 31:
            self._key = x25519.X25519PrivateKey.generate()
            self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        elif group == 14:
            self._key = int.from_bytes(os.urandom(32), "big")
            self.public = pow(2, self._key, MODP_2048).to_bytes(256, "big")
        else:
            curve, _ = _CURVES[group]
            self._key = ec.generate_private_key(curve())
            point = self._key.public_key().public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint
            )
            self.public = point[1:]

    def compute(self, public: bytes) -> bytes:
        if self.group == 31:
            return self._key.exchange(x25519.X25519PublicKey.from_public_bytes(public))
        if self.group == 14:
            return pow(int.from_bytes(public, "big"), self._key, MODP_2048).to_bytes(256, "big")
        curve, _ = _CURVES[self.group]
        other = ec.EllipticCurvePublicKey.from_encoded_point(curve(), b"\x04" + public)
        return self._key.exchange(ec.ECDH(), other)


# --- Key schedule (RFC 7296 2.13, 2.14, 2.17, 2.18) ---


def prf(kind: int, key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"".join(parts), _HASHES[kind]).digest()


def prf_plus(kind: int, key: bytes, seed: bytes, size: int) -> bytes:
    out, block, counter = b"", b"", 1
    while len(out) < size:
        block = prf(kind, key, block, seed, bytes([counter]))
        out += block
        counter += 1
    return out[:size]


def nat_hash(spi_i: int, spi_r: int, address: bytes, port: int) -> bytes:
    return hashlib.sha1(
        struct.pack("!QQ", spi_i, spi_r) + address + struct.pack("!H", port)
    ).digest()


@dataclasses.dataclass(frozen=True)
class Suite:
    """Of an IKE SA. `integrity` is 0 with an AEAD."""

    encryption: int = AES_GCM_16
    key_bits: int = 256
    prf: int = 5
    integrity: int = 0
    group: int = 19

    @property
    def is_aead(self) -> bool:
        return self.encryption == AES_GCM_16

    @property
    def prf_size(self) -> int:
        return hashlib.new(_HASHES[self.prf]).digest_size

    @property
    def encryption_size(self) -> int:
        return self.key_bits // 8 + (4 if self.is_aead else 0)

    @property
    def integrity_size(self) -> int:
        return hashlib.new(_INTEGRITY[self.integrity][0]).digest_size if self.integrity else 0


@dataclasses.dataclass(frozen=True)
class Keys:
    d: bytes
    ai: bytes
    ar: bytes
    ei: bytes
    er: bytes
    pi: bytes
    pr: bytes


def derive_keys(
    suite: Suite, seed: bytes, nonces: tuple[bytes, bytes], spis: tuple[int, int]
) -> Keys:
    """From SKEYSEED."""
    sizes = [suite.prf_size, *[suite.integrity_size] * 2, *[suite.encryption_size] * 2]
    sizes += [suite.prf_size] * 2
    stream = prf_plus(
        suite.prf, seed, nonces[0] + nonces[1] + struct.pack("!QQ", *spis), sum(sizes)
    )
    parts = []
    for size in sizes:
        parts.append(stream[:size])
        stream = stream[size:]
    return Keys(*parts)


def first_seed(suite: Suite, nonces: tuple[bytes, bytes], shared: bytes) -> bytes:
    return prf(suite.prf, nonces[0] + nonces[1], shared)


def rekey_seed(old: Suite, old_d: bytes, nonces: tuple[bytes, bytes], shared: bytes) -> bytes:
    return prf(old.prf, old_d, shared, nonces[0], nonces[1])


def psk_auth(suite: Suite, key: bytes, octets: bytes) -> bytes:
    return prf(suite.prf, prf(suite.prf, key, KEY_PAD), octets)


def signed_octets(suite: Suite, message: bytes, nonce: bytes, sk_p: bytes, id_body: bytes) -> bytes:
    return message + nonce + prf(suite.prf, sk_p, id_body)


# --- The Encrypted payload (RFC 7296 3.14, RFC 5282) ---


@dataclasses.dataclass
class Sealing:
    """One direction. `pad` and `iv` override what a polite peer would use."""

    suite: Suite
    encryption: bytes
    integrity: bytes
    counter: int = 0

    def overhead(self, size: int, pad: bytes | None = None) -> int:
        if pad is None:
            pad = self._padding(size)
        body = size + len(pad) + 1
        return body + (8 + 16 if self.suite.is_aead else 16 + self._icv_size())

    def _icv_size(self) -> int:
        return _INTEGRITY[self.suite.integrity][1]

    def _padding(self, size: int) -> bytes:
        return b"" if self.suite.is_aead else bytes(-(size + 1) % 16)

    def seal(
        self,
        prefix: bytes,
        plain: bytes,
        pad: bytes | None = None,
        pad_length: int | None = None,
        iv: bytes | None = None,
    ) -> bytes:
        pad = self._padding(len(plain)) if pad is None else pad
        text = plain + pad + bytes([len(pad) if pad_length is None else pad_length])
        self.counter += 1
        if self.suite.is_aead:
            iv = struct.pack("!Q", self.counter) if iv is None else iv
            nonce = self.encryption[-4:] + iv
            return iv + AESGCM(self.encryption[:-4]).encrypt(nonce, text, prefix)
        iv = os.urandom(16) if iv is None else iv
        encryptor = Cipher(algorithms.AES(self.encryption), modes.CBC(iv)).encryptor()
        body = iv + encryptor.update(text) + encryptor.finalize()
        return body + self._icv(prefix + body)

    def _icv(self, covered: bytes) -> bytes:
        name, size = _INTEGRITY[self.suite.integrity]
        return hmac.new(self.integrity, covered, name).digest()[:size]

    def open(self, prefix: bytes, body: bytes) -> bytes:
        if self.suite.is_aead:
            nonce = self.encryption[-4:] + body[:8]
            try:
                text = AESGCM(self.encryption[:-4]).decrypt(nonce, body[8:], prefix)
            except Exception as error:
                raise BadIntegrity("AES-GCM tag") from error
        else:
            size = self._icv_size()
            if not hmac.compare_digest(self._icv(prefix + body[:-size]), body[-size:]):
                raise BadIntegrity("HMAC")
            decryptor = Cipher(algorithms.AES(self.encryption), modes.CBC(body[:16])).decryptor()
            text = decryptor.update(body[16:-size]) + decryptor.finalize()
        return text[: len(text) - 1 - text[-1]]
