"""Several Child SAs in one tunnel: each carries its pair of prefixes and no other; one that the
other side refuses leaves the rest up. And PFS that differs, which is told when connecting."""

from lab.estate import STRONG
from lab.process import wait_until

# Hosts of the pair N: 10.1.N.2 behind gw-a, 10.2.N.2 behind gw-b.
PAIRS = (0, 1, 2)


def selectors(local: int, numbers: tuple[int, ...]) -> dict:
    """traffic_selector_policies with one pair of networks for each number."""
    return {
        "use_policy_based_traffic_selectors": True,
        "traffic_selector_policies": [
            {
                "local_address_ranges": [f"10.{local}.{n}.0/24"],
                "remote_address_ranges": [f"10.{3 - local}.{n}.0/24"],
            }
            for n in numbers
        ],
    }


def add_hosts(pair) -> None:
    ends = ((pair.sites.host_a, pair.sites.gw_a, 1), (pair.sites.host_b, pair.sites.gw_b, 2))
    for host, gateway, side in ends:
        for n in PAIRS[1:]:
            host.ip("address", "add", f"10.{side}.{n}.2/32", "dev", "eth0")
            gateway.ip("route", "add", f"10.{side}.{n}.0/24", "via", f"10.{side}.0.2")


def start(pair, ours: dict, theirs: dict) -> None:
    add_hosts(pair)
    pair.write_halves(ours, theirs)
    pair.start()


def ping(pair, source: int, target: int, reverse: bool = False) -> bool:
    host, near, far = (pair.sites.host_b, 2, 1) if reverse else (pair.sites.host_a, 1, 2)
    words = "ping -n -q -i 0.1 -W 1 -c 3 -I".split()
    ends = (f"10.{near}.{source}.2", f"10.{far}.{target}.2")
    return " 3 received" in host.run(*words, *ends, check=False).stdout


def children(gateway) -> list[dict]:
    return gateway.cli_json("show", "connection", "to-far")["children"]


def wait_up(gateway, count: int) -> None:
    wait_until(
        lambda: gateway.connection()["children_up"] == count,
        20,
        f"{count} children are up",
        gateway.explain,
    )


def test_each_pair_has_a_child_of_its_own_and_nothing_else_passes(pair):
    start(pair, selectors(1, PAIRS), selectors(2, PAIRS))
    for gateway in pair.gateways:
        wait_up(gateway, 3)
        assert [child["is_up"] for child in children(gateway)] == [True] * 3
    for n in PAIRS:
        assert ping(pair, n, n) and ping(pair, n, n, reverse=True), pair.a.explain()
    before = pair.a.drops()["no-selector"]
    watch = pair.watch()
    for source, target in ((0, 1), (1, 0), (2, 1)):
        assert not ping(pair, source, target)
    assert pair.a.drops()["no-selector"] == before + 9
    assert pair.verdicts(watch).clear == 0


def test_a_pair_that_the_other_side_refuses_leaves_the_others_up(pair):
    start(pair, selectors(1, PAIRS), selectors(2, (0, 2)))
    wait_up(pair.a, 2)
    wait_up(pair.b, 2)
    result = pair.a.cli("up", "to-far")
    assert result.returncode == 1 and "selectors" in result.stderr
    shown = children(pair.a)
    assert [child["is_up"] for child in shown] == [True, False, True]
    assert shown[1]["trouble"]["cause"] == "no-common-selectors"
    assert shown[1]["local_selectors"] == ["10.1.1.0/24"]
    for n in (0, 2):
        assert ping(pair, n, n) and ping(pair, n, n, reverse=True), pair.a.explain()
    assert not ping(pair, 1, 1)
    assert "Connected 2/3" in pair.a.cli("status").stdout
    assert "down" in pair.a.cli("show", "connection", "to-far").stdout


def test_prefixes_of_a_policy_based_gateway_meet_a_route_based_one(pair):
    """gw-b has a pair for each prefix and never asks; gw-a, any-to-any, gets one after the
    other."""
    add_hosts(pair)
    theirs = {
        "vpn_type": "policy-based",
        "remote_prefixes": ["10.1.0.0/24", "10.1.1.0/24"],
        "connection_mode": "responder-only",
    }
    pair.write_halves({}, theirs)
    pair.start()
    wait_up(pair.b, 2)
    for n in (0, 1):
        assert ping(pair, n, n) and ping(pair, n, n, reverse=True), pair.a.explain()


def test_pfs_that_differs_is_told_when_connecting_and_traffic_flows(pair):
    pair.write_halves(
        {"ipsec_policy": STRONG},
        {"ipsec_policy": {**STRONG, "pfs_group": "None"}, "connection_mode": "responder-only"},
    )
    pair.start()
    assert pair.a.cli("up", "to-far").returncode == 0
    pair.require_ping()
    [child] = children(pair.a)
    assert child["is_up"] and child["trouble"]["cause"] == "pfs-mismatch"
    assert child["trouble"]["config"]["path"] == "connections.to-far.ipsec_policy.pfs_group"
    refused = pair.b.cli_json("show", "connection", "to-far")["last_failure"]
    assert refused["cause"] == "pfs-mismatch" and refused["first_difference"] == "dh_group"
    assert "PFS" in pair.a.cli("show", "connection", "to-far").stdout
