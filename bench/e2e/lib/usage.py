"""Processor time and memory, read from /proc."""

import dataclasses
import os
import pathlib
import time

from lab.process import LabError

TICKS = os.sysconf("SC_CLK_TCK")
# The columns of /proc/stat that are work: user, nice, system, irq, softirq.
WORK, IDLE = (0, 1, 2, 5, 6), (3, 4)


@dataclasses.dataclass(frozen=True)
class Spent:
    daemons: float  # Seconds, user and system.
    machine: float  # Seconds of all cores that were not idle.
    idle: float

    def __sub__(self, earlier: "Spent") -> "Spent":
        return Spent(
            self.daemons - earlier.daemons,
            self.machine - earlier.machine,
            self.idle - earlier.idle,
        )

    @property
    def idle_percent(self) -> float:
        return 100 * self.idle / max(self.idle + self.machine, 1 / TICKS)


def spent_so_far(pids: list[int]) -> Spent:
    columns = [int(word) for word in _read("/proc/stat").splitlines()[0].split()[1:]]
    return Spent(
        sum(_process_seconds(pid) for pid in pids),
        sum(columns[i] for i in WORK) / TICKS,
        sum(columns[i] for i in IDLE) / TICKS,
    )


def _process_seconds(pid: int) -> float:
    # What follows the name, which may itself contain blanks and brackets.
    fields = _read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_rss_mib(pids: list[int]) -> float | None:
    """Of the daemon that had most resident memory so far."""
    return max((_peak_kib(pid) / 1024 for pid in pids), default=None)


def _peak_kib(pid: int) -> int:
    [line] = [line for line in _read(f"/proc/{pid}/status").splitlines() if "VmHWM" in line]
    return int(line.split()[1])


def wait_idle(seconds: float, percent: float = 96) -> float:
    """Waits until the machine has been idle for a second, or as long as that; how idle it was."""
    deadline = time.monotonic() + seconds
    while True:
        before = spent_so_far([])
        time.sleep(1)
        idle = (spent_so_far([]) - before).idle_percent
        if idle >= percent or time.monotonic() >= deadline:
            return idle


def _read(path: str) -> str:
    try:
        return pathlib.Path(path).read_text()
    except FileNotFoundError as error:
        raise LabError(f"{path} is gone: a daemon has ended") from error
