"""Streams of small UDP datagrams through a pair of gateways, and what they cost the daemons."""

import dataclasses
import itertools
import json
import pathlib
import time

from lab.process import LabError, wait_until
from peers.peer import E2E_PROGRAMS
from scaling.gateways import NETWORK_ADDRESSES, NETWORKS, GatewayPair

UDP_PPS = E2E_PROGRAMS / "udp_pps"
PAYLOAD_BYTES = 64
HOST_NUMBER = 1  # The address that is used of each network.
_ports = itertools.count(7000)


@dataclasses.dataclass(frozen=True)
class Passed:
    sent: int
    received: int
    seconds: float
    flows: int  # Of which at least one datagram came.
    reordered: int
    daemon_ns: int  # Processor time of both daemons meanwhile.

    @property
    def ns_per_packet(self) -> float:
        return self.daemon_ns / self.received

    @property
    def lost(self) -> float:
        return 1 - self.received / self.sent


@dataclasses.dataclass(frozen=True)
class Load:
    rate: float  # Datagrams a second; 0: as fast as it goes.
    seconds: float
    flows: int
    step: int = NETWORK_ADDRESSES  # From an address to the next one.


def pass_stream(pair: GatewayPair, load: Load, reverse: bool = False) -> Passed:
    """One flow after the other has its turn; each goes to an address of its own."""
    hosts = (pair.sites.host_a, pair.sites.host_b)
    sender, receiver = hosts if not reverse else hosts[::-1]
    networks = NETWORKS[::-1] if reverse else NETWORKS
    source, target = (str(network.network_address + HOST_NUMBER) for network in networks)
    port = str(next(_ports))
    listening = pair.lab.start(
        receiver, [UDP_PPS, "receive", port, str(load.seconds + 10), load.flows], f"udp-{port}"
    )
    wait_until(lambda: "listening" in listening.output(), 5, "udp_pps listens", listening.log)
    before = processor_ns(pair.pids())
    words = ["send", target, port, str(PAYLOAD_BYTES), f"{load.rate:.1f}", f"{load.seconds:g}"]
    words += [str(load.flows), str(load.step), source]
    sent = json.loads(sender.run(UDP_PPS, *words, timeout=load.seconds + 20).stdout)
    if listening.wait(load.seconds + 20) != 0:
        raise LabError(f"udp_pps receive: {listening.log()}")
    spent = processor_ns(pair.pids()) - before
    pair.require_alive()
    received = json.loads(listening.output().splitlines()[-1])
    if received["received"] == 0:
        raise LabError("not one datagram of a stream arrived")
    return Passed(
        sent=sent["sent"],
        received=received["received"],
        seconds=sent["seconds"],
        flows=received["flows"],
        reordered=received["reordered"],
        daemon_ns=spent,
    )


def processor_ns(pids: list[int]) -> int:
    """Of all threads of these processes so far; exact, unlike the ticks of stat."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total


def wait_calm(pids: list[int], seconds: float, share: float = 0.02) -> bool:
    """Until these processes use no more than that share of a core: what they negotiate for a
    while after a start is no cost of packets. False: not within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = processor_ns(pids)
        time.sleep(1)
        if processor_ns(pids) - before <= share * 1e9:
            return True
    return False
