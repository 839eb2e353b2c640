"""bench/e2e: the search for a rate over make-believe links, the report of make-believe visits, the
picture of it, and the figures of bench/e2e/scale."""

import json
import pathlib
import subprocess
import sys
import unittest
import xml.dom.minidom

ROOT = pathlib.Path(__file__).resolve().parents[3]
E2E = ROOT / "bench" / "e2e"
sys.path[:0] = [str(E2E / "lib"), str(ROOT / "tools" / "lib")]

from rate_search import TRIALS_MAX, Trial, best_rate  # noqa: E402
from report import METRICS, Comparison, summarise  # noqa: E402
from scaling import figures, memory  # noqa: E402

VISIT = {name: 100.0 for name in METRICS}


class Link:
    """Carries `capacity` packets a second; a sender without a limit reaches `sender`. When flooded
    it carries less."""

    def __init__(self, capacity: float, sender: float = 200_000, flooded: float = 0.6):
        self.capacity, self.sender, self.flooded = capacity, sender, flooded
        self.trials = 0
        self.hiccups: set[int] = set()

    def attempt(self, rate: float) -> Trial:
        self.trials += 1
        sent = min(rate or self.sender, self.sender)
        carried = self.capacity if sent < 1.2 * self.capacity else self.flooded * self.capacity
        if self.trials in self.hiccups:
            carried *= 0.5
        return Trial(sent, min(sent, carried))


class RateSearch(unittest.TestCase):
    def test_finds_the_capacity_of_a_link(self):
        for capacity in (900, 12_000, 64_000, 150_000, 199_000):
            with self.subTest(capacity=capacity):
                link = Link(capacity)
                found = best_rate(link.attempt)
                self.assertLess(abs(found - capacity), 0.04 * capacity)
                self.assertLess(link.trials, 2 * TRIALS_MAX + 2)

    def test_a_sender_that_loses_nothing_is_the_answer(self):
        link = Link(capacity=500_000)
        self.assertEqual(best_rate(link.attempt), 200_000)
        self.assertEqual(link.trials, 1)

    def test_one_hiccup_does_not_count(self):
        link = Link(64_000)
        link.hiccups = {4}
        self.assertLess(abs(best_rate(link.attempt) - 64_000), 0.04 * 64_000)

    def test_a_link_that_always_loses_ends_with_nothing(self):
        link = Link(0)
        self.assertEqual(best_rate(link.attempt), 0)
        self.assertLess(link.trials, 2 * TRIALS_MAX + 2)


class Report(unittest.TestCase):
    def test_a_line_has_the_promised_names_in_order(self):
        line = summarise("plain", "offload", [VISIT], [])
        self.assertEqual(list(line)[:15], ["peer", "wire", *METRICS])

    def test_medians_and_spread(self):
        visits = [{**VISIT, "tcp1_gbps": value} for value in (5.0, 1.0, 3.0)]
        line = summarise("plain", "offload", visits, ["it hung once"])
        self.assertEqual(line["tcp1_gbps"], 3.0)
        self.assertEqual((line["tcp1_gbps_min"], line["tcp1_gbps_max"]), (1.0, 5.0))
        self.assertEqual((line["reps"], line["failed_reps"]), (3, 1))

    def test_what_a_peer_has_not_is_null(self):
        line = summarise("plain", "offload", [VISIT | {"peak_rss_mib": None}], [])
        self.assertIsNone(line["peak_rss_mib"])

    def test_a_peer_that_never_worked_has_an_error_and_no_figures(self):
        line = summarise("openvpn", "honest", [], ["no answer"])
        self.assertEqual(line, {"peer": "openvpn", "wire": "honest", "error": "no answer"})

    def test_ratios_are_to_the_best_of_those_that_worked(self):
        speeds = {"twinspan": 60.0, "strongswan": 10.0, "wireguard-go": 20.0, "sketch-null": 90.0}
        lines = [
            summarise(peer, "offload", [VISIT | {"udp64_kpps": speed}], [])
            for peer, speed in speeds.items()
        ]
        lines.append(summarise("openvpn", "offload", [], ["no answer"]))
        self.assertIn("UDP 64 B, to the best peer, wireguard-go", Comparison(lines).table())
        self.assertIn("3.00x", Comparison(lines).table())

    def test_the_plot_shows_every_peer_that_has_figures(self):
        lines = [
            summarise("twinspan", "offload", [VISIT, VISIT], []),
            summarise("plain", "offload", [VISIT | {"machine_cpu_s_per_gb": None}], []),
            summarise("openvpn", "offload", [], ["no answer"]),
        ]
        drawn = subprocess.run(
            [E2E / "plot", "--metrics", ",".join(METRICS)],
            input="\n".join(json.dumps(line) for line in lines),
            text=True,
            capture_output=True,
            check=True,
        )
        document = xml.dom.minidom.parseString(drawn.stdout)
        labels = [node.firstChild.data for node in document.getElementsByTagName("text")]
        self.assertEqual(labels.count("twinspan"), len(METRICS))
        self.assertNotIn("openvpn", labels)


MEMINFO = """MemTotal:       1000 kB
MemFree:         400 kB
MemAvailable:    550 kB
Buffers:          10 kB
Cached:          100 kB
SwapCached:        0 kB
AnonPages:       200 kB
Slab:             90 kB
PageTables:        5 kB
VmallocUsed:      20 kB
Percpu:            4 kB
HugePages_Total:       0
"""


class ScaleFigures(unittest.TestCase):
    def test_ratio_is_of_the_medians_and_its_spread_of_neighbours(self):
        one, many = [100, 90, 500], [120, 99, 110]
        self.assertAlmostEqual(figures.ratio_of_medians(many, one), 1.1)
        low, high = figures.spread_of_ratios(many, one)
        self.assertAlmostEqual(low, 110 / 500)
        self.assertAlmostEqual(high, 1.2)

    def test_the_worker_that_is_farthest_from_its_share_counts(self):
        self.assertEqual(figures.uneven([10, 10, 10, 10]), 0)
        self.assertAlmostEqual(figures.uneven([11, 9]), 0.1)
        self.assertEqual(figures.uneven([40, 0, 0, 0]), 3)
        self.assertEqual(figures.uneven([0, 0]), 0)

    def test_gain_of_each_worker(self):
        before, after = [{"n": 1}, {"n": 5}], [{"n": 4}, {"n": 5}]
        self.assertEqual(figures.gained(before, after, "n"), [3, 0])

    def test_the_kernel_has_what_nobody_else_has(self):
        seen = memory.of_machine(memory.parse(MEMINFO))
        self.assertEqual(seen.all, 290)
        self.assertEqual(seen.named, 119)
        self.assertEqual(seen.unavailable, 250)

    def test_a_tunnel_is_what_the_second_pair_has_more_by_tunnel_and_daemon(self):
        def used(kib: float) -> memory.KernelMemory:
            return memory.KernelMemory(kib, kib, kib)

        grown = memory.per_tunnel(used(1000), used(1100), used(1100 + 100 + 2 * 99 * 30), 100)
        self.assertEqual(grown, used(30))

    def test_resident_set_of_a_status_file(self):
        self.assertEqual(memory.parse_resident("Name:\tx\nVmRSS:\t  512 kB\nThreads:\t1\n"), 512)


if __name__ == "__main__":
    unittest.main()
