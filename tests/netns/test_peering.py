"""Networks on one host: isolated by default, opened by peerings, and kept so whatever dies."""

import itertools
import re

import pytest

from hub import Hub, both_ways, peered, transit
from lab import capture
from lab.gateway import Gateway
from lab.network import add_address, connect
from lab.process import wait_until
from test_instances import refused_start


@pytest.fixture
def hub(pair) -> Hub:
    return Hub(pair)


def always(hub: Hub, expected: set, dead: set, family: str = "ipv4") -> None:
    """`expected` holds while the daemon runs and after a restart, `dead` in between, after kill -9
    and after SIGTERM alike."""
    assert hub.reached(family) == expected
    for end in (hub.pair.a.kill, hub.pair.a.stop):
        end()
        assert hub.reached(family) == dead
        hub.restart_a()
        assert hub.reached(family) == expected


def test_attached_networks_are_isolated_from_each_other_and_from_tunnels(hub):
    hub.start()
    always(hub, both_ways("hostA-hostB"), set())


def test_a_peering_opens_both_ways_and_is_not_transitive(hub):
    hub.start({**peered("spoke1"), **peered("spoke2")})
    open_ways = both_ways("hostA-spoke1", "hostA-spoke2")
    always(hub, open_ways | both_ways("hostA-hostB"), open_ways)


def test_a_spoke_uses_the_gateway_of_the_hub(hub):
    hub.start({**transit("spoke1"), **peered("spoke2")})
    open_ways = both_ways("hostA-spoke1", "hostA-spoke2")
    watch = hub.pair.watch()
    always(hub, open_ways | both_ways("hostA-hostB", "spoke1-hostB"), open_ways)
    # The far side knows nothing of spoke2 and sends to it in clear, by its default route.
    leaked = capture.frames_with_address(watch.stop(), ["10.1.0.0/16", "10.11.0.0/16"])
    assert not leaked, f"{len(leaked)} frames in clear, such as {leaked[:3]}"


def test_ipv6_is_kept_apart_and_opened_alike(hub):
    hub.start({**transit("spoke1"), **peered("spoke2")})
    open_ways = both_ways("hostA-spoke1", "hostA-spoke2")
    always(hub, open_ways | both_ways("hostA-hostB", "spoke1-hostB"), open_ways, "ipv6")


def test_one_closed_half_closes_both_ways(hub):
    closed = {"allow_virtual_network_access": False}
    hub.start({**peered("spoke1", hub_flags=closed), **peered("spoke2", spoke_flags=closed)})
    always(hub, both_ways("hostA-hostB"), set())


def test_one_half_alone_opens_nothing(hub):
    halves = peered("spoke1")
    del halves["spoke1-to-hub"]
    hub.start(halves)
    assert hub.reached() == both_ways("hostA-hostB")


def test_an_address_of_the_host_belongs_to_its_network(hub):
    hub.start(peered("spoke1"))
    own, peers, foreign = "10.11.0.1", "10.1.0.1", "10.12.0.1"
    for _ in range(2):
        assert hub.ping("spoke1", own) and hub.ping("spoke1", peers)
        assert not hub.ping("spoke1", foreign)
        assert not hub.ping("spoke2", own)
        hub.pair.a.kill()


def stranger_behind_host_a(hub: Hub) -> str:
    """An address that hostA forwards for, and the way back to it."""
    add_address(hub.sites.host_a, "lo", "172.16.5.5/32")
    hub.sites.gw_a.ip("route", "add", "172.16.5.5/32", "via", "10.1.0.2", "dev", "lan0")
    return "172.16.5.5"


