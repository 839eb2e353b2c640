"""A rekey each second under numbered streams both ways: nothing that charon sends is lost by us,
and no more is lost on the whole way than between two charons.

TWINSPAN_STORM_SECONDS is how long a storm lasts, 60 unless told. From ten minutes on the storm
between two charons is run in any case, otherwise only when there is a loss to compare.
"""

import concurrent.futures
import datetime
import os
import struct
import time

from lab import capture
from lab.process import LabError, log_around, wait_until
from pair import Stream
from two_charons import TwoCharons

SECONDS = int(os.environ.get("TWINSPAN_STORM_SECONDS", "60"))
LONG_SECONDS = 600
IKE_EVERY_SECONDS = 10
# What kernel-libipsec carries on one busy core.
MBIT = 10
DATAGRAM_BYTES = 1200
INNER_BYTES = DATAGRAM_BYTES + 28
CHARON_ADDRESS = bytes([192, 0, 2, 2])
KEEPALIVE_LENGTH = 8 + 1  # Of UDP.
UDP = 17


class UsRekeying:
    def __init__(self, mixed):
        self.us, self.failures = mixed.us, []

    def rekey(self, what: tuple[str, ...]) -> None:
        result = self.us.cli("rekey", "to-far", *what)
        if result.returncode != 0:
            self.failures.append(result.stdout + result.stderr)

    def __call__(self, with_ike: bool) -> None:
        if with_ike:
            self.rekey(("--ike",))
        self.rekey(())


class CharonRekeying:
    def __init__(self, charon):
        self.charon = charon

    def __call__(self, with_ike: bool) -> None:
        # While one is being replaced, charon finds no IKE SA or no child for a moment.
        if with_ike:
            wait_until(
                lambda: is_taken(self.charon.rekey_ike), 10, "charon rekeys its IKE SA"
            )
        wait_until(lambda: is_taken(self.charon.rekey_child), 10, "charon rekeys its child")


def is_taken(order) -> bool:
    try:
        order()
    except LabError:
        return False
    return True


def storm(world, sides, look=lambda: None) -> list[dict]:
    """Every child each second by each of `sides` at once, the IKE SA each tenth; what both streams
    report."""
    streams = [Stream(world, back, MBIT, SECONDS, DATAGRAM_BYTES) for back in (False, True)]
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(len(sides)) as pool:
        for turn in range(SECONDS):
            with_ike = turn % IKE_EVERY_SECONDS == IKE_EVERY_SECONDS - 1
            for done in [pool.submit(side, with_ike) for side in sides]:
                done.result()
            look()
            wait_until(
                lambda: time.monotonic() >= began + turn + 1, 60, "the second is over"
            )  # noqa: B023
    return [stream.report() for stream in streams]


def charons_esp_frames(path) -> int:
    """ESP in UDP that left charon, as wan0 of gw-a saw it."""
    count = 0
    for _when, frame in capture.read_frames(path):
        if frame[12:14] != b"\x08\x00" or frame[23] != UDP or frame[26:30] != CHARON_ADDRESS:
            continue
        source, target, length = struct.unpack_from("!HHH", frame, 34)
        is_ike = bytes(frame[42:46]) == bytes(4)
        # A keepalive is one byte of data. An SPI may begin with that byte as well.
        count += (source, target) == (4500, 4500) and not is_ike and length > KEEPALIVE_LENGTH
    return count


def our_drops(gateway) -> dict[str, int]:
    """Every reason with a count, also of frames that belong to no tunnel; not what the kernel says
    to the tunnel's device for itself (router solicitations), which is no traffic."""
    orphans = gateway.cli_json("status")["data_plane"]["drops"]
    counts = {reason: count + orphans[reason] for reason, count in gateway.drops().items()}
    return {reason: n for reason, n in counts.items() if n and reason != "link-scope"}


