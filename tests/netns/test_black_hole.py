"""A path that swallows what is too large: no ICMP message, no fragments. The peer is asked what
comes through (docs/decisions/0019-black-holes.md).

    hostA --- gwA --- r1 === middle === r2 --- gwB --- hostB           (narrow_path.py)
"""

import json

import pytest

from lab import traffic
from lab.process import wait_until
from narrow_path import NarrowPath, inner_mtu
from test_path_mtu import CARRIAGES, is_answered, path_mtu, ping, told_mtu

MIDDLE = 1400
GRAIN = 16  # SizeSearch::kGrain
# Two probes behind the traffic, then the size in question and some below: about seven seconds.
FOUND_WITHIN = 25


def start(pair, mtu: int = MIDDLE, probe_path: str | None = None, **settings) -> NarrowPath:
    path = NarrowPath(pair.sites, mtu)
    path.swallow()
    for gateway in pair.gateways:
        gateway.arguments = ["--probe-path", probe_path] if probe_path else []
    pair.start(**settings)
    return path


def explain(pair) -> str:
    return pair.a.explain() + pair.b.explain()


def send_large(pair) -> bool:
    """Whether a large packet gets through each way, cut or not."""
    answers = [ping(pair, 1400, "-M", "dont", reverse=reverse) for reverse in (False, True)]
    return all(is_answered(text) for text in answers)


def wait_found(pair) -> None:
    def is_found() -> bool:
        send_large(pair)
        return all(path_mtu(gateway) for gateway in pair.gateways)

    wait_until(is_found, FOUND_WITHIN, "both gateways know the path", lambda: explain(pair))


def probes(gateway) -> dict[str, int]:
    return gateway.status()["ike"]["size_probes"]


def events(gateway, kind: str) -> list[dict]:
    lines = gateway.cli("events", "--json").stdout.splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def require_unharmed(pair) -> None:
    for gateway in pair.gateways:
        assert not events(gateway, "ike-gone"), gateway.explain()
        assert not events(gateway, "exchange-failed"), gateway.explain()


@pytest.mark.parametrize("outer,kind", CARRIAGES)
def test_the_size_of_a_silent_path_is_found_and_large_packets_get_through(pair, outer, kind):
    start(pair, outer=outer, encapsulation=kind)
    wait_found(pair)
    for gateway in pair.gateways:
        known = path_mtu(gateway)
        assert MIDDLE - GRAIN <= known <= MIDDLE
        fitting = inner_mtu(known, outer, kind)
        reverse = gateway is pair.b
        assert is_answered(ping(pair, fitting, "-M", "do", reverse=reverse))
        assert told_mtu(ping(pair, fitting + 1, "-M", "do", reverse=reverse)) == fitting
    assert send_large(pair)
    require_unharmed(pair)


def test_tcp_flows_soon_after_its_beginning(pair):
    start(pair)
    for reverse in (False, True):
        assert traffic.measure_tcp(pair.sites, FOUND_WITHIN, reverse=reverse) > 0.02


def test_it_is_said_what_is_wrong_and_what_to_do(pair):
    start(pair)
    assert pair.a.connection()["warnings"] == []
    wait_found(pair)
    name = pair.a.connection()["name"]
    (warning,) = pair.a.connection()["warnings"]
    assert f"above {path_mtu(pair.a)} bytes vanish" in warning
    assert "let ICMP" in warning
    assert warning in pair.a.program.log()
    assert pair.a.cli_json("show", "connection", name)["path_mtu_from"] == "probe"
    assert "found by probing" in pair.a.cli("show", "connection", name).stdout
    (event,) = events(pair.a, "path-mtu")
    assert event["bytes"] == path_mtu(pair.a)


def test_a_path_that_becomes_narrow_later_is_noticed(pair):
    path = start(pair, 1500)
    assert send_large(pair)
    path.set_middle(1300)
    wait_found(pair)
    assert 1300 - GRAIN <= path_mtu(pair.a) <= 1300
    assert send_large(pair)
    require_unharmed(pair)


def test_a_path_that_loses_everything_is_not_taken_for_a_narrow_one(pair):
    path = start(pair, 1500)
    assert send_large(pair)
    path.cut_middle(True)
    for _ in range(8):
        assert not send_large(pair)
    path.cut_middle(False)
    pair.wait_connected(60)
    wait_until(lambda: send_large(pair), 20, "large packets flow again", lambda: explain(pair))
    for gateway in pair.gateways:
        assert path_mtu(gateway) is None


def test_a_router_that_speaks_is_believed_and_no_search_is_made(pair):
    NarrowPath(pair.sites, MIDDLE)
    pair.start()
    wait_found(pair)
    wait_until(
        lambda: send_large(pair) and probes(pair.a)["sent"] > 1,
        20,
        "the peer is asked about the size that was reported",
        lambda: explain(pair),
    )
    for gateway in pair.gateways:
        assert path_mtu(gateway) == MIDDLE
        assert probes(gateway)["unanswered"] == 0
        assert gateway.connection()["warnings"] == []


def test_nobody_is_asked_who_does_not_take_part(pair):
    start(pair, probe_path="never")
    for _ in range(FOUND_WITHIN // 2):
        assert not send_large(pair)
    for gateway in pair.gateways:
        assert path_mtu(gateway) is None
        assert probes(gateway) == {"sent": 0, "unanswered": 0}
    require_unharmed(pair)


def test_a_peer_that_announces_nothing_is_asked_only_where_that_is_wanted(pair):
    path = NarrowPath(pair.sites, MIDDLE)
    path.swallow()
    pair.a.arguments = ["--probe-path", "always"]
    pair.b.arguments = ["--probe-path", "never"]
    pair.start()

    def is_found() -> bool:
        send_large(pair)
        return path_mtu(pair.a) is not None

    wait_until(is_found, FOUND_WITHIN, "gw-a knows the path", lambda: explain(pair))
    assert probes(pair.b)["sent"] == 0
    assert path_mtu(pair.b) is None
    require_unharmed(pair)


def test_children_are_rekeyed_during_a_search(pair):
    start(pair)
    wait_until(
        lambda: not send_large(pair) and probes(pair.a)["sent"] > 0,
        10,
        "a search has begun",
        lambda: explain(pair),
    )
    for gateway in pair.gateways:
        gateway.cli("rekey", gateway.connection()["name"])
    wait_found(pair)
    assert send_large(pair)
    require_unharmed(pair)
