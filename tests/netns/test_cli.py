"""twinspan's answers: the fields of status, exit codes of up, down and rekey, events, flush."""

import datetime
import json
import re

import pytest

from lab.estate import write_key
from lab.process import wait_until

SPI = re.compile(r"0x[0-9a-f]{8}$")


def require_time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_status_has_every_promised_field(pair):
    pair.start()
    pair.require_ping()
    status = pair.a.status()
    assert status["schema"] == "twinspan.status/1"
    assert status["config"] == str(pair.a.estate.resolve())
    [connection] = status["connections"]
    assert connection["name"] == "a-to-b" and connection["connection_status"] == "Connected"
    assert "reason" in connection
    [tunnel] = connection["tunnels"]
    assert tunnel["local"] == "192.0.2.1" and tunnel["remote"] == "192.0.2.2"
    assert pair.sites.gw_a.ip("link", "show", tunnel["device"]).returncode == 0
    assert SPI.match(tunnel["spi_in"]) and SPI.match(tunnel["spi_out"])
    other = pair.b.tunnel()
    assert (tunnel["spi_in"], tunnel["spi_out"]) == (other["spi_out"], other["spi_in"])
    require_time(tunnel["established_since"])
    assert all(isinstance(count, int) for count in tunnel["drops"].values())
    plane = status["data_plane"]
    assert isinstance(plane["kernel"], str) and isinstance(plane["workers"], int)
    for switch in ("tun_offload", "uso", "udp_gso", "udp_gro"):
        assert isinstance(plane[switch], bool), switch


def test_bytes_are_inner_ip_bytes_and_survive_a_rekey(pair):
    pair.start()
    before_a, before_b = pair.a.tunnel(), pair.b.tunnel()
    count, inner = 10, 20 + 8 + 1000
    assert pair.sites.ping(count=count, size=1000)
    after_a, after_b = pair.a.tunnel(), pair.b.tunnel()
    for before, after in ((before_a, after_a), (before_b, after_b)):
        for field in ("ingress_bytes_transferred", "egress_bytes_transferred"):
            assert after[field] - before[field] == count * inner, field
    assert pair.a.cli("rekey", "a-to-b").returncode == 0
    assert pair.a.tunnel()["egress_bytes_transferred"] >= after_a["egress_bytes_transferred"]


def test_a_tunnel_that_is_down_is_shown_with_its_reason_and_exit_0(pair):
    pair.write()
    pair.a.start()
    result = pair.a.cli("status", "--json")
    assert result.returncode == 0
    [connection] = json.loads(result.stdout)["connections"]
    assert connection["connection_status"] in ("Connecting", "NotConnected", "Unknown")
    [tunnel] = connection["tunnels"]
    assert tunnel["spi_in"] is None and tunnel["spi_out"] is None
    assert tunnel["device"] and tunnel["remote"] == "192.0.2.2"
    wait_until(lambda: pair.a.connection()["reason"], 30, "a reason is given", pair.a.explain)
    plain = pair.a.cli("status")
    assert plain.returncode == 0 and "a-to-b" in plain.stdout


def test_the_run_directory_is_found_or_asked_for(pair):
    """Without --run-dir: the only one under /run/twinspan, else exit 2."""
    pair.start()
    script = (
        "mount -t tmpfs none /run && mkdir -p /run/twinspan && "
        '{ "$0" status >/dev/null 2>&1; [ $? = 2 ] || exit 91; } && '
        'ln -s "$1" /run/twinspan/gw-a-0 && "$0" status --json'
    )
    result = pair.sites.gw_a.run(
        "unshare",
        "-m",
        "sh",
        "-c",
        script,
        pair.a.binaries / "twinspan",
        pair.a.run_dir,
        check=False,
    )
    assert result.returncode == 0, (result.returncode, result.stderr)
    assert json.loads(result.stdout)["connections"]


def test_without_a_daemon_json_has_an_empty_list_and_the_reason(pair):
    pair.write()
    estate = str(pair.a.estate)
    asked = {
        ("plan", estate): "changes",
        ("plan",): "changes",
        ("apply", estate): "changes",
        ("replace", "gateway", "gw-a", estate): "changes",
        ("explain", "10.1.0.1", "10.2.0.1"): "steps",
        ("drops",): "drops",
        ("verify",): "checks",
        ("routes",): "routes",
        ("show", "peering"): "peerings",
        ("show", "gateway"): "gateways",
        ("show", "connection", "a-to-b"): "tunnels",
        ("status",): "connections",
    }
    for command, listed in asked.items():
        result = pair.a.cli(*command, "--json")
        assert result.returncode == 4, (command, result.stderr)
        answer = json.loads(result.stdout)
        assert answer["schema"].startswith("twinspan.") and answer[listed] == [], command
        assert "is twinspand running?" in answer["error"], command


