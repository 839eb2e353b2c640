"""Which machine the figures are from."""

import os
import pathlib
import platform
import re

from lab.process import run

PACKAGES = ("strongswan-charon", "openvpn", "iperf3")


def describe() -> str:
    processor = _find("/proc/cpuinfo", r"model name\s*: (.*)")
    memory = int(_find("/proc/meminfo", r"MemTotal:\s*(\d+)")) / 2**20
    system = _find("/etc/os-release", r'PRETTY_NAME="(.*)"')
    versions = run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", *PACKAGES], check=False)
    return (
        f"{os.cpu_count()} x {processor}, {memory:.0f} GiB, Linux {platform.release()}, {system}\n"
        f"{versions.stdout.rstrip(', ')}; load average {os.getloadavg()[0]:.1f}"
    )


def _find(path: str, pattern: str) -> str:
    found = re.search(pattern, pathlib.Path(path).read_text())
    return found.group(1) if found else "?"
