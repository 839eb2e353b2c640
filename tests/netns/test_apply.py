"""From the estate that a gateway runs to another one: what would change, and the change itself."""

import json
import shutil

import pytest

from lab import estate
from lab.process import wait_until
from pair import Stream


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
    before = sas(pair.a, "a-to-b")
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
    assert sas(pair.a, "a-to-b") == before


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



def apply(pair, description: dict, *words: str, code: int = 0):
    result = pair.a.cli("apply", str(write_next(pair, description)), *words)
    assert result.returncode == code, (result.stdout, result.stderr, pair.a.program.log()[-2000:])
    return result


def sas(gateway, name: str) -> tuple:
    """What a tunnel that is not touched keeps: SPIs of the IKE SA and of the first Child SA (those
    of further resources may still be on their way)."""
    detail = gateway.cli_json("show", "connection", name)
    [tunnel], ike = detail["tunnels"], detail["ike_sa"]
    pair = (tunnel["spi_in"], tunnel["spi_out"])
    return (ike["initiator_spi"], ike["responder_spi"]) if ike else None, pair


def device(gateway, name: str) -> str:
    [tunnel] = gateway.connection(name)["tunnels"]
    return tunnel["device"]


class Traffic:
    """A stream from hostA to hostB while something is changed; loses nothing."""

    def __init__(self, pair, seconds: int = 6):
        self.stream = Stream(pair, reverse=False, mbit=4, seconds=seconds)

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _trace):
        report = self.stream.report()
        if kind is None:
            assert report["lost"] == 0, report


def wait_changed(pair, name: str, before: tuple, part: int) -> None:
    wait_until(
        lambda: sas(pair.a, name)[part] != before[part] and pair.a.is_connected(),
        20,
        "the SAs are replaced",
        pair.a.explain,
    )


def test_a_change_in_place_keeps_spis_and_loses_no_packet(pair):
    pair.start()
    before, name = sas(pair.a, "a-to-b"), device(pair.a, "a-to-b")
    with Traffic(pair):
        result = apply(pair, changed(pair, dpd_timeout_seconds=20, copy_dscp=True))
        assert "in-place" in result.stdout
        assert f"starts with {pair.a.estate}" in result.stdout
    assert sas(pair.a, "a-to-b") == before
    assert device(pair.a, "a-to-b") == name
    assert actions(pair, changed(pair, dpd_timeout_seconds=20, copy_dscp=True)) == {}


def test_new_proposals_rekey_without_loss(pair):
    pair.start()
    before = sas(pair.a, "a-to-b")
    description = changed(pair, ipsec_policy={**estate.STRONG, "pfs_group": "ECP256"})
    pair.b.cli("apply", str(write_next(pair, description)))
    with Traffic(pair):
        apply(pair, description)
        wait_changed(pair, "a-to-b", before, part=1)
    pair.require_ping()


def test_another_identity_authenticates_anew(pair):
    pair.start()
    before = sas(pair.a, "a-to-b")
    description = pair.write()
    description["connections"]["a-to-b"].update(local_id="a.example", remote_id="b.example")
    description["connections"]["b-to-a"].update(local_id="b.example", remote_id="a.example")
    path = str(write_next(pair, description))
    for gateway in pair.gateways:
        assert gateway.cli("apply", path).returncode == 0
    wait_changed(pair, "a-to-b", before, part=0)
    assert pair.a.cli_json("show", "connection", "a-to-b")["local_id"] == "a.example"
    pair.wait_connected().wait_ping(20)


def test_another_encapsulation_restarts_the_tunnel(pair):
    pair.start()
    before = sas(pair.a, "a-to-b")
    path = str(write_next(pair, changed(pair, encapsulation="esp")))
    for gateway in pair.gateways:
        assert gateway.cli("apply", path).returncode == 0
    wait_changed(pair, "a-to-b", before, part=0)
    pair.wait_connected().wait_ping(20)


def test_a_renamed_connection_keeps_everything_but_its_name(pair):
    pair.start()
    before, name = sas(pair.a, "a-to-b"), device(pair.a, "a-to-b")
    description = changed(pair)
    connections = description["connections"]
    connections["a-to-east"] = connections.pop("a-to-b")
    with Traffic(pair):
        apply(pair, description)
    assert [entry["name"] for entry in pair.a.status()["connections"]] == ["a-to-east"]
    assert sas(pair.a, "a-to-east") == before
    assert device(pair.a, "a-to-east") == name


# Behind the two gateways, joined by the second connection.
SECOND = ("10.78.0.0/16", "10.77.0.0/16")


