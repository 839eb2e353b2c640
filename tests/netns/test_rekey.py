"""Rekey under traffic: no packet is lost, and nothing but SPIs changes.

TWINSPAN_STORM_SECONDS is how long a storm lasts, 60 unless told.
"""

import os
import time

from lab.process import wait_until
from pair import Stream

STORM_SECONDS = int(os.environ.get("TWINSPAN_STORM_SECONDS", "60"))
IKE_EVERY_SECONDS = 10


def rekey_at_steady_pace(pair, seconds: int, sides) -> dict[str, set]:
    """Every child once a second by each of `sides`, the IKE SA every tenth; inbound SPIs seen per
    gateway."""
    names = {"gw-a": "a-to-b", "gw-b": "b-to-a"}
    seen = {gateway.name: {gateway.tunnel()["spi_in"]} for gateway in pair.gateways}
    failures = []
    began = time.monotonic()
    for turn in range(seconds):
        extra = ["--ike"] if turn % IKE_EVERY_SECONDS == IKE_EVERY_SECONDS - 1 else []
        running = []
        for gateway in sides:
            if extra:
                running.append(rekey(pair, gateway, names[gateway.name], *extra))
            running.append(rekey(pair, gateway, names[gateway.name]))
        for program in running:
            if program.wait(10) != 0:
                failures.append(program.output() + program.log())
        for gateway in pair.gateways:
            seen[gateway.name].add(gateway.tunnel()["spi_in"])
        wait_until(lambda: time.monotonic() >= began + turn + 1, 5, "the second is over")
    assert failures == []
    return seen


def rekey(pair, gateway, *words: str):
    command = [gateway.binaries / "twinspan", "--run-dir", gateway.run_dir, "rekey", *words]
    rekey.count += 1
    return pair.lab.start(gateway.namespace, command, f"rekey-{rekey.count}")


rekey.count = 0


def all_drops(gateway) -> dict[str, int]:
    """Every reason with a count, also of frames that belong to no tunnel, and what the kernel
    dropped before the daemon could read it."""
    orphans = gateway.cli_json("status")["data_plane"]["drops"]
    named = gateway.drops().items()
    return {reason: count + orphans[reason] for reason, count in named if count + orphans[reason]}


def check_storm(pair, title: str, sides_of) -> None:
    pair.start()
    sides = sides_of(pair)
    streams = [Stream(pair, reverse, mbit=100, seconds=STORM_SECONDS) for reverse in (False, True)]
    seen = rekey_at_steady_pace(pair, STORM_SECONDS, sides)
    reports = [stream.report() for stream in streams]
    sent, lost = (sum(report[word] for report in reports) for word in ("sent", "lost"))
    drops = [all_drops(gateway) for gateway in pair.gateways]
    counts = [len(spis) for spis in seen.values()]
    print(
        f"{title}, {STORM_SECONDS} s: {sent} packets sent, {lost} lost; {counts} inbound SPIs, "
        f"drops {drops}"
    )
    assert min(counts) >= STORM_SECONDS * 9 // 10
    if lost:
        quiet = [
            Stream(pair, reverse, mbit=100, seconds=STORM_SECONDS) for reverse in (False, True)
        ]
        lost_without = sum(stream.report()["lost"] for stream in quiet)
        print(f"{title}: {lost_without} lost without rekeys")
        assert lost <= lost_without, f"{lost} lost, without rekey {lost_without}; drops {drops}"
    enough = 8_000 * STORM_SECONDS
    assert all(report["ended"] and report["received"] > enough for report in reports)


def test_child_and_ike_rekey_from_either_side_keep_traffic_and_history(pair):
    pair.start()
    stream = Stream(pair, reverse=False, mbit=20, seconds=6)
    for gateway, name in ((pair.a, "a-to-b"), (pair.b, "b-to-a")):
        before = gateway.tunnel()
        assert gateway.cli("rekey", name).returncode == 0
        after = gateway.tunnel()
        assert after["spi_in"] != before["spi_in"] and after["spi_out"] != before["spi_out"]
        assert after["established_since"] == before["established_since"]
        assert after["ingress_bytes_transferred"] >= before["ingress_bytes_transferred"]
        old_ike = gateway.cli_json("show", "connection", name)["ike_sa"]
        assert gateway.cli("rekey", name, "--ike").returncode == 0
        new_ike = gateway.cli_json("show", "connection", name)["ike_sa"]
        assert new_ike["initiator_spi"] != old_ike["initiator_spi"]
        assert (
            gateway.tunnel()["spi_in"] == after["spi_in"]
        ), "an IKE rekey must not touch the children"
    assert stream.report()["lost"] == 0


def inbound_spis(gateway) -> set[str]:
    return {child["spi_in"] for child in gateway.connection()["child_sas"]}


def test_lifetimes_of_the_estate_file_rekey_by_themselves(pair):
    from lab.estate import STRONG

    pair.start(ipsec_policy={**STRONG, "sa_data_size_kilobytes": 1024})
    # Of the children for the same traffic (RFC 9611), chance decides which has the stream.
    before = inbound_spis(pair.a)
    stream = Stream(pair, reverse=False, mbit=20, seconds=4)
    wait_until(
        lambda: not inbound_spis(pair.a) <= before,
        15,
        "the child with the stream is rekeyed by its volume",
        pair.a.explain,
    )
    assert stream.report()["lost"] == 0


def test_storm_one_side_rekeys_each_second_for_a_minute(pair):
    check_storm(pair, "one side rekeys", lambda pair: [pair.a])


def test_storm_both_sides_rekey_each_second_for_a_minute(pair):
    check_storm(pair, "both sides rekey", lambda pair: [pair.a, pair.b])
