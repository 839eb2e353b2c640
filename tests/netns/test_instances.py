"""Several instances on one machine, prefixes that cover everything, and sockets that are taken."""

import json

from lab.gateway import Gateway
from lab import capture, topology
from lab.network import add_address, connect
from lab.process import wait_until


def start_halves(pair, prefixes_of_b: list[str], prefixes_of_a: list[str]) -> None:
    pair.write_halves({"remote_prefixes": prefixes_of_b}, {"remote_prefixes": prefixes_of_a})
    pair.start()


def test_a_remote_prefix_may_cover_the_peers_own_address(pair):
    start_halves(pair, ["10.2.0.0/16", "192.0.2.0/24"], ["10.1.0.0/16"])
    pair.require_ping()


def test_a_remote_prefix_may_be_everything(pair):
    start_halves(pair, ["0.0.0.0/0"], ["10.1.0.0/16"])
    pair.require_ping()
    watch = pair.watch()
    pair.require_ping()
    verdicts = pair.verdicts(watch)
    assert verdicts.clear == 0 and verdicts.esp >= 12
    pair.b.kill()
    watch = pair.watch("after")
    pair.sites.host_a.run(
        "ping", "-n", "-q", "-c", "5", "-i", "0.1", "-W", "0.2", "198.51.100.7", check=False
    )
    # The dead peer's kernel answers our ESP with ICMP errors; those are no packets of a LAN.
    assert not capture.frames_with_address(
        watch.stop(), [*topology.LAN_NETWORKS, "198.51.100.0/24"]
    )


def test_the_default_site_gets_what_has_no_prefix_of_its_own(pair):
    pair.write_halves()
    description = json.loads(pair.a.estate.read_text())
    description["virtual_network_gateways"]["gw-a"]["default_local_network_gateway"] = "far"
    pair.write_to(pair.a, description)
    pair.start()
    pair.require_ping()
    # In the lab the peer's own way to the Internet leads back to us.
    pair.sites.gw_b.run("ip", "route", "add", "blackhole", "198.51.100.0/24")
    watch = pair.watch()
    pair.sites.host_a.run(
        "ping", "-n", "-q", "-c", "5", "-i", "0.1", "-W", "0.2", "198.51.100.7", check=False
    )
    verdicts = pair.verdicts(watch)
    assert verdicts.clear == 0 and verdicts.esp >= 5
    assert ("0.0.0.0/0", "Active") in [
        (route["address_prefix"], route["state"])
        for route in pair.a.cli_json("routes")["routes"]
        if route["next_hops"] == ["to-far"]
    ]


def test_two_administrators_each_know_their_own_half(pair):
    """Each side has only its own half of the world; that is enough."""
    start_halves(pair, ["10.2.0.0/16"], ["10.1.0.0/16"])
    pair.require_ping()


def second_pair(pair) -> tuple[Gateway, Gateway]:
    """gw-c beside gw-a and gw-d beside gw-b, each with a network and an address of its own."""
    description = pair.write()
    places = (("c", pair.sites.gw_a, "192.0.2.11", 3), ("d", pair.sites.gw_b, "192.0.2.12", 4))
    gateways = []
    for letter, namespace, address, number in places:
        add_address(namespace, "wan0", f"{address}/24")
        connect(namespace, "lan1", namespace, "lan1-end")
        add_address(namespace, "lan1", f"10.{number}.0.1/24")
        description["virtual_networks"][f"vnet-{letter}"] = {
            "region": f"region-{letter}",
            "address_space": [f"10.{number}.0.0/16"],
            "subnets": {"GatewaySubnet": f"10.{number}.255.0/27"},
            "interfaces": ["lan1"],
        }
        description["virtual_network_gateways"][f"gw-{letter}"] = {
            "virtual_network": f"vnet-{letter}",
            "vpn_type": "route-based",
            "ip_configurations": [{"name": "default", "public_ip_address": address}],
        }
        path = pair.lab.folder / f"estate-gw-{letter}" / "estate.yaml"
        gateways.append(Gateway(pair.lab, namespace, pair.a.binaries, path, f"gw-{letter}"))
    for mine, other in ("cd", "dc"):
        description["connections"][f"{mine}-to-{other}"] = {
            "connection_type": "vnet-to-vnet",
            "virtual_network_gateway1": f"gw-{mine}",
            "virtual_network_gateway2": f"gw-{other}",
            "shared_key": {"file": "a-b.psk"},
        }
    for gateway in (*pair.gateways, *gateways):
        pair.write_to(gateway, description)
        gateway.start()
    for gateway in (*pair.gateways, *gateways):
        gateway.wait_connected()
    return tuple(gateways)


