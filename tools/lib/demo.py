"""The run of tools/demo: build the sites, start both gateways, measure, prove, break the key, tear
down."""

import argparse
import json
import os
import pathlib
import secrets
import signal
import sys

import progress
from lab import capture, estate, topology, traffic
from lab.gateway import Gateway
from lab.network import Lab, Namespace, require_root
from lab.process import LabError, run, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "vnet-to-vnet.yaml"
KEPT = pathlib.Path("/run/twinspan-demo")
STRAY_HOST = "10.1.0.66"  # The address whose packets the sabotage leads past the tunnel.
TRAFFIC_SECONDS = 5

PICTURE = """
    hostA ----- gwA ========== tunnel ========== gwB ----- hostB
    10.1.0.2    192.0.2.1                  192.0.2.2    10.2.0.2
"""


class Leak(Exception):
    """Frames crossed the middle link in clear."""


def main() -> int:
    options = parse_options()
    # A terminated demo must still take its namespaces along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    lab = None
    try:
        require_root()
        if options.down:
            return remove_kept()
        print(PICTURE, end="")
        lab = Lab()
        show(lab, options)
    except (LabError, Leak) as error:
        print(f"\n{progress.paint('FAILED', 'FAILED')}: {error}")
        if lab:
            print(f"Logs and the capture: {lab.folder}")
            lab.close(keep_logs=True)
        return 1
    except BaseException:
        if lab:
            lab.close()
        raise
    if options.keep:
        keep(lab, options.binaries)
    else:
        with progress.step("tear everything down"):
            lab.close()
    print(
        "\nAll of it worked."
        + ("" if options.keep else " Next: docs/two-hosts.md joins real machines.")
    )
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/demo")
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--down", action="store_true")
    parser.add_argument("--sabotage", action="store_true")
    options = parser.parse_args()
    options.binaries = options.binaries.resolve()
    return options


def show(lab: Lab, options: argparse.Namespace) -> None:
    progress.title("Two sites")
    with progress.step("namespaces hostA, gwA, gwB, hostB"):
        sites = topology.build_sites(lab)
    key = secrets.token_urlsafe(48).replace("-", "x")
    gateways = make_gateways(sites, options.binaries, key)
    for gateway in gateways:
        with progress.step(f"twinspand for {gateway.name}"):
            gateway.start()
    with progress.step("both sides are connected"):
        for gateway in gateways:
            gateway.wait_connected()
    for gateway in gateways:
        print_status(gateway)
    show_traffic(sites, options.sabotage)
    show_wrong_key(gateways)
    if options.keep:
        with progress.step("the right key again"):
            restart_with_key(gateways[1], key)
            gateways[0].cli("up", gateways[0].connection()["name"])
            gateways[1].wait_connected()


def make_gateways(sites: topology.Sites, binaries: pathlib.Path, key: str) -> list[Gateway]:
    """Each gateway has its own copy of the estate and of the key, as two administrators would."""
    gateways = []
    for name, namespace in (("gw-a", sites.gw_a), ("gw-b", sites.gw_b)):
        folder = sites.lab.folder / f"estate-{name}"
        folder.mkdir()
        path = folder / EXAMPLE.name
        path.write_text(EXAMPLE.read_text())
        estate.write_key(folder / "a-b.psk", key)
        gateways.append(Gateway(sites.lab, namespace, binaries, path, name))
    return gateways


def print_status(gateway: Gateway) -> None:
    print(f"\n  $ twinspan status        # on {gateway.name}")
    result = gateway.cli("status")
    if result.returncode != 0:
        raise LabError(f"twinspan status: exit {result.returncode}: {result.stderr}")
    progress.quote(result.stdout)


def show_traffic(sites: topology.Sites, sabotage: bool) -> None:
    progress.title("Traffic, and a capture between the gateways")
    with progress.step("ping hostA -> hostB and back"):
        if not sites.ping_both_ways():
            raise LabError("a ping from host to host was not answered")
    with progress.step("tcpdump on the middle link"):
        watch = capture.Capture(sites.lab, sites.gw_a, "wan0", "middle-link")
    stray = start_sabotage(sites) if sabotage else None
    with progress.step(f"iperf3, one TCP stream, {TRAFFIC_SECONDS} s"):
        gbps = traffic.measure_tcp(sites, TRAFFIC_SECONDS)
    with progress.step("every frame of the capture looked at"):
        path = watch.stop()
        verdicts = capture.judge_capture(path, list(topology.WAN["ipv4"]))
    print(f"\nthroughput_gbps={gbps:.2f}")
    print(f"esp_frames_on_link={verdicts.esp}")
    print(f"cleartext_packets_on_link={verdicts.clear}", flush=True)
    if verdicts.clear:
        raise Leak(
            f"{verdicts.clear} frames crossed the middle link in clear, such as "
            f"{verdicts.clear_samples[0]}"
        )
    if stray:
        raise LabError(
            "the sabotage sent traffic beside the tunnel, and the capture does not show it"
        )
    if verdicts.esp < 1000:
        raise LabError(f"only {verdicts.esp} ESP frames for {gbps:.2f} Gbit/s: it went another way")


