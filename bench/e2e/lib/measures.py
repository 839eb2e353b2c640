"""What is measured of one peer that is up, in the order of the report. Every load runs from hostA
to hostB through both gateways, unpinned, and ends by itself."""

import itertools
import json
import re
import time

import usage
from lab.process import LabError, wait_until
from lab.topology import HOST
from lab.traffic import TcpLoad, TcpReport
from peers.peer import E2E_PROGRAMS, Peer
from rate_search import Trial, best_rate

UDP_PPS = E2E_PROGRAMS / "udp_pps"
# The last one is an inner packet of 1400 bytes, which no peer has to fragment.
UDP_BYTES = (64, 512, 1372)
TARGET = HOST["ipv4"][1]
PINGS_MIN, PINGS_MAX = 50, 2000
GROUPS = ("idle-ping", "streams", "loaded-ping", "datagrams")
# Until a new stream has filled the queues whose length the loaded ping shows.
RAMP_SECONDS = 1.5


class Measures:
    """`seconds` is the length of a TCP test; the others follow it."""

    def __init__(self, peer: Peer, seconds: int):
        self.peer, self.sites, self.seconds = peer, peer.sites, seconds
        self.pids = [daemon.pid for daemon in peer.daemons]
        self.ports = itertools.count(7000)

    def take(self, groups: list[str]) -> dict[str, float | None]:
        """What belongs to those of GROUPS, in their order."""
        values: dict[str, float | None] = {}
        for group in GROUPS:
            if group in groups:
                values |= getattr(self, group.replace("-", "_"))()
        return values | {"peak_rss_mib": usage.peak_rss_mib(self.pids)}

    def streams(self) -> dict[str, float]:
        return self.one_stream() | {
            "tcp4_gbps": self.tcp(streams=4).gbps,
            "tcp8_gbps": self.tcp(streams=8).gbps,
            "tcp1_rev_gbps": self.tcp(reverse=True).gbps,
        }

    def datagrams(self) -> dict[str, float]:
        values = {}
        for size in UDP_BYTES:
            values[f"udp{size}_kpps"] = best_rate(lambda rate: self.udp(size, rate)) / 1000
            self.peer.require_alive()
        return values

    def tcp(self, streams: int = 1, reverse: bool = False) -> TcpReport:
        load = TcpLoad(self.sites, self.seconds, reverse=reverse, streams=streams)
        report = load.start().finish()
        self.peer.require_alive()
        return report

    def one_stream(self) -> dict[str, float]:
        load = TcpLoad(self.sites, self.seconds)
        before = usage.spent_so_far(self.pids)
        report = load.start().finish()
        spent = usage.spent_so_far(self.pids) - before
        if report.gigabytes == 0:
            raise LabError("the TCP stream carried nothing")
        return {
            "tcp1_gbps": report.gbps,
            "daemon_cpu_s_per_gb": spent.daemons / report.gigabytes,
            "machine_cpu_s_per_gb": spent.machine / report.gigabytes,
        }

    def idle_ping(self) -> dict[str, float]:
        times = self.ping(0.001)
        return {
            "ping_idle_us_p50": percentile(times, 50),
            "ping_idle_us_p99": percentile(times, 99),
        }

    def loaded_ping(self) -> dict[str, float]:
        """Beside one TCP stream that takes what it gets, so that it sees the queue of that
        stream."""
        pinging = self.ping_seconds(0.002)
        load = TcpLoad(self.sites, pinging + 3).start()
        time.sleep(RAMP_SECONDS)
        times = self.ping(0.002)
        load.finish()
        return {"ping_load_us_p99": percentile(times, 99)}

    def pings(self) -> int:
        return min(PINGS_MAX, 250 * self.seconds)

    def ping_seconds(self, interval: float) -> int:
        return int(self.pings() * interval * 1.25) + 1

    def ping(self, interval: float) -> list[float]:
        """Round trips in microseconds."""
        words = ["-n", "-i", str(interval), "-c", str(self.pings())]
        words += ["-w", str(self.ping_seconds(interval)), TARGET]
        result = self.sites.host_a.run("ping", *words, check=False)
        times = [1000 * float(text) for text in re.findall(r"time=([\d.]+)", result.stdout)]
        sent = re.search(r"(\d+) packets transmitted", result.stdout)
        if not sent or len(times) < max(PINGS_MIN, 0.5 * int(sent.group(1))):
            raise LabError(f"too few pings were answered: {result.stdout[-200:]}{result.stderr}")
        return times

    def udp(self, size: int, rate: float) -> Trial:
        port = str(next(self.ports))
        seconds = max(0.4, self.seconds * 0.18)
        listening = self.sites.lab.start(
            self.sites.host_b,
            [UDP_PPS, "receive", port, str(seconds + 4)],
            f"udp-{size}-{port}",
        )
        wait_until(lambda: "listening" in listening.output(), 5, "udp_pps listens", listening.log)
        words = ["send", TARGET, port, str(size), f"{rate:.1f}", f"{seconds:g}"]
        sent = json.loads(self.sites.host_a.run(UDP_PPS, *words, timeout=seconds + 10).stdout)
        if listening.wait(seconds + 10) != 0:
            raise LabError(f"udp_pps receive: {listening.log()}")
        received = json.loads(listening.output().splitlines()[-1])
        return Trial(sent["sent"] / sent["seconds"], received["received"] / sent["seconds"])


def percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