def test_a_wrong_file_exits_3_without_a_daemon_too(pair):
    pair.write()
    wrong = pair.a.estate.with_name("wrong.yaml")
    wrong.write_text("version: 1\nconnections: [")
    for command in (("plan",), ("apply",), ("replace", "gateway", "gw-a")):
        result = pair.a.cli(*command, str(wrong), "--json")
        assert result.returncode == 3, (command, result.stderr)
        answer = json.loads(result.stdout)
        assert answer["changes"] == [] and answer["errors"], command
        assert answer["findings"][0]["id"] == "file.form", command
        assert str(wrong) in result.stderr, command


def test_down_stays_down_until_up(pair):
    pair.start()
    assert pair.a.cli("down", "a-to-b").returncode == 0
    assert pair.a.connection()["connection_status"] == "NotConnected"
    pair.b.wait_not_connected()
    assert pair.sites.ping(count=20) is False, "traffic must not bring it up again"
    assert pair.a.connection()["connection_status"] == "NotConnected"
    assert pair.a.cli("up", "a-to-b").returncode == 0
    pair.wait_connected()
    pair.require_ping()


def test_up_of_what_is_up_is_well(pair):
    pair.start()
    spi = pair.a.tunnel()["spi_in"]
    assert pair.a.cli("up", "a-to-b").returncode == 0
    assert pair.a.tunnel()["spi_in"] == spi


def test_up_against_a_wrong_key_exits_1_with_the_diagnosis(pair):
    description = pair.write()
    pair.write_to(pair.b, description, key="another key altogether")
    for gateway in pair.gateways:
        gateway.start()
    result = pair.a.cli("up", "a-to-b")
    assert result.returncode == 1
    assert re.search("key|psk", result.stdout + result.stderr, re.IGNORECASE)
    for gateway in pair.gateways:
        connection = gateway.connection()
        assert connection["connection_status"] != "Connected"
        wait_until(
            lambda: re.search(
                "key|psk|auth", gateway.connection()["reason"] or "", re.IGNORECASE  # noqa: B023
            ),
            30,
            f"{gateway.name} gives the key as the reason",
            gateway.explain,
        )


def test_up_without_a_common_proposal_exits_1_with_the_diagnosis(pair):
    from lab.estate import STRONG

    theirs = {"ipsec_policy": {**STRONG, "dh_group": "ECP256"}}
    pair.write_halves({"ipsec_policy": STRONG}, theirs)
    for gateway in pair.gateways:
        gateway.start()
    result = pair.a.cli("up", "to-far")
    assert result.returncode == 1
    assert re.search("proposal|transforms", result.stdout + result.stderr, re.IGNORECASE)


def test_up_without_an_answer_exits_1(pair):
    pair.write()
    pair.a.start()
    result = pair.a.cli("up", "a-to-b", timeout=240)
    assert result.returncode == 1
    assert "answer" in (result.stdout + result.stderr).lower()


def test_rekey_of_what_is_down_exits_1(pair):
    pair.write()
    pair.a.start()
    assert pair.a.cli("rekey", "a-to-b").returncode == 1
    assert pair.a.cli("rekey", "a-to-b", "--ike").returncode == 1


@pytest.mark.parametrize("words", [["up"], ["down"], ["rekey"], ["show", "connection"]])
def test_a_connection_that_does_not_exist_is_not_a_success(pair, words):
    pair.start()
    result = pair.a.cli(*words, "no-such")
    assert result.returncode != 0
    assert "no-such" in result.stderr


def test_events_are_one_object_a_line(pair):
    pair.start()
    assert pair.a.cli("rekey", "a-to-b").returncode == 0
    result = pair.a.cli("events", "--json")
    assert result.returncode == 0
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events
    for event in events:
        require_time(event["time"])
        assert isinstance(event["event"], str) and "connection" in event
    assert {"a-to-b"} <= {event["connection"] for event in events}


def test_events_follow_what_happens(pair):
    pair.start()
    words = [
        pair.a.binaries / "twinspan",
        "--run-dir",
        pair.a.run_dir,
        "events",
        "--json",
        "--follow",
    ]
    follower = pair.lab.start(pair.sites.gw_a, words, "follow")
    wait_until(follower.output, 5, "the first event is followed")
    before = len(follower.output().splitlines())
    assert pair.a.cli("rekey", "a-to-b").returncode == 0
    wait_until(lambda: len(follower.output().splitlines()) > before, 5, "the rekey is followed")
    for line in follower.output().splitlines():
        json.loads(line)


