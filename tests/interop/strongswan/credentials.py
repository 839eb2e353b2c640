"""What a connection with charon authenticates by: files at both ends, and the settings that name
them."""

from lab import estate, pki

OUR_NAME, CHARONS_NAME = "gw-a.example.net", "gw-b.example.net"
NAMES = {"local_id": OUR_NAME, "remote_id": CHARONS_NAME}
CHARONS_NAMES = {"local_id": CHARONS_NAME, "remote_id": OUR_NAME}
PPK, PPK_ID = "0123456789abcdef0123456789abcdef", "a-b.ppk.example"

# Kind of key -> charon's word for what it signs with and demands, in IKE and not of the chain.
SCHEMES = {
    "rsa": "ike:rsa/pss-sha256",
    "ecdsa256": "ike:ecdsa-sha256",
    "ecdsa384": "ike:ecdsa-sha384",
    "ecdsa521": "ike:ecdsa-sha512",
    "ed25519": "ike:ed25519",
}


def our_folder(mixed):
    folder = mixed.us.estate.parent
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def use_psk(_mixed) -> tuple[dict, dict]:
    return {}, {}


def use_ppk(mixed) -> tuple[dict, dict]:
    estate.write_key(our_folder(mixed) / "a-b.ppk", PPK)
    theirs = {
        "keys": f"ppk_id = {PPK_ID}\n  ppk_required = yes",
        "ppk_secret": f'ppk-1 {{ id-1 = {PPK_ID}\n    secret = "{PPK}" }}',
    }
    return {"ppk": {"id": PPK_ID, "file": "a-b.ppk"}}, theirs


def use_certificates(
    mixed,
    kind: str,
    ours: pki.Identity | None = None,
    theirs: pki.Identity | None = None,
    root: pki.Identity | None = None,
) -> tuple[dict, dict]:
    """Of one root, unless told otherwise; both ends demand the scheme of this kind of key."""
    root = root or pki.authority()
    ours = ours or pki.Identity("gw-a", [OUR_NAME], kind, issuer=root)
    theirs = theirs or pki.Identity("gw-b", [CHARONS_NAME], kind, issuer=root)
    settings = pki.write_certificates(our_folder(mixed), ours, root)
    mixed.charon.files = {
        "x509/own.pem": theirs.certificate_pem(),
        "private/own.key": theirs.key_pem(),
        "x509ca/root.pem": root.certificate_pem(),
    }
    charon = {
        "local_auth": f"{SCHEMES[kind]}\n    certs = own.pem",
        "remote_auth": f"{SCHEMES[kind]}",
    }
    return {**NAMES, **settings}, {**CHARONS_NAMES, **charon}


def use_raw_keys(mixed, kind: str = "ed25519") -> tuple[dict, dict]:
    ours, theirs = pki.Identity("gw-a", kind=kind), pki.Identity("gw-b", kind=kind)
    settings = pki.write_raw_keys(our_folder(mixed), ours, theirs)
    mixed.charon.files = {
        "private/own.key": theirs.key_pem(),
        "pubkey/own.pub": theirs.public_pem(),
        "pubkey/peer.pub": ours.public_pem(),
    }
    charon = {
        "local_auth": "pubkey\n    pubkeys = own.pub",
        "remote_auth": "pubkey\n    pubkeys = peer.pub",
    }
    return {**NAMES, **settings}, {**CHARONS_NAMES, **charon}


CREDENTIALS = {
    "psk": use_psk,
    "ppk": use_ppk,
    "rsa-pss": lambda mixed: use_certificates(mixed, "rsa"),
    "ecdsa": lambda mixed: use_certificates(mixed, "ecdsa384"),
    "ed25519": lambda mixed: use_certificates(mixed, "ed25519"),
    "raw-key": use_raw_keys,
}