def ping_second(pair) -> bool:
    words = ["-n", "-q", "-c", "3", "-i", "0.1", "-W", "1", "-I", "10.3.0.1", "10.4.0.1"]
    return " 3 received" in pair.sites.gw_a.run("ping", *words, check=False).stdout


def test_two_daemons_share_a_namespace_when_their_addresses_differ(pair):
    second_pair(pair)
    watch = pair.watch()
    pair.require_ping()
    assert ping_second(pair)
    leaked = capture.frames_with_address(watch.stop(), [*topology.LAN_NETWORKS, "10.0.0.0/8"])
    assert not leaked


def test_flush_leaves_other_instances_alone(pair):
    third, _ = second_pair(pair)
    device = pair.a.tunnel()["device"]
    assert third.stop() == 0 and pair.a.stop() == 0
    assert len(tun_devices(pair)) == 2
    assert third.cli("flush").returncode == 0
    assert tun_devices(pair) == [device]
    words = ["route", "get", "10.2.0.2", "from", "10.1.0.2", "iif", "lan0"]
    answer = pair.sites.gw_a.ip(*words, check=False)
    assert "wan0" not in answer.stdout
    pair.a.start()
    pair.wait_connected()
    pair.require_ping()


def test_a_daemon_is_flushed_while_its_neighbour_works(pair):
    third, _ = second_pair(pair)
    assert third.stop() == 0
    pair.require_ping()
    assert third.cli("flush").returncode == 0
    pair.require_ping()
    assert pair.a.is_connected()


def tun_devices(pair) -> list[str]:
    lines = pair.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout.splitlines()
    return [line.split(": ")[1] for line in lines]


def refused_start(gateway, code: int) -> str:
    """Launches, expects the exit code, returns what it said."""
    program = gateway.launch()
    assert program.wait(15) == code, program.log()
    assert "ready" not in program.output()
    return program.log()


def test_a_second_daemon_on_the_same_address_is_refused_and_the_owner_named(pair):
    pair.start()
    pair.require_ping()
    second = Gateway(pair.lab, pair.sites.gw_a, pair.a.binaries, pair.a.estate, "gw-a")
    second.run_dir = pair.lab.folder / "run-second"
    said = refused_start(second, 5)
    assert "192.0.2.1" in said and "twinspand" in said and str(pair.a.program.pid) in said
    pair.require_ping()
    assert pair.a.is_connected()


def test_a_second_daemon_in_the_same_run_directory_is_refused(pair):
    pair.start()
    second = Gateway(pair.lab, pair.sites.gw_b, pair.a.binaries, pair.a.estate, "gw-a")
    second.run_dir = pair.a.run_dir
    refused_start(second, 5)
    assert pair.a.is_connected()


def test_a_port_taken_by_a_stranger_is_refused_and_the_owner_named(pair):
    pair.write()
    script = (
        "import socket,time; s=socket.socket(2,2); s.bind(('0.0.0.0',4500)); "
        "print('bound',flush=True); "
        "time.sleep(60)"
    )
    stranger = pair.lab.start(pair.sites.gw_a, ["/usr/bin/python3", "-c", script], "stranger")
    wait_until(lambda: "bound" in stranger.output(), 10, "the stranger holds the port")
    said = refused_start(pair.a, 5)
    assert "4500" in said and "python3" in said and str(stranger.pid) in said
    assert pair.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout == ""
    assert "unreachable" not in pair.sites.gw_a.ip("route", "show", "table", "all").stdout


def test_an_address_that_the_host_lacks_is_refused(pair):
    description = pair.write()
    gateway = description["virtual_network_gateways"]["gw-a"]
    gateway["ip_configurations"][0]["public_ip_address"] = "192.0.2.77"
    pair.write_to(pair.a, description)
    assert "192.0.2.77" in refused_start(pair.a, 5)


def test_forwarding_that_is_off_is_reported_with_its_remedy(pair):
    pair.write()
    pair.sites.gw_a.set_sysctl(net__ipv4__ip_forward=0)
    program = pair.a.launch()
    wait_until(
        lambda: "ip_forward" in program.log() or not program.is_running(),
        10,
        "the log names the sysctl",
        program.log,
    )
    assert "ip_forward" in program.log()


def test_a_private_address_behind_nat_is_bound(pair):
    """ip_configurations with a private_ip_address: the local one, when behind NAT."""
    description = pair.write()
    description["virtual_network_gateways"]["gw-a"]["ip_configurations"] = [
        {"name": "default", "public_ip_address": "198.51.100.1", "private_ip_address": "192.0.2.1"}
    ]
    pair.write_to(pair.a, description)
    pair.sites.gw_b.ip("address", "add", "198.51.100.9/24", "dev", "wan0")
    pair.a.start()
    assert pair.a.tunnel()["local"] == "192.0.2.1"
