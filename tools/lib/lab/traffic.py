"""Loads for a tunnel: one TCP stream by iperf3."""

import json
import pathlib

from lab.process import LabError, wait_until
from lab.topology import HOST, Sites

AVAILABLE = pathlib.Path("/proc/sys/net/ipv4/tcp_available_congestion_control")


def measure_tcp(sites: Sites, seconds: int, family: str = "ipv4", reverse: bool = False) -> float:
    """Gbit/s received by hostB (by hostA when reversed) in one TCP stream."""
    server = sites.lab.start(
        sites.host_b, ["iperf3", "-s", "-1"], f"iperf3-server-{family}{reverse}"
    )
    wait_until(
        lambda: sites.host_b.run("ss", "-Hltn", "sport", "=", ":5201").stdout,
        10,
        "iperf3 listens",
        server.log,
    )
    direction = ["-R"] if reverse else []
    if "cubic" in AVAILABLE.read_text().split():
        direction += ["-C", "cubic"]  # Linux's default, whatever this machine's is.
    result = sites.host_a.run(
        "iperf3",
        "-c",
        HOST[family][1],
        "-t",
        str(seconds),
        "-J",
        *direction,
        timeout=seconds + 30,
        check=False,
    )
    server.stop()
    try:
        report = json.loads(result.stdout)
    except json.JSONDecodeError as error:
        raise LabError(f"iperf3 gave no report: {result.stdout}{result.stderr}") from error
    if "error" in report:
        raise LabError(f"iperf3: {report['error']}")
    return report["end"]["sum_received"]["bits_per_second"] / 1e9
