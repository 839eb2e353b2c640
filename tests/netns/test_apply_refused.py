"""Changes of a running gateway that are refused, taken back or interrupted, and the way on."""

import json

import pytest

from changing import actions, apply, changed, device, host_state, sas, write_next
from hub import Hub, peered
from lab import estate
from lab.process import wait_until


@pytest.mark.parametrize("fault", ["form", "key", "absent"])
def test_a_file_that_cannot_be_run_exits_3(pair, fault):
    pair.start()
    description = changed(pair, dpd_timeout_seconds=20)
    if fault == "key":
        description["connections"]["a-to-b"]["shared_key"] = {"file": "none.psk"}
    path = write_next(pair, description)
    if fault == "form":
        path.write_text("version: 1\ncolour: red\n")
    if fault == "absent":
        path.unlink()
    result = pair.a.cli("plan", str(path), "--json")
    assert result.returncode == 3, result
    assert json.loads(result.stdout)["errors"]
    assert {"form": "colour", "key": "none.psk", "absent": "next.yaml"}[fault] in result.stderr


def test_another_type_is_refused_with_what_must_go_and_what_is_lost(pair):
    pair.write_halves()
    pair.start()
    description = estate.half_estate("a", ["10.2.0.0/16"], vpn_type="policy-based")
    result = pair.a.cli("plan", str(write_next(pair, description)), "--json")
    assert result.returncode == 3
    [refusal] = json.loads(result.stdout)["refusals"]
    assert refusal["delete_first"] == ["connections.to-far", "virtual_network_gateways.gw-a"]
    assert any("192.0.2.1" in line for line in refusal["lost"])
    assert "delete first: connections.to-far" in result.stderr


def test_another_type_tells_that_also_of_a_file_that_is_invalid_by_it(pair):
    """A policy-based gateway has no vnet-to-vnet connections."""
    pair.start()
    path = str(write_next(pair, changed(pair, vpn_type="policy-based")))
    for command in ("plan", "apply"):
        result = pair.a.cli(command, path, "--json")
        assert result.returncode == 3, result
        answer = json.loads(result.stdout)
        assert any("vnet-to-vnet" in line for line in answer["errors"]), answer
        [refusal] = answer["refusals"]
        assert refusal["delete_first"] == [
            "connections.a-to-b",
            "connections.b-to-a",
            "virtual_network_gateways.gw-a",
        ]
        assert "delete first: connections.a-to-b" in result.stderr
    # Who asks for the replacement hears what is in its way.
    result = pair.a.cli("replace", "gateway", "gw-a", path, "--yes")
    assert result.returncode == 3 and "vnet-to-vnet" in result.stderr, result
    assert "delete first" not in result.stderr
    answer = pair.a.cli_json("replace", "gateway", "gw-a", path, "--yes")
    assert answer["refusals"] == [] and answer["errors"]
    assert pair.a.is_connected()


def test_an_invalid_file_changes_nothing(pair):
    pair.start()
    before, host = sas(pair.a, "a-to-b"), host_state(pair)
    description = changed(pair, dpd_timeout_seconds=20)
    description["connections"]["a-to-b"]["colour"] = "red"
    result = apply(pair, description, code=3)
    assert "colour" in result.stderr and "nothing was changed" in result.stderr
    assert (sas(pair.a, "a-to-b"), host_state(pair)) == (before, host)
    pair.require_ping()


def test_what_the_host_refuses_is_taken_back(pair):
    """The second of two new devices has a name that another program has taken."""
    pair.start()
    before, host = sas(pair.a, "a-to-b"), host_state(pair)
    description = changed(pair, dpd_timeout_seconds=20)
    for index, prefix in enumerate(("10.70.0.0/16", "10.71.0.0/16")):
        far = {"gateway_ip_address": f"203.0.113.{index + 1}", "address_prefixes": [prefix]}
        description.setdefault("local_network_gateways", {})[f"far{index}"] = far
        description["connections"][f"n{index}"] = {
            "connection_type": "ipsec",
            "virtual_network_gateway1": "gw-a",
            "local_network_gateway2": f"far{index}",
            "shared_key": {"file": "a-b.psk"},
        }
    added = pair.a.cli_json("plan", str(write_next(pair, description)))["changes"]
    [impact] = [entry["impact"] for entry in added if entry["object"] == "connections.n1"]
    name = impact.split("by device ")[1].split(";")[0]
    pair.sites.gw_a.ip("tuntap", "add", "dev", name, "mode", "tun")
    result = apply(pair, description, code=1)
    assert name in result.stderr and "nothing was changed" in result.stderr, result.stderr
    pair.sites.gw_a.ip("link", "delete", name)
    assert (sas(pair.a, "a-to-b"), host_state(pair)) == (before, host)
    pair.require_ping()


