"""From the estate that a gateway runs to another one: what would change, and the change itself."""

import json

import pytest

from lab import estate


def changed(_pair, **settings) -> dict:
    """The estate of both, with these settings of the connections; written nowhere yet."""
    return estate.pair_estate(**settings)


def write_next(pair, description: dict, name: str = "next.yaml"):
    path = pair.a.estate.parent / name
    path.write_text(json.dumps(description))
    return path


def actions(pair, description: dict) -> dict:
    answer = pair.a.cli_json("plan", str(write_next(pair, description)))
    return {change["object"]: change["action"] for change in answer["changes"]}


def test_plan_tells_what_each_change_costs_and_changes_nothing(pair):
    pair.start()
    before = pair.a.cli_json("show", "connection", "a-to-b")["child_sas"]
    ours, theirs = "connections.a-to-b", "connections.b-to-a"
    assert actions(pair, changed(pair)) == {}
    for setting, action in (
        ({"dpd_timeout_seconds": 20}, "in-place"),
        ({"ipsec_policy": {**estate.STRONG, "pfs_group": "ECP256"}}, "rekey"),
        ({"local_id": "x.example", "remote_id": "x.example"}, "reauth"),
        ({"encapsulation": "esp"}, "restart"),
    ):
        # What the other gateway carries is told, too.
        assert actions(pair, changed(pair, **setting)) == {ours: action, theirs: "in-place"}
    shown = pair.a.cli("plan", str(write_next(pair, changed(pair, dpd_timeout_seconds=20))))
    assert shown.returncode == 0
    assert "OBJECT" in shown.stdout and "in-place" in shown.stdout
    assert pair.a.cli_json("show", "connection", "a-to-b")["child_sas"] == before


def test_plan_lists_what_comes_goes_and_is_renamed(pair):
    pair.start()
    description = changed(pair)
    connections = description["connections"]
    connections["a-to-east"] = connections.pop("a-to-b")
    answer = pair.a.cli_json("plan", str(write_next(pair, description)))
    [change] = answer["changes"]
    assert change["object"] == "connections.a-to-east"
    assert change["renamed_from"] == "connections.a-to-b"
    assert change["action"] == "in-place"
    connections.clear()
    assert actions(pair, description) == {
        "connections.a-to-b": "remove",
        "connections.b-to-a": "remove",
    }


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
