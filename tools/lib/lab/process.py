"""Running programs: to the end with a deadline, or in the background with a log; waiting for
conditions.

Only processes started here are ever signalled, by their own pid.
"""

import datetime
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

POLL_SECONDS = 0.05


class LabError(Exception):
    """Something in the lab did not do what was asked; the text is for a person."""


def run(
    command: Sequence[str], timeout: float = 60, check: bool = True, text_in: str | None = None
) -> subprocess.CompletedProcess:
    """Runs to the end; with `check`, a failure raises LabError with the command's own words."""
    words = [str(word) for word in command]
    try:
        result = subprocess.run(
            words, capture_output=True, text=True, timeout=timeout, input=text_in
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(words)}: not finished after {timeout:g} s") from error
    if check and result.returncode != 0:
        said = (result.stderr.strip() or result.stdout.strip())[-2000:]
        raise LabError(f"{' '.join(words)}: exit {result.returncode}: {said}")
    return result


def wait_until(
    condition: Callable[[], object],
    seconds: float,
    what: str,
    explain: Callable[[], str] | None = None,
):
    """Polls until `condition` gives something true and returns that; raises LabError at the
    deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            more = f"\n{explain()}" if explain else ""
            raise LabError(f"after {seconds:g} s still not: {what}{more}")
        time.sleep(POLL_SECONDS)


def log_around(log: str, when: datetime.datetime, seconds: float) -> str:
    """The lines of a log from `seconds` before until `seconds` after. Each begins with its time in
    UTC."""
    span = datetime.timedelta(seconds=seconds)
    first, last = (moment.strftime("%Y-%m-%dT%H:%M:%S") for moment in (when - span, when + span))
    lines = [line for line in log.splitlines() if first <= line[: len(first)] <= last]
    return "\n".join(lines)


class Background:
    """A program running beside us, its output in two files."""

    def __init__(self, command: Sequence[str], log: pathlib.Path, environment: dict | None = None):
        self.words = [str(word) for word in command]
        self.out_path = log.with_name(log.name + ".out")
        self.log_path = log.with_name(log.name + ".log")
        with open(self.out_path, "ab") as out, open(self.log_path, "ab") as errors:
            self.process = subprocess.Popen(
                self.words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_running(self) -> bool:
        return self.process.poll() is None

    def output(self) -> str:
        return self.out_path.read_text(errors="replace")

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait(self, seconds: float) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise LabError(
                f"{self.words[-1]}... (pid {self.pid}) still runs after {seconds:g} s"
            ) from error

    def signal(self, number: int) -> None:
        if self.is_running():
            self.process.send_signal(number)

    def stop(self, seconds: float = 10) -> int:
        """SIGTERM, and SIGKILL when that is not heard; returns the exit status."""
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        self.signal(signal.SIGKILL)
        return self.process.wait(10)
