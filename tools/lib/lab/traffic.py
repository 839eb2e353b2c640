"""Loads for a tunnel: TCP streams by iperf3."""

import dataclasses
import itertools
import json
import pathlib

from lab.process import LabError, wait_until
from lab.topology import HOST, Sites

AVAILABLE = pathlib.Path("/proc/sys/net/ipv4/tcp_available_congestion_control")
_ports = itertools.count(5201)


@dataclasses.dataclass(frozen=True)
class TcpReport:
    gbps: float  # As received.
    gigabytes: float


class TcpLoad:
    """iperf3 on both hosts: hostA sends to hostB, or receives from it when reversed. The server
    listens from the beginning; the streams run from start() to finish()."""

    def __init__(
        self,
        sites: Sites,
        seconds: int,
        family: str = "ipv4",
        reverse: bool = False,
        streams: int = 1,
    ):
        self.sites, self.seconds, self.target = sites, seconds, HOST[family][1]
        self.port = str(next(_ports))
        self.words = ["-t", str(seconds), "-P", str(streams)]
        if reverse:
            self.words.append("-R")
        if "cubic" in AVAILABLE.read_text().split():
            self.words += ["-C", "cubic"]  # Linux's default, whatever this machine's is.
        self.server = sites.lab.start(
            sites.host_b, ["iperf3", "-s", "-1", "-p", self.port], f"iperf3-server-{self.port}"
        )
        wait_until(
            lambda: sites.host_b.run("ss", "-Hltn", "sport", "=", f":{self.port}").stdout,
            10,
            "iperf3 listens",
            self.server.log,
        )

    def start(self) -> "TcpLoad":
        words = ["iperf3", "-c", self.target, "-p", self.port, "-J", *self.words]
        self.client = self.sites.lab.start(
            self.sites.host_a, words, f"iperf3-client-{self.port}"
        )
        return self

    def finish(self) -> TcpReport:
        try:
            self.client.wait(self.seconds + 30)
        finally:
            self.client.stop()
            self.server.stop()
        text = self.client.output()
        try:
            report = json.loads(text)
        except json.JSONDecodeError as error:
            raise LabError(f"iperf3 gave no report: {text}{self.client.log()}") from error
        if "error" in report or "sum_received" not in report["end"]:
            raise LabError(f"iperf3: {report.get('error', 'an empty report')}")
        received = report["end"]["sum_received"]
        return TcpReport(received["bits_per_second"] / 1e9, received["bytes"] / 1e9)


def measure_tcp(sites: Sites, seconds: int, family: str = "ipv4", reverse: bool = False) -> float:
    """Gbit/s received by hostB (by hostA when reversed) in one TCP stream."""
    return TcpLoad(sites, seconds, family, reverse).start().finish().gbps