def test_forwarded_traffic_is_admitted_with_its_flag_only(hub):
    forwarded = {"allow_forwarded_traffic": True}
    hub.start({**peered("spoke1"), **peered("spoke2", spoke_flags=forwarded)})
    stranger = stranger_behind_host_a(hub)

    def admitted() -> tuple[bool, bool]:
        return tuple(hub.ping("hostA", spoke, bind=stranger) for spoke in ("spoke1", "spoke2"))

    assert admitted() == (False, True)
    hub.pair.a.kill()
    assert admitted() == (False, True)
    hub.restart_a()
    assert admitted() == (False, True)
    # The flag of the other half is about the other direction.
    assert hub.pair.a.stop() == 0
    hub.write({**peered("spoke1", hub_flags=forwarded), **peered("spoke2")})
    hub.restart_a()
    assert admitted() == (False, False)


def test_spokes_meet_over_an_appliance_in_the_hub_where_both_admit_forwarded_traffic(hub):
    forwarded = {"allow_forwarded_traffic": True}
    hub.sites.host_a.set_sysctl(
        net__ipv4__ip_forward=1,
        net__ipv4__conf__all__send_redirects=0,
        net__ipv4__conf__eth0__send_redirects=0,
    )
    for interface, remote in (("lan1", "10.12.0.0/16"), ("lan2", "10.11.0.0/16")):
        words = ["rule", "add", "priority", "5000", "iif", interface, "to", remote, "lookup", "77"]
        hub.sites.gw_a.ip(*words)
    hub.sites.gw_a.ip("route", "add", "default", "via", "10.1.0.2", "dev", "lan0", "table", "77")
    hub.start({**peered("spoke1", None, forwarded), **peered("spoke2")})
    assert not hub.ping("spoke1", "spoke2") and not hub.ping("spoke2", "spoke1")
    assert hub.pair.a.stop() == 0
    hub.write({**peered("spoke1", None, forwarded), **peered("spoke2", None, forwarded)})
    hub.restart_a()
    assert hub.ping("spoke1", "spoke2") and hub.ping("spoke2", "spoke1")


def received(hub: Hub, host: str, send, name: str) -> list:
    """The frames of 10.2.0.0/16 that arrive at a host while `send` runs."""
    watch = capture.Capture(hub.pair.lab, hub.hosts[host], "eth0", name)
    send()
    return capture.frames_with_address(watch.stop(), ["10.2.0.0/16"])


def test_a_tunnel_delivers_into_no_network_that_does_not_use_it(hub):
    """The far side sends to all of 10.0.0.0/8; any-to-any selectors let it through."""
    hub.start(transit("spoke1"))
    device = hub.pair.b.tunnel()["device"]
    hub.sites.gw_b.ip("route", "add", "10.12.0.0/16", "dev", device)


    def bytes_in() -> int:
        return hub.pair.a.tunnel()["ingress_bytes_transferred"]

    before = bytes_in()
    assert received(hub, "spoke1", lambda: hub.ping("hostB", "spoke1"), "to-1")
    assert not received(hub, "spoke2", lambda: hub.ping("hostB", "spoke2"), "to-2")
    assert bytes_in() >= before + 4 * 84, "both pings came out of the tunnel"
    hub.sites.gw_b.ip("route", "add", "10.12.0.1/32", "dev", device)
    assert not hub.ping("hostB", "10.12.0.1"), "the host's own address there"


def test_selectors_hold_the_spokes_that_use_the_gateway(hub):
    """Pairs of prefixes: the spoke's are among them, an isolated network's are not."""
    hub.start(transit("spoke1"), use_policy_based_traffic_selectors=True)
    shown = hub.pair.a.cli_json("show", "connection", "a-to-b")
    selectors = str(shown["local_selectors"])
    assert "10.11.0.0" in selectors and "10.12.0.0" not in selectors
    always(
        hub,
        both_ways("hostA-spoke1", "hostA-hostB", "spoke1-hostB"),
        both_ways("hostA-spoke1"),
    )
    # Out of the selectors, into the tunnel: dropped and counted.
    before = hub.pair.a.drops()["no-selector"]
    words = ["-c", "2", "-i", "0.1", "-W", "0.2", "-I", "192.0.2.1", "10.2.0.2"]
    hub.sites.gw_a.run("ping", *words, check=False)
    assert hub.pair.a.drops()["no-selector"] == before + 2


