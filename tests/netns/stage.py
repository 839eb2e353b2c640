"""An example of examples/ on gw-a's host, and at its other ends what its text says is there.

    hostA 10.1.0.2 --lan0--gwA === WAN === gwB --lan0-- hostB
                             +==== wan1, wan2, ... ==== further sites, a gateway and a host each

Unlike in lab/topology.py there is no way between the two but the tunnels: the gateways' default
routes lead to each other's addresses alone. Each side also has a stranger, whose address is in no
file.
"""

import concurrent.futures
import dataclasses
import pathlib
import shutil

from lab import capture, estate
from lab.gateway import Gateway
from lab.network import Namespace, add_address, connect
from lab.process import wait_until
from pair import Pair

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
OUR_STRANGER, THEIR_STRANGER = "172.16.5.5", "172.16.6.6"
STRANGERS = ["172.16.0.0/16"]


@dataclasses.dataclass(eq=False)
class Station:
    """A host with the addresses that the example gives to its network, and its gateway's host."""

    gateway: Namespace
    namespace: Namespace
    addresses: list[str]


@dataclasses.dataclass(frozen=True)
class Ping:
    source: Station
    bind: str
    target: str

    def answered(self) -> bool:
        words = ["-n", "-q", "-i", "0.1", "-W", "0.5", "-c", "2", "-I", self.bind, self.target]
        result = self.source.namespace.run("ping", *words, check=False)
        return " 2 received" in result.stdout


def both_ways(a: Station, b: Station) -> list[Ping]:
    """From each address of the one to each of the other."""
    pairs = [(mine, theirs) for mine in a.addresses for theirs in b.addresses]
    return [Ping(a, mine, theirs) for mine, theirs in pairs] + [
        Ping(b, theirs, mine) for mine, theirs in pairs
    ]


def answers(pings: list[Ping]) -> dict[Ping, bool]:
    """All at the same time."""
    with concurrent.futures.ThreadPoolExecutor(len(pings)) as pool:
        return dict(zip(pings, pool.map(Ping.answered, pings), strict=True))


def other_end(
    name: str,
    address: str,
    space: list[str],
    behind: list[str],
    vpn_type: str = "route-based",
    **connection: object,
) -> dict:
    """The file of who administers the other end: the gateway `name` and its connection to us."""
    subnet = space[-1].replace("0.0/16", "255.0/27").replace("0/24", "224/27")
    network = {"address_space": space, "subnets": {"GatewaySubnet": subnet}}
    gateway = {
        "virtual_network": f"net-{name}",
        "vpn_type": vpn_type,
        "ip_configurations": [{"name": "default", "public_ip_address": address}],
    }
    joined = {
        "connection_type": "ipsec",
        "virtual_network_gateway1": name,
        "local_network_gateway2": "us",
        "shared_key": {"file": "a-b.psk"},
        **connection,
    }
    return {
        "version": 1,
        "virtual_networks": {f"net-{name}": {**network, "interfaces": ["lan0"]}},
        "virtual_network_gateways": {name: gateway},
        "local_network_gateways": {
            "us": {"gateway_ip_address": "192.0.2.1", "address_prefixes": behind}
        },
        "connections": {f"{name}-to-us": joined},
    }


