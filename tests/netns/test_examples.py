"""Every example is brought up as it is, with traffic both ways, and with what must not pass: what
is outside its prefixes or selectors, and anything at all while the daemon is dead."""

import pytest

from hub import Hub
from lab import capture
from lab.gateway import Gateway
from lab.network import add_address
from names import Names
from stage import EXAMPLES, OUR_STRANGER, THEIR_STRANGER, Stage, both_ways, other_end

SITE, SECOND_SITE, DEPOT = "203.0.113.9", "203.0.113.10", "203.0.113.77"
# The policy `branch-device` of site-to-site.yaml.
BRANCH_DEVICE = {
    "ike_encryption": "AES256",
    "ike_integrity": "SHA256",
    "ike_prf": "SHA256",
    "dh_group": "DHGroup14",
    "ipsec_encryption": "GCMAES256",
    "ipsec_integrity": "GCMAES256",
    "pfs_group": "DHGroup14",
    "esn": True,
    "ike_life_time_seconds": 28800,
    "sa_life_time_seconds": 27000,
    "sa_data_size_kilobytes": 102400000,
}
BROUGHT_UP = {
    "classic-to-resource-manager.yaml", "hub-and-spoke.yaml", "multi-site.yaml",
    "policy-based-devices.yaml", "policy-based.yaml", "site-to-site.yaml",
    "two-administrators-east.yaml", "two-administrators-west.yaml", "two-networks-peered.yaml",
    "vnet-to-vnet.yaml",
}  # fmt: skip


@pytest.fixture
def stage(pair) -> Stage:
    return Stage(pair)


def test_no_example_is_left_out():
    assert {path.name for path in EXAMPLES.glob("*.yaml")} == BROUGHT_UP


def check_routed(stage: Stage, near: Gateway, *others: Gateway) -> None:
    """Routes decide: what has none into the tunnel does not get there."""
    pings = [ping for station in stage.far for ping in both_ways(stage.here, station)]
    stage.require(pings)
    to_strangers = [
        frame
        for frame in stage.strange_arrivals()
        if f"> {OUR_STRANGER} " in frame or f"> {THEIR_STRANGER} " in frame
    ]
    assert not to_strangers
    check_after_death(stage, pings, near, *others)


def outside_selectors(gateway: Gateway) -> int:
    tunnels = [entry["tunnels"][0] for entry in gateway.status()["connections"]]
    return sum(tunnel["drops"]["no-selector"] for tunnel in tunnels)


def check_selected(stage: Stage, near: Gateway, *others: Gateway) -> None:
    """Selectors decide, of both ends of each packet: a stranger's pings are dropped and counted
    where they would enter the tunnel."""
    pings = [ping for station in stage.far for ping in both_ways(stage.here, station)]
    stage.require(pings)
    ends = (near, others[0])
    before = [outside_selectors(gateway) for gateway in ends]
    assert not stage.strange_arrivals()
    assert [outside_selectors(gateway) for gateway in ends] == [count + 2 for count in before]
    check_after_death(stage, pings, near, *others)


def check_after_death(stage: Stage, pings: list, near: Gateway, *others: Gateway) -> None:
    stage.require_silence_while_dead(near, pings)
    near.start()
    stage.wait_connected(near, *others)
    stage.require(pings)