def test_no_way_around_by_other_interfaces(hub):
    """A packet from one attached network to another one passes neither in nor out by an interface
    that belongs to nobody, also where the peering is open."""
    hub.start(peered("spoke1"))
    gateway, far = hub.sites.gw_a, hub.sites.gw_b
    far.ip("route", "add", "10.11.0.0/16", "via", "192.0.2.1")
    add_address(far, "lo", "10.1.0.77/32")
    tries = itertools.count()
    forged = ["ping", "-n", "-q", "-c", "2", "-W", "0.2", "-I", "10.1.0.77", "10.11.0.2"]

    def arrives() -> bool:
        watch = capture.Capture(hub.pair.lab, hub.hosts["spoke1"], "eth0", f"forged-{next(tries)}")
        far.run(*forged, check=False)
        return bool(capture.frames_with_address(watch.stop(), ["10.1.0.77/32"]))

    assert not arrives()
    # When a network's interface is gone, its packets do not take the default route.
    gateway.ip("link", "set", "lan1", "down")
    watch = hub.pair.watch()
    hub.ping("hostA", "spoke1")
    assert not capture.frames_with_address(watch.stop(), ["10.11.0.0/16"])
    gateway.ip("link", "set", "lan1", "up")
    assert hub.pair.a.stop() == 0
    assert hub.pair.a.cli("flush").returncode == 0
    assert arrives(), "without rules it must have arrived"


def test_overlapping_networks_are_refused(hub):
    description = hub.write()
    description["virtual_networks"]["spoke2"]["address_space"] = ["10.11.128.0/17"]
    hub.rewrite(description)
    said = refused_start(hub.pair.a, 3)
    assert "spoke1" in said and "spoke2" in said and "10.11.128.0/17" in said and "lan2" in said
    assert hub.rules() == ""
    # Where one of them is not attached there is nothing to refuse.
    hub.sites.gw_a.ip("link", "set", "lan2", "name", "other")
    hub.pair.a.start()


def test_flush_removes_all(hub):
    hub.start(peered("spoke1"))
    assert "lan2" in hub.rules()
    assert hub.pair.a.stop() == 0
    assert "lan2" in hub.rules()
    result = hub.pair.a.cli("flush")
    assert result.returncode == 0, result.stderr
    assert hub.sites.gw_a.run("nft", "list", "ruleset").stdout == ""
    assert hub.ping("spoke1", "spoke2"), "without rules the host forwards between them"


def test_cleanup_on_exit_removes_the_rules_too(hub):
    hub.pair.a.arguments = ["--cleanup-on-exit"]
    hub.start(peered("spoke1"))
    assert hub.pair.a.stop() == 0
    assert hub.sites.gw_a.run("nft", "list", "ruleset").stdout == ""


def test_rules_of_others_stay_and_decide_as_well(hub):
    """The administrator's own table is not touched, and what it drops stays dropped."""
    hub.sites.gw_a.run(
        "nft", "-f", "-",
        text_in="table inet mine { chain in { type filter hook forward priority 0; policy accept; "
        "iifname lan1 ip daddr 10.1.0.2 icmp type echo-request drop\n}\n}\n",
    )  # fmt: skip
    hub.start(peered("spoke1"))
    assert hub.ping("hostA", "spoke1") and not hub.ping("spoke1", "hostA")
    assert hub.pair.a.stop() == 0
    assert hub.pair.a.cli("flush").returncode == 0
    assert "table inet mine" in hub.sites.gw_a.run("nft", "list", "ruleset").stdout


