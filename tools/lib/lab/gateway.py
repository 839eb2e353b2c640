"""A twinspand under test and the twinspan that talks to it, by the interfaces that users have."""

import json
import os
import pathlib
import signal
import subprocess

from lab.network import Lab, Namespace
from lab.process import Background, LabError, wait_until


def suite_options(name: str) -> list[str]:
    """How a whole suite is run with fewer offloads, at both ends or at one; see `tools/test`."""
    if os.environ.get("TWINSPAN_TEST_DAEMON_OPTIONS_OF", name) != name:
        return []
    return os.environ.get("TWINSPAN_TEST_DAEMON_OPTIONS", "").split()


class Gateway:
    """One instance of one gateway. `name` is its name in the estate file."""

    def __init__(
        self,
        lab: Lab,
        namespace: Namespace,
        binaries: pathlib.Path,
        estate: pathlib.Path,
        name: str,
    ):
        self.lab, self.namespace, self.binaries, self.estate, self.name = (
            lab,
            namespace,
            binaries,
            estate,
            name,
        )
        self.run_dir = lab.folder / f"run-{name}"
        self.arguments: list[str] = []
        self.common_arguments = suite_options(name)
        self.environment: dict[str, str] = {}
        self.wrapper: list[str] = []  # Runs the daemon: `unshare ...`.
        self.program: Background | None = None

    def launch(self) -> Background:
        words = [*self.wrapper, self.binaries / "twinspand"]
        words += ["--config", self.estate, "--gateway", self.name]
        words += ["--instance", "0", "--run-dir", self.run_dir, *self.arguments]
        words += [word for word in self.common_arguments if word not in self.arguments]
        log_name = f"{self.run_dir.name}-{len(self.lab.background)}"
        self.program = self.lab.start(self.namespace, words, log_name, self.environment)
        return self.program

    def start(self, seconds: float = 15) -> "Gateway":
        program = self.launch()
        wait_until(
            lambda: self.is_ready() or not program.is_running(),
            seconds,
            f"twinspand {self.name} says ready",
            program.log,
        )
        if not program.is_running():
            raise LabError(
                f"twinspand {self.name} ended with {program.process.returncode}:\n"
                f"{program.log()[-3000:]}"
            )
        return self

    def is_ready(self) -> bool:
        return "ready" in self.program.output().splitlines()

    def stop(self, seconds: float = 15) -> int:
        """SIGTERM; the exit status. Does not help with SIGKILL: a daemon that hangs is a
        finding."""
        self.program.signal(signal.SIGTERM)
        return self.program.wait(seconds)

    def kill(self) -> None:
        self.program.kill()

    def cli(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess:
        return self.namespace.run(
            self.binaries / "twinspan",
            "--run-dir",
            self.run_dir,
            *words,
            timeout=timeout,
            check=False,
        )

    def cli_json(self, *words: str) -> dict:
        result = self.cli(*words, "--json")
        try:
            return json.loads(result.stdout)
        except json.JSONDecodeError as error:
            raise LabError(
                f"twinspan {' '.join(words)} --json: exit {result.returncode}, no JSON: "
                f"{result.stdout[-500:]}{result.stderr[-500:]}"
            ) from error

    def status(self) -> dict:
        return self.cli_json("status")

    def connection(self, name: str | None = None) -> dict:
        """The connection of that name, or the only one."""
        connections = self.status()["connections"]
        chosen = [entry for entry in connections if name in (None, entry["name"])]
        if len(chosen) != 1:
            raise LabError(
                f"{self.name} has connections {[entry['name'] for entry in connections]}"
            )
        return chosen[0]

    def tunnel(self) -> dict:
        return self.connection()["tunnels"][0]

    def is_connected(self) -> bool:
        return self.connection()["connection_status"] == "Connected"

    def wait_connected(self, seconds: float = 20) -> "Gateway":
        wait_until(self.is_connected, seconds, f"{self.name} is connected", self.explain)
        return self

    def wait_not_connected(self, seconds: float = 20) -> dict:
        wait_until(
            lambda: not self.is_connected(), seconds, f"{self.name} is not connected", self.explain
        )
        return self.connection()

    def explain(self) -> str:
        status = (
            json.dumps(self.status(), indent=1) if self.program.is_running() else "(not running)"
        )
        return f"status of {self.name}: {status}\nlog: {self.program.log()[-3000:]}"

    def drops(self) -> dict[str, int]:
        return self.tunnel()["drops"]
