"""Each offload off, all off, the two ends mixed, one and two workers, fewer CPU features: traffic
flows."""

import os

import pytest

from lab import traffic

SWITCHES = {
    "tun_offload": "--no-tun-offload",
    "uso": "--no-uso",
    "udp_gso": "--no-udp-gso",
    "udp_gro": "--no-udp-gro",
}
ALL_OFF = list(SWITCHES.values())
CPU_MASKS = ["avx512", "avx512,vaes", "avx512,vaes,avx2"]


def check_traffic(pair, a: list[str], b: list[str], **settings) -> None:
    pair.a.arguments, pair.b.arguments = a, b
    pair.start(**settings)
    pair.require_ping()
    pair.require_ping(size=1400)
    for reverse in (False, True):
        assert traffic.measure_tcp(pair.sites, 1, reverse=reverse) > 0.05
    for gateway in pair.gateways:
        bad = {
            reason: count
            for reason, count in gateway.drops().items()
            if count
            and reason in ("bad-icv", "malformed", "bad-padding", "bad-inner-packet", "bad-offload")
        }
        assert not bad, bad


@pytest.mark.parametrize("name", SWITCHES)
def test_one_offload_off_at_one_end(pair, name):
    check_traffic(pair, [SWITCHES[name]], [])
    assert pair.a.status()["data_plane"][name] is False


def test_all_offloads_off_at_both_ends(pair):
    check_traffic(pair, ALL_OFF, ALL_OFF)
    plane = pair.a.status()["data_plane"]
    assert not any(plane[name] for name in SWITCHES), plane


def test_all_offloads_off_at_one_end(pair):
    check_traffic(pair, [], ALL_OFF)


def test_no_uso_at_both_ends(pair):
    check_traffic(pair, ["--no-uso"], ["--no-uso"])


@pytest.mark.parametrize("encapsulation", ["udp", "esp"])
@pytest.mark.parametrize("workers_a,workers_b", [("1", "1"), ("2", "2"), ("1", "2")])
def test_one_and_two_workers(pair, workers_a, workers_b, encapsulation):
    check_traffic(
        pair, ["--workers", workers_a], ["--workers", workers_b], encapsulation=encapsulation
    )
    assert pair.a.status()["data_plane"]["workers"] == int(workers_a)


@pytest.mark.parametrize("words,reported", [(["--busy-poll"], 50), (["--busy-poll=200"], 200)])
def test_busy_polling(pair, words, reported):
    check_traffic(pair, words, [])
    assert pair.a.status()["data_plane"]["busy_poll_microseconds"] == reported
    assert pair.b.status()["data_plane"]["busy_poll_microseconds"] == 0


@pytest.mark.parametrize("mask", CPU_MASKS)
def test_masked_cpu_features(pair, mask):
    pair.a.environment = {"TWINSPAN_CPU_MASK": mask}
    check_traffic(pair, [], [])
    for gateway in pair.gateways:
        print(gateway.name, gateway.status()["data_plane"]["kernel"])


def test_raw_esp_with_all_offloads_off(pair):
    check_traffic(pair, ALL_OFF, ALL_OFF, encapsulation="esp")


def test_this_runs_with_the_mask_that_the_caller_asked_for(pair):
    """`tools/test --masked` sets these; every other test then runs with them too."""
    wanted = os.environ.get("TWINSPAN_TEST_DAEMON_OPTIONS", "").split()
    only = os.environ.get("TWINSPAN_TEST_DAEMON_OPTIONS_OF")
    pair.start()
    for gateway in pair.gateways:
        plane = gateway.status()["data_plane"]
        for field, switch in SWITCHES.items():
            if switch in wanted:
                assert plane[field] is (only not in (None, gateway.name)), (gateway.name, field)