def test_a_flushed_ruleset_is_put_up_again(hub):
    hub.start(peered("spoke1"))
    before = hub.rules()
    hub.sites.gw_a.run("nft", "flush", "ruleset")
    wait_until(lambda: "lan2" in hub.rules(), 10, "the rules are back", hub.pair.a.explain)
    assert sorted(hub.rules().split()) == sorted(before.split())
    assert "were deleted by somebody" in hub.pair.a.program.log()
    assert hub.ping("hostA", "spoke1") and not hub.ping("hostA", "spoke2")


def test_a_deleted_rule_and_element_are_put_up_again(hub):
    hub.start(peered("spoke1"))
    before = hub.rules()
    chain = re.search(r"chain (\S+\.forward)", before).group(1)
    opened = chain.replace(".forward", ".open4")
    listing = hub.sites.gw_a.run("nft", "-a", "list", "chain", "inet", "twinspan", chain).stdout
    handle = re.search(r"jump \S+\.network # handle (\d+)", listing).group(1)
    for change in (
        f"delete rule inet twinspan {chain} handle {handle}",
        f'delete element inet twinspan {opened} {{ "lan1" . 10.11.0.0/16 . "lan0" }}',
        f"flush chain inet twinspan {chain}",
        f"flush set inet twinspan {opened}",
        'delete element inet twinspan attached { "lan1" }',
    ):
        hub.sites.gw_a.run("nft", change)
        wait_until(lambda: hub.rules() == before, 10, f"undone: {change}", hub.pair.a.explain)
    log = hub.pair.a.program.log()
    assert re.search(rf"\(rule \d+ of chain {chain} is missing\)", log), log
    assert f"element lan1 . 10.11.0.0/16 . lan0 of set {opened} is missing" in log, log
    assert hub.ping("hostA", "spoke1") and not hub.ping("hostA", "spoke2")


def hold_table(hub: Hub) -> None:
    """A program that owns the table: the kernel refuses it to everybody else."""
    script = "(echo 'add table inet twinspan { flags owner; }'; sleep 600) | nft -i"
    hub.pair.lab.start(hub.sites.gw_a, ["bash", "-c", script], "owner")
    wait_until(lambda: hub.rules(), 10, "the table has an owner")


def test_a_refused_table_stops_a_host_of_several_networks(hub):
    hold_table(hub)
    hub.write(peered("spoke1"))
    routes = hub.pair.lab.start(hub.sites.gw_a, ["ip", "monitor", "route"], "routes")
    said = refused_start(hub.pair.a, 5)
    assert "nftables table inet twinspan" in said and "Operation not permitted" in said
    # Isolation comes first: no route of ours was there for a moment.
    assert "unreachable" not in routes.output()
    assert hub.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout == ""


def test_a_refused_table_does_not_stop_a_host_of_one_network(pair):
    hub = Hub(pair)
    hold_table(hub)
    pair.start()
    assert "nftables table inet twinspan" in pair.a.program.log()
    pair.require_ping()


def add_third(hub: Hub, description: dict, space: str = "10.3.0.0/16") -> Gateway:
    """gw-c with vnet-c on lan3 of gw-a's host, for a daemon of its own."""
    host = hub.pair.lab.add_namespace("hostC")
    connect(host, "eth0", hub.sites.gw_a, "lan3")
    add_address(hub.sites.gw_a, "lan3", "10.3.0.1/24")
    add_address(hub.sites.gw_a, "wan0", "192.0.2.11/24")
    add_address(host, "eth0", "10.3.0.2/24")
    host.ip("route", "add", "default", "via", "10.3.0.1")
    hub.hosts["hostC"] = host
    description["virtual_networks"]["vnet-c"] = {
        "region": "west",
        "address_space": [space],
        "subnets": {"GatewaySubnet": space.replace("/16", "/27")},
        "interfaces": ["lan3"],
    }
    description["virtual_network_gateways"]["gw-c"] = {
        "virtual_network": "vnet-c",
        "ip_configurations": [{"name": "default", "public_ip_address": "192.0.2.11"}],
    }
    path = hub.pair.lab.folder / "estate-gw-c" / "estate.yaml"
    third = Gateway(hub.pair.lab, hub.sites.gw_a, hub.pair.a.binaries, path, "gw-c")
    hub.pair.write_to(third, description)
    return third


