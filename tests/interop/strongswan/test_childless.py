"""RFC 6023 with charon in both roles, and PFS that differs: found when connecting where charon is
childless, by an early rekey where it is not. The tunnel carries traffic meanwhile."""

import re

import pytest

from lab.estate import STRONG
from lab.process import wait_until

ROLES = ["initiator", "responder"]
# charon's `allow` takes a childless IKE_AUTH and sends none.
IS_CHILDLESS = {
    ("initiator", "allow"): True,
    ("initiator", "force"): True,
    ("initiator", "never"): False,
    ("responder", "allow"): False,
    ("responder", "force"): True,
    ("responder", "never"): False,
}
# As the probe of ike/core/child_sa.h, and the time for a rekey.
PROBED_SECONDS = 100


def auth_requests(mixed) -> list[str]:
    return re.findall(r"(?:parsed|generating) IKE_AUTH request \d+ \[(.*)\]", mixed.charon.log())


def trouble(mixed) -> dict | None:
    [child] = mixed.us.cli_json("show", "connection", "to-far")["children"]
    return child["trouble"]


@pytest.mark.parametrize("role,mode", IS_CHILDLESS)
def test_every_mode_of_charon_connects_and_carries_data(mixed, role, mode):
    mixed.start(role, {}, {"keys": f"childless = {mode}"})
    mixed.connect()
    mixed.require_one_child()
    mixed.require_data()
    [request] = auth_requests(mixed)
    assert ("TSi" not in request) == IS_CHILDLESS[role, mode], request
    assert trouble(mixed) is None


@pytest.mark.parametrize("role", ROLES)
def test_a_childless_connection_rekeys_from_either_side(mixed, role):
    mixed.start(role, {}, {"keys": "childless = force"})
    mixed.connect()
    # Who answered CREATE_CHILD_SA names the child when a packet shows that the peer has it.
    mixed.require_data()
    for rekey in (lambda: mixed.us.cli("rekey", "to-far"), mixed.charon.rekey_child):
        before = mixed.spis()
        rekey()
        mixed.wait_change(lambda: not set(mixed.spis()) & set(before))  # noqa: B023
    mixed.require_one_child()
    mixed.require_same_children()
    mixed.require_data()


@pytest.mark.parametrize("theirs", ["aes256gcm16", "aes256gcm16-ecp256"])
def test_pfs_that_differs_is_told_when_connecting(mixed, theirs):
    mixed.start("initiator", {"ipsec_policy": STRONG}, {"esp": theirs})
    mixed.connect()
    mixed.require_data()
    told = trouble(mixed)
    assert told["cause"] == "pfs-mismatch"
    assert told["config"]["path"] == "connections.to-far.ipsec_policy.pfs_group"
    groups = [row["ours"] for row in told["compared"] if row["item"] == "dh_group"]
    assert groups == ["ECP384"]


@pytest.mark.parametrize("role,mode", [("initiator", "never"), ("responder", "allow")])
def test_pfs_that_differs_is_found_by_an_early_rekey(mixed, role, mode):
    mixed.start(
        role, {"ipsec_policy": STRONG}, {"esp": "aes256gcm16", "keys": f"childless = {mode}"}
    )
    mixed.connect()
    before = mixed.spis()
    assert trouble(mixed) is None
    wait_until(lambda: trouble(mixed), PROBED_SECONDS, "the probe has failed", mixed.explain)
    assert trouble(mixed)["cause"] == "pfs-mismatch"
    assert mixed.spis() == before
    mixed.require_one_child()
    mixed.require_data()


def test_the_early_rekey_is_hitless_where_pfs_agrees(mixed):
    mixed.start("initiator", {}, {"keys": "childless = never"})
    mixed.connect()
    before = mixed.spis()
    words = ["ping", "-n", "-q", "-i", "0.05", "-c", "2000", "10.2.0.2"]
    ping = mixed.sites.lab.start(mixed.sites.host_a, words, "ping-across")
    wait_until(
        lambda: not set(mixed.spis()) & set(before), PROBED_SECONDS, "it is rekeyed", mixed.explain
    )
    ping.wait(PROBED_SECONDS + 30)
    assert " 2000 received" in ping.output(), ping.output()
    mixed.require_one_child()
    assert trouble(mixed) is None
