"""`twinspan explain`, `drops` and `verify` on running gateways: what is told is what packets
meet."""

import re

from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

import forge
from hostile import inject
from hub import Hub, peered, transit
from lab import estate
from lab.network import Namespace
from lab.process import wait_until
from narrow_path import NarrowPath

A, B = "10.1.0.2", "10.2.0.2"
POLICY_BASED = {"vpn_type": "policy-based"}


def explain(gateway, *words: str) -> dict:
    """The answer, after its form and exit status were checked."""
    result = gateway.cli("explain", *words)
    answer = gateway.cli_json("explain", *words)
    assert answer["schema"] == "twinspan.explain/1"
    assert result.returncode == (0 if answer["verdict"] == "delivered" else 1), result.stderr
    assert answer["verdict"] in result.stdout
    assert answer["steps"]
    for step in answer["steps"]:
        assert step["stage"] and step["object"] and step["why"]
        assert step["outcome"] in ("pass", "drop", "unknown")
    if answer["verdict"] == "delivered":
        assert answer["fix"] is None
    else:
        assert answer["fix"] == answer["steps"][-1]["fix"] and answer["fix"] in result.stdout
    return answer


def last(answer: dict) -> tuple[str, str]:
    return answer["steps"][-1]["stage"], answer["steps"][-1]["object"]


def cause(gateway) -> str | None:
    return (gateway.connection()["diagnosis"] or {}).get("cause")


def checks(gateway, connection: str) -> dict[str, dict]:
    answer = gateway.cli_json("verify", connection)
    assert answer["schema"] == "twinspan.verify/1"
    has_failed = any(check["result"] == "fail" for check in answer["checks"])
    assert gateway.cli("verify", connection).returncode == int(has_failed)
    for check in answer["checks"]:
        assert check["connection"] == connection and check["message"]
        assert bool(check["remedy"]) == (check["result"] != "pass")
    return {check["check"]: check for check in answer["checks"]}


def results(gateway, connection: str) -> dict[str, str]:
    return {name: check["result"] for name, check in checks(gateway, connection).items()}


def drops(gateway, reason: str) -> list[dict]:
    answer = gateway.cli_json("drops", "--last", "1000")
    assert answer["schema"] == "twinspan.drops/1"
    return [drop for drop in answer["drops"] if drop["reason"] == reason]


def wait_drops(gateway, reason: str, count: int = 1) -> list[dict]:
    wait_until(
        lambda: len(drops(gateway, reason)) >= count,
        10,
        f"{count} packets of {gateway.name} were dropped for {reason}",
        gateway.explain,
    )
    found = drops(gateway, reason)
    for drop in found:
        assert drop["explanation"] and drop["fix"] and drop["time"].endswith("Z")
    return found


def send_udp(source: Namespace, target: str, size: int, dont_fragment: bool = False) -> None:
    """One datagram; `size` is the length of its IP packet."""
    discover = 2 if dont_fragment else 0  # IP_PMTUDISC_DO, IP_PMTUDISC_DONT
    program = (
        "import socket\n"
        "sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"sock.setsockopt(socket.IPPROTO_IP, 10, {discover})\n"
        f"sock.sendto(bytes({size - 28}), ('{target}', 9))\n"
    )
    source.run("/usr/bin/python3", "-c", program, check=False)


# -- explain


def test_a_packet_that_passes_is_delivered_both_ways_on_both_gateways(pair):
    pair.start()
    pair.require_ping()
    for gateway, here, there, name in ((pair.a, A, B, "a-to-b"), (pair.b, B, A, "b-to-a")):
        out = explain(gateway, here, there)
        assert out["verdict"] == "delivered"
        stages = [step["stage"] for step in out["steps"]]
        assert stages == [
            "network",
            "route",
            "connection",
            "selector",
            "sa",
            "device",
            "mtu",
            "kernel-route",
            "outer-route",
        ]
        assert out["steps"][2]["object"] == f"connections.{name}"
        for words in ((here, there, "-p", "tcp", "--dport", "443"), (there, here)):
            assert explain(gateway, *words)["verdict"] == "delivered"


def test_ipv6_is_explained_alike(pair):
    pair.start(inner="ipv6")
    assert explain(pair.a, "2001:db8:1::2", "2001:db8:2::2")["verdict"] == "delivered"
    assert explain(pair.a, "2001:db8:2::2", "2001:db8:1::2")["verdict"] == "delivered"


def test_what_cannot_be_asked_is_refused(pair):
    pair.start()
    for words in (["10.1.0", B], [A, B, "-p", "warp"], [A, B, "--from", "nowhere"], [A]):
        assert pair.a.cli("explain", *words).returncode == 2