def two_gateways(hub: Hub, peerings: dict) -> Gateway:
    """One file for gw-a and gw-c, and a daemon for each."""
    description = hub.write(peerings)
    third = add_third(hub, description)
    hub.rewrite(description)
    hub.pair.start()
    return third.start()


CLOSED = [
    ("hostA", "10.3.0.2"),
    ("hostC", "10.1.0.2"),
    ("hostC", "10.2.0.2"),
    ("hostC", "10.11.0.2"),
]


def test_networks_of_two_gateways_on_one_host_are_isolated(hub):
    third = two_gateways(hub, peered("spoke1"))
    # gw-c's daemon attaches the spokes as well; what the hub's peering opens, it leaves open.
    open_ways = both_ways("hostA-spoke1", "hostA-hostB")
    assert hub.reached() == open_ways
    for source, target in CLOSED:
        assert not hub.ping(source, target), (source, target)
    third.kill()
    hub.pair.a.kill()
    for source, target in CLOSED:
        assert not hub.ping(source, target), (source, target)
    # A flush takes away its own rules, not the other gateway's.
    assert third.cli("flush").returncode == 0
    assert "lan3" not in hub.rules() and "lan1" in hub.rules()
    assert hub.reached(names=("hostA", "spoke1", "spoke2")) == both_ways("hostA-spoke1")
    assert hub.pair.a.cli("flush").returncode == 0
    assert hub.rules() == ""


def test_networks_of_two_gateways_on_one_host_can_be_peered(hub):
    halves = {
        "a-to-c": {"virtual_network": "vnet-a", "remote_virtual_network": "vnet-c"},
        "c-to-a": {"virtual_network": "vnet-c", "remote_virtual_network": "vnet-a"},
    }
    two_gateways(hub, halves)
    assert hub.ping("hostA", "10.3.0.2") and hub.ping("hostC", "10.1.0.2")
    for source, target in (("hostC", "10.2.0.2"), ("hostC", "10.11.0.2"), ("spoke1", "10.3.0.2")):
        assert not hub.ping(source, target), (source, target)


def test_networks_of_two_gateways_on_one_host_may_not_overlap(hub):
    """Two files that know nothing of each other."""
    hub.start(peered("spoke1"))
    alone = {"version": 1, "virtual_networks": {}, "virtual_network_gateways": {}}
    third = add_third(hub, alone, "10.12.0.0/16")
    said = refused_start(third, 5)
    assert "10.12.0.0/16 of vnet-c overlaps 10.12.0.0/16" in said and "gw-a-0" in said
    assert "lan3" not in hub.rules()
    assert hub.ping("hostA", "spoke1")


PEERING_FIELDS = {
    "name", "provisioning_state", "peering_state", "peering_sync_level", "virtual_network",
    "remote_virtual_network", "allow_virtual_network_access", "allow_forwarded_traffic",
    "allow_gateway_transit", "use_remote_gateways", "remote_gateways",
    "remote_virtual_network_address_space",
}  # fmt: skip


def test_peerings_are_shown(hub):
    hub.start(transit("spoke1"))
    answer = hub.pair.a.cli_json("show", "peering")
    assert answer["schema"] == "twinspan.peerings/1"
    assert [entry["name"] for entry in answer["peerings"]] == ["hub-to-spoke1", "spoke1-to-hub"]
    [half] = hub.pair.a.cli_json("show", "peering", "spoke1-to-hub")["peerings"]
    assert set(half) == PEERING_FIELDS
    assert half["peering_state"] == "Connected" and half["peering_sync_level"] == "FullyInSync"
    assert half["provisioning_state"] == "Succeeded"
    assert half["use_remote_gateways"] is True and half["remote_gateways"] == ["gw-a"]
    assert half["remote_virtual_network_address_space"] == ["10.1.0.0/16", "2001:db8:1::/48"]
    text = hub.pair.a.cli("show", "peering").stdout
    assert "spoke1-to-hub" in text and "Connected" in text and "use_remote_gateways" in text
    missing = hub.pair.a.cli("show", "peering", "nonsense")
    assert missing.returncode == 2 and "nonsense" in missing.stderr


