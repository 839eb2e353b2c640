"""What clouds and devices offer by default, with charon configured as they are: the built-in
policies and the weak algorithms behind `legacy: true`, in both roles; and that nothing weak is
ever agreed without it."""

import pytest

from lab.estate import STRONG
from lab.process import wait_until

ROLES = ["initiator", "responder"]


def mapping(
    ike: tuple[str, str, str, str], esp: tuple[str, str, str], legacy: bool = True
) -> dict:
    policy = {
        **STRONG,
        **dict(zip(("ike_encryption", "ike_integrity", "ike_prf", "dh_group"), ike)),
        **dict(zip(("ipsec_encryption", "ipsec_integrity", "pfs_group"), esp)),
        "esn": False,
    }
    return {"ipsec_policy": policy, "legacy": legacy}


AZURE_IKE = (
    "aes256-sha1-modp1024, aes256-sha256-modp1024, aes128-sha1-modp1024, aes128-sha256-modp1024"
)
AWS_GROUPS = "modp1024-modp2048-modp3072-modp4096-ecp256-ecp384-ecp521"
AWS_HASHES = "sha1-sha256-sha384-sha512"

# Ours, charon's IKE, charon's ESP, and the words that the negotiated suites must show.
SETS = {
    "azure-default": (
        {"ipsec_policy": "azure-default", "legacy": True},
        AZURE_IKE,
        "aes256gcm16, aes256-sha1, aes256-sha256, aes128-sha1",
    ),
    "azure-default-cbc": (
        {"ipsec_policy": "azure-default", "legacy": True},
        "aes128-sha1-modp1024",
        "aes128-sha1",
    ),
    "azure-custom": (
        {"ipsec_policy": "azure-custom"},
        "aes256gcm16-prfsha384-ecp384",
        "aes256gcm16-ecp384",
    ),
    "azure-custom-group-14": (
        {"ipsec_policy": "azure-custom"},
        "aes256-sha256-modp2048",
        "aes256-sha256-modp2048",
    ),
    "azure-custom-no-pfs": (
        {"ipsec_policy": "azure-custom"},
        "aes256-sha384-ecp256",
        "aes256gcm16",
    ),
    "aws": (
        {"ipsec_policy": "aws"},
        f"aes128-aes256-{AWS_HASHES}-{AWS_GROUPS}, "
        f"aes128gcm16-aes256gcm16-prfsha256-prfsha384-{AWS_GROUPS}",
        f"aes128-aes256-{AWS_HASHES}-{AWS_GROUPS}, aes128gcm16-aes256gcm16-{AWS_GROUPS}",
    ),
    "aws-one-value-each": (
        {"ipsec_policy": "aws"},
        "aes128-sha256-modp2048",
        "aes128-sha256-modp2048",
    ),
    "cisco-ios-xe": (
        mapping(("AES256", "SHA512", "SHA512", "ECP256"), ("AES128", "SHA1", "None")),
        "aes256-sha512-ecp256",
        "aes128-sha1",
    ),
    "cisco-asa": (
        mapping(("AES256", "SHA1", "SHA1", "DHGroup2"), ("AES256", "SHA1", "DHGroup2")),
        "aes256-sha1-modp1024",
        "aes256-sha1-modp1024",
    ),
    "fortigate": (
        mapping(
            ("GCMAES256", "GCMAES256", "SHA384", "DHGroup14"),
            ("GCMAES256", "GCMAES256", "DHGroup14"),
            legacy=False,
        ),
        "aes128-sha256-modp2048, aes256-sha256-modp2048, aes128gcm16-prfsha256-modp2048, "
        "aes256gcm16-prfsha384-modp2048, chacha20poly1305-prfsha256-modp2048",
        "aes128-sha1-modp2048, aes256-sha256-modp2048, aes256gcm16-modp2048",
    ),
    "group-24": (
        mapping(("AES192", "SHA256", "SHA256", "DHGroup24"), ("AES192", "SHA1", "DHGroup24")),
        "aes192-sha256-modp2048s256",
        "aes192-sha1-modp2048s256",
    ),
    "gcm-192": (
        mapping(
            ("GCMAES192", "GCMAES192", "SHA256", "DHGroup14"),
            ("GCMAES192", "GCMAES192", "ECP256"),
            legacy=False,
        ),
        "aes192gcm16-prfsha256-modp2048",
        "aes192gcm16-ecp256",
    ),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("peer", SETS)
def test_a_peer_of_the_field_connects_rekeys_and_carries_data(mixed, peer, role):
    ours, ike, esp = SETS[peer]
    mixed.start(role, ours, {"ike": ike, "esp": esp})
    mixed.connect()
    mixed.require_data()
    assert mixed.us.connection()["legacy"] == ours.get("legacy", False)
    assert mixed.us.cli("rekey", "to-far").returncode == 0
    mixed.require_same_children()
    mixed.require_data()
    assert mixed.us.cli("rekey", "to-far", "--ike").returncode == 0
    mixed.charon.rekey_child()
    mixed.require_same_children()
    mixed.require_data()


# What is weak in the peer's only offer, and our policies that do not admit it.
WEAK = {
    "group-2": ({"ike": "aes256-sha256-modp1024"}, "no-ike-proposal"),
    "group-24": ({"ike": "aes256-sha256-modp2048s256"}, "no-ike-proposal"),
    "sha1": ({"ike": "aes256-sha1-modp2048"}, "no-ike-proposal"),
    "prf-sha1": ({"ike": "aes256-sha256-prfsha1-modp2048"}, "no-ike-proposal"),
    "esp-sha1": ({"ike": "aes256-sha256-modp2048", "esp": "aes256-sha1"}, "no-esp-proposal"),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("weakness", WEAK)
def test_nothing_weak_is_agreed_without_the_switch(mixed, weakness, role):
    theirs, cause = WEAK[weakness]
    mixed.start(role, {"ipsec_policy": "azure-custom"}, theirs)
    if role == "initiator":
        assert mixed.us.cli("up", "to-far").returncode == 1
    else:
        mixed.charon.initiate(check=False)

    def diagnosis():
        return (mixed.us.cli_json("show", "connection", "to-far")["diagnosis"] or {}).get("cause")

    wait_until(lambda: diagnosis() == cause, 20, f"the cause is {cause}", mixed.us.explain)
    assert not mixed.us.is_connected()
    assert mixed.sites.ping(count=1) is False


def test_weak_words_without_the_switch_do_not_load(mixed):
    ours = mapping(("AES256", "SHA1", "SHA1", "DHGroup2"), ("AES256", "SHA1", "None"), False)
    from lab import estate

    estate.write_estate(
        mixed.us.estate.parent, estate.half_estate("a", ["10.2.0.0/16"], **ours), "a key"
    )
    program = mixed.us.launch()
    assert program.wait(15) == 3
    assert "legacy: true" in program.log()