def test_an_address_that_nobody_has_leads_out_of_all_connections(pair):
    pair.start()
    answer = explain(pair.a, A, "10.77.0.5")
    assert answer["verdict"] == "unknown" and "wan0" in answer["steps"][-1]["why"]
    pair.sites.gw_a.ip("route", "del", "default")
    answer = explain(pair.a, A, "10.77.0.5")
    assert answer["verdict"] == "dropped" and "address_prefixes" in answer["fix"]


def test_networks_of_one_host_and_their_flags(pair):
    hub = Hub(pair).start({**transit("spoke1"), **peered("spoke2")})
    gateway = pair.a
    far = {"spoke1": "10.11.0.2", "spoke2": "10.12.0.2", "hub": A, "site": B}
    for source, target in (
        ("spoke1", "hub"),
        ("hub", "spoke2"),
        ("spoke1", "spoke2"),
        ("spoke1", "site"),
        ("spoke2", "site"),
        ("site", "spoke1"),
        ("site", "spoke2"),
    ):
        names = {"hub": "hostA", "site": "hostB"}
        passes = hub.ping(names.get(source, source), names.get(target, target), count=1)
        answer = explain(gateway, far[source], far[target])
        assert (answer["verdict"] == "delivered") == passes, (source, target, answer)
    refused = explain(gateway, far["spoke2"], far["site"])
    assert last(refused) == ("peering", "peerings.hub-to-spoke2")
    assert refused["fix"] == "set peerings.hub-to-spoke2.allow_gateway_transit: true"
    assert "not transitive" in explain(gateway, far["spoke1"], far["spoke2"])["steps"][-1]["why"]
    # The gateway's host is asked for nothing by peerings: they are about what it forwards.
    assert pair.sites.gw_a.run("ping", "-c", "1", "-W", "1", "-I", "10.1.0.1", far["spoke2"])
    assert explain(gateway, "10.1.0.1", far["spoke2"])["verdict"] == "delivered"
    forwarded = explain(gateway, "172.20.0.1", A, "--from", "spoke1")
    assert forwarded["fix"] == "set peerings.hub-to-spoke1.allow_forwarded_traffic: true"


def test_rules_that_somebody_added_leave_the_verdict_open(pair):
    hub = Hub(pair).start(peered("spoke1"))
    assert explain(pair.a, "10.11.0.2", A)["verdict"] == "delivered"
    assert results(pair.a, "a-to-b")["isolation"] == "pass"
    chain = re.search(r"chain (\S+\.forward)", hub.rules()).group(1)
    hub.sites.gw_a.run("nft", f"insert rule inet twinspan {chain} ip daddr {A} drop")
    assert not hub.ping("spoke1", "hostA", count=1)
    answer = explain(pair.a, "10.11.0.2", A)
    assert answer["verdict"] == "unknown" and last(answer) == ("firewall", "table inet twinspan")
    assert f"rule 1 of chain {chain} is not ours" in answer["steps"][-1]["why"]
    check = checks(pair.a, "a-to-b")["isolation"]
    assert check["result"] == "fail" and "is not ours" in check["message"]
    pair.a.stop()
    hub.restart_a()
    assert explain(pair.a, "10.11.0.2", A)["verdict"] == "delivered"
    assert hub.ping("spoke1", "hostA")


def test_a_connection_that_is_down_is_explained_by_its_failure(pair):
    pair.write_halves()
    estate.write_key(pair.b.estate.parent / "a-b.psk", "another key 123456")
    for gateway in pair.gateways:
        gateway.start()
    wait_until(
        lambda: cause(pair.a) in ("wrong-psk", "auth-refused"),
        20,
        "the keys are found to differ",
        pair.a.explain,
    )
    answer = explain(pair.a, A, B)
    assert answer["verdict"] == "dropped" and last(answer) == ("connection", "connections.to-far")
    assert "key" in answer["fix"]
    assert results(pair.a, "to-far")["negotiation"] == "fail"
    assert results(pair.a, "to-far")["remote-address"] == "pass"


def test_a_connection_that_was_taken_down_and_comes_back(pair):
    pair.start()
    assert pair.a.cli("down", "a-to-b").returncode == 0
    assert last(explain(pair.a, A, B))[0] == "connection"
    assert pair.a.cli("up", "a-to-b").returncode == 0
    wait_until(
        lambda: pair.a.cli("explain", A, B).returncode == 0, 10, "it is delivered", pair.a.explain
    )


