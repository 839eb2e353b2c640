"""A peer that is configured by name: it is resolved before each attempt, several addresses are
tried in turn, a name that leads nowhere is a reason, and such a peer may call from anywhere."""

import pytest

from lab import estate
from lab.network import add_address
from lab.process import wait_until
from lab.topology import WAN
from names import Names

NAME = "gw-b.example.net"
FAR = WAN["ipv4"][1]
NOBODY, MOVED = "192.0.2.98", "192.0.2.52"
# As near to gw-a as gw-b is, so that RFC 6724 leaves the two in the order of the hosts file.
DEAD = "192.0.2.3"
ATTEMPT_SECONDS = 31  # How long one address that nobody answers at is tried.


@pytest.fixture
def names(pair):
    service = Names(pair.sites.gw_a)
    yield service
    service.close()


def start(pair, mode_a: str = "initiator-only", wait: bool = True, far: str = FAR) -> None:
    """gw-a knows the other one by name only; gw-b sits at `far`."""
    ours = estate.half_estate("a", ["10.2.0.0/16"], connection_mode=mode_a, dpd_timeout_seconds=9)
    ours["local_network_gateways"]["far"] = {"fqdn": NAME, "address_prefixes": ["10.2.0.0/16"]}
    pair.write_to(pair.a, ours)
    write_far(pair, far)
    for gateway in pair.gateways:
        gateway.start()
    if wait:
        pair.wait_connected()


def write_far(pair, address: str) -> None:
    theirs = estate.half_estate("b", ["10.1.0.0/16"], local_id=NAME, dpd_timeout_seconds=9)
    gateway = theirs["virtual_network_gateways"]["gw-b"]
    gateway["ip_configurations"][0]["public_ip_address"] = address
    pair.write_to(pair.b, theirs)


def cause(pair) -> str | None:
    return (pair.a.connection()["diagnosis"] or {}).get("cause")


def test_a_name_is_resolved_and_shown(pair, names):
    names.set({NAME: [FAR]})
    start(pair)
    pair.require_ping()
    tunnel = pair.a.tunnel()
    assert (tunnel["remote"], tunnel["remote_endpoint"]) == (NAME, FAR + ":4500")


def test_a_name_that_leads_nowhere_is_a_reason_until_it_leads_somewhere(pair, names):
    start(pair, wait=False)
    wait_until(lambda: cause(pair) == "name-unresolved", 10, "the reason is there", pair.a.explain)
    connection = pair.a.connection()
    assert NAME in connection["reason"]
    assert "fqdn" in connection["diagnosis"]["remedy"]
    assert connection["diagnosis"]["config"]["path"].endswith(".far.fqdn")
    assert NAME in pair.a.cli("status").stdout
    names.set({NAME: ["2001:db8:ff::2"]})
    wait_until(
        lambda: "2001:db8:ff::2" in (pair.a.connection()["reason"] or ""),
        40,
        "an address of the other family is no help",
        pair.a.explain,
    )
    names.set({NAME: [FAR]})
    pair.wait_connected(40)
    pair.require_ping()


def test_several_addresses_are_tried_in_turn(pair, names):
    names.set({NAME: [DEAD, "2001:db8:ff::99", FAR]})
    start(pair, wait=False)
    pair.wait_connected(2 * ATTEMPT_SECONDS)
    pair.require_ping()
    failure = pair.a.cli_json("show", "connection", "to-far")["last_failure"]
    assert (failure["cause"], failure["peer"]["address"]) == ("no-answer", DEAD + ":500")


def test_a_peer_that_changed_its_address_is_found_by_its_name(pair, names):
    names.set({NAME: [FAR]})
    start(pair)
    pair.b.kill()
    add_address(pair.sites.gw_b, "wan0", MOVED + "/24")
    write_far(pair, MOVED)
    pair.b.start()
    names.set({NAME: [MOVED]})
    # The old address is found dead, and answers an attempt that began before the name changed.
    wait_until(
        lambda: pair.a.tunnel()["remote_endpoint"] == MOVED + ":4500",
        2 * ATTEMPT_SECONDS,
        "the name leads to the new address",
        pair.a.explain,
    )
    pair.wait_connected()
    pair.require_ping()


def test_a_changed_name_leaves_the_sa_that_stands_alone(pair, names):
    names.set({NAME: [FAR]})
    start(pair)
    before = pair.a.tunnel()["spi_in"]
    names.set({NAME: [NOBODY]})
    assert pair.a.cli("rekey", "to-far", "--ike").returncode == 0
    pair.require_ping(count=20)
    tunnel = pair.a.tunnel()
    assert (tunnel["spi_in"], tunnel["remote_endpoint"]) == (before, FAR + ":4500")


def test_a_peer_with_a_name_may_call_from_anywhere(pair, names):
    add_address(pair.sites.gw_b, "wan0", MOVED + "/24")
    names.set({NAME: [NOBODY]})
    start(pair, mode_a="responder-only", far=MOVED)
    pair.require_ping()
    assert pair.a.tunnel()["remote_endpoint"] == MOVED + ":4500"


def test_a_caller_with_another_key_is_refused_wherever_it_is(pair, names):
    add_address(pair.sites.gw_b, "wan0", MOVED + "/24")
    start(pair, mode_a="responder-only", wait=False, far=MOVED)
    pair.b.stop()
    estate.write_key(pair.b.estate.parent / "a-b.psk", "another key")
    pair.b.start()
    wait_until(lambda: cause(pair) == "wrong-psk", 20, "it is refused", pair.a.explain)
    assert not pair.a.is_connected()
