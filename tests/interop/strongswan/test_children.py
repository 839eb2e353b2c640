"""Several Child SAs in one IKE SA with charon, and selectors that charon narrows."""

import re

import pytest

ROLES = ["initiator", "responder"]
SECOND = """net2 {
    local_ts = 10.2.1.0/24
    remote_ts = 10.1.1.0/24
    esp_proposals = aes256gcm16-ecp384
    rekey_time = 0
  }"""
FIRST = {"local_ts": "10.2.0.0/24", "remote_ts": "10.1.0.0/24"}
BOTH = {"local_ts": "10.2.0.0/24,10.2.1.0/24", "remote_ts": "10.1.0.0/24,10.1.1.0/24"}
OURS = {
    "use_policy_based_traffic_selectors": True,
    "traffic_selector_policies": [
        {
            "local_address_ranges": [f"10.1.{n}.0/24"],
            "remote_address_ranges": [f"10.2.{n}.0/24"],
        }
        for n in (0, 1)
    ],
}


def add_second_hosts(mixed) -> None:
    ends = ((mixed.sites.host_a, mixed.sites.gw_a, 1), (mixed.sites.host_b, mixed.sites.gw_b, 2))
    for host, gateway, side in ends:
        host.ip("address", "add", f"10.{side}.1.2/32", "dev", "eth0")
        gateway.ip("address", "add", f"10.{side}.1.1/32", "dev", "lan0")
        gateway.ip("route", "add", f"10.{side}.1.0/24", "via", f"10.{side}.0.2")


def require_data(mixed, n: int) -> None:
    words = "ping -n -q -i 0.1 -W 1 -c 3 -I".split()
    for host, near, far in ((mixed.sites.host_a, 1, 2), (mixed.sites.host_b, 2, 1)):
        said = host.run(*words, f"10.{near}.{n}.2", f"10.{far}.{n}.2", check=False).stdout
        assert " 3 received" in said, said + mixed.explain()


def wait_two(mixed) -> None:
    mixed.wait_change(lambda: mixed.us.connection()["children_up"] == 2)
    mixed.wait_change(lambda: mixed.charon.list_sas().count("INSTALLED") == 2)


TWO = {**FIRST, "more_children": SECOND}


@pytest.mark.parametrize(
    "role,settings", [("initiator", BOTH), ("initiator", TWO), ("responder", TWO)]
)
def test_two_pairs_live_in_one_ike_sa(mixed, role, settings):
    add_second_hosts(mixed)
    mixed.start(role, OURS, settings)
    mixed.connect()
    if role == "responder":
        mixed.charon.swanctl("--initiate", "--child", "net2", "--timeout", "20")
    wait_two(mixed)
    assert mixed.charon.list_sas().count("ESTABLISHED") == 1
    for n in (0, 1):
        require_data(mixed, n)
    result = mixed.us.cli("rekey", "to-far")
    assert result.returncode == 0, result.stderr
    wait_two(mixed)
    for n in (0, 1):
        require_data(mixed, n)


def test_a_pair_that_charon_refuses_leaves_the_other_one_up(mixed):
    add_second_hosts(mixed)
    mixed.start("initiator", OURS, FIRST)
    result = mixed.us.cli("up", "to-far")
    assert result.returncode == 1 and "selectors" in result.stderr
    require_data(mixed, 0)
    shown = mixed.us.cli_json("show", "connection", "to-far")["children"]
    assert [child["is_up"] for child in shown] == [True, False]
    assert shown[1]["trouble"]["cause"] == "no-common-selectors"
    assert mixed.charon.list_sas().count("ESTABLISHED") == 1


@pytest.mark.parametrize("role", ROLES)
def test_a_rekey_proposes_what_charon_has_narrowed_to(mixed, role):
    """Any-to-any here, prefixes there: charon writes down what each request proposes."""
    mixed.start(role)
    mixed.connect()
    [child] = mixed.us.cli_json("show", "connection", "to-far")["child_sas"]
    assert child["narrowed"] is True
    mixed.require_data()
    before, log_before = mixed.spis(), len(mixed.charon.log())
    assert mixed.us.cli("rekey", "to-far").returncode == 0
    mixed.wait_change(lambda: not set(mixed.spis()) & set(before))
    asked = re.findall(r"received: (\S+) => ", mixed.charon.log()[log_before:])
    assert set(asked) == {"10.2.0.0/16", "10.1.0.0/16"}, mixed.charon.log()[log_before:]
    mixed.require_data()