PAIRS = {
    "vnet-to-vnet": (("vnet-to-vnet.yaml", "gw-a"), ("vnet-to-vnet.yaml", "gw-b"), "a-b.psk"),
    "classic": (
        ("classic-to-resource-manager.yaml", "gw-old"),
        ("classic-to-resource-manager.yaml", "gw-new"),
        "old-new.psk",
    ),
    "two-administrators": (
        ("two-administrators-west.yaml", "gw-west"),
        ("two-administrators-east.yaml", "gw-east"),
        "west-east.psk",
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_both_ends_of_an_example(stage, name):
    here, there, key = PAIRS[name]
    station = stage.site(["10.2.0"])
    near = stage.example(*here, key)
    far = stage.example(*there, key, there=station)
    stage.start(near, far)
    check_routed(stage, near, far)


def test_site_to_site(stage):
    station = stage.site(["10.9.0"], SITE)
    near = stage.example("site-to-site.yaml", "gw-a", "a-branch.psk")
    far = stage.peer(
        station,
        other_end(
            "branch",
            SITE,
            ["10.9.0.0/16"],
            ["10.1.0.0/16"],
            local_id="branch.example.net",
            remote_id="gw-a.example.net",
            ipsec_policy=BRANCH_DEVICE,
        ),
    )
    stage.start(near, far)
    check_routed(stage, near, far)


def add_second_address(stage: Stage) -> None:
    """10.1.1.2 beside 10.1.0.2."""
    add_address(stage.gw_a, "lan0", "10.1.1.1/24")
    add_address(stage.here.namespace, "eth0", "10.1.1.2/24")
    stage.here.addresses.append("10.1.1.2")


def test_policy_based(stage):
    station = stage.site(["10.9.0", "10.9.1"], SITE)
    add_second_address(stage)
    near = stage.example("policy-based.yaml", "gw-a", "a-site.psk")
    ours, theirs = ["10.1.0.0/24", "10.1.1.0/24"], ["10.9.0.0/24", "10.9.1.0/24"]
    far = stage.peer(station, other_end("site", SITE, theirs, ours, vpn_type="policy-based"))
    stage.start(near, far)
    check_selected(stage, near, far)


def test_policy_based_devices(stage):
    first = stage.site(["10.9.0", "10.9.1"], SITE)
    second = stage.site(["10.10.0"], SECOND_SITE)
    keys = ["a-firewall-1.psk", "a-firewall-2.psk"]
    near = stage.example("policy-based-devices.yaml", "gw-a", *keys)
    exact = {"vpn_type": "policy-based"}
    site = ["10.9.0.0/24", "10.9.1.0/24"]
    first_device = stage.peer(first, other_end("firewall-1", SITE, site, ["10.1.0.0/16"], **exact))
    second_device = stage.peer(
        second, other_end("firewall-2", SECOND_SITE, ["10.10.0.0/24"], ["10.1.0.0/24"], **exact)
    )
    stage.start(near, first_device, second_device)
    check_selected(stage, near, first_device, second_device)
    # The second device knows the hosts' prefix alone, the first one the whole network.
    add_second_address(stage)
    pings = both_ways(stage.here, second)
    stage.require([ping for ping in pings if "10.1.1.2" not in (ping.bind, ping.target)])
    stage.require_none([ping for ping in pings if "10.1.1.2" in (ping.bind, ping.target)])
    stage.require(both_ways(stage.here, first))


@pytest.fixture
def names(pair):
    service = Names(pair.sites.gw_a)
    yield service
    service.close()


def test_multi_site(stage, names):
    names.set({"vpn.depot.example.net": [DEPOT]})
    network_host = stage.site(["10.2.0"])
    branch_host = stage.site(["10.9.0"], SITE)
    depot_host = stage.site(["10.10.0"], DEPOT)
    keys = ["a-branch.psk", "a-depot.psk", "a-b.psk"]
    near = stage.example("multi-site.yaml", "gw-a", *keys)
    network = stage.example("multi-site.yaml", "gw-b", "a-b.psk", there=network_host)
    ours = ["10.1.0.0/16"]
    branch = stage.peer(branch_host, other_end("branch", SITE, ["10.9.0.0/16"], ours))
    depot = stage.peer(
        depot_host,
        other_end(
            "depot",
            DEPOT,
            ["10.10.0.0/16"],
            ours,
            local_id="vpn.depot.example.net",
            dpd_timeout_seconds=9,
        ),
    )
    stage.start(near, network, branch, depot)
    stage.require_none(both_ways(branch_host, depot_host))
    check_routed(stage, near, network, branch, depot)


def test_two_sites_meet_when_both_devices_know_each_other(stage, names):
    """What `validate --from branch --to depot` calls unknown, and what makes it true."""
    names.set({"vpn.depot.example.net": [DEPOT]})
    branch_host = stage.site(["10.9.0"], SITE)
    depot_host = stage.site(["10.10.0"], DEPOT)
    near = stage.example("multi-site.yaml", "gw-a", "a-branch.psk", "a-depot.psk", "a-b.psk")
    ours, branch_prefix, depot_prefix = "10.1.0.0/16", "10.9.0.0/16", "10.10.0.0/16"
    branch = stage.peer(
        branch_host, other_end("branch", SITE, [branch_prefix], [ours, depot_prefix])
    )
    depot = stage.peer(
        depot_host,
        other_end(
            "depot",
            DEPOT,
            [depot_prefix],
            [ours, branch_prefix],
            local_id="vpn.depot.example.net",
            dpd_timeout_seconds=9,
        ),
    )
    for gateway in (near, branch, depot):
        gateway.start()
    branch.wait_connected()
    depot.wait_connected()
    stage.require(both_ways(branch_host, depot_host))


# -- peerings: the hub's side is test_peering.py's matter, here the files are


def start_peered(hub: Hub, name: str, gateway: str, key: str, behind: list[str]) -> Gateway:
    """The example's own file, and at its other end what its text says is there."""
    stage = Stage(hub.pair)
    station = stage.site(["10.9.0"], SITE)
    near = stage.example(name, gateway, key)
    stage.start(near, stage.peer(station, other_end("site", SITE, ["10.9.0.0/16"], behind)))
    return near


def test_hub_and_spoke(pair):
    hub = Hub(pair)
    behind = ["10.1.0.0/16", "10.11.0.0/16", "10.12.0.0/16"]
    near = start_peered(hub, "hub-and-spoke.yaml", "gw-hub", "hub-headquarters.psk", behind)
    for _ in range(2):
        for source in ("hostA", "spoke1", "spoke2"):
            assert hub.ping(source, "10.9.0.2"), source
        assert hub.ping("spoke1", "hostA") and hub.ping("hostA", "spoke2")
        assert not hub.ping("spoke1", "spoke2") and not hub.ping("spoke2", "spoke1")
        near.kill()
        assert not hub.ping("spoke1", "spoke2") and not hub.ping("spoke1", "10.9.0.2")
        near.start()
        near.wait_connected()


def test_two_networks_peered(pair):
    hub = Hub(pair)
    hub.sites.gw_a.ip("address", "flush", "dev", "lan1")
    add_address(hub.sites.gw_a, "lan1", "10.3.0.1/24")
    spoke = hub.hosts["spoke1"]
    add_address(spoke, "eth0", "10.3.0.2/24")
    spoke.ip("address", "del", "10.11.0.2/24", "dev", "eth0")
    spoke.ip("route", "replace", "default", "via", "10.3.0.1")
    behind = ["10.1.0.0/16", "10.3.0.0/16"]
    near = start_peered(hub, "two-networks-peered.yaml", "gw-a", "a-branch.psk", behind)
    for _ in range(2):
        assert hub.ping("spoke1", "hostA") and hub.ping("hostA", "10.3.0.2")
        assert hub.ping("spoke1", "10.9.0.2") and hub.ping("hostA", "10.9.0.2")
        assert hub.ping("hostB", "10.3.0.2")
        near.kill()
        # The peering is the kernel's: it stays. The tunnel's traffic does not leave in clear.
        assert hub.ping("spoke1", "hostA")
        watch = hub.pair.watch()
        assert not hub.ping("spoke1", "10.9.0.2") and not hub.ping("hostB", "10.3.0.2")
        assert not capture.frames_with_address(watch.stop(), ["10.0.0.0/8"])
        near.start()
        near.wait_connected()
