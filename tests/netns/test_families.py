"""Inner and outer IPv4 and IPv6 in all four combinations, in UDP and as raw protocol 50.

    hostA - gwA == ESP over `outer` == gwB - hostB, packets of `inner` inside
"""

import pytest

from lab import traffic
from lab.process import wait_until

COMBINATIONS = [(outer, inner) for outer in ("ipv4", "ipv6") for inner in ("ipv4", "ipv6")]


def check_tunnel(pair, outer: str, inner: str, **connection) -> None:
    pair.start(outer=outer, inner=inner, **connection)
    watch = pair.watch()
    pair.require_ping(inner)
    pair.require_ping(inner, size=1300)
    assert traffic.measure_tcp(pair.sites, 1, inner) > 0.05
    assert traffic.measure_tcp(pair.sites, 1, inner, reverse=True) > 0.05
    verdicts = pair.verdicts(watch)
    assert verdicts.clear == 0, verdicts.clear_samples
    assert verdicts.esp > 20


@pytest.mark.parametrize("outer,inner", COMBINATIONS)
def test_every_combination_carries_traffic_in_udp(pair, outer, inner):
    check_tunnel(pair, outer, inner)


@pytest.mark.parametrize("outer,inner", COMBINATIONS)
def test_every_combination_carries_traffic_as_protocol_50(pair, outer, inner):
    check_tunnel(pair, outer, inner, encapsulation="esp")


@pytest.mark.parametrize("outer,inner", COMBINATIONS)
def test_packets_larger_than_the_tunnel_arrive_in_pieces(pair, outer, inner):
    """IPv4 is cut on the way; IPv6 hosts learn the size from a first packet that is lost."""
    pair.start(outer=outer, inner=inner)
    for reverse in (False, True):
        wait_until(
            lambda: pair.sites.ping(inner, size=4000, count=1, reverse=reverse),  # noqa: B023
            5,
            "a ping of 4000 bytes is answered",
            pair.a.explain,
        )
    pair.require_ping(inner, size=4000)
