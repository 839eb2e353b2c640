"""Several instances on one machine, prefixes that cover everything, and sockets that are taken."""

import copy

from lab.estate import half_estate
from lab.gateway import Gateway
from lab.network import add_address
from lab.process import wait_until


def start_halves(pair, prefixes_of_b: list[str], prefixes_of_a: list[str]) -> None:
    pair.write_to(pair.a, half_estate("a", prefixes_of_b))
    pair.write_to(pair.b, half_estate("b", prefixes_of_a))
    for gateway in pair.gateways:
        gateway.start()
    pair.wait_connected()


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
    assert pair.verdicts(watch).clear == 0


def test_a_static_key_file_and_two_administrators(pair):
    """Each side has only its own half of the world; that is enough."""
    start_halves(pair, ["10.2.0.0/16"], ["10.1.0.0/16"])
    pair.require_ping()


def third_gateway(pair) -> Gateway:
    """gw-c beside gw-a in the same namespace, with a network and an address of its own."""
    add_address(pair.sites.gw_a, "wan0", "192.0.2.11/24")
    pair.sites.gw_a.ip("link", "add", "lan1", "type", "dummy")
    pair.sites.gw_a.ip("link", "set", "lan1", "up")
    add_address(pair.sites.gw_a, "lan1", "10.3.0.1/24")
    description = pair.write()
    third = copy.deepcopy(description)
    for each in (description, third):
        each["virtual_networks"]["vnet-c"] = {
            "region": "north",
            "address_space": ["10.3.0.0/16"],
            "subnets": {"hosts": "10.3.0.0/24", "GatewaySubnet": "10.3.255.0/27"},
            "interfaces": ["lan1"],
        }
        each["virtual_network_gateways"]["gw-c"] = {
            "virtual_network": "vnet-c",
            "vpn_type": "route-based",
            "ip_configurations": [{"name": "default", "public_ip_address": "192.0.2.11"}],
        }
        for name, first, second in (("b-to-c", "gw-b", "gw-c"), ("c-to-b", "gw-c", "gw-b")):
            each["connections"][name] = {
                "connection_type": "vnet-to-vnet",
                "virtual_network_gateway1": first,
                "virtual_network_gateway2": second,
                "shared_key": {"file": "a-b.psk"},
            }
    folder = pair.lab.folder / "estate-gw-c"
    gateway = Gateway(pair.lab, pair.sites.gw_a, pair.a.binaries, folder / "estate.yaml", "gw-c")
    for each in (*pair.gateways, gateway):
        pair.write_to(each, description)
    return gateway


def ping_third(pair) -> bool:
    return (
        " 3 received"
        in pair.sites.host_b.run(
            "ping", "-n", "-q", "-c", "3", "-i", "0.1", "-W", "1", "10.3.0.1", check=False
        ).stdout
    )


def test_two_daemons_share_a_namespace_when_their_addresses_differ(pair):
    third = third_gateway(pair)
    for gateway in (pair.a, third, pair.b):
        gateway.start()
    for gateway, name in (
        (pair.a, "a-to-b"),
        (third, "c-to-b"),
        (pair.b, "b-to-a"),
        (pair.b, "b-to-c"),
    ):
        wait_until(
            lambda: gateway.connection(name)["connection_status"] == "Connected",
            20,  # noqa: B023
            f"{name} is connected",
            gateway.explain,
        )
    pair.require_ping()
    assert ping_third(pair)
    assert third.stop() == 0
    assert third.cli("flush").returncode == 0
    pair.require_ping()
    assert pair.a.is_connected()


def test_flush_leaves_other_instances_alone(pair):
    third = third_gateway(pair)
    for gateway in (pair.a, third, pair.b):
        gateway.start()
    wait_until(
        lambda: third.connection()["connection_status"] == "Connected", 20, "gw-c is connected"
    )
    pair.a.wait_connected()
    assert third.stop() == 0 and pair.a.stop() == 0
    device = [
        line for line in pair.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout.splitlines()
    ]
    assert len(device) == 2
    assert third.cli("flush").returncode == 0
    assert len(pair.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout.splitlines()) == 1
    answer = pair.sites.gw_a.ip(
        "route", "get", "10.2.0.2", "from", "10.1.0.2", "iif", "lan0", check=False
    )
    assert "wan0" not in answer.stdout
    pair.a.start()
    pair.a.wait_connected()
    pair.require_ping()


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