def test_a_client_that_never_reads_stalls_nothing(pair):
    import socket

    pair.start()
    request = b'{"method":"io.twinspan.gateway.Events","parameters":{"follow":true},"more":true}\0'
    [path] = pair.a.run_dir.glob("*sock*")
    clients = []
    for _ in range(20):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(path))
        client.sendall(request)
        clients.append(client)
    for _ in range(30):
        assert pair.a.cli("rekey", "a-to-b", timeout=10).returncode == 0
    pair.require_ping()
    for client in clients:
        client.close()
    assert pair.a.is_connected()


def test_flush_is_refused_while_the_daemon_runs(pair):
    pair.start()
    assert pair.a.cli("flush").returncode == 1
    pair.require_ping()


def test_what_is_only_done_answers_json_with_ok(pair):
    pair.start()
    refused = {("flush",): "stop it first", ("confirm",): "no change waits"}
    for command, why in refused.items():
        result = pair.a.cli(*command, "--json")
        answer = json.loads(result.stdout)
        assert result.returncode == 1 and answer["ok"] is False, (command, result)
        assert answer["schema"] == "twinspan.result/1" and why in answer["error"], (command, answer)
    done = pair.a.cli("reload-credentials", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["ok"] is True, done
    exported = pair.a.cli("export", "strongswan", "a-to-b", "--json")
    assert "connections {" in json.loads(exported.stdout)["swanctl_conf"], exported
    assert pair.a.stop() == 0
    flushed = pair.a.cli("flush", "--json")
    assert flushed.returncode == 0 and json.loads(flushed.stdout)["ok"] is True, flushed


def test_cleanup_on_exit_removes_devices_routes_and_rules(pair):
    before = pair.sites.gw_a.ip("rule").stdout
    pair.a.arguments = ["--cleanup-on-exit"]
    pair.start()
    assert pair.sites.gw_a.ip("rule").stdout != before
    assert pair.a.stop() == 0
    assert pair.sites.gw_a.ip("rule").stdout == before
    assert pair.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout == ""


def test_sigterm_deletes_the_sas_and_leaves_the_device_without_carrier(pair):
    pair.start()
    device = pair.a.tunnel()["device"]
    assert "LOWER_UP" in pair.sites.gw_a.ip("link", "show", device).stdout
    assert pair.a.stop() == 0
    shown = pair.sites.gw_a.ip("link", "show", device).stdout
    assert "LOWER_UP" not in shown and device in shown
    pair.b.wait_not_connected(5)


def test_validate_compares_two_halves_without_a_daemon(pair):
    pair.write_halves()
    ours, theirs = pair.a.estate, pair.b.estate
    both = ["validate", ours, "--peer", theirs]
    result = pair.a.cli(*both, "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert {finding["severity"] for finding in json.loads(result.stdout)["findings"]} <= {"warning"}
    steps = pair.a.cli_json(*both, "--checklist", "to-far")["checklist"]
    assert [(step["number"], step["result"]) for step in steps] == [
        (number, "pass") for number in range(1, 7)
    ]
    write_key(theirs.parent / "a-b.psk", "another one")
    result = pair.a.cli(*both, "--json")
    assert result.returncode == 1
    found = {finding["id"] for finding in json.loads(result.stdout)["findings"]}
    assert "peer.shared-key" in found and "another one" not in result.stdout
    assert pair.a.cli(*both, "--checklist", "to-far").returncode == 1


def test_validate_exits_3_for_what_is_no_estate_and_1_for_what_cannot_work(pair):
    pair.write_halves({"remote_prefixes": ["10.1.0.0/16"]})
    assert pair.a.cli("validate", pair.a.estate).returncode == 1
    pair.a.estate.write_text("version: [1\n")
    result = pair.a.cli("validate", pair.a.estate, "--json")
    assert result.returncode == 3
    [finding] = json.loads(result.stdout)["findings"]
    assert finding["severity"] == "error" and finding["file"] == str(pair.a.estate)
    assert pair.a.cli("validate").returncode == 2


def test_the_schema_is_json_and_names_every_section(pair):
    schema = json.loads(pair.a.cli("schema").stdout)
    assert "connections" in schema["properties"] and schema["additionalProperties"] is False
