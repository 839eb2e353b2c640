"""From the estate that a gateway runs to another one: what would change, and the change itself."""

import json
import shutil

from changing import (
    Traffic,
    actions,
    apply,
    changed,
    device,
    host_state,
    sas,
    wait_changed,
    write_next,
)
from lab import estate
from lab.process import wait_until


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


def test_without_a_file_the_daemons_own_is_applied(pair):
    pair.start()
    pair.write(dpd_timeout_seconds=20)
    result = pair.a.cli("apply")
    assert result.returncode == 0 and "in-place" in result.stdout, result
    assert pair.a.cli("apply").stdout.startswith("nothing changes")


def test_another_local_address_restarts_the_tunnel_from_there_and_back(pair):
    pair.start()
    pair.sites.gw_a.ip("address", "add", "192.0.2.11/24", "dev", "wan0")
    host = host_state(pair)
    for address in ("192.0.2.11", "192.0.2.1"):
        description = changed(pair)
        [configuration] = description["virtual_network_gateways"]["gw-a"]["ip_configurations"]
        configuration["public_ip_address"] = address
        before = sas(pair.a, "a-to-b")
        assert actions(pair, description) == {
            "virtual_network_gateways.gw-a": "restart",
            "connections.a-to-b": "restart",
        }
        path = str(write_next(pair, description))
        for gateway in (pair.b, pair.a):
            assert gateway.cli("apply", path).returncode == 0
        wait_changed(pair, "a-to-b", before, part=0)
        pair.wait_connected().wait_ping(20)
        assert pair.b.tunnel()["remote_endpoint"] == f"{address}:4500"
        assert pair.a.cli_json("show", "connection", "a-to-b")["local_id"] == address
    assert host_state(pair) == host


def test_another_number_of_queues_makes_the_tunnel_anew(pair):
    for gateway in pair.gateways:
        gateway.arguments = ["--workers", "2"]
    pair.start(per_resource_sas="off")
    for word, wanted in (("on", [0, 1]), ("off", [0])):
        before, name = sas(pair.a, "a-to-b"), device(pair.a, "a-to-b")
        description = changed(pair, per_resource_sas=word)
        assert actions(pair, description)["connections.a-to-b"] == "restart"
        path = str(write_next(pair, description))
        for gateway in pair.gateways:
            assert gateway.cli("apply", path).returncode == 0
        wait_changed(pair, "a-to-b", before, part=0)
        assert device(pair.a, "a-to-b") != name
        assert name not in pair.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout
        for gateway in pair.gateways:
            wait_until(
                lambda: sorted(c["resource"] for c in gateway.connection()["child_sas"]) == wanted,
                20,
                f"{gateway.name} has Child SAs {wanted}",
                gateway.explain,
            )
        pair.wait_ping(20)


def test_who_only_responds_waits_with_a_new_ike_sa_for_the_peer(pair):
    """Until then what stands serves, and all that begins has the new settings."""
    modes = {"a-to-b": "responder-only", "b-to-a": "default"}

    def described(**settings) -> dict:
        description = changed(pair, **settings)
        for name, mode in modes.items():
            description["connections"][name]["connection_mode"] = mode
        return description

    for gateway in pair.gateways:
        pair.write_to(gateway, described())
    pair.start()
    before = sas(pair.a, "a-to-b")
    description = described(ipsec_policy={**estate.STRONG, "dh_group": "CURVE25519"})
    [change] = [
        change
        for change in pair.a.cli_json("plan", str(write_next(pair, description)))["changes"]
        if change["object"] == "connections.a-to-b"
    ]
    assert change["action"] == "reauth" and change["waits_for_peer"], change
    assert "this side only responds" in change["impact"]
    with Traffic(pair, 20):
        result = apply(pair, description)
        assert "pending: connections.a-to-b: the peer has to call" in result.stdout, result
        wait_until(
            lambda: "did not initiate" in (pair.a.connection()["pending_change"] or ""),
            15,
            "the change is known to be pending",
            pair.a.explain,
        )
        assert "pending: a-to-b: reauth" in pair.a.cli("status").stdout
        assert sas(pair.a, "a-to-b") == before and pair.a.is_connected()
        assert "warning" not in pair.a.program.log().lower().split("changes, reauth")[1]
        # The peer follows, and calls.
        assert pair.b.cli("apply", str(write_next(pair, description))).returncode == 0
        wait_changed(pair, "a-to-b", before, part=0)
    wait_until(
        lambda: pair.a.connection()["pending_change"] is None,
        20,
        "it is in force",
        pair.a.explain,
    )
    suite = pair.a.cli_json("show", "connection", "a-to-b")["ike_sa"]["suite"]
    assert "25519" in suite, suite
    pair.require_ping()


def test_a_tunnel_that_nothing_else_changes_has_the_new_key_from_then_on(pair):
    pair.start()
    before, description = sas(pair.a, "a-to-b"), changed(pair)
    for gateway in pair.gateways:
        pair.write_to(gateway, description, "another horse, another battery 2")
    assert pair.a.cli("apply").stdout.startswith("nothing changes")
    assert sas(pair.a, "a-to-b") == before
    # The other side has read it at its start.
    assert pair.b.stop() == 0
    pair.b.start()
    pair.wait_connected().wait_ping(20)


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