class Watch:
    """Looks each second at us: which inbound SPIs there were, and when a drop was first seen."""

    def __init__(self, mixed):
        self.mixed, self.spis = mixed, set()
        self.first_drop: datetime.datetime | None = None

    def look(self) -> None:
        self.spis.add(self.mixed.spis()[0])
        if self.first_drop is None and our_drops(self.mixed.us):
            self.first_drop = datetime.datetime.now(datetime.UTC)

    def explain(self) -> str:
        """What both sides said when it began, or where there was no moment, all as it stands."""
        if self.first_drop is None:
            return self.mixed.explain()
        logs = {"us": self.mixed.us.program.log(), "charon": self.mixed.charon.log()}
        said = [f"{who}:\n{log_around(log, self.first_drop, 2)}" for who, log in logs.items()]
        return f"the first drop was seen at {self.first_drop}\n" + "\n".join(said)


def fetched_too_slowly(namespace) -> int:
    """Datagrams that the kernel dropped there because a program's receive buffer was full: charon
    leaves it at its default, a tenth of a second of these streams."""
    lines = namespace.run("cat", "/proc/net/snmp").stdout.splitlines()
    names, values = (line.split()[1:] for line in lines if line.startswith("Udp:"))
    return int(dict(zip(names, values))["RcvbufErrors"])


def our_deliveries(gateway) -> int:
    return gateway.tunnel()["ingress_bytes_transferred"]


def figures(reports: list[dict]) -> str:
    sent, lost = (sum(report[word] for report in reports) for word in ("sent", "lost"))
    return f"{sent} packets sent, {lost} lost"


def check_storm(mixed, title: str, sides_of_us: list, sides_of_baseline) -> None:
    frames_seen = capture.Capture(mixed.lab, mixed.sites.gw_a, "wan0", "storm")
    before, watch = our_deliveries(mixed.us), Watch(mixed)
    dropped_before = fetched_too_slowly(mixed.sites.gw_b)
    reports = storm(mixed, sides_of_us, watch.look)
    dropped = fetched_too_slowly(mixed.sites.gw_b) - dropped_before
    frames = charons_esp_frames(frames_seen.stop())
    bytes_delivered = our_deliveries(mixed.us) - before
    drops = our_drops(mixed.us)
    print(
        f"{title}, {SECONDS} s: {figures(reports)}; {len(watch.spis)} inbound SPIs, "
        f"{frames} ESP packets of charon on our wire, {bytes_delivered // INNER_BYTES} delivered, "
        f"our drops {drops}, {dropped} datagrams too many for charon"
    )
    assert drops == {}, watch.explain()
    assert bytes_delivered == frames * INNER_BYTES
    assert len(watch.spis) >= SECONDS * 9 // 10
    assert all(report["ended"] for report in reports), reports
    mixed.require_one_child()
    mixed.require_same_children()
    mixed.require_data()
    require_no_more_lost_than_between_charons(mixed, title, reports, sides_of_baseline)


def require_no_more_lost_than_between_charons(mixed, title, reports, sides_of_baseline) -> None:
    lost = sum(report["lost"] for report in reports)
    if not lost and SECONDS < LONG_SECONDS:
        return
    charons = TwoCharons(mixed).connect()
    baseline = storm(charons, sides_of_baseline(charons))
    print(f"{title}, two charons, {SECONDS} s: {figures(baseline)}")
    assert lost <= sum(report["lost"] for report in baseline), f"{reports}, {baseline}"


def test_we_rekey_each_second_and_lose_nothing(mixed):
    mixed.start("initiator")
    mixed.connect()
    us = UsRekeying(mixed)
    check_storm(
        mixed, "we rekey", [us], lambda charons: [CharonRekeying(charons.near)]
    )
    assert us.failures == []


def test_charon_rekeys_each_second_and_we_lose_nothing(mixed):
    mixed.start("responder")
    mixed.connect()
    check_storm(
        mixed,
        "charon rekeys",
        [CharonRekeying(mixed.charon)],
        lambda charons: [CharonRekeying(charons.near)],
    )


def test_both_rekey_each_second_at_once_and_we_lose_nothing(mixed):
    mixed.start("responder")
    mixed.connect()
    us = UsRekeying(mixed)
    check_storm(
        mixed,
        "both rekey",
        [us, CharonRekeying(mixed.charon)],
        lambda charons: [CharonRekeying(charons.near), CharonRekeying(charons.far)],
    )
    assert us.failures == []
