"""Rekey of child and IKE SA and deletion, each from either side; traffic goes on across a rekey."""

import pytest

from lab.process import wait_until

ROLES = ["initiator", "responder"]


def connect_under_traffic(mixed, role: str, **ours):
    mixed.start(role, ours)
    mixed.connect()
    words = ["ping", "-n", "-q", "-i", "0.02", "-c", "150", "10.2.0.2"]
    return mixed.sites.lab.start(mixed.sites.host_a, words, "ping-across")


def require_hitless(ping) -> None:
    ping.wait(30)
    assert " 150 received" in ping.output(), ping.output()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("side", ["us", "charon"])
def test_child_rekey_from_either_side_loses_nothing(mixed, side, role):
    ping = connect_under_traffic(mixed, role)
    before = mixed.spis()
    if side == "us":
        result = mixed.us.cli("rekey", "to-far")
        assert result.returncode == 0, result.stderr
    else:
        mixed.charon.rekey_child()
    wait_until(
        lambda: None not in mixed.spis() and not set(mixed.spis()) & set(before),
        10,
        "both SPIs are new",
        mixed.us.explain,
    )
    mixed.require_same_children()
    require_hitless(ping)
    mixed.require_data()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("side", ["us", "charon"])
def test_ike_rekey_from_either_side_keeps_the_children(mixed, side, role):
    ping = connect_under_traffic(mixed, role)
    before, ike_before = mixed.spis(), mixed.charon.ike_spis()
    if side == "us":
        result = mixed.us.cli("rekey", "to-far", "--ike")
        assert result.returncode == 0, result.stderr
    else:
        mixed.charon.rekey_ike()
    wait_until(
        lambda: mixed.charon.ike_spis() not in ("", ike_before),
        10,
        "the IKE SA is new",
        mixed.us.explain,
    )
    assert mixed.spis() == before
    require_hitless(ping)
    result = mixed.us.cli("rekey", "to-far")
    assert result.returncode == 0, "the children live on under the new IKE SA: " + result.stderr
    mixed.require_same_children()
    mixed.require_data()


@pytest.mark.parametrize("role", ROLES)
def test_deletion_by_us_reaches_charon_and_up_brings_it_back(mixed, role):
    mixed.start(role)
    mixed.connect()
    assert mixed.us.cli("down", "to-far").returncode == 0
    wait_until(
        lambda: not mixed.charon.list_sas().strip(),
        5,
        "charon has no SA left",
        mixed.charon.list_sas,
    )
    result = mixed.us.cli("up", "to-far")
    if role == "responder":
        # Up lifts the hold; a responder-only connection still waits for the peer, and says so.
        assert result.returncode == 1 and "responder-only" in result.stderr
        mixed.charon.initiate()
        mixed.us.wait_connected()
    else:
        assert result.returncode == 0
    mixed.require_data()


@pytest.mark.parametrize("what", ["ike", "child"])
def test_deletion_by_charon_is_shown_and_charon_may_come_back(mixed, what):
    mixed.start("responder")
    mixed.connect()
    if what == "ike":
        mixed.charon.terminate_ike()
    else:
        mixed.charon.terminate_child()
    connection = mixed.us.wait_not_connected(10)
    assert connection["reason"], connection
    assert mixed.sites.ping(count=3) is False
    mixed.charon.initiate()
    mixed.us.wait_connected()
    mixed.require_data()


@pytest.mark.parametrize("what", ["ike", "child"])
def test_after_deletion_by_charon_we_connect_again(mixed, what):
    mixed.start("initiator")
    mixed.connect()
    before = mixed.spis()
    if what == "ike":
        mixed.charon.terminate_ike()
    else:
        mixed.charon.terminate_child()
    wait_until(
        lambda: mixed.us.is_connected() and not set(mixed.spis()) & set(before),
        30,
        "the supervisor connects again",
        mixed.us.explain,
    )
    mixed.require_same_children()
    mixed.require_data()


def test_many_rekeys_in_turn_leave_one_pair(mixed):
    ping = connect_under_traffic(mixed, "initiator")
    for turn in range(6):
        before = mixed.spis()
        if turn % 2:
            mixed.charon.rekey_child()
        else:
            assert mixed.us.cli("rekey", "to-far").returncode == 0
        wait_until(
            lambda: not set(mixed.spis()) & set(before),
            10,
            "the SPIs are new",  # noqa: B023
            mixed.us.explain,
        )
    require_hitless(ping)
    mixed.require_same_children()
    mixed.require_data()


def test_charon_rekeys_by_its_own_timer_under_traffic(mixed):
    mixed.start(
        "responder", {}, {"child_keys": "life_time = 9s\n    rekey_time = 3s\n    rand_time = 0s"}
    )
    mixed.connect()
    first = mixed.spis()
    assert mixed.sites.ping(count=100)
    wait_until(
        lambda: not set(mixed.spis()) & set(first), 10, "charon has rekeyed", mixed.us.explain
    )
    mixed.require_data()
