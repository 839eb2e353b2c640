"""The control of these tests: two charons in the same lab. When this fails, the lab is at fault,
not Twinspan."""

from lab import capture, topology
from lab.charon import Charon


def test_two_charons_connect_and_carry_data(sites):
    Charon.require_installed()
    near = Charon(sites.lab, sites.gw_a, "charon-a").start(
        local="192.0.2.1",
        remote="192.0.2.2",
        local_ts="10.1.0.0/16",
        remote_ts="10.2.0.0/16",
        local_id="192.0.2.1",
        remote_id="192.0.2.2",
    )
    far = Charon(sites.lab, sites.gw_b, "charon-b").start()
    near.initiate()
    watch = capture.Capture(sites.lab, sites.gw_a, "wan0", "charons")
    assert sites.ping_both_ways()
    verdicts = capture.judge_capture(watch.stop(), list(topology.WAN["ipv4"]))
    assert verdicts.clear == 0 and verdicts.esp >= 12
    assert near.child_spis() == far.child_spis() and len(near.child_spis()) == 2
