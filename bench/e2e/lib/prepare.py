"""Installs and builds what a run needs, with the shell libraries that tools/demo uses. All that
they print goes to stderr: stdout is for the report."""

import subprocess
import sys

from lab.process import LabError
from peers import PEERS
from peers.peer import BUILD, ROOT

STEPS = {
    "release": "build_preset release build/bench-release.log",
    # Without it the others can still be measured.
    "wireguard-go": "unpack_package trixie wireguard-go build/peers/wireguard-go || true",
}
ALWAYS = (
    'packages_ensure "${packages_build[@]}" "${packages_demo[@]}" "${packages_bench[@]}"',
    "build_e2e build/bench-e2e.log",
)


def prepare(names: list[str]) -> None:
    wanted = {step for name in names for step in PEERS[name].needs}
    BUILD.mkdir(exist_ok=True)
    script = [
        "set -euo pipefail",
        *(f"source tools/lib/{name}.sh" for name in ("packages", "build", "unpack")),
        *ALWAYS,
        *(command for step, command in STEPS.items() if step in wanted),
    ]
    words = ["bash", "-c", "\n".join(script)]
    if subprocess.run(words, cwd=ROOT, stdout=sys.stderr, check=False).returncode != 0:
        raise LabError("what the benchmark needs could not be prepared")
