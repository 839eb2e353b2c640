"""The run of bench/e2e/run: every peer once a round, each round beginning with another one, so that
a drift of the machine meets all of them alike."""

import argparse
import json
import os
import signal
import sys
import time

import machine
from lab.network import require_root
from lab.process import LabError
from measures import GROUPS
from peers import PEERS
from prepare import prepare
from report import Comparison, summarise
from visit import visit


def main() -> int:
    options = parse_options()
    # One that is told to end still takes its namespaces and daemons along.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        if not options.prepared:
            prepare(options.peers)
            become_root()
        require_root()
        lines = measure(options)
    except LabError as error:
        print(f"bench/e2e/run: {error}", file=sys.stderr)
        return 1
    for line in lines:
        print(json.dumps(line), flush=True)
    table = Comparison(lines).table()
    if table:
        say(f"\ntwinspan in this run, wire {options.wire}:\n{table}")
    return 1 if any("error" in line for line in lines) else 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/e2e/run",
        description="Two gateways and two hosts in namespaces, one peer after the other. Prints a "
        "JSON line with medians for each peer; progress goes to stderr.",
    )
    parser.add_argument("--reps", type=positive, default=3, metavar="N", help="rounds (default 3)")
    parser.add_argument(
        "--wire",
        choices=("offload", "honest"),
        default="offload",
        help="honest: only frames up to 1514 bytes cross the middle link (default offload)",
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        default=8,
        metavar="S",
        help="length of a TCP test; the others follow it (default 8)",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=GROUPS,
        help="these figures alone; the others are null (may be given several times)",
    )
    parser.add_argument("--prepared", action="store_true", help="install and build nothing")
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(PEERS)}")
    options = parser.parse_args()
    unknown = [name for name in options.peers if name not in PEERS]
    if unknown:
        parser.error(f"no such peer: {', '.join(unknown)}")
    options.only = options.only or list(GROUPS)
    options.peers = list(dict.fromkeys(options.peers)) or list(PEERS)
    return options


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def become_root() -> None:
    if os.geteuid() != 0:
        words = ["sudo", "--", sys.executable, "-B", *sys.argv, "--prepared"]
        os.execvp(words[0], words)


def measure(options: argparse.Namespace) -> list[dict]:
    say(machine.describe())
    results: dict[str, list[dict]] = {name: [] for name in options.peers}
    errors: dict[str, list[str]] = {name: [] for name in options.peers}
    for index in range(options.reps):
        first = index % len(options.peers)
        for name in options.peers[first:] + options.peers[:first]:
            say(f"round {index + 1} of {options.reps}: {name}")
            began = time.monotonic()
            try:
                results[name].append(visit(name, options.wire, options.seconds, options.only))
                say(f"    {time.monotonic() - began:.0f} s: {in_short(results[name][-1])}")
            except LabError as error:
                errors[name].append(str(error))
                say(f"    failed: {error}")
    return [summarise(name, options.wire, results[name], errors[name]) for name in options.peers]


def in_short(values: dict) -> str:
    forms = {
        "tcp1_gbps": "TCP {:.2f} Gbit/s",
        "udp64_kpps": "UDP 64 B {:.0f} kpps",
        "ping_idle_us_p50": "ping {:.0f} us",
    }
    return ", ".join(form.format(values[name]) for name, form in forms.items() if name in values)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