def start_sabotage(sites: topology.Sites):
    """Leads one address of LAN A past the tunnel, by a rule before Twinspan's own."""
    with progress.step("SABOTAGE: a route beside the tunnel for " + STRAY_HOST):
        sites.host_a.ip("address", "add", f"{STRAY_HOST}/24", "dev", "eth0")
        for gateway, selector, target in (
            (sites.gw_a, "from", "192.0.2.2"),
            (sites.gw_b, "to", "192.0.2.1"),
        ):
            gateway.ip("rule", "add", "pref", "1", selector, STRAY_HOST, "lookup", "999")
            gateway.ip("route", "add", "default", "via", target, "table", "999")
        ping = [
            "ping",
            "-n",
            "-q",
            "-i",
            "0.2",
            "-c",
            "10",
            "-I",
            STRAY_HOST,
            topology.HOST["ipv4"][1],
        ]
        return sites.lab.start(sites.host_a, ping, "sabotage")


def show_wrong_key(gateways: list[Gateway]) -> None:
    progress.title("The same tunnel with a wrong key on one side")
    near, far = gateways
    with progress.step("gw-b restarted with another key"):
        restart_with_key(far, secrets.token_urlsafe(48).replace("-", "x"))
    name = near.connection()["name"]
    with progress.step(f"twinspan up {name} says no"):
        near.cli("down", name)
        refused = near.cli("up", name)
        if refused.returncode != 1:
            raise LabError(f"twinspan up {name} with a wrong key: exit {refused.returncode}, not 1")
        connection = near.connection()
    words = (connection["reason"] or "").lower()
    print(f"\n  $ twinspan up {name}        # on {near.name}")
    progress.quote(refused.stdout + refused.stderr)
    if not any(word in words for word in ("key", "psk", "auth")):
        raise LabError(f"the reason shown does not point at the key: {connection['reason']!r}")
    if connection["connection_status"] == "Connected":
        raise LabError("a tunnel with a wrong key calls itself Connected")
    print_status(near)


def restart_with_key(gateway: Gateway, key: str) -> None:
    status = gateway.stop()
    if status != 0:
        raise LabError(f"twinspand {gateway.name} ended with {status} at SIGTERM, not 0")
    estate.write_key(gateway.estate.parent / "a-b.psk", key)
    gateway.start()


def start_time(pid: int) -> str | None:
    """Tells a process from a later one with the same pid."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except FileNotFoundError:
        return None


def keep(lab: Lab, binaries: pathlib.Path) -> None:
    KEPT.mkdir(mode=0o755, exist_ok=True)
    running = [program.pid for program in lab.background if program.is_running()]
    record = {
        "folder": str(lab.folder),
        "namespaces": [space.name for space in lab.namespaces],
        "processes": {pid: start_time(pid) for pid in running},
    }
    (KEPT / f"{lab.prefix}.json").write_text(json.dumps(record))
    progress.title("It stays up. To look around, as root:")
    print(f"    ip netns exec {lab.prefix}hostA ping 10.2.0.2")
    print(f"    ip netns exec {lab.prefix}gwA {binaries}/twinspan --run-dir {lab.folder}/run-gw-a")
    print(f"    ip netns exec {lab.prefix}gwA bash        # routes, devices, tcpdump -i wan0")
    print("  To remove it: tools/demo --down")


def remove_kept() -> int:
    records = sorted(KEPT.glob("*.json"))
    for path in records:
        record = json.loads(path.read_text())
        for pid, started in record["processes"].items():
            if start_time(int(pid)) == started:
                os.kill(int(pid), signal.SIGTERM)
        alive = lambda: any(
            start_time(int(pid)) == started  # noqa: E731
            for pid, started in record["processes"].items()
        )
        wait_until(lambda: not alive(), 15, "the gateways of the demo end")
        for name in record["namespaces"]:
            run(["ip", "netns", "del", name], check=False)
        run(["rm", "-rf", "--one-file-system", record["folder"]])
        path.unlink()
    print(f"{len(records)} demo{'' if len(records) == 1 else 's'} removed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
