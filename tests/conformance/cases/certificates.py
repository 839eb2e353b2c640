"""IKE_AUTH with certificates: payloads that are junk, chains that prove nothing, addresses that
must not be followed, and identities that are not the certificate's."""

import contextlib
import os

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from case import case, demand, demand_notify
from cases.auth import demand_nothing_stands
from ike import wire
from ike.certified import DIGITAL_SIGNATURE, HASH_AND_URL, RAW_PUBLIC_KEY, cert, certificate
from ike.certified import signature
from ike.socket_pair import open_listener
from ike.wire import Note, Payload, Type
from lab import pki

SHA1_WITH_RSA = bytes.fromhex("300d06092a864886f70d0101050500")


def der(identity: pki.Identity) -> bytes:
    return identity.certificate.public_bytes(Encoding.DER)


def refused(scene, edit) -> list[Payload]:
    """AUTHENTICATION_FAILED inside the SA, and nothing stands."""
    peer = scene.certified
    content = peer.auth(peer.init(), edit)
    demand_notify(content, Note.AUTHENTICATION_FAILED)
    demand_nothing_stands(scene, peer)
    return content


def with_certificates(*certificates: Payload):
    """The request with these instead of its own."""

    def edit(payloads: list[Payload]) -> list[Payload]:
        first, *rest = [p for p in payloads if p.type != Type.CERT]
        return [first, *certificates, *rest]

    return edit


def with_auth(value: bytes, method: int = DIGITAL_SIGNATURE):
    return lambda payloads: wire.replace(payloads, Type.AUTH, wire.auth(value, method))


@case("RFC 7427 3", "A certificate and its signature connect, and the daemon proves itself")
def certificate_connects(scene):
    session = scene.certified.connect()
    demand(scene.child_count(scene.certified) == 1, "no child")
    session.close()