def with_second(letter: str) -> dict:
    """Half of an estate with a second connection between the same two gateways."""
    side, other = "ab".index(letter), "ba"["ab".index(letter)]
    half = estate.half_estate(letter, [("10.2.0.0/16", "10.1.0.0/16")[side]])
    half["virtual_networks"]["mine"]["address_space"].append(SECOND[side])
    far = half["local_network_gateways"]["far"]
    half["local_network_gateways"]["far2"] = {**far, "address_prefixes": [SECOND[1 - side]]}
    half["connections"]["second"] = {
        **half["connections"]["to-far"],
        "local_network_gateway2": "far2",
        "local_id": f"{letter}2.example",
        "remote_id": f"{other}2.example",
    }
    return half


def test_connections_come_and_go_beside_one_that_is_not_touched(pair):
    pair.write_halves()
    pair.start()
    before, name = sas(pair.a, "to-far"), device(pair.a, "to-far")
    single = json.loads(pair.a.estate.read_text())
    sites = pair.sites
    for side, host, gateway in ((0, sites.host_a, sites.gw_a), (1, sites.host_b, sites.gw_b)):
        host.ip("route", "add", "local", SECOND[side], "dev", "lo")
        gateway.ip("route", "add", SECOND[side], "via", f"10.{side + 1}.0.2")
    assert pair.b.cli("apply", str(write_next(pair, with_second("b")))).returncode == 0
    with Traffic(pair, 10):
        apply(pair, with_second("a"))
        wait_until(
            lambda: pair.a.connection("second")["connection_status"] == "Connected",
            20,
            "the new one is connected",
            pair.a.explain,
        )
        ping = ["ping", "-n", "-q", "-c", "1", "-W", "1", "-I", "10.78.0.9", "10.77.0.9"]
        wait_until(
            lambda: " 1 received" in pair.sites.host_a.run(*ping, check=False).stdout,
            20,
            "it carries packets",
            pair.a.explain,
        )
        added = device(pair.a, "second")
        apply(pair, single)
    assert sas(pair.a, "to-far") == before
    assert device(pair.a, "to-far") == name
    links = pair.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout
    assert name in links and added not in links
    assert f"dev {added}" not in sites.gw_a.ip("route", "show", "table", "all").stdout
    wait_until(
        lambda: pair.b.connection("second")["connection_status"] != "Connected",
        10,
        "the peer was told that it is gone",
        pair.b.explain,
    )


def host_state(pair) -> tuple:
    """Devices, routes and rules of the gateway's host."""
    namespace = pair.sites.gw_a
    links = namespace.ip("-o", "link", "show", "type", "tun").stdout
    names = sorted(line.split(": ")[1] for line in links.splitlines())
    routes = sorted(namespace.ip("route", "show", "table", "all").stdout.splitlines())
    rules = namespace.run("nft", "-s", "list", "ruleset").stdout
    return names, routes, rules


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


def test_what_nobody_confirms_is_rolled_back_also_when_the_cli_is_gone(pair):
    pair.start()
    before, host = sas(pair.a, "a-to-b"), host_state(pair)
    description = changed(pair)
    description["connections"] = {"b-to-a": description["connections"]["b-to-a"]}
    result = apply(pair, description, "--confirm", "5s")
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


def test_without_a_file_the_daemons_own_is_applied(pair):
    pair.start()
    pair.write(dpd_timeout_seconds=20)
    result = pair.a.cli("apply")
    assert result.returncode == 0 and "in-place" in result.stdout, result
    assert pair.a.cli("apply").stdout.startswith("nothing changes")


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
        path = str(write_next(pair, half))
        result = gateway.cli("replace", "gateway", gateway.name, path, "--yes", timeout=120)
        assert result.returncode == 0, result
    pair.wait_connected(40)
    detail = pair.a.cli_json("show", "connection", "to-far")
    assert detail["vpn_type"] == "policy-based"
    assert detail["local_selectors"] == ["10.1.0.0/16"]
    pair.wait_ping(20)


def test_keys_of_an_applied_file_are_read_again_by_the_rules_of_its_folder(pair):
    pair.start()
    folder = pair.a.estate.parent.parent / "applied"
    (folder / "moved").mkdir(parents=True)
    shutil.copy(pair.a.estate.parent / "a-b.psk", folder / "moved")
    (folder / "moved").rename(folder / "keys")
    path = folder / "estate.yaml"
    path.write_text(json.dumps(changed(pair, shared_key={"file": "keys/a-b.psk"})))
    assert pair.a.cli("apply", str(path)).returncode == 0
    assert pair.a.cli("reload-credentials").returncode == 0
    (folder / "keys").rename(folder / "moved")
    (folder / "keys").symlink_to("moved")
    refused = pair.a.cli("reload-credentials")
    assert refused.returncode != 0 and "symbolic link" in refused.stdout + refused.stderr
    pair.require_ping()