def test_a_deleted_half_leaves_the_other_one_disconnected(hub):
    description = hub.write(peered("spoke1"))
    del description["peerings"]["spoke1-to-hub"]

    def shown() -> str:
        [half] = hub.pair.a.cli_json("show", "peering", "hub-to-spoke1")["peerings"]
        return half["peering_state"]

    hub.pair.a.start()
    assert shown() == "Connected" and hub.ping("hostA", "spoke1")
    hub.pair.write_to(hub.pair.a, description)
    for _ in range(2):
        assert hub.pair.a.stop() == 0
        hub.pair.a.start()
        assert shown() == "Disconnected" and not hub.ping("hostA", "spoke1")
    assert hub.pair.a.stop() == 0
    assert hub.pair.a.cli("flush").returncode == 0
    hub.pair.a.start()
    assert shown() == "Initiated"


def test_gateways_are_shown_with_their_bgp_settings(hub):
    description = hub.write(transit("spoke1"))
    gateway = description["virtual_network_gateways"]["gw-a"]
    gateway["bgp_settings"] = {"asn": 65010, "peer_weight": 7}
    hub.rewrite(description)
    hub.pair.a.start()
    answer = hub.pair.a.cli_json("show", "gateway")
    assert answer["schema"] == "twinspan.gateways/1"
    assert [entry["name"] for entry in answer["gateways"]] == ["gw-a", "gw-b"]
    [shown] = hub.pair.a.cli_json("show", "gateway", "gw-a")["gateways"]
    settings = shown["bgp_settings"]
    assert settings["asn"] == 65010 and settings["peer_weight"] == 7
    assert settings["bgp_peering_address"] == "10.1.255.30"
    assert shown["vpn_type"] == "route-based" and shown["virtual_network"] == "vnet-a"
    assert shown["running_instance"] == 0 and shown["transit_virtual_networks"] == ["spoke1"]
    assert "65010" in hub.pair.a.cli("show", "gateway", "gw-a").stdout
    assert hub.pair.a.cli("show", "gateway", "gw-x").returncode == 2


def test_effective_routes_are_shown_for_each_network(hub):
    hub.start(transit("spoke1"))

    def routes(network: str) -> set:
        answer = hub.pair.a.cli_json("routes", network)
        assert answer["schema"] == "twinspan.routes/1"
        return {
            (route["address_prefix"], route["source"], route["next_hop_type"])
            for route in answer["routes"]
            if ":" not in route["address_prefix"]
        }

    over_gateway = ("10.2.0.0/16", "VirtualNetworkGateway", "VirtualNetworkGateway")
    assert routes("spoke1") == {
        ("10.11.0.0/16", "Default", "VnetLocal"),
        ("10.1.0.0/16", "Default", "VNetPeering"),
        ("10.12.0.0/16", "Default", "None"),
        over_gateway,
    }
    assert over_gateway in routes("vnet-a") and over_gateway not in routes("spoke2")
    networks = {route["virtual_network"] for route in hub.pair.a.cli_json("routes")["routes"]}
    assert networks == {"vnet-a", "spoke1", "spoke2"}
    text = hub.pair.a.cli("routes", "spoke1").stdout
    assert "a-to-b (Connected)" in text and "VNetPeering" in text
    assert hub.pair.a.cli("routes", "vnet-b").returncode == 2
