"""Resident memory of daemons and the memory of the kernel, in KiB, from /proc.

What the kernel uses is what is left of the machine's memory without that which is free, is page
cache or belongs to processes: devices and their statistics, routes, sockets, proc and sysfs
entries, page tables, stacks, wherever the kernel books them. Other programs move it as well, so
it is looked at several times."""

import dataclasses
import pathlib
import statistics
import time

SAMPLES = 9
SAMPLE_SECONDS = 0.3

# Everything that is not the kernel's own use.
NOT_KERNEL = ("MemFree", "Buffers", "Cached", "SwapCached", "AnonPages")
# The kernel's own uses that have a name. VmallocUsed has most of KernelStack in it.
NAMED = ("Slab", "Percpu", "PageTables", "SecPageTables", "VmallocUsed")


@dataclasses.dataclass(frozen=True)
class KernelMemory:
    all: float
    named: float  # The part of it that has a name in /proc/meminfo.
    # By the kernel's own estimate: what is not available and does not belong to processes.
    unavailable: float

    def __sub__(self, other: "KernelMemory") -> "KernelMemory":
        return self._combined(other, lambda a, b: a - b)

    def per(self, count: int) -> "KernelMemory":
        return self._combined(self, lambda a, _: a / count)

    def _combined(self, other: "KernelMemory", combine) -> "KernelMemory":
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other))
        return KernelMemory(*(combine(a, b) for a, b in pairs))


def look() -> KernelMemory:
    """The median of some seconds."""
    seen = []
    for _ in range(SAMPLES):
        time.sleep(SAMPLE_SECONDS)
        seen.append(of_machine(parse(pathlib.Path("/proc/meminfo").read_text())))
    columns = zip(*(dataclasses.astuple(memory) for memory in seen))
    return KernelMemory(*(statistics.median(column) for column in columns))


def of_machine(meminfo: dict[str, int]) -> KernelMemory:
    total = meminfo["MemTotal"]
    return KernelMemory(
        all=total - sum(meminfo[name] for name in NOT_KERNEL),
        named=sum(meminfo.get(name, 0) for name in NAMED),
        unavailable=total - meminfo["MemAvailable"] - meminfo["AnonPages"],
    )


def per_tunnel(
    before: KernelMemory, one: KernelMemory, many: KernelMemory, tunnels: int
) -> KernelMemory:
    """What a tunnel more costs a gateway: two of them stand with one tunnel, then two more with
    `tunnels`. `before` is without any. Namespaces, sockets and threads are in both."""
    return ((many - one) - (one - before)).per(2 * (tunnels - 1))


def parse(text: str) -> dict[str, int]:
    fields = (line.split() for line in text.splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in fields}


def resident(pid: int) -> int:
    return parse_resident(pathlib.Path(f"/proc/{pid}/status").read_text())


def parse_resident(status: str) -> int:
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1])
