"""Connecting in both roles, with every suite and kind of identity that both ends know; data both
ways."""

import pytest

from lab.estate import STRONG

ROLES = ["initiator", "responder"]
FQDN = (
    {"local_id": "gw-a.example.net", "remote_id": "gw-b.example.net"},
    {"local_id": "gw-b.example.net", "remote_id": "gw-a.example.net"},
)
EMAIL = (
    {"local_id": "gw-a@example.net", "remote_id": "gw-b@example.net"},
    {"local_id": "gw-b@example.net", "remote_id": "gw-a@example.net"},
)
KEY_ID = (
    {"local_id": "keyid:site-a", "remote_id": "keyid:site-b"},
    {"local_id": "keyid:site-b", "remote_id": "keyid:site-a"},
)

# Estate file's words -> charon's. ESP with and without PFS, IKE with AEAD and with CBC.
ESP_SUITES = {
    "aes256gcm": ({}, "aes256gcm16-ecp384"),
    "aes128gcm": (
        {"ipsec_encryption": "GCMAES128", "ipsec_integrity": "GCMAES128"},
        "aes128gcm16-ecp384",
    ),
    "chacha20": (
        {"ipsec_encryption": "CHACHA20POLY1305", "ipsec_integrity": "CHACHA20POLY1305"},
        "chacha20poly1305-ecp384",
    ),
    "aes256-sha256": (
        {"ipsec_encryption": "AES256", "ipsec_integrity": "SHA256"},
        "aes256-sha256-ecp384",
    ),
    "aes128-sha256": (
        {"ipsec_encryption": "AES128", "ipsec_integrity": "SHA256"},
        "aes128-sha256-ecp384",
    ),
    "aes256-sha384": (
        {"ipsec_encryption": "AES256", "ipsec_integrity": "SHA384"},
        "aes256-sha384-ecp384",
    ),
    "aes256-sha512": (
        {"ipsec_encryption": "AES256", "ipsec_integrity": "SHA512"},
        "aes256-sha512-ecp384",
    ),
    "no-pfs": ({"pfs_group": "None"}, "aes256gcm16"),
}
IKE_SUITES = {
    "aes128gcm-ecp256": (
        {
            "ike_encryption": "GCMAES128",
            "ike_integrity": "GCMAES128",
            "ike_prf": "SHA256",
            "dh_group": "ECP256",
        },
        "aes128gcm16-prfsha256-ecp256",
    ),
    "chacha20-curve25519": (
        {
            "ike_encryption": "CHACHA20POLY1305",
            "ike_integrity": "CHACHA20POLY1305",
            "ike_prf": "SHA256",
            "dh_group": "CURVE25519",
        },
        "chacha20poly1305-prfsha256-curve25519",
    ),
    "aes256-sha256-modp2048": (
        {
            "ike_encryption": "AES256",
            "ike_integrity": "SHA256",
            "ike_prf": "SHA256",
            "dh_group": "DHGroup14",
        },
        "aes256-sha256-prfsha256-modp2048",
    ),
    "aes256-sha384-modp3072": (
        {
            "ike_encryption": "AES256",
            "ike_integrity": "SHA384",
            "ike_prf": "SHA384",
            "dh_group": "DHGroup15",
        },
        "aes256-sha384-prfsha384-modp3072",
    ),
    "aes128-sha512-ecp521": (
        {
            "ike_encryption": "AES128",
            "ike_integrity": "SHA512",
            "ike_prf": "SHA512",
            "dh_group": "ECP521",
        },
        "aes128-sha512-prfsha512-ecp521",
    ),
    "aes256-sha256-modp4096": (
        {
            "ike_encryption": "AES256",
            "ike_integrity": "SHA256",
            "ike_prf": "SHA256",
            "dh_group": "DHGroup16",
        },
        "aes256-sha256-prfsha256-modp4096",
    ),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("suite", ESP_SUITES)
def test_every_esp_suite_carries_data_both_ways(mixed, suite, role):
    change, proposal = ESP_SUITES[suite]
    mixed.start(role, {"ipsec_policy": {**STRONG, **change}}, {"esp": proposal})
    mixed.connect()
    mixed.require_data()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("suite", IKE_SUITES)
def test_every_ike_suite_connects(mixed, suite, role):
    change, proposal = IKE_SUITES[suite]
    mixed.start(role, {"ipsec_policy": {**STRONG, **change}}, {"ike": proposal})
    mixed.connect()
    mixed.require_data()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "ours,theirs", [({}, {}), FQDN, EMAIL, KEY_ID], ids=["address", "fqdn", "email", "key-id"]
)
def test_every_kind_of_identity_is_accepted(mixed, ours, theirs, role):
    mixed.start(role, ours, theirs)
    mixed.connect()
    mixed.require_data()


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_based_gateway_has_exactly_the_selectors_of_charon(mixed, role):
    mixed.start(role, {"vpn_type": "policy-based"})
    mixed.connect()
    mixed.require_data()
    [child] = mixed.us.cli_json("show", "connection", "to-far")["child_sas"]
    assert child["narrowed"] is False


@pytest.mark.parametrize("role", ROLES)
def test_default_policies_of_both_ends_meet(mixed, role):
    mixed.start(role, {}, {"ike": "default, aes256gcm16-prfsha384-ecp384", "esp": "default"})
    mixed.connect()
    mixed.require_data()


@pytest.mark.parametrize("role", ROLES)
def test_a_guess_of_the_wrong_group_is_corrected(mixed, role):
    """INVALID_KE_PAYLOAD: the initiator's first group is not the responder's only one."""
    ours = {"ipsec_policy": {**STRONG, "dh_group": "ECP256"}}
    mixed.start(role, ours, {"ike": "aes256gcm16-prfsha384-ecp384-ecp256"})
    mixed.connect()
    mixed.require_data()
