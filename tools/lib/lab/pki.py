"""Keys, certificates and CRLs for labs, made with Python's cryptography while a test runs."""

import datetime
import ipaddress
import os
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID as Where
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)
KEYS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ecdsa384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ecdsa521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 3072),
}


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def _digest(key):
    """Ed25519 hashes by itself."""
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.RFC822Name(text) if "@" in text else x509.DNSName(text)


class Identity:
    """A private key with its certificate. Without an issuer it is its own."""

    def __init__(
        self,
        common_name: str,
        names: list[str] = (),
        kind: str = "ed25519",
        issuer: "Identity | None" = None,
        is_ca: bool = False,
        days: tuple[float, float] = (-1, 365),
        url: str | None = None,
    ):
        self.key = KEYS[kind]()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        above, self.serial = issuer or self, x509.random_serial_number()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key())
            .serial_number(self.serial)
            .not_valid_before(now() + DAY * days[0])
            .not_valid_after(now() + DAY * days[1])
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(above.key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not is_ca,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=is_ca,
                    crl_sign=is_ca,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]),
                critical=False,
            )
        if url:
            builder = self._with_addresses(builder, x509.UniformResourceIdentifier(url))
        self.certificate = builder.sign(above.key, _digest(above.key))

    @staticmethod
    def _with_addresses(builder, location: x509.GeneralName) -> x509.CertificateBuilder:
        """Where the issuer's certificate, its CRL and its OCSP responder are said to be."""
        access = [
            x509.AccessDescription(method, location)
            for method in (Where.CA_ISSUERS, Where.OCSP)
        ]
        point = x509.DistributionPoint([location], None, None, None)
        return builder.add_extension(
            x509.AuthorityInformationAccess(access), critical=False
        ).add_extension(x509.CRLDistributionPoints([point]), critical=False)

    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def public_pem(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def crl_pem(self, revoked: "list[Identity]" = (), days: tuple[float, float] = (-1, 7)) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now() + DAY * days[0])
            .next_update(now() + DAY * days[1])
        )
        for identity in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(identity.serial)
                .revocation_date(now() - DAY / 2)
                .build()
            )
        return builder.sign(self.key, _digest(self.key)).public_bytes(serialization.Encoding.PEM)


def authority(common_name: str = "Lab Root", kind: str = "ed25519", **more) -> Identity:
    return Identity(common_name, kind=kind, is_ca=True, **more)


def write_private(path: pathlib.Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def write_certificates(
    folder: pathlib.Path, own: Identity, root: Identity, between: list[Identity] = ()
) -> dict:
    """Own certificate, key and root as files; what a connection of an estate says of them."""
    write_private(folder / "own.key", own.key_pem())
    chain = b"".join(identity.certificate_pem() for identity in (own, *between))
    (folder / "own.pem").write_bytes(chain)
    (folder / "root.pem").write_bytes(root.certificate_pem())
    return {
        "authentication_type": "certificate",
        "shared_key": None,
        "certificate_authentication": {
            "outbound_auth_certificate": "own.pem",
            "outbound_auth_private_key": "own.key",
            "inbound_auth_certificate_chain": ["root.pem"],
        },
    }


def write_raw_keys(folder: pathlib.Path, own: Identity, peer: Identity) -> dict:
    write_private(folder / "own.key", own.key_pem())
    (folder / "peer.pub").write_bytes(peer.public_pem())
    return {
        "authentication_type": "raw-public-key",
        "shared_key": None,
        "raw_public_key_authentication": {
            "private_key": "own.key",
            "peer_public_key": "peer.pub",
        },
    }