def test_selectors_in_both_directions(pair):
    pair.write_halves(POLICY_BASED, {**POLICY_BASED, "remote_prefixes": ["10.1.0.0/16"]})
    pair.start()
    assert explain(pair.a, A, B)["verdict"] == "delivered"
    out = explain(pair.a, "192.0.2.1", B)
    assert last(out) == ("selector", "connections.to-far")
    assert "address_space" in out["fix"]
    inward = explain(pair.a, "10.3.0.2", A, "--from", "far")
    assert last(inward) == ("selector", "connections.to-far")
    assert "RFC 4301" in inward["steps"][-1]["why"]


def test_our_own_addresses_do_not_come_out_of_an_any_to_any_tunnel(pair):
    pair.start()
    answer = explain(pair.a, "10.1.0.77", A, "--from", "vnet-b")
    assert last(answer) == ("source", "connections.a-to-b")


def test_what_is_too_big_is_cut_or_refused(pair):
    pair.start()
    mtu = pair.a.cli_json("show", "connection", "a-to-b")["mtu"]
    assert explain(pair.a, A, B, "--size", str(mtu), "--df")["verdict"] == "delivered"
    assert explain(pair.a, A, B, "--size", str(mtu + 1))["verdict"] == "delivered"
    answer = explain(pair.a, A, B, "--size", str(mtu + 1), "--df")
    assert last(answer)[0] == "mtu" and str(mtu) in answer["fix"]


def test_what_somebody_does_to_routes_and_devices_is_seen(pair):
    pair.start()
    device, gateway = pair.a.tunnel()["device"], pair.sites.gw_a
    routes = gateway.ip("route", "show", "table", "all", "proto", "84").stdout
    [line] = [line for line in routes.splitlines() if f"dev {device}" in line]
    words = line.split()
    gateway.ip("route", "del", words[0], "dev", device, "table", words[words.index("table") + 1])
    answer = explain(pair.a, A, B)
    assert last(answer)[0] == "kernel-route" and "restart twinspand" in answer["fix"]
    assert results(pair.a, "a-to-b")["routes"] == "fail"

    gateway.ip("link", "set", device, "down")
    assert last(explain(pair.a, A, B)) == ("device", f"device {device}")
    assert results(pair.a, "a-to-b")["device"] == "fail"
    gateway.ip("link", "del", device)
    assert "deleted" in explain(pair.a, A, B)["steps"][-1]["why"]
    assert checks(pair.a, "a-to-b")["device"]["message"] == f"{device} is gone: somebody deleted it"
    pair.a.stop()
    pair.a.start()
    pair.wait_connected()
    wait_until(
        lambda: pair.a.cli("explain", A, B).returncode == 0, 10, "it is delivered", pair.a.explain
    )


def test_without_a_way_to_the_peer_nothing_leaves(pair):
    pair.start()
    pair.sites.gw_a.ip("route", "del", "default")
    pair.sites.gw_a.ip("addr", "flush", "dev", "wan0")
    answer = explain(pair.a, A, B)
    assert last(answer)[0] == "outer-route" and "192.0.2.2" in answer["fix"]
    assert results(pair.a, "a-to-b")["remote-address"] == "fail"


# -- drops


def test_no_drop_is_no_error(pair):
    pair.start()
    assert pair.a.cli_json("drops")["drops"] == []
    result = pair.a.cli("drops")
    assert result.returncode == 0 and "no packet was dropped" in result.stdout


def test_drops_outside_the_selectors_are_explained_in_both_directions(pair):
    pair.a.arguments = ["--key-log", pair.lab.folder / "keys"]
    pair.write_halves(POLICY_BASED, POLICY_BASED)
    pair.start()
    pair.sites.gw_a.run("ping", "-c", "1", "-W", "0.2", "-I", "192.0.2.1", B, check=False)
    [out] = wait_drops(pair.a, "no-selector")
    assert out["direction"] == "out" and out["connection"] == "to-far"
    assert (out["inner"]["source"], out["inner"]["destination"]) == ("192.0.2.1", B)
    assert out["inner"]["protocol"] == 1 and out["outer"] is None
    assert out["verdict"] == "dropped" and out["steps"][-1]["stage"] == "selector"

    keys = forge.keys_of(pair.lab.folder / "keys", pair.a.tunnel()["spi_in"])
    packet = forge.ping_packet("10.3.0.2", A)
    inject(pair.sites.gw_b, [forge.in_udp(keys, forge.seal(keys, packet, 500))])
    [inward] = wait_drops(pair.a, "selector-mismatch")
    assert inward["direction"] == "in"
    assert inward["inner"]["source"] == "10.3.0.2" and inward["length"] == len(packet)
    assert inward["steps"][-1]["stage"] == "selector"
    shown = pair.a.cli("drops").stdout
    assert "no-selector 192.0.2.1" in shown and "selector-mismatch 10.3.0.2" in shown
    assert len(pair.a.cli_json("drops", "--last", "1")["drops"]) == 1


