"""Routers with address translation between a gateway and the WAN.

    gwA wan0 --- lan0 natA wan0 === WAN === wan0 natB lan0 --- wan0 gwB
    172.16.1.2   172.16.1.1  192.0.2.1     192.0.2.2  172.16.2.1   172.16.2.2
    fd00:1::2    fd00:1::1   2001:db8:ff::1     ::2   fd00:2::1    fd00:2::2

A box takes the public address of its gateway, masquerades what the gateway begins under ports of a
range, and forwards UDP 500 and 4500 that others begin to the gateway. Without a box a gateway keeps
its public address.
"""

import sys

from lab.network import Namespace, add_address, connect
from lab.topology import WAN, Sites

INSIDE = {"ipv4": ("172.16.1.2", "172.16.2.2"), "ipv6": ("fd00:1::2", "fd00:2::2")}
BOX = {"ipv4": ("172.16.1.1", "172.16.2.1"), "ipv6": ("fd00:1::1", "fd00:2::1")}
# Where a box is after it got another address.
ELSEWHERE = {"ipv4": ("192.0.2.71", "192.0.2.72"), "ipv6": ("2001:db8:ff::71", "2001:db8:ff::72")}
WIDTH = {"ipv4": "/24", "ipv6": "/64"}
FIRST_PORTS = 20000
PORTS_OF_A_RANGE = 5000

RULES = """
table inet nat {{
  chain out {{
    type nat hook postrouting priority 100
    oifname "wan0" meta l4proto udp masquerade to :{first}-{last}
  }}
  chain in {{
    type nat hook prerouting priority -100
    iifname "wan0" udp dport {{ 500, 4500 }} dnat ip to {ipv4}
    iifname "wan0" udp dport {{ 500, 4500 }} dnat ip6 to {ipv6}
  }}
}}
"""


# The same without what others begin.
REMAPPED = """
table inet nat {{
  chain out {{
    type nat hook postrouting priority 100
    oifname "wan0" meta l4proto udp masquerade to :{first}-{last}
  }}
}}
"""
# IPCTNL_MSG_CT_DELETE without a tuple: every flow.
FORGET_FLOWS = """
import socket, struct
control = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
control.send(struct.pack("=IHHIIBBH", 20, 0x102, 5, 1, 0, 0, 0, 0))
error = struct.unpack_from("=i", control.recv(4096), 16)[0]
assert error == 0, error
"""


class NatBox:
    def __init__(self, sites: Sites, side: int):
        self.side, self.first = side, FIRST_PORTS
        self.outside = {family: WAN[family][side] for family in WIDTH}
        self.namespace = sites.lab.add_namespace("nat" + "AB"[side])
        self.namespace.set_sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        gateway = (sites.gw_a, sites.gw_b)[side]
        connect(gateway, "wan0", self.namespace, "lan0")
        for family, width in WIDTH.items():
            add_address(gateway, "wan0", INSIDE[family][side] + width)
            add_address(self.namespace, "lan0", BOX[family][side] + width)
            words = ["-6"] if family == "ipv6" else []
            gateway.ip(*words, "route", "replace", "default", "via", BOX[family][side])

    def load_rules(self, template: str = RULES) -> None:
        rules = template.format(
            first=self.first,
            last=self.first + PORTS_OF_A_RANGE - 1,
            ipv4=INSIDE["ipv4"][self.side],
            ipv6=INSIDE["ipv6"][self.side],
        )
        table = "table inet nat\ndelete table inet nat\n"
        self.namespace.run("nft", "-f", "-", text_in=table + rules)

    def forget(self) -> None:
        """As after a reboot of the box: mappings are gone, and new ones get ports of another
        range. An address that goes takes its masqueraded flows along."""
        self.first += PORTS_OF_A_RANGE
        self.load_rules()
        for family, width in WIDTH.items():
            address = WAN[family][self.side] + width
            self.namespace.ip("address", "del", address, "dev", "wan0")
            add_address(self.namespace, "wan0", address)


    def remap(self, new_address: bool = False, new_ports: bool = True) -> None:
        """What goes out gets another port, or the box another address; what comes in for the old
        mapping reaches nobody any more."""
        if new_ports:
            self.first += PORTS_OF_A_RANGE
        self.load_rules(REMAPPED)
        if new_address:
            for family, width in WIDTH.items():
                self.namespace.ip("address", "del", self.outside[family] + width, "dev", "wan0")
                self.outside[family] = ELSEWHERE[family][self.side]
                add_address(self.namespace, "wan0", self.outside[family] + width)
        self.namespace.run(sys.executable, "-c", FORGET_FLOWS)


def insert_boxes(sites: Sites, sides: list[int]) -> dict[int, NatBox]:
    """Takes the cable between the gateways away and puts a box before each gateway of `sides`."""
    gateways = (sites.gw_a, sites.gw_b)
    sites.gw_a.ip("link", "del", "wan0")
    boxes = {side: NatBox(sites, side) for side in sides}
    ends: list[Namespace] = [
        boxes[side].namespace if side in boxes else gateways[side] for side in (0, 1)
    ]
    connect(ends[0], "wan0", ends[1], "wan0")
    for side, end in enumerate(ends):
        for family, width in WIDTH.items():
            add_address(end, "wan0", WAN[family][side] + width)
        if side not in boxes:
            end.ip("route", "replace", "default", "via", WAN["ipv4"][1 - side])
            end.ip("-6", "route", "replace", "default", "via", WAN["ipv6"][1 - side])
    for box in boxes.values():
        box.load_rules()
    return boxes


def before(mixed, sides: list[int], outer: str = "ipv4") -> dict[int, NatBox]:
    """Puts boxes before the gateways of a `mixed` pair and has both bind their inside address."""
    boxes = insert_boxes(mixed.sites, sides)
    if 0 in boxes:
        mixed.private_address = INSIDE[outer][0]
    return boxes
