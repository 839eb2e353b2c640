"""One visit: one peer, once, in namespaces of its own that are gone afterwards."""

import contextlib
import re
import signal
import sys
import time

import usage
from lab import capture, topology
from lab.network import Lab
from lab.process import LabError, wait_until
from measures import Measures
from peers import PEERS, Peer

LAN_NETWORKS = ["10.1.0.0/16", "10.2.0.0/16"]
PINGS = 20
# On the middle link: what a plain network card lacks when it sends, and has when it receives.
HONEST = {
    "tcp-segmentation-offload": ("tso", "off"),
    "generic-segmentation-offload": ("gso", "off"),
    "tx-udp-segmentation": ("tx-udp-segmentation", "off"),
    "tx-checksumming": ("tx", "off"),
    "generic-receive-offload": ("gro", "on"),
}


def visit(name: str, wire: str, seconds: int, groups: list[str]) -> dict[str, float | None]:
    """The values of one repetition; LabError when the peer does not work, with its logs kept."""
    lab = Lab()
    failed = False
    try:
        sites = topology.build_sites(lab)
        if wire == "honest":
            make_honest(sites)
        peer = PEERS[name](sites)
        peer.start()
        verify_path(peer)
        idle = usage.wait_idle(seconds=2 * seconds)
        if idle < 90:
            print(f"    the machine is busy: {100 - idle:.0f} % before the tests", file=sys.stderr)
        return Measures(peer, seconds).take(groups)
    except LabError as error:
        failed = True
        raise LabError(f"{error} (logs: {lab.folder})") from error
    finally:
        with undisturbed():
            lab.close(keep_logs=failed)


@contextlib.contextmanager
def undisturbed():
    """Whoever wants to end the run waits for what is inside: half a clean-up leaves things."""
    wishes = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, wishes)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def make_honest(sites: topology.Sites) -> None:
    for gateway in (sites.gw_a, sites.gw_b):
        gateway.run("ethtool", "-K", "wan0", *(word for pair in HONEST.values() for word in pair))
        shown = gateway.run("ethtool", "-k", "wan0").stdout
        for feature, (_, state) in HONEST.items():
            if not re.search(rf"^\s*{feature}: {state}", shown, re.MULTILINE):
                raise LabError(f"ethtool did not turn {feature} {state}: {shown}")


def verify_path(peer: Peer) -> None:
    """Pings arrive, and on the middle link they look as they should: LAN addresses without a VPN,
    none with one."""
    sites = peer.sites
    wait_until(lambda: sites.ping_both_ways(count=1), 15, "pings flow both ways")
    watch = capture.Capture(sites.lab, sites.gw_a, "wan0", "verify")
    time.sleep(0.2)
    if not sites.ping(count=PINGS):
        raise LabError("pings are lost on an idle path")
    path = watch.stop()
    frames = sum(1 for _ in capture.read_frames(path))
    clear = len(capture.frames_with_address(path, LAN_NETWORKS))
    if frames < 2 * PINGS:
        raise LabError(f"only {frames} frames on the middle link for {2 * PINGS} packets")
    if peer.hides_the_lans and clear:
        raise LabError(f"{clear} frames with LAN addresses on the middle link")
    if not peer.hides_the_lans and clear < 2 * PINGS:
        raise LabError(f"only {clear} frames with LAN addresses on the middle link")
