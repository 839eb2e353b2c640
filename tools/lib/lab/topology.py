"""Two sites and the Internet between them.

    hostA --- LAN A --- gwA === WAN 192.0.2.0/24 === gwB --- LAN B --- hostB
    10.1.0.2       10.1.0.1  192.0.2.1     192.0.2.2  10.2.0.1     10.2.0.2
    2001:db8:1::2      ::1   2001:db8:ff::1      ::2  2001:db8:2::1     ::2

Interfaces: eth0 on hosts, lan0 and wan0 on gateways. Each gateway's default route points at the
other gateway, so what is not tunnelled arrives in clear and is seen.
"""

import dataclasses

from lab.network import Lab, Namespace, add_address, connect

WAN = {"ipv4": ("192.0.2.1", "192.0.2.2"), "ipv6": ("2001:db8:ff::1", "2001:db8:ff::2")}
HOST = {"ipv4": ("10.1.0.2", "10.2.0.2"), "ipv6": ("2001:db8:1::2", "2001:db8:2::2")}
LAN = {"ipv4": ("10.1.0.1", "10.2.0.1"), "ipv6": ("2001:db8:1::1", "2001:db8:2::1")}
LAN_NETWORKS = ["10.1.0.0/16", "10.2.0.0/16", "2001:db8:1::/48", "2001:db8:2::/48"]


@dataclasses.dataclass(frozen=True)
class Sites:
    lab: Lab
    host_a: Namespace
    gw_a: Namespace
    gw_b: Namespace
    host_b: Namespace

    def ping(
        self,
        family: str = "ipv4",
        count: int = 3,
        reverse: bool = False,
        size: int = 56,
        source: str | None = None,
    ) -> bool:
        """True when every ping from host to host was answered."""
        namespace, target = (
            (self.host_b, HOST[family][0]) if reverse else (self.host_a, HOST[family][1])
        )
        bind = ["-I", source] if source else []
        result = namespace.run(
            "ping",
            "-n",
            "-q",
            "-i",
            "0.1",
            "-W",
            "1",
            "-c",
            str(count),
            "-s",
            str(size),
            *bind,
            target,
            check=False,
        )
        return f" {count} received" in result.stdout

    def ping_both_ways(self, family: str = "ipv4", count: int = 3) -> bool:
        """Both directions are tried, also when the first has failed: either may wake the tunnel."""
        answers = [self.ping(family, count, reverse=reverse) for reverse in (False, True)]
        return all(answers)


def build_sites(lab: Lab, wan_mtu: int = 1500) -> Sites:
    sites = Sites(lab, *(lab.add_namespace(name) for name in ("hostA", "gwA", "gwB", "hostB")))
    connect(sites.host_a, "eth0", sites.gw_a, "lan0")
    connect(sites.host_b, "eth0", sites.gw_b, "lan0")
    connect(sites.gw_a, "wan0", sites.gw_b, "wan0", mtu=wan_mtu)
    ends = ((sites.host_a, sites.gw_a), (sites.host_b, sites.gw_b))
    for side, (host, gateway) in enumerate(ends):
        _configure_gateway(gateway, side)
        _configure_host(host, side)
    return sites


def _configure_gateway(gateway: Namespace, side: int) -> None:
    gateway.set_sysctl(
        net__ipv4__ip_forward=1,
        net__ipv6__conf__all__forwarding=1,
        net__ipv4__conf__all__send_redirects=0,
    )
    add_address(gateway, "lan0", LAN["ipv4"][side] + "/24", LAN["ipv6"][side] + "/64")
    add_address(gateway, "wan0", WAN["ipv4"][side] + "/24", WAN["ipv6"][side] + "/64")
    gateway.ip("route", "add", "default", "via", WAN["ipv4"][1 - side])
    gateway.ip("-6", "route", "add", "default", "via", WAN["ipv6"][1 - side])


def _configure_host(host: Namespace, side: int) -> None:
    add_address(host, "eth0", HOST["ipv4"][side] + "/24", HOST["ipv6"][side] + "/64")
    host.ip("route", "add", "default", "via", LAN["ipv4"][side])
    host.ip("-6", "route", "add", "default", "via", LAN["ipv6"][side])
    host.set_sysctl(net__ipv4__tcp_no_metrics_save=1)
