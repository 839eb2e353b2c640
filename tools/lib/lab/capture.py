"""What was on a link: a tcpdump beside the traffic, and afterwards a verdict on every frame.

A frame is protected when it is UDP 500 or 4500, or IP protocol 50, between the two gateways. ARP
and IPv6 neighbour discovery keep the link itself running and are counted apart. All else is clear
text. A GSO super-packet counts as one frame.
"""

import dataclasses
import ipaddress
import mmap
import pathlib
import re
import signal
import struct
import time

from lab.network import Lab, Namespace
from lab.process import LabError, wait_until

SNAP_BYTES = 96
# The kernel hands over a block of its ring at the latest after tcpdump's read timeout of one
# second.
SETTLE_SECONDS = 1.3

ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_ARP = 0x0800, 0x86DD, 0x0806
UDP, ESP, ICMPV6, IPV6_FRAGMENT = 17, 50, 58, 44
NEIGHBOUR_DISCOVERY = {133, 134, 135, 136, 137}
MULTICAST_LISTENER = {130, 131, 132, 143}


@dataclasses.dataclass
class Verdicts:
    frames: int = 0
    link: int = 0  # ARP, neighbour discovery.
    ike: int = 0
    keepalive: int = 0
    esp: int = 0
    clear: int = 0
    clear_samples: list[str] = dataclasses.field(default_factory=list)


class Capture:
    """tcpdump on one interface. The ring is large, and a capture that dropped frames proves
    nothing."""

    def __init__(self, lab: Lab, namespace: Namespace, device: str, name: str):
        self.path = lab.folder / f"{name}.pcap"
        words = [
            "tcpdump",
            "-n",
            "-i",
            device,
            "-s",
            str(SNAP_BYTES),
            "-B",
            "131072",
            "-Z",
            "root",
            "-U",
            "-w",
            self.path,
        ]
        self.tcpdump = lab.start(namespace, words, name)
        wait_until(
            lambda: "listening on" in self.tcpdump.log() or not self.tcpdump.is_running(),
            10,
            "tcpdump listens",
            self.tcpdump.log,
        )

    def stop(self) -> pathlib.Path:
        time.sleep(SETTLE_SECONDS)
        self.tcpdump.signal(signal.SIGINT)
        self.tcpdump.wait(20)
        dropped = re.search(r"(\d+) packets? dropped by kernel", self.tcpdump.log())
        if not dropped:
            raise LabError(f"tcpdump ended badly: {self.tcpdump.log()}")
        if int(dropped.group(1)) != 0:
            raise LabError(
                f"the capture itself dropped {dropped.group(1)} frames and proves nothing"
            )
        return self.path


