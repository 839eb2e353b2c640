"""Two routers between the gateways, whose common link is narrower than those of the gateways.

    gwA wan0 --- lan0 r1 wan0 === middle === wan0 r2 lan0 --- wan0 gwB
     192.0.2.1   172.16.1.1    172.16.9.0/24      172.16.2.1  192.0.2.2
          1500 bytes              `mtu`               1500 bytes
"""

import ipaddress
import struct

from scapy.layers.inet import ICMP, IP, UDP
from scapy.packet import Raw

from hostile import inject
from lab.network import Namespace, add_address, connect
from lab.topology import WAN, Sites

WIDTH = {"ipv4": ("32", "24"), "ipv6": ("128", "64")}
NEAR = {"ipv4": "172.16.{side}.{host}", "ipv6": "fd00:{side}::{host}"}
MIDDLE = 9
FRAGMENTATION_NEEDED = {"type": 3, "code": 4}
SWALLOW = """table inet swallow {
  chain out {
    type filter hook output priority 0;
    icmp type destination-unreachable drop
    icmpv6 type packet-too-big drop
  }
  chain pass {
    type filter hook prerouting priority -500;
    ip frag-off & 0x3fff != 0 drop
    exthdr frag exists drop
  }
}
"""


class NarrowPath:
    def __init__(self, sites: Sites, mtu: int):
        self.sites, self.mtu = sites, mtu
        sites.gw_a.ip("link", "del", "wan0")
        self.routers = [sites.lab.add_namespace(name) for name in ("r1", "r2")]
        connect(self.routers[0], "wan0", self.routers[1], "wan0", mtu=mtu)
        for side, router in enumerate(self.routers):
            self._configure(router, side)

    def _configure(self, router: Namespace, side: int) -> None:
        gateway = (self.sites.gw_a, self.sites.gw_b)[side]
        # Answers as often as it is asked: Linux would tell a sender once a second.
        router.set_sysctl(
            net__ipv4__ip_forward=1,
            net__ipv6__conf__all__forwarding=1,
            net__ipv4__icmp_ratelimit=0,
            net__ipv6__icmp__ratelimit=0,
        )
        connect(gateway, "wan0", router, "lan0")
        for family, (host_width, width) in WIDTH.items():
            near, words = NEAR[family], ["-6"] if family == "ipv6" else []
            public = WAN[family][side]
            add_address(gateway, "wan0", f"{public}/{host_width}")
            add_address(gateway, "wan0", f"{near.format(side=side + 1, host=2)}/{width}")
            add_address(router, "lan0", f"{near.format(side=side + 1, host=1)}/{width}")
            add_address(router, "wan0", f"{near.format(side=MIDDLE, host=side + 1)}/{width}")
            inside = near.format(side=side + 1, host=1)
            gateway.ip(*words, "route", "replace", "default", "via", inside, "src", public)
            outside = near.format(side=MIDDLE, host=2 - side)
            router.ip(*words, "route", "add", "default", "via", outside)
            here = near.format(side=side + 1, host=2)
            router.ip(*words, "route", "add", public, "via", here)

    def narrow_access_of_a(self, mtu: int) -> None:
        """gwA's own link; both its ends have to agree."""
        self.sites.gw_a.ip("link", "set", "wan0", "mtu", str(mtu))
        self.routers[0].ip("link", "set", "lan0", "mtu", str(mtu))

    def swallow(self) -> None:
        """What is too large for the middle vanishes: no ICMP message of either router gets out,
        and no fragment that one of them makes gets through the other."""
        for router in self.routers:
            router.run("nft", "-f", "-", text_in=SWALLOW)

    def set_middle(self, mtu: int) -> None:
        self.mtu = mtu
        for router in self.routers:
            router.ip("link", "set", "wan0", "mtu", str(mtu))

    def cut_middle(self, is_cut: bool) -> None:
        rules = "table inet cut { chain gate { type filter hook prerouting priority -600;"
        rules += " policy drop; }; }\n"
        text = rules if is_cut else "delete table inet cut\n"
        self.routers[0].run("nft", "-f", "-", text_in=text)

    def mark_congestion(self) -> None:
        """Every outer packet that passes r1 collects a congestion mark."""
        rules = "table ip congestion { chain pass { type filter hook forward priority 0;"
        rules += " ip ecn set ce; }; }\n"
        self.routers[0].run("nft", "-f", "-", text_in=rules)

    def forge_too_big(self, spi: int, mtu: int, quoted: int = 64) -> None:
        """r1 tells gwA that something it sent under `spi` does not fit."""
        source, target = WAN["ipv4"]
        esp = struct.pack("!II", spi, 7) + bytes(100)
        sent = bytes(IP(src=source, dst=target, len=1500) / UDP(sport=4500, dport=4500, len=1480))
        told = ICMP(**FRAGMENTATION_NEEDED, nexthopmtu=mtu) / Raw((sent + esp)[:quoted])
        router = NEAR["ipv4"].format(side=1, host=1)
        inject(self.routers[0], [bytes(IP(src=router, dst=source) / told)])


def inner_mtu(outer_mtu: int, outer: str, encapsulation: str) -> int:
    """With AES-GCM: header, IV and ICV are 32 bytes, and the body ends on four."""
    around = (20 if outer == "ipv4" else 40) + (8 if encapsulation == "udp" else 0)
    return (outer_mtu - around - 32) // 4 * 4 - 2


def ip_header_size(address: str) -> int:
    return 20 if ipaddress.ip_address(address).version == 4 else 40
