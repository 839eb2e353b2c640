"""IKE messages in fragments (RFC 7383), cut by us, by charon, or by both."""

import re

import pytest

ROLES = ["initiator", "responder"]
# Not even IKE_AUTH with a pre-shared key fits.
SMALL_OURS = {"ike_fragment_size": 256}
SMALL_THEIRS = {"fragment_size": "256", "keys": "fragmentation = force"}


def ike_counters(mixed) -> dict:
    return mixed.us.cli_json("status")["ike"]["drops"]


def require_life(mixed) -> None:
    """A handshake, rekeys from both sides and data."""
    mixed.connect()
    mixed.require_data()
    assert mixed.us.cli("rekey", "to-far").returncode == 0
    mixed.require_same_children()
    mixed.charon.rekey_child()
    mixed.require_same_children()
    assert mixed.us.cli("rekey", "to-far", "--ike").returncode == 0
    mixed.require_data()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "ours,theirs",
    [(SMALL_OURS, {}), ({}, SMALL_THEIRS), (SMALL_OURS, SMALL_THEIRS)],
    ids=["we-cut", "charon-cuts", "both-cut"],
)
def test_a_life_in_fragments(mixed, ours, theirs, role):
    mixed.start(role, ours, theirs)
    require_life(mixed)
    counters = ike_counters(mixed)
    log = mixed.charon.log()
    if ours:
        assert counters["fragments_sent"] >= 4, counters
        assert re.search(r"received fragment #\d+ of \d+", log), log
    if theirs:
        assert counters["fragments_accepted"] >= 4, counters
        assert re.search(r"splitting IKE message", log), log
    assert counters["fragments_refused"] == counters["reassemblies_dropped"] == 0, counters


@pytest.mark.parametrize("role", ROLES)
def test_a_peer_that_does_not_announce_fragments_gets_none(mixed, role):
    mixed.start(role, SMALL_OURS, {"keys": "fragmentation = no"})
    require_life(mixed)
    assert ike_counters(mixed)["fragments_sent"] == 0