def test_rules_of_networks_are_taken_back_when_the_host_refuses_a_device(pair):
    hub = Hub(pair).start(peered("spoke1"))
    before, host = sas(pair.a, "a-to-b"), host_state(pair)
    description = hub.write(peered("spoke2"))
    far = {"gateway_ip_address": "203.0.113.1", "address_prefixes": ["10.70.0.0/16"]}
    description.setdefault("local_network_gateways", {})["far"] = far
    description["connections"]["n0"] = {
        "connection_type": "ipsec",
        "virtual_network_gateway1": "gw-a",
        "local_network_gateway2": "far",
        "shared_key": {"file": "a-b.psk"},
    }
    planned = pair.a.cli_json("plan", str(write_next(pair, description)))["changes"]
    [impact] = [entry["impact"] for entry in planned if entry["object"] == "connections.n0"]
    name = impact.split("by device ")[1].split(";")[0]
    gateway = pair.sites.gw_a
    gateway.ip("tuntap", "add", "dev", name, "mode", "tun")
    result = apply(pair, description, code=1)
    assert name in result.stderr and "nothing was changed" in result.stderr, result
    gateway.ip("link", "delete", name)
    assert (sas(pair.a, "a-to-b"), host_state(pair)) == (before, host)
    assert hub.ping("hostA", "spoke1") and not hub.ping("hostA", "spoke2")
    apply(pair, description)
    assert hub.ping("hostA", "spoke2") and not hub.ping("hostA", "spoke1")


def without_ours(pair) -> dict:
    description = changed(pair)
    description["connections"] = {}
    return description


def test_a_roll_back_that_the_host_refuses_is_tried_again_and_told_once(pair):
    pair.a.arguments = ["--verbose"]
    pair.start()
    host, name = host_state(pair), device(pair.a, "a-to-b")
    apply(pair, without_ours(pair), "--confirm", "2s")
    pair.sites.gw_a.ip("tuntap", "add", "dev", name, "mode", "tun")
    told = wait_until(
        lambda: [
            line
            for line in pair.a.cli("events", "--json").stdout.splitlines()
            if "estate-roll-back-refused" in line
        ],
        10,
        "the roll-back was tried",
        pair.a.explain,
    )
    assert name in json.loads(told[0])["message"], told
    wait_until(
        lambda: "for the same reason" in pair.a.program.log(),
        15,
        "it is tried again",
        pair.a.explain,
    )
    events = pair.a.cli("events", "--json").stdout
    assert events.count("estate-roll-back-refused") == 1 and "estate-rolled-back" not in events
    # What nobody has confirmed runs on meanwhile, and is neither confirmed nor replaced by that.
    assert pair.a.status()["connections"] == []
    assert "waits for its confirmation" in apply(pair, changed(pair), code=1).stderr
    pair.sites.gw_a.ip("link", "delete", name)
    wait_until(
        lambda: len(pair.a.status()["connections"]) == 1, 15, "it is rolled back", pair.a.explain
    )
    pair.wait_connected()
    assert host_state(pair) == host
    pair.wait_ping(10)
    assert "estate-rolled-back" in pair.a.cli("events", "--json").stdout
    assert pair.a.cli("confirm").returncode == 1


@pytest.mark.parametrize("own", [False, True], ids=["another-file", "its-own-file"])
def test_a_daemon_that_dies_before_the_confirmation_starts_with_its_own_file(pair, own):
    pair.start()
    host = host_state(pair)
    if own:
        pair.write_to(pair.a, without_ours(pair))
        result = pair.a.cli("apply", "--confirm", "60s")
        assert f"starts with {pair.a.estate}, unconfirmed" in result.stdout, result
    else:
        result = apply(pair, without_ours(pair), "--confirm", "60s")
        assert "unconfirmed" not in result.stdout
    assert pair.a.status()["connections"] == []
    pair.a.kill()
    pair.a.start()
    assert "no change waits" in pair.a.cli("confirm").stderr
    if own:
        assert pair.a.status()["connections"] == []
        return
    pair.wait_connected()
    assert host_state(pair) == host
    pair.wait_ping(10)


def test_what_nobody_confirms_is_rolled_back_also_when_the_cli_is_gone(pair):
    pair.start()
    before, host = sas(pair.a, "a-to-b"), host_state(pair)
    result = apply(pair, without_ours(pair), "--confirm", "5s")
    assert "rolled back in 5 s" in result.stdout
    assert pair.a.status()["connections"] == []
    refused = apply(pair, changed(pair), code=1)
    assert "waits for its confirmation" in refused.stderr
    wait_until(
        lambda: len(pair.a.status()["connections"]) == 1, 10, "it is rolled back", pair.a.explain
    )
    pair.wait_connected()
    assert host_state(pair) == host
    assert sas(pair.a, "a-to-b") != before
    pair.wait_ping(10)
    assert pair.a.cli("confirm").returncode == 1


def test_what_is_confirmed_stays(pair):
    pair.start()
    description = changed(pair, dpd_timeout_seconds=20)
    apply(pair, description, "--confirm", "3")
    assert pair.a.cli("confirm").returncode == 0
    assert "estate-confirmed" in pair.a.cli("events").stdout
    assert actions(pair, description) == {}
    apply(pair, changed(pair))