class Stage:
    def __init__(self, pair: Pair):
        self.pair, self.lab = pair, pair.lab
        self.gw_a, self.gw_b = pair.sites.gw_a, pair.sites.gw_b
        self.here = Station(self.gw_a, pair.sites.host_a, ["10.1.0.2"])
        self.far: list[Station] = []
        for gateway, outer in ((self.gw_a, "203.0.113.0/24"), (self.gw_b, None)):
            via = gateway.ip("route", "show", "default").stdout.split()[2]
            gateway.ip("route", "del", "default")
            if outer:
                gateway.ip("route", "add", outer, "via", via, "dev", "wan0")
        self._add_stranger(self.here, OUR_STRANGER)

    def _add_stranger(self, station: Station, address: str) -> None:
        add_address(station.namespace, "lo", f"{address}/32")
        station.gateway.ip("route", "add", address, "via", station.addresses[0])

    def example(
        self, name: str, gateway: str, *keys: str, there: Station | None = None
    ) -> Gateway:
        """A daemon that runs the example's own file, on our side or at the far station `there`."""
        folder = self.lab.folder / f"example-{gateway}"
        folder.mkdir()
        shutil.copy(EXAMPLES / name, folder / name)
        for key in keys:
            estate.write_key(folder / key, self.pair.key)
        namespace = there.gateway if there else self.gw_a
        return Gateway(self.lab, namespace, self.pair.binaries, folder / name, gateway)

    def peer(self, there: Station, description: dict) -> Gateway:
        [name] = description["virtual_network_gateways"]
        path = self.lab.folder / f"estate-{name}" / "estate.yaml"
        gateway = Gateway(self.lab, there.gateway, self.pair.binaries, path, name)
        self.pair.write_to(gateway, description)
        return gateway

    def site(self, networks: list[str], outer: str | None = None) -> Station:
        """A far host: "10.9.0" gives it 10.9.0.2. Its gateway has the address `outer`; the first
        one is gw-b's host."""
        index = len(self.far)
        if index == 0:
            gateway, namespace = self.gw_b, self.pair.sites.host_b
            for host, device in ((namespace, "eth0"), (gateway, "lan0")):
                host.ip("-4", "address", "flush", "dev", device)
        else:
            names = (f"gw{index}", f"far{index}")
            gateway, namespace = (self.lab.add_namespace(name) for name in names)
            gateway.set_sysctl(net__ipv4__ip_forward=1)
            connect(namespace, "eth0", gateway, "lan0")
            connect(gateway, "wan0", self.gw_a, f"wan{index}")
        if outer:
            add_address(gateway, "wan0", f"{outer}/32")
        if index:
            self.gw_a.ip("route", "add", outer, "dev", f"wan{index}")
            gateway.ip("route", "add", "192.0.2.1", "dev", "wan0")
        station = Station(gateway, namespace, [f"{network}.2" for network in networks])
        for network in networks:
            add_address(gateway, "lan0", f"{network}.1/24")
            add_address(namespace, "eth0", f"{network}.2/24")
        namespace.ip("route", "replace", "default", "via", f"{networks[0]}.1")
        if index == 0:
            self._add_stranger(station, THEIR_STRANGER)
        self.far.append(station)
        return station

    def start(self, *gateways: Gateway) -> None:
        for gateway in gateways:
            gateway.start()
        self.wait_connected(*gateways)

    def wait_connected(self, *gateways: Gateway) -> None:
        for gateway in gateways:
            wait_until(
                lambda gateway=gateway: all_connected(gateway),
                20,
                f"all connections of {gateway.name} are up",
                gateway.explain,
            )

    def require(self, pings: list[Ping]) -> None:
        silent = [(ping.bind, ping.target) for ping, good in answers(pings).items() if not good]
        assert not silent, f"not answered: {silent}"

    def require_none(self, pings: list[Ping]) -> None:
        answered = [(ping.bind, ping.target) for ping, is_good in answers(pings).items() if is_good]
        assert not answered, f"answered: {answered}"

    def require_silence_while_dead(self, gateway: Gateway, pings: list[Ping]) -> None:
        """After kill -9 nothing is answered, and nothing leaves in clear."""
        gateway.kill()
        watches = [
            capture.Capture(self.lab, self.gw_a, f"wan{index}", f"dead-{gateway.name}-{index}")
            for index in range(len(self.far))
        ]
        self.require_none(pings)
        leaked = [
            frame
            for watch in watches
            for frame in capture.frames_with_address(watch.stop(), ["10.0.0.0/8"])
        ]
        assert not leaked, f"{len(leaked)} frames in clear, such as {leaked[:3]}"

    def strangers(self) -> list[Ping]:
        """One end of each is an address that is in no file."""
        there = self.far[0]
        return [
            Ping(self.here, self.here.addresses[0], THEIR_STRANGER),
            Ping(there, there.addresses[0], OUR_STRANGER),
            Ping(self.here, OUR_STRANGER, there.addresses[0]),
            Ping(there, THEIR_STRANGER, self.here.addresses[0]),
        ]

    def strange_arrivals(self) -> list[str]:
        """What comes out at the other side of what strangers send, and of what is sent to them."""
        there = self.far[0]
        ends = (
            (self.here, {*there.addresses, THEIR_STRANGER}),
            (there, {*self.here.addresses, OUR_STRANGER}),
        )
        watches = [
            capture.Capture(self.lab, station.namespace, "eth0", f"strangers-{index}")
            for index, (station, _senders) in enumerate(ends)
        ]
        self.require_none(self.strangers())
        found = []
        for watch, (_station, senders) in zip(watches, ends, strict=True):
            frames = capture.frames_with_address(watch.stop(), STRANGERS)
            found += [frame for frame in frames if frame.split(" > ")[0] in senders]
        return found


def all_connected(gateway: Gateway) -> bool:
    connections = gateway.status()["connections"]
    return all(entry["connection_status"] == "Connected" for entry in connections)
