"""gw-a and gw-b of lab/topology.py, each with an estate file of its own that a test may change."""

import pathlib
import re

from lab import capture, estate, topology
from lab.gateway import Gateway
from lab.process import LabError, wait_until

HALF_A = {"remote_prefixes": ["10.2.0.0/16"]}
HALF_B = {"remote_prefixes": ["10.1.0.0/16"]}


class Pair:
    def __init__(self, sites: topology.Sites, binaries: pathlib.Path):
        self.sites, self.lab, self.binaries = sites, sites.lab, binaries
        self.outer = "ipv4"
        self.key = "correct horse battery staple 1"
        self.a = self._gateway(sites.gw_a, "gw-a", binaries)
        self.b = self._gateway(sites.gw_b, "gw-b", binaries)

    def _gateway(self, namespace, name: str, binaries: pathlib.Path) -> Gateway:
        folder = self.lab.folder / f"estate-{name}"
        return Gateway(self.lab, namespace, binaries, folder / "estate.yaml", name)

    @property
    def gateways(self) -> tuple[Gateway, Gateway]:
        return self.a, self.b

    def write(self, **settings) -> dict:
        """Both estate files from one description; returns it for further changes and write_to."""
        self.outer = settings.get("outer", "ipv4")
        description = estate.pair_estate(**settings)
        for gateway in self.gateways:
            self.write_to(gateway, description)
        return description

    def write_halves(self, ours: dict | None = None, theirs: dict | None = None) -> None:
        """Each side knows the other only as a local network gateway, so they may disagree."""
        self.write_to(self.a, estate.half_estate("a", **{**HALF_A, **(ours or {})}))
        self.write_to(self.b, estate.half_estate("b", **{**HALF_B, **(theirs or {})}))

    def write_to(self, gateway: Gateway, description: dict, key: str | None = None) -> None:
        estate.write_estate(gateway.estate.parent, description, key or self.key)

    def start(self, **settings) -> "Pair":
        """Writes the estates (unless a test did), starts both and waits until both are
        connected."""
        if settings or not self.a.estate.exists():
            self.write(**settings)
        for gateway in self.gateways:
            gateway.start()
        return self.wait_connected()

    def wait_connected(self, seconds: float = 20) -> "Pair":
        for gateway in self.gateways:
            gateway.wait_connected(seconds)
        return self

    def watch(self, name: str = "middle-link") -> capture.Capture:
        return capture.Capture(self.lab, self.sites.gw_a, "wan0", name)

    def verdicts(self, watch: capture.Capture) -> capture.Verdicts:
        return capture.judge_capture(watch.stop(), list(topology.WAN[self.outer]))

    def require_ping(self, family: str = "ipv4", **options) -> None:
        for reverse in (False, True):
            if not self.sites.ping(family, reverse=reverse, **options):
                direction = "hostB to hostA" if reverse else "hostA to hostB"
                raise LabError(
                    f"a ping from {direction} was not answered\n"
                    f"{self.a.explain()}\n{self.b.explain()}"
                )

    def wait_ping(self, seconds: float, family: str = "ipv4") -> None:
        wait_until(
            lambda: self.sites.ping_both_ways(family, count=1),
            seconds,
            "pings flow both ways",
            lambda: self.a.explain() + self.b.explain(),
        )


class Stream:
    """A numbered UDP stream from one host to the other (udp_stream.cc). `pair` is whoever has
    sites, lab and binaries."""

    def __init__(self, pair, reverse: bool, mbit: int, seconds: int, size: int = 1200):
        sites = pair.sites
        self.sender, self.receiver = (
            (sites.host_b, sites.host_a) if reverse else (sites.host_a, sites.host_b)
        )
        self.name = f"stream-{'b' if reverse else 'a'}-{id(self):x}"
        tool = pair.binaries / "udp_stream"
        port = "7000"
        self.listening = pair.lab.start(
            self.receiver, [tool, "receive", port, str(seconds + 20)], self.name + "-receive"
        )
        wait_until(lambda: "listening" in self.listening.output(), 5, "udp_stream listens")
        target = topology.HOST["ipv4"][0 if reverse else 1]
        self.sending = pair.lab.start(
            self.sender,
            [tool, "send", target, port, str(mbit), str(seconds), str(size)],
            self.name + "-send",
        )
        self.seconds = seconds

    def report(self) -> dict:
        import json

        self.sending.wait(self.seconds + 10)
        self.listening.wait(self.seconds + 25)
        report = json.loads(self.listening.output().splitlines()[-1])
        print(f"{self.name}: {report}")
        return report


def capture_full(pair: Pair, name: str) -> tuple:
    """Starts a capture with whole frames; returns the program and its file."""
    path = pair.lab.folder / f"{name}.pcap"
    program = pair.lab.start(
        pair.sites.gw_a,
        ["tcpdump", "-n", "-i", "wan0", "-Z", "root", "-U", "--immediate-mode", "-w", path],
        name,
    )
    wait_until(lambda: "listening on" in program.log(), 10, "tcpdump listens", program.log)
    return program, path


def counter_text(drops: dict[str, int]) -> str:
    return re.sub(r'[{}"]', "", str({name: count for name, count in drops.items() if count}))
