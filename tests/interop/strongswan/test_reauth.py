"""Reauthentication that charon begins: a new IKE SA with new children, made before the old one goes
or after it."""

import pytest

from lab.process import wait_until
from two_charons import TwoCharons

ROLES = {"initiator": "default", "responder": "responder-only"}
PINGS = 200


def start_pings(world):
    words = ["ping", "-n", "-q", "-i", "0.02", "-c", str(PINGS), "10.2.0.2"]
    return world.lab.start(world.sites.host_a, words, f"ping-{len(world.lab.background)}")


def lost_pings(ping) -> int:
    ping.wait(60)
    [words] = [line for line in ping.output().splitlines() if " received" in line]
    return PINGS - int(words.split(",")[1].split()[0])


def start(mixed, role: str, make_before_break: str) -> None:
    mixed.start(role, {"connection_mode": ROLES[role]}, {"make_before_break": make_before_break})
    mixed.connect()


def ike_spi(mixed) -> str | None:
    return (mixed.us.cli_json("show", "connection", "to-far")["ike_sa"] or {}).get("initiator_spi")


def require_reauthentication(mixed, old_ike: str, old_spis: tuple) -> None:
    """A new IKE SA with new children, and nothing left of the old one at either end."""
    wait_until(
        lambda: mixed.us.is_connected()
        and ike_spi(mixed) not in (None, old_ike)
        and not set(mixed.spis()) & set(old_spis),
        30,
        "all is new",
        mixed.explain,
    )
    mixed.require_one_child()
    wait_until(
        lambda: mixed.charon.list_sas().count("IKEv2") == 1,
        15,
        "charon has one IKE SA",
        mixed.charon.list_sas,
    )
    mixed.require_same_children()
    mixed.require_data()


@pytest.mark.parametrize("role", ROLES)
def test_make_before_break_loses_no_more_than_between_two_charons(mixed, role):
    start(mixed, role, "yes")
    old_ike, old_spis = ike_spi(mixed), mixed.spis()
    ping = start_pings(mixed)
    mixed.charon.reauthenticate()
    lost = lost_pings(ping)
    require_reauthentication(mixed, old_ike, old_spis)
    if lost:
        charons = TwoCharons(mixed).connect(make_before_break="yes")
        ping = start_pings(charons)
        charons.far.reauthenticate()
        assert lost <= lost_pings(ping)


def test_make_before_break_again_and_again_leaves_one_of_each(mixed):
    start(mixed, "responder", "yes")
    for _turn in range(3):
        old_ike, old_spis = ike_spi(mixed), mixed.spis()
        mixed.charon.reauthenticate()
        require_reauthentication(mixed, old_ike, old_spis)


@pytest.mark.parametrize("role", ROLES)
def test_break_before_make_comes_back_by_itself(mixed, role):
    start(mixed, role, "no")
    old_ike, old_spis = ike_spi(mixed), mixed.spis()
    mixed.charon.reauthenticate()
    require_reauthentication(mixed, old_ike, old_spis)


def test_charon_reauthenticates_by_its_own_timer(mixed):
    mixed.start(
        "responder",
        {},
        {
            "make_before_break": "yes",
            "keys": "reauth_time = 6s\n  over_time = 20s\n  rand_time = 0s",
        },
    )
    mixed.connect()
    require_reauthentication(mixed, ike_spi(mixed), mixed.spis())