def test_a_packet_too_big_for_a_path_that_was_learned_is_explained(pair):
    NarrowPath(pair.sites, 1400)
    pair.start()
    wait_until(
        lambda: send_udp(pair.sites.host_a, B, 1400, True) or drops(pair.a, "too-big"),
        20,
        "the path is learned, and a packet does not fit it",
        pair.a.explain,
    )
    drop = wait_drops(pair.a, "too-big")[-1]
    assert drop["inner"]["source"] == A and drop["length"] == 1400
    assert drop["verdict"] == "dropped" and drop["steps"][-1]["stage"] == "mtu"


def test_a_flood_of_strangers_frames_pushes_nothing_out(pair):
    pair.write_halves(POLICY_BASED, POLICY_BASED)
    pair.start()
    pair.sites.gw_a.run("ping", "-c", "1", "-W", "0.2", "-I", "192.0.2.1", B, check=False)
    wait_drops(pair.a, "no-selector")
    frames = [
        bytes(
            IP(src="192.0.2.2", dst="192.0.2.1")
            / UDP(sport=4500, dport=4500)
            / Raw((0x7000_0000 + i).to_bytes(4, "big") + bytes(60))
        )
        for i in range(2000)
    ]
    inject(pair.sites.gw_b, frames)
    found = wait_drops(pair.a, "unknown-spi")
    assert found[0]["inner"] is None and found[0]["connection"] is None
    assert found[0]["outer"]["remote"] == "192.0.2.2:4500"
    assert found[0]["outer"]["spi"].startswith("0x70000")
    assert len(drops(pair.a, "no-selector")) == 1
    pair.require_ping()


def test_a_reverse_path_filter_of_all_devices_is_told(pair):
    """It holds for tunnels too, and harms where another one leads to the same network."""
    pair.start()
    assert "no filter" in checks(pair.a, "a-to-b")["reverse-path"]["message"]
    pair.a.stop()
    pair.sites.gw_a.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=2")
    pair.a.start()
    assert "net.ipv4.conf.all.rp_filter: it is 2" in pair.a.program.log()
    pair.wait_connected().wait_ping(10)
    check = checks(pair.a, "a-to-b")["reverse-path"]
    assert check["result"] == "pass" and "no other tunnel" in check["message"], check


# Behind gw-b, besides 10.2.0.0/16.
ANNEX, ANNEX_HOST = "10.77.0.0/16", "10.77.0.9"


def two_ways(letter: str) -> dict:
    """Half of an estate with two connections, by whose selectors gw-b sends all to gw-a over the
    first one, and gw-a answers the annex over the second one."""
    first, second = {"a": ("0.0.0.0/0", ANNEX), "b": ("10.1.0.0/16", "0.0.0.0/0")}[letter]
    half = estate.half_estate(letter, [first], use_policy_based_traffic_selectors=True)
    if letter == "b":
        half["virtual_networks"]["mine"]["address_space"].append(ANNEX)
    sites, connections = half["local_network_gateways"], half["connections"]
    sites["far2"] = {**sites["far"], "address_prefixes": [second]}
    other = {"a": "b", "b": "a"}[letter]
    connections["second"] = {
        **connections["to-far"],
        "local_network_gateway2": "far2",
        "local_id": f"{letter}2.example",
        "remote_id": f"{other}2.example",
    }
    return half


def test_a_reverse_path_filter_fails_where_answers_take_another_tunnel(pair):
    """And so it is: what comes out of the one tunnel is dropped until the remedy is followed."""
    for gateway, letter in zip(pair.gateways, "ab", strict=True):
        pair.write_to(gateway, two_ways(letter))
        gateway.start()
    sites = pair.sites
    sites.host_b.ip("address", "add", f"{ANNEX_HOST}/32", "dev", "lo")
    sites.gw_b.ip("route", "add", ANNEX, "via", "10.2.0.2")

    def answers() -> bool:
        ping = ["ping", "-n", "-q", "-c", "1", "-W", "0.5", "-I", ANNEX_HOST, A]
        return " 1 received" in sites.host_b.run(*ping, check=False).stdout

    wait_until(answers, 20, "answers come by the other tunnel", pair.a.explain)
    sites.gw_a.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1")
    assert not answers()
    check = checks(pair.a, "to-far")["reverse-path"]
    assert check["result"] == "fail" and "another tunnel to the same network" in check["message"]
    assert checks(pair.a, "second")["reverse-path"]["result"] == "pass"
    [command] = re.findall(r"`(sysctl -w [^`]*)`", check["remedy"])
    sites.gw_a.run(*command.split())
    assert answers() and checks(pair.a, "to-far")["reverse-path"]["result"] == "pass"