@case("CVE-2026-14957 class", "What is no certificate is refused and harms nothing")
def junk(scene):
    own = der(scene.certified.own)
    for content in (
        b"",
        b"\x30",
        b"\x30\x80\0\0",
        b"\x30\x84\xff\xff\xff\xff",
        bytes(900),
        os.urandom(3000),
        own[:-1],
        own + b"\0",
        own[: len(own) // 2],
        own.replace(b"\x55\x1d\x11", b"\x55\x1d\x7f"),
    ):
        refused(scene, with_certificates(cert(content)))
    refused(scene, with_certificates())
    refused(scene, with_certificates(Payload(Type.CERT, b"")))
    for encoding in (0, 1, 5, 7, 9, 11, 16, 200, 255):
        refused(scene, with_certificates(cert(own, encoding)))


@case("CVE-2021-45079 class", "A certificate whose key cannot be used is refused")
def unusable_keys(scene):
    root = scene.certified_root
    for kind in ("rsa", "ecdsa256"):
        stranger = pki.Identity("hostile", [scene.certified.profile.address], kind, issuer=root)
        # The signature is that of another kind of key.
        refused(scene, with_certificates(certificate(stranger)))


@case("RFC 7296 3.6", "More certificates than a chain can have are refused")
def too_many(scene):
    own, root = certificate(scene.certified.own), certificate(scene.certified_root)
    refused(scene, with_certificates(own, *[root] * 20))


@case("CVE-2020-16088 class", "A certificate of the right CA excuses no other key's signature")
def stolen_certificate(scene):
    peer = scene.certified

    def edit(payloads: list[Payload]) -> list[Payload]:
        octets = os.urandom(64)
        thief = ed25519.Ed25519PrivateKey.generate()
        return with_auth(signature(thief, octets))(payloads)

    refused(scene, edit)
    other = pki.Identity("hostile", [peer.profile.address], issuer=scene.certified_root)
    # Right names, right CA, but not the key that signed.
    refused(scene, with_certificates(certificate(other)))


@case("RFC 5280 6", "A certificate of nobody's CA is refused, also with its root beside it")
def strange_authority(scene):
    root = pki.authority("Lab Root")  # Of the same name as the real one.
    own = pki.Identity("hostile", [scene.certified.profile.address], issuer=root)
    for chain in ([own], [own, root], [own, scene.certified_root]):
        refused(scene, with_certificates(*map(certificate, chain)))


@case("RFC 4945 3.1", "An identity that the certificate does not name is refused")
def another_name(scene):
    own = pki.Identity("hostile", ["192.0.2.200"], issuer=scene.certified_root)
    peer = scene.certified
    kept, peer.own = peer.own, own
    try:
        refused(scene, lambda payloads: payloads)
    finally:
        peer.own = kept


@case("CVE-2026-47895 class", "An empty identity is refused, whatever the certificate")
def empty_identity(scene):
    for kind in (1, 2, 3, 5, 9, 11, 200):
        refused(
            scene,
            lambda payloads: wire.replace(
                payloads, Type.IDI, Payload(Type.IDI, bytes([kind, 0, 0, 0]))
            ),
        )


@case("RFC 7427 3", "Signatures that are cut, empty, or of another algorithm are refused")
def broken_signatures(scene):
    good = bytes.fromhex("07300506032b6570")
    for value in (
        b"",
        b"\0",
        b"\xff",
        good,
        good + bytes(63),
        good + bytes(64),
        b"\x05" + good[1:] + bytes(64),
        b"\xff" + os.urandom(300),
        bytes([len(SHA1_WITH_RSA)]) + SHA1_WITH_RSA + bytes(256),
        bytes.fromhex("0e300c06082a8648ce3d0403020500") + bytes(70),
    ):
        refused(scene, with_auth(value))


@case("RFC 7296 3.8", "No other method is a proof where a certificate is due")
def other_methods(scene):
    for method in (1, 2, 3, 9, 10, 11, 13):
        refused(scene, with_auth(bytes(64), method))


@case("RFC 7670 3", "A raw public key is no certificate")
def raw_key_instead(scene):
    info = scene.certified.own.key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    refused(scene, with_certificates(cert(info, RAW_PUBLIC_KEY)))


@case("CVE-2022-40617 class", "No address that a certificate or a hash-and-URL names is visited")
def nothing_is_fetched(scene):
    peer = scene.certified
    listener = open_listener(peer.sockets.namespace, peer.profile.address)
    with contextlib.closing(listener):
        url = f"http://{peer.profile.address}:{listener.getsockname()[1]}/x"
        for issuer in (scene.certified_root, pki.authority("Somebody")):
            own = pki.Identity("hostile", [peer.profile.address], issuer=issuer, url=url)
            refused(scene, with_certificates(certificate(own)))
        refused(scene, with_certificates(cert(bytes(20) + url.encode(), HASH_AND_URL)))
        refused(
            scene, with_certificates(cert(bytes(20) + url.encode(), HASH_AND_URL), certificate(own))
        )
        peer.settle()
        try:
            connection, _ = listener.accept()
            connection.close()
            demand(False, "the daemon came to fetch something")
        except BlockingIOError:
            pass


@case("RFC 7296 3.7", "Requests for certificates of any form are no fault")
def strange_requests(scene):
    requests = [
        Payload(Type.CERTREQ, body)
        for body in (b"", b"\x04", b"\x04" + bytes(19), b"\x0f", b"\x0c", b"\xff" * 900)
    ]
    scene.certified.connect(edit_auth=lambda payloads: [*payloads, *requests]).close()


@case("RFC 7427 4", "Without a hash in common the daemon does not prove itself, and nothing stands")
def no_common_hash(scene):
    peer = scene.certified
    for hashes in (b"", b"\0\1", b"\0\2\0\3\0\4", b"\0", b"\xff\xff"):
        notify = wire.notify(Note.SIGNATURE_HASH_ALGORITHMS, hashes)

        def edit(payloads: list[Payload]) -> list[Payload]:
            return [*payloads[:-1], notify]

        content = peer.auth(peer.init(edit))
        demand_notify(content, Note.AUTHENTICATION_FAILED)
        demand_nothing_stands(scene, peer)
