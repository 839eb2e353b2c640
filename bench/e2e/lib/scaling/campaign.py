"""The run of bench/e2e/scale."""

import argparse
import json
import os
import pathlib
import signal
import sys

import machine
from campaign import become_root, positive, say
from lab.network import require_root
from lab.process import LabError, wait_until
from peers.peer import BUILD
from prepare import prepare
from scaling import memory
from scaling.figures import ratio_of_medians, spread_of_ratios
from scaling.gateways import TUNNELS_MAX, GatewayPair
from scaling.streams import Load, Passed, pass_stream, wait_calm
from scaling.workers import measure_spread

BINARIES = pathlib.Path(os.environ.get("TWINSPAN_BIN", BUILD / "release" / "bin"))
# Every tunnel is tried before anything is measured, with a few datagrams each.
TRIAL_RATE, TRIAL_ROUNDS, TRIALS_MAX = 4_000, 4, 3
# ike/core/child_sa.h: until then the first child of a tunnel may be rekeyed once, to try it out.
TRIED_OUT_SECONDS = 30 + 60
CALM_SECONDS = 60
FLOOD = 0


def main() -> int:
    options = parse_options()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        if not options.prepared:
            prepare(["twinspan"])
            become_root()
        require_root()
        say(machine.describe())
        report = measure(options)
    except LabError as error:
        print(f"bench/e2e/scale: {error}", file=sys.stderr)
        return 1
    print(json.dumps(report), flush=True)
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/e2e/scale",
        description="Two gateways with many tunnels between them, then with several workers. "
        "Prints one JSON object; progress goes to stderr.",
    )
    parser.add_argument("--tunnels", type=positive, default=1000, metavar="N")
    parser.add_argument("--workers", type=positive, nargs="*", default=[2, 4], metavar="N")
    parser.add_argument("--reps", type=positive, default=5, metavar="N", help="repetitions")
    parser.add_argument("--seconds", type=positive, default=4, metavar="S", help="of a stream")
    parser.add_argument(
        "--rate",
        type=positive,
        default=20_000,
        metavar="N",
        help="datagrams a second when nothing should be lost",
    )
    parser.add_argument("--prepared", action="store_true", help="install and build nothing")
    options = parser.parse_args()
    if not 2 <= options.tunnels <= TUNNELS_MAX:
        parser.error(f"--tunnels: from 2 to {TUNNELS_MAX}")
    if any(workers > os.cpu_count() * 8 for workers in options.workers):
        parser.error("--workers: more than this machine can tell apart")
    return options


def measure(options: argparse.Namespace) -> dict:
    report: dict = {"tunnels": options.tunnels}
    report |= measure_tunnels(options)
    report |= measure_workers(options)
    return report


def measure_tunnels(options: argparse.Namespace) -> dict:
    networks = options.tunnels
    before = memory.look()
    with GatewayPair(BINARIES, 1, networks) as one:
        say("one tunnel stands")
        try_every_tunnel(one)
        with_one, resident_one = memory.look(), resident_kib(one)
        with GatewayPair(BINARIES, networks, networks) as many:
            say(f"{networks} tunnels stand, after {many.established_seconds:.1f} s")
            try_every_tunnel(many)
            wait_until(lambda: many.stands_for() > TRIED_OUT_SECONDS, TRIED_OUT_SECONDS + 1, "age")
            if not wait_calm(one.pids() + many.pids(), CALM_SECONDS):
                say("the daemons are still negotiating; what they cost has that in it")
            with_many, resident_many = memory.look(), resident_kib(many)
            resident = (resident_many - resident_one) / (2 * (networks - 1))
            grown = memory.per_tunnel(before, with_one, with_many, networks)
            say(
                f"a tunnel takes {resident:.1f} KiB resident, {grown.all:.1f} in the kernel "
                f"({grown.named:.1f} of it by name; by MemAvailable {grown.unavailable:.1f})"
            )
            costs = {
                "fixed_rate": compare_costs(one, many, options, options.rate),
                "flood": compare_costs(one, many, options, FLOOD),
            }
            return {
                "rss_kib_per_tunnel": round(resident, 1),
                "kernel_kib_per_tunnel": round(grown.all, 1),
                "kernel_kib_by_name": round(grown.named, 1),
                "kernel_kib_by_availability": round(grown.unavailable, 1),
                "packet_cost_ratio": costs["fixed_rate"]["ratio"],
                "packet_cost": costs,
                "established_seconds": round(many.established_seconds, 1),
            }


def resident_kib(pair: GatewayPair) -> int:
    return sum(memory.resident(pid) for pid in pair.pids())


def try_every_tunnel(pair: GatewayPair) -> None:
    flows = pair.networks
    seconds = max(1.0, TRIAL_ROUNDS * flows / TRIAL_RATE)
    for reverse in (False, True):
        for _ in range(TRIALS_MAX):
            passed = pass_stream(pair, Load(TRIAL_RATE, seconds, flows), reverse)
            if passed.flows == flows:
                break
        else:
            raise LabError(f"only {passed.flows} of {flows} networks are reached")


def compare_costs(
    one: GatewayPair, many: GatewayPair, options: argparse.Namespace, rate: float
) -> dict:
    """The same datagrams through the one tunnel and through all, in turn."""
    load = Load(rate, options.seconds, one.networks)
    seen: dict[GatewayPair, list[Passed]] = {one: [], many: []}
    for index in range(options.reps):
        for pair in (one, many) if index % 2 == 0 else (many, one):
            seen[pair].append(pass_stream(pair, load))
    costs = {pair: [passed.ns_per_packet for passed in seen[pair]] for pair in seen}
    low, high = spread_of_ratios(costs[many], costs[one])
    result = {
        "ratio": round(ratio_of_medians(costs[many], costs[one]), 3),
        "ratio_min": round(low, 3),
        "ratio_max": round(high, 3),
        "one_tunnel_ns": [round(cost) for cost in costs[one]],
        "all_tunnels_ns": [round(cost) for cost in costs[many]],
        "lost": round(max(passed.lost for pair in seen for passed in seen[pair]), 4),
    }
    say(f"{f'{rate} a second' if rate else 'flood'}: {result}")
    return result


def measure_workers(options: argparse.Namespace) -> dict:
    """`worker_spread` is null where the daemon does not say what each worker did."""
    runs, why_not = [], None
    for workers in options.workers:
        with GatewayPair(BINARIES, 1, 1, workers=workers) as pair:
            try:
                spread = measure_spread(pair, options.rate, options.seconds)
            except LabError as error:
                why_not = str(error)
                say(f"{workers} workers: {error}")
                continue
        runs.append(
            {
                "workers": workers,
                "spread": round(spread.worst, 3),
                "reordered": spread.reordered,
                "shares": spread.shares,
                "lost": round(spread.lost, 4),
            }
        )
        say(f"{workers} workers: {runs[-1]}")
    is_whole = bool(runs) and why_not is None
    return {
        "workers": max(options.workers, default=0),
        "worker_spread": max(run["spread"] for run in runs) if is_whole else None,
        "reordered": sum(run["reordered"] for run in runs) if is_whole else None,
        "worker_runs": runs,
    }