def test_a_refused_change_of_type_is_made_step_by_step(pair):
    pair.write_halves()
    pair.start()
    ours = estate.half_estate("a", ["10.2.0.0/16"], vpn_type="policy-based")
    theirs = estate.half_estate("b", ["10.1.0.0/16"], vpn_type="policy-based")
    refused = apply(pair, ours, code=3)
    assert "delete first: connections.to-far" in refused.stderr
    path = str(write_next(pair, ours))
    asked = pair.a.namespace.run(
        pair.a.binaries / "twinspan",
        *("--run-dir", pair.a.run_dir, "replace", "gateway", "gw-a", path),
        check=False,
        text_in="no\n",
    )
    assert asked.returncode == 1 and "lost: address 192.0.2.1" in asked.stdout, asked
    assert pair.a.is_connected()
    for gateway, half in zip(pair.gateways, (ours, theirs), strict=True):
        words = ["replace", "gateway", gateway.name, str(write_next(pair, half)), "--yes"]
        as_json = gateway is pair.b
        result = gateway.cli(*words, *["--json"][: int(as_json)], timeout=120)
        assert result.returncode == 0, result
        if as_json:
            answer = json.loads(result.stdout)
            assert answer["schema"] == "twinspan.replace/1" and answer["replaced"]
            assert answer["delete_first"][0] == "connections.to-far"
            steps = [(step["connection"], step["step"]) for step in answer["steps"]]
            assert steps == [("to-far", "down"), ("to-far", "up")]
            [end] = answer["other_ends"]
            assert (end["connection"], end["vpn_type"]) == ("to-far", "policy-based")
            assert {change["object"] for change in answer["changes"]} >= {"connections.to-far"}
    pair.wait_connected(40)
    detail = pair.a.cli_json("show", "connection", "to-far")
    assert detail["vpn_type"] == "policy-based"
    assert detail["local_selectors"] == ["10.1.0.0/16"]
    pair.wait_ping(20)


def test_a_replacement_that_the_host_refuses_leaves_everything_as_it_was(pair):
    """Half way: the connections are down by then."""
    pair.write_halves()
    pair.start()
    host = host_state(pair)
    ours = estate.half_estate("a", ["10.2.0.0/16"], vpn_type="policy-based")
    [configuration] = ours["virtual_network_gateways"]["gw-a"]["ip_configurations"]
    configuration["public_ip_address"] = "192.0.2.77"
    path = str(write_next(pair, ours))
    result = pair.a.cli("replace", "gateway", "gw-a", path, "--yes", timeout=120)
    assert result.returncode == 1, result
    assert "192.0.2.77" in result.stderr and "nothing was changed" in result.stderr, result
    assert "to-far: down" in result.stdout and "to-far: up" in result.stdout, result
    pair.wait_connected()
    again = pair.a.cli("replace", "gateway", "gw-a", path, "--yes", "--json", timeout=120)
    answer = json.loads(again.stdout)
    assert again.returncode == 1 and not answer["replaced"], again
    assert "192.0.2.77" in answer["diagnosis"]["message"], answer
    assert [step["step"] for step in answer["steps"]] == ["down", "up"]
    pair.wait_connected()
    assert host_state(pair) == host
    assert pair.a.cli_json("show", "connection", "to-far")["vpn_type"] == "route-based"
    pair.wait_ping(20)


def test_a_replacement_that_was_interrupted_is_made_by_asking_again(pair):
    """After the connections were taken down, and after the change."""
    pair.write_halves()
    pair.start()
    ours = estate.half_estate("a", ["10.2.0.0/16"], vpn_type="policy-based")
    theirs = estate.half_estate("b", ["10.1.0.0/16"], vpn_type="policy-based")
    assert pair.b.cli("down", "to-far").returncode == 0
    path = str(write_next(pair, theirs))
    result = pair.b.cli("replace", "gateway", "gw-b", path, "--yes", timeout=120)
    assert result.returncode == 0, result
    path = str(write_next(pair, ours))
    result = pair.a.cli("replace", "gateway", "gw-a", path, "--yes", timeout=120)
    assert result.returncode == 0, result
    pair.wait_connected(40)
    # Made, but not brought up again.
    assert pair.a.cli("down", "to-far").returncode == 0
    again = pair.a.cli("replace", "gateway", "gw-a", path, "--yes")
    assert again.returncode == 2 and "twinspan up" in again.stderr, again
    assert pair.a.cli("up", "to-far").returncode == 0
    pair.wait_connected().wait_ping(20)


def test_a_local_address_that_the_host_does_not_have_changes_nothing(pair):
    pair.start()
    before, host = sas(pair.a, "a-to-b"), host_state(pair)
    description = changed(pair)
    [configuration] = description["virtual_network_gateways"]["gw-a"]["ip_configurations"]
    configuration["public_ip_address"] = "192.0.2.77"
    result = apply(pair, description, code=1)
    assert "192.0.2.77" in result.stderr and "nothing was changed" in result.stderr, result
    assert (sas(pair.a, "a-to-b"), host_state(pair)) == (before, host)
    pair.require_ping()
