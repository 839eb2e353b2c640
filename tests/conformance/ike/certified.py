"""A scripted peer that authenticates with a certificate (RFC 7427), beside one with a PSK."""

import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from ike import crypto, wire
from ike.peer import Peer, Profile
from ike.session import Failure, Session
from ike.wire import Note, Payload, Type
from lab import pki

X509, HASH_AND_URL, RAW_PUBLIC_KEY = 4, 12, 15
IDENTITY_HASH = 5
ED25519 = bytes.fromhex("300506032b6570")  # AlgorithmIdentifier (RFC 8420 A).
DIGITAL_SIGNATURE = 14


def cert(content: bytes, encoding: int = X509) -> Payload:
    return Payload(Type.CERT, bytes([encoding]) + content)


def certificate(identity: pki.Identity) -> Payload:
    return cert(identity.certificate.public_bytes(Encoding.DER))


def signature(key: ed25519.Ed25519PrivateKey, octets: bytes) -> bytes:
    """The data of an AUTH payload of method 14 (RFC 7427 3)."""
    return bytes([len(ED25519)]) + ED25519 + key.sign(octets)


class CertifiedPeer(Peer):
    """`own` is its certificate; `daemon_key` is what the daemon must sign with."""

    def __init__(
        self, namespace: str, daemon: str, profile: Profile, own: pki.Identity, daemon_key
    ):
        super().__init__(namespace, daemon, profile)
        self.own, self.daemon_key = own, daemon_key

    def init_payloads(self, session: Session) -> list[Payload]:
        hashes = struct.pack("!4H", 2, 3, 4, IDENTITY_HASH)
        notify = wire.notify(Note.SIGNATURE_HASH_ALGORITHMS, hashes)
        return [*super().init_payloads(session), notify]

    def octets(self, session: Session, id_body: bytes, by_initiator: bool) -> bytes:
        return crypto.signed_octets(
            session.suite,
            session.init_request if by_initiator else session.init_response,
            session.nonces[1] if by_initiator else session.nonces[0],
            session.keys.pi if by_initiator else session.keys.pr,
            id_body,
        )

    def auth_payload(self, session: Session, own_id: Payload) -> Payload:
        octets = self.octets(session, own_id.body, session.is_initiator)
        return wire.auth(signature(self.own.key, octets), DIGITAL_SIGNATURE)

    def auth_payloads(self, session: Session, spi: bytes) -> list[Payload]:
        first, *rest = super().auth_payloads(session, spi)
        return [first, certificate(self.own), *rest]

    def require_daemon_auth(self, session: Session, content: list[Payload]) -> None:
        daemon_id = wire.find(content, Type.IDR if session.is_initiator else Type.IDI)
        octets = self.octets(session, daemon_id.body, not session.is_initiator)
        body = wire.find(content, Type.AUTH).body
        head = bytes([DIGITAL_SIGNATURE, 0, 0, 0, len(ED25519)]) + ED25519
        if not body.startswith(head):
            raise Failure(f"the daemon's AUTH begins with {body[:20].hex()}")
        try:
            self.daemon_key.public_key().verify(body[len(head) :], octets)
        except InvalidSignature as error:
            raise Failure("the daemon's signature does not verify") from error
        if wire.find(content, Type.CERT) is None:
            raise Failure("the daemon sent no certificate")
