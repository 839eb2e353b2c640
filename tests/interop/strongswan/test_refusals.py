"""A wrong key and proposals that do not meet are refused in both roles, and our side says why."""

import re

import pytest

from lab.estate import STRONG
from lab.process import wait_until

ROLES = ["initiator", "responder"]


def try_to_connect(mixed, role: str) -> str:
    """Our side's words about the failure."""
    if role == "initiator":
        result = mixed.us.cli("up", "to-far")
        assert result.returncode == 1, result.stdout
        said = result.stdout + result.stderr
    else:
        mixed.charon.initiate(check=False)
        said = ""
    wait_until(
        lambda: "waiting" not in (mixed.us.connection()["reason"] or "waiting"),
        10,
        "a reason is given",
        mixed.us.explain,
    )
    connection = mixed.us.connection()
    assert connection["connection_status"] != "Connected"
    assert connection["tunnels"][0]["spi_in"] is None
    assert mixed.sites.ping(count=1) is False
    return said + connection["reason"]


@pytest.mark.parametrize("role", ROLES)
def test_a_wrong_key_is_refused_and_named(mixed, role):
    mixed.start(role, {}, {"key": "something else entirely"})
    assert re.search("key|psk", try_to_connect(mixed, role), re.IGNORECASE)


@pytest.mark.parametrize("role", ROLES)
def test_no_common_ike_proposal_is_refused_and_named(mixed, role):
    mixed.start(role, {}, {"ike": "aes128-sha256-modp2048"})
    assert re.search("proposal|transforms", try_to_connect(mixed, role), re.IGNORECASE)


@pytest.mark.parametrize("role", ROLES)
def test_no_common_esp_proposal_is_refused_and_named(mixed, role):
    mixed.start(role, {"ipsec_policy": STRONG}, {"esp": "aes128-sha256-ecp384"})
    assert re.search("proposal|transforms", try_to_connect(mixed, role), re.IGNORECASE)


@pytest.mark.parametrize("role", ROLES)
def test_an_unexpected_identity_is_refused_and_named(mixed, role):
    mixed.start(role, {"remote_id": "gw-b.example.net"}, {"local_id": "impostor.example.net"})
    said = try_to_connect(mixed, role)
    assert re.search("identity|impostor.example.net", said, re.IGNORECASE)


@pytest.mark.parametrize("role", ROLES)
def test_selectors_without_common_ground_are_refused_and_named(mixed, role):
    mixed.start(
        role, {"vpn_type": "policy-based"}, {"remote_ts": "10.77.0.0/16", "local_ts": "10.2.0.0/16"}
    )
    assert re.search("selector|ts_unacceptable", try_to_connect(mixed, role), re.IGNORECASE)


def test_after_a_refusal_the_right_key_connects(mixed):
    mixed.start("initiator", {}, {"key": "something else entirely"})
    try_to_connect(mixed, "initiator")
    mixed.charon.load()
    mixed.connect()
    mixed.require_data()
