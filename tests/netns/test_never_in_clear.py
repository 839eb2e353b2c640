"""Nothing of a LAN crosses the middle link in clear, though a default route would carry it there.

Both hosts send pings all the while, so that there is always something that could leak.
"""

import contextlib

from lab import capture, topology
from lab.process import wait_until


@contextlib.contextmanager
def watched(pair):
    """A capture, and steady traffic both ways, around what happens to the tunnel."""
    sites = pair.sites
    watch = capture.Capture(pair.lab, sites.gw_b, "wan0", "watch-b")
    second = capture.Capture(pair.lab, sites.gw_a, "wan0", "watch-a")
    pings = []
    for host, target in ((sites.host_a, "10.2.0.2"), (sites.host_b, "10.1.0.2")):
        pings.append(
            pair.lab.start(host, ["ping", "-n", "-q", "-i", "0.02", target], f"ping-{target}")
        )
    yield
    for ping in pings:
        ping.stop()
    for capture_of_one_end in (watch, second):
        leaked = capture.frames_with_address(capture_of_one_end.stop(), topology.LAN_NETWORKS)
        assert not leaked, f"{len(leaked)} frames in clear, such as {leaked[:3]}"


def require_route_unreachable(pair) -> None:
    """By the kernel's own decision for a forwarded packet, not by a listing of routes."""
    answer = pair.sites.gw_a.ip(
        "route", "get", "10.2.0.2", "from", "10.1.0.2", "iif", "lan0", check=False
    )
    assert "wan0" not in answer.stdout, answer.stdout


def test_before_the_tunnel_is_up(pair):
    """Both run, and each waits for the other to begin."""
    waiting = {"connection_mode": "responder-only"}
    pair.write_halves(waiting, waiting)
    for gateway in pair.gateways:
        gateway.start()
    with watched(pair):
        assert pair.sites.ping(count=10) is False
        require_route_unreachable(pair)
        assert pair.a.stop() == 0
        pair.write_halves({}, waiting)
        pair.a.start()
        pair.wait_connected()
        pair.require_ping()


def test_when_the_peer_dies_and_when_it_is_unreachable(pair):
    pair.start()
    with watched(pair):
        pair.b.kill()
        pair.sites.ping(count=20)
    pair.b.start()
    pair.wait_connected()
    with watched(pair):
        pair.sites.gw_b.ip("link", "set", "wan0", "down")
        pair.sites.ping(count=20)
        pair.sites.gw_b.ip("link", "set", "wan0", "up")
        pair.sites.gw_b.ip("route", "replace", "default", "via", topology.WAN["ipv4"][0])


def test_when_the_peer_is_given_up(pair):
    pair.start(dpd_timeout_seconds=10)
    with watched(pair):
        pair.b.kill()
        pair.a.wait_not_connected(60)
        require_route_unreachable(pair)
        pair.sites.ping(count=20)


def test_at_kill_9_and_restart(pair):
    pair.start()
    with watched(pair):
        pair.a.kill()
        pair.sites.ping(count=20)
        require_route_unreachable(pair)
        pair.a.start()
        pair.wait_connected()
        pair.wait_ping(10)


def test_at_sigterm_and_restart(pair):
    pair.start()
    with watched(pair):
        assert pair.a.stop() == 0
        pair.sites.ping(count=20)
        require_route_unreachable(pair)
        pair.a.start()
        pair.wait_connected()
        pair.wait_ping(10)


def test_at_sigterm_of_both_sides(pair):
    pair.start()
    with watched(pair):
        assert pair.a.stop() == 0
        assert pair.b.stop() == 0
        assert pair.sites.ping(count=20) is False


def test_when_a_connection_is_taken_down_by_hand(pair):
    pair.start()
    with watched(pair):
        assert pair.a.cli("down", "a-to-b").returncode == 0
        assert pair.sites.ping(count=20) is False
        assert pair.a.cli("up", "a-to-b").returncode == 0
        pair.wait_ping(10)


def test_when_the_device_is_deleted_under_the_daemon(pair):
    pair.start()
    device = pair.a.tunnel()["device"]
    with watched(pair):
        pair.sites.gw_a.ip("link", "del", device)
        assert pair.sites.ping(count=20) is False
        require_route_unreachable(pair)


def test_ipv6_inside_is_held_back_too(pair):
    pair.start(inner="ipv6")
    watch = pair.watch()
    pair.require_ping("ipv6")
    pair.a.kill()
    assert pair.sites.ping("ipv6", count=10) is False
    leaked = capture.frames_with_address(watch.stop(), topology.LAN_NETWORKS)
    assert not leaked, leaked[:3]


def test_after_flush_the_host_is_as_before(pair):
    """The proof that the captures above could have seen a leak: after flush the default route
    carries it."""

    def routing():
        rules = pair.sites.gw_a.ip("rule").stdout + pair.sites.gw_a.ip("-6", "rule").stdout
        return (
            rules,
            pair.sites.gw_a.ip("route", "show", "table", "all", "type", "unreachable").stdout,
        )

    before = routing()
    pair.start()
    assert routing() != before
    assert pair.a.stop() == 0
    result = pair.a.cli("flush")
    assert result.returncode == 0, result.stderr
    assert routing() == before
    watch = pair.watch()
    pair.sites.ping(count=5)
    leaked = capture.frames_with_address(watch.stop(), topology.LAN_NETWORKS)
    assert leaked, "with Twinspan's routes gone, the default route must have carried the pings"
    wait_until(
        lambda: "tun" not in pair.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout,
        5,
        "no TUN device is left",
    )