def test_what_nftables_drop_is_counted_noted_and_explained(pair):
    hub = Hub(pair).start({**transit("spoke1"), **peered("spoke2")})
    assert not hub.ping("spoke1", "spoke2", count=3)
    assert not hub.ping("spoke2", "hostB", count=1)
    assert not hub.ping("spoke1", "spoke2", "ipv6", count=1)
    answer = pair.a.cli_json("drops")
    kernel = {entry["reason"]: entry for entry in answer["kernel"]}
    network, tunnel = kernel["another network"], kernel["a tunnel that is not its own"]
    assert network["where"] == "nftables" and network["packets"] >= 4
    assert network["bytes"] > network["packets"] * 20
    noted = {(note["source"], note["destination"]): note for note in network["noted"]}
    note = noted["10.11.0.2", "10.12.0.2"]
    assert (note["input"], note["protocol"], note["packets"]) == ("lan1", 1, 3)
    assert note["verdict"] == "dropped" and "not transitive" in note["steps"][-1]["why"]
    assert noted["2001:db8:11::2", "2001:db8:12::2"]["protocol"] == 58
    [blocked] = [note for note in tunnel["noted"] if note["destination"] == B]
    assert blocked["fix"] == "set peerings.hub-to-spoke2.allow_gateway_transit: true"
    shown = pair.a.cli("drops").stdout
    assert "10.11.0.2 -> 10.12.0.2 protocol 1 by lan1, 3 packets" in shown
    counted = f"another network, {network['packets']} packets, {network['bytes']} bytes"
    assert f"by the kernel, nftables: {counted}" in shown
    assert results(pair.a, "a-to-b")["isolation"] == "pass"


def test_a_flood_of_packets_between_networks_is_counted_and_dropped_whole(pair):
    hub = Hub(pair).start()
    for last in range(2, 42):
        hub.hosts["spoke1"].run("ping", "-c1", "-W0.01", f"10.12.0.{last}", check=False)
    [entry] = pair.a.cli_json("drops")["kernel"]
    assert entry["packets"] == 40 and len(entry["noted"]) == 16


# -- verify


def test_a_connection_that_works_passes_every_check(pair):
    pair.start()
    assert results(pair.a, "a-to-b")["counters"] == "unknown"
    pair.require_ping()
    assert set(results(pair.a, "a-to-b").values()) == {"pass"}
    assert set(results(pair.b, "b-to-a").values()) == {"pass"}
    assert pair.a.cli("verify").returncode == 0
    assert pair.a.cli("verify", "nothing").returncode == 2


def test_a_peer_that_does_not_answer_fails(pair):
    pair.write()
    pair.a.start()
    wait_until(
        lambda: cause(pair.a) == "no-answer",
        60,
        "nobody answers",
        pair.a.explain,
    )
    found = results(pair.a, "a-to-b")
    assert found["remote-address"] == "fail" and found["negotiation"] == "fail"


def test_narrowed_selectors_fail_when_they_leave_out_what_is_routed(pair):
    pair.write_halves({"remote_prefixes": ["10.2.0.0/16", "10.8.0.0/16"]}, POLICY_BASED)
    pair.start()
    check = checks(pair.a, "to-far")["selectors"]
    assert check["result"] == "fail" and "10.8.0.0/16" in check["message"]


def test_traffic_that_is_not_answered_fails(pair):
    pair.start()
    pair.sites.gw_b.run(
        "nft",
        "add table inet stop; "
        "add chain inet stop forwarded { type filter hook forward priority 0; policy drop; }",
    )
    assert not pair.sites.ping(count=1)
    assert results(pair.a, "a-to-b")["counters"] == "fail"
    assert results(pair.b, "b-to-a")["counters"] == "fail"


def test_an_mtu_that_somebody_changed_fails(pair):
    pair.start()
    mtu = pair.a.cli_json("show", "connection", "a-to-b")["mtu"]
    pair.sites.gw_a.ip("link", "set", pair.a.tunnel()["device"], "mtu", "1300")
    check = checks(pair.a, "a-to-b")["mtu"]
    assert check["result"] == "fail" and str(mtu) in check["remedy"]


