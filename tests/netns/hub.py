"""A hub with spokes on gw-a's host, and another site behind gw-b.

    spoke1 10.11.0.2 --lan1--+
    spoke2 10.12.0.2 --lan2--gwA === WAN === gwB --- hostB 10.2.0.2
    hostA  10.1.0.2  --lan0--+       (tools/lib/lab/topology.py)

The hub is vnet-a on lan0. A test says which peerings there are; without any, all are isolated.
"""

import concurrent.futures

from lab.network import Namespace, add_address, connect
from pair import Pair

SPOKES = {
    "spoke1": ("lan1", "10.11.0", "2001:db8:11:"),
    "spoke2": ("lan2", "10.12.0", "2001:db8:12:"),
}
ADDRESS = {
    "hostA": {"ipv4": "10.1.0.2", "ipv6": "2001:db8:1::2"},
    "hostB": {"ipv4": "10.2.0.2", "ipv6": "2001:db8:2::2"},
    "spoke1": {"ipv4": "10.11.0.2", "ipv6": "2001:db8:11::2"},
    "spoke2": {"ipv4": "10.12.0.2", "ipv6": "2001:db8:12::2"},
}
IPV6_SPACE = {"vnet-a": "2001:db8:1::/48", "vnet-b": "2001:db8:2::/48"}


def peered(spoke: str, hub_flags: dict | None = None, spoke_flags: dict | None = None) -> dict:
    """Both halves of a peering between the hub and a spoke."""
    return {
        f"hub-to-{spoke}": {
            "virtual_network": "vnet-a",
            "remote_virtual_network": spoke,
            **(hub_flags or {}),
        },
        f"{spoke}-to-hub": {
            "virtual_network": spoke,
            "remote_virtual_network": "vnet-a",
            **(spoke_flags or {}),
        },
    }


def transit(spoke: str) -> dict:
    return peered(spoke, {"allow_gateway_transit": True}, {"use_remote_gateways": True})


class Hub:
    def __init__(self, pair: Pair):
        self.pair, self.sites = pair, pair.sites
        self.hosts: dict[str, Namespace] = {"hostA": pair.sites.host_a, "hostB": pair.sites.host_b}
        for name, (interface, v4, v6) in SPOKES.items():
            host = pair.lab.add_namespace(name)
            connect(host, "eth0", pair.sites.gw_a, interface)
            add_address(pair.sites.gw_a, interface, f"{v4}.1/24", f"{v6}:1/64")
            add_address(host, "eth0", f"{v4}.2/24", f"{v6}:2/64")
            host.ip("route", "add", "default", "via", f"{v4}.1")
            host.ip("-6", "route", "add", "default", "via", f"{v6}:1")
            self.hosts[name] = host

    def write(self, peerings: dict | None = None, **settings) -> dict:
        description = self.pair.write(**settings)
        networks = description["virtual_networks"]
        for name, space in IPV6_SPACE.items():
            if space not in networks[name]["address_space"]:
                networks[name]["address_space"].append(space)
        for name, (interface, v4, v6) in SPOKES.items():
            networks[name] = {
                "region": "west",
                "address_space": [f"{v4}.0/16", f"{v6[:-1]}::/48"],
                "interfaces": [interface],
            }
        description["peerings"] = peerings or {}
        self.rewrite(description)
        return description

    def rewrite(self, description: dict) -> None:
        for gateway in self.pair.gateways:
            self.pair.write_to(gateway, description)

    def start(self, peerings: dict | None = None, **settings) -> "Hub":
        self.write(peerings, **settings)
        self.pair.start()
        return self

    def restart_a(self) -> None:
        self.pair.a.start()
        self.pair.wait_connected()

    def ping(
        self,
        source: str,
        target: str,
        family: str = "ipv4",
        bind: str | None = None,
        count: int = 2,
    ) -> bool:
        """Whether all pings were answered. `target` is a host's name or an address."""
        address = ADDRESS[target][family] if target in ADDRESS else target
        words = ["ping", "-n", "-q", "-i", "0.1", "-W", "1", "-c", str(count)]
        words += ["-I", bind] if bind else []
        result = self.hosts[source].run(*words, address, check=False)
        return f" {count} received" in result.stdout

    def reached(self, family: str = "ipv4", names=("hostA", "spoke1", "spoke2", "hostB")) -> set:
        """Who reaches whom: "spoke1>hostA". All are asked at the same time."""
        pairs = [(source, target) for source in names for target in names if source != target]
        with concurrent.futures.ThreadPoolExecutor(len(pairs)) as pool:
            answers = pool.map(lambda pair: self.ping(*pair, family), pairs)
            return {f"{s}>{t}" for (s, t), answered in zip(pairs, answers, strict=True) if answered}

    def rules(self) -> str:
        result = self.sites.gw_a.run("nft", "-s", "list", "table", "inet", "twinspan", check=False)
        return result.stdout


def both_ways(*pairs: str) -> set:
    """ "hostA-spoke1" is hostA>spoke1 and spoke1>hostA."""
    ways = set()
    for pair in pairs:
        left, right = pair.split("-")
        ways |= {f"{left}>{right}", f"{right}>{left}"}
    return ways