class _Judge:
    def __init__(self, gateways: list[str]):
        self.gateways = {ipaddress.ip_address(address).packed for address in gateways}
        self.verdicts = Verdicts()
        self.protected_fragments: set[bytes] = set()

    def judge(self, frame: memoryview) -> None:
        self.verdicts.frames += 1
        ethertype = frame[12] << 8 | frame[13]
        if ethertype == ETHERTYPE_ARP:
            self.verdicts.link += 1
        elif ethertype == ETHERTYPE_IPV4 and len(frame) >= 34:
            self._judge_ipv4(frame)
        elif ethertype == ETHERTYPE_IPV6 and len(frame) >= 54:
            self._judge_ipv6(frame)
        else:
            self._clear(frame)

    def _judge_ipv4(self, frame: memoryview) -> None:
        source, target = bytes(frame[26:30]), bytes(frame[30:34])
        if source not in self.gateways or target not in self.gateways:
            return self._clear(frame)
        fragment_offset = (frame[20] & 0x1F) << 8 | frame[21]
        more_fragments = frame[20] & 0x20
        key = source + target + bytes(frame[18:20])
        header = (frame[14] & 0x0F) * 4
        self._judge_payload(
            frame,
            frame[23],
            14 + header,
            fragment_offset,
            key if more_fragments or fragment_offset else None,
        )

    def _judge_ipv6(self, frame: memoryview) -> None:
        source, target, protocol = bytes(frame[22:38]), bytes(frame[38:54]), frame[20]
        if self._is_link_upkeep(frame, protocol):
            self.verdicts.link += 1
            return
        if source not in self.gateways or target not in self.gateways:
            return self._clear(frame)
        if protocol != IPV6_FRAGMENT:
            return self._judge_payload(frame, protocol, 54, 0, None)
        offset = (frame[56] << 8 | frame[57]) >> 3
        self._judge_payload(frame, frame[54], 62, offset, source + target + bytes(frame[58:62]))

    @staticmethod
    def _is_link_upkeep(frame: memoryview, protocol: int) -> bool:
        """Neighbour discovery has hop limit 255, so no router sent it on; MLD goes to link
        multicast."""
        if protocol == ICMPV6 and len(frame) > 54:
            return frame[21] == 255 and frame[54] in NEIGHBOUR_DISCOVERY
        listener_report = protocol == 0 and len(frame) > 62 and frame[54] == ICMPV6
        return listener_report and frame[62] in MULTICAST_LISTENER and frame[38] == 0xFF

    def _judge_payload(
        self,
        frame: memoryview,
        protocol: int,
        start: int,
        fragment_offset: int,
        fragment_key: bytes | None,
    ) -> None:
        if fragment_offset:
            if fragment_key in self.protected_fragments:
                return
            return self._clear(frame)
        if protocol == ESP:
            self.verdicts.esp += 1
        elif protocol == UDP and len(frame) >= start + 9:
            if not self._judge_udp(frame, start):
                return self._clear(frame)
        else:
            return self._clear(frame)
        if fragment_key:
            self.protected_fragments.add(fragment_key)

    def _judge_udp(self, frame: memoryview, start: int) -> bool:
        source_port, target_port, length = struct.unpack_from("!HHH", frame, start)
        if 500 in (source_port, target_port):
            self.verdicts.ike += 1
        elif 4500 in (source_port, target_port):
            payload = frame[start + 8 : start + 12]
            if length == 9 and payload[0] == 0xFF:
                self.verdicts.keepalive += 1
            elif bytes(payload) == b"\0\0\0\0":
                self.verdicts.ike += 1
            else:
                self.verdicts.esp += 1
        else:
            return False
        return True

    def _clear(self, frame: memoryview) -> None:
        self.verdicts.clear += 1
        if len(self.verdicts.clear_samples) < 5:
            self.verdicts.clear_samples.append(describe(frame))


def describe(frame: memoryview) -> str:
    ethertype = frame[12] << 8 | frame[13]
    if ethertype == ETHERTYPE_IPV4 and len(frame) >= 34:
        source, target, protocol = frame[26:30], frame[30:34], frame[23]
    elif ethertype == ETHERTYPE_IPV6 and len(frame) >= 54:
        source, target, protocol = frame[22:38], frame[38:54], frame[20]
    else:
        return f"ethertype {ethertype:#06x}, {len(frame)} bytes"
    source, target = (ipaddress.ip_address(bytes(address)) for address in (source, target))
    return f"{source} > {target} protocol {protocol}"


def read_frames(path: pathlib.Path):
    """Frames of a pcap file of Ethernet frames, each with its time in seconds."""
    with open(path, "rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    (magic,) = struct.unpack_from("<I", content, 0)
    if magic not in (0xA1B2C3D4, 0xA1B23C4D):
        raise LabError(f"{path} is not a pcap file of this machine's byte order")
    fraction = 1e-6 if magic == 0xA1B2C3D4 else 1e-9
    record = struct.Struct("<IIII")
    position, view = 24, memoryview(content)
    while position + 16 <= len(content):
        seconds, rest, captured, _length = record.unpack_from(content, position)
        position += 16
        yield seconds + rest * fraction, view[position : position + captured]
        position += captured


def judge_capture(path: pathlib.Path, gateways: list[str]) -> Verdicts:
    judge = _Judge(gateways)
    for _when, frame in read_frames(path):
        judge.judge(frame)
    return judge.verdicts


def frames_with_address(path: pathlib.Path, networks: list[str]) -> list[str]:
    """Frames on the link that have an address of one of `networks` in their outermost IP header."""
    inside = [ipaddress.ip_network(network) for network in networks]
    found = []
    for _when, frame in read_frames(path):
        ethertype = frame[12] << 8 | frame[13]
        if ethertype == ETHERTYPE_IPV4 and len(frame) >= 34:
            addresses = frame[26:30], frame[30:34]
        elif ethertype == ETHERTYPE_IPV6 and len(frame) >= 54:
            addresses = frame[22:38], frame[38:54]
        else:
            continue
        values = [ipaddress.ip_address(bytes(address)) for address in addresses]
        if any(value in network for value in values for network in inside):
            found.append(describe(frame))
    return found
