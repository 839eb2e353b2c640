"""What `twinspan up`, `status` and `events` say about each way to fail: the peer, the exchange,
both sides' values, and the line of the estate file to change."""

import json

import pytest

from lab.estate import STRONG
from lab.process import wait_until

OURS = {"local_id": "gw-a.example.net", "remote_id": "gw-b.example.net"}
THEIRS = {"local_id": "gw-b.example.net", "remote_id": "gw-a.example.net"}


def line_with(gateway, text: str) -> int:
    """The only line of the gateway's estate file that holds `text`, from 1."""
    lines = gateway.estate.read_text().splitlines()
    [number] = [index for index, line in enumerate(lines, 1) if text in line]
    return number


def start(pair, ours: dict | None = None, theirs: dict | None = None, key: str | None = None):
    """gw-a begins by itself and by `up`; gw-b waits for it."""
    ours = {"connection_mode": "initiator-only", **OURS, **(ours or {})}
    theirs = {"connection_mode": "responder-only", **THEIRS, **(theirs or {})}
    pair.write_halves(ours, theirs)
    if key is not None:
        from lab.estate import write_key

        write_key(pair.b.estate.parent / "a-b.psk", key)
    for gateway in (pair.b, pair.a):
        gateway.start()


def failed_up(pair) -> list[str]:
    """The words of `twinspan up` on gw-a, which must fail, without surplus blanks."""
    # An attempt that is under way would be joined in its middle.
    assert pair.a.cli("down", "to-far", timeout=30).returncode == 0
    result = pair.a.cli("up", "to-far", timeout=120)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "IKE_SA_INIT request 0" in result.stdout, result.stdout
    return [" ".join(line.split()) for line in result.stderr.splitlines()]


def diagnosis_of(gateway) -> dict:
    wait_until(
        lambda: (gateway.connection()["diagnosis"] or {}).get("cause"),
        20,
        f"{gateway.name} has a diagnosis",
        gateway.explain,
    )
    return gateway.connection()["diagnosis"]


def status_words(gateway) -> list[str]:
    result = gateway.cli("status")
    assert result.returncode == 0
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_a_wrong_key_is_explained_on_both_sides(pair):
    start(pair, key="another key altogether")
    said = failed_up(pair)
    path, line = pair.a.estate, line_with(pair.a, '"file": "a-b.psk"')
    assert "peer: gw-b.example.net at 192.0.2.2:4500" in said
    assert "exchange: IKE_AUTH, begun by us" in said
    assert "remote_id gw-b.example.net (not told)" in said
    assert any(
        text.startswith(f"config: {path}:{line}:")
        and text.endswith("connections.to-far.shared_key")
        for text in said
    ), said
    far = diagnosis_of(pair.b)
    assert far["cause"] == "wrong-psk" and far["role"] == "responder"
    assert far["config"]["line"] == line_with(pair.b, '"file": "a-b.psk"')
    assert far["config"]["file"] == str(pair.b.estate)


def test_a_wrong_proposal_is_shown_side_by_side(pair):
    start(
        pair,
        {"ipsec_policy": STRONG},
        {"ipsec_policy": {**STRONG, "dh_group": "ECP256"}},
    )
    said = failed_up(pair)
    assert "exchange: IKE_SA_INIT, begun by us" in said
    assert "ours the peer's" in said
    assert "dh_group ECP384 (not told)" in said
    far = diagnosis_of(pair.b)
    assert far["cause"] == "no-ike-proposal" and far["first_difference"] == "dh_group"
    assert far["compared"] == [
        {"item": "encryption", "ours": "GCMAES256", "theirs": "GCMAES256", "differs": False},
        {"item": "prf", "ours": "SHA384", "theirs": "SHA384", "differs": False},
        {"item": "dh_group", "ours": "ECP256", "theirs": "ECP384", "differs": True},
    ]
    assert far["config"]["path"] == "connections.to-far.ipsec_policy.dh_group"
    assert far["config"]["line"] == line_with(pair.b, '"dh_group"')
    shown = status_words(pair.b)
    assert "dh_group ECP256 ECP384 <- differs" in shown
    assert "exchange: IKE_SA_INIT, begun by the peer" in shown


def test_a_wrong_identity_is_shown_side_by_side(pair):
    start(pair, {"local_id": "gw-c.example.net"})
    said = failed_up(pair)
    assert "exchange: IKE_AUTH, begun by us" in said
    assert "local_id gw-c.example.net (not told)" in said
    far = diagnosis_of(pair.b)
    assert far["cause"] == "wrong-identity" and far["first_difference"] == "remote_id"
    assert far["config"]["path"] == "connections.to-far.remote_id"
    assert far["config"]["line"] == line_with(pair.b, '"remote_id"')
    assert "remote_id gw-a.example.net gw-c.example.net <- differs" in status_words(pair.b)


def test_no_answer_on_port_500_is_told(pair):
    start(pair)
    pair.b.stop()
    said = failed_up(pair)
    assert "exchange: IKE_SA_INIT, begun by us" in said
    assert any(text.startswith("remedy:") and "UDP port 500" in text for text in said), said
    line = line_with(pair.a, '"gateway_ip_address"')
    assert any(
        text.startswith(f"config: {pair.a.estate}:{line}:")
        and text.endswith("local_network_gateways.far.gateway_ip_address")
        for text in said
    ), said
    assert diagnosis_of(pair.a)["cause"] == "no-answer"


def test_no_answer_on_port_4500_is_told_apart(pair):
    pair.sites.gw_b.run("nft", "add table inet deaf")
    pair.sites.gw_b.run(
        "nft", "add chain inet deaf in { type filter hook input priority 0 ; policy accept ; }"
    )
    pair.sites.gw_b.run("nft", "add rule inet deaf in udp dport 4500 drop")
    start(pair)
    said = failed_up(pair)
    assert "exchange: IKE_AUTH, begun by us" in said
    assert "peer: gw-b.example.net at 192.0.2.2:4500" in said
    assert any(text.startswith("remedy:") and "UDP port 4500" in text for text in said), said
    assert diagnosis_of(pair.a)["cause"] == "no-answer-4500"


def test_each_failed_exchange_is_one_event_and_up_prints_it_as_json(pair):
    start(pair, key="another key altogether")
    result = pair.a.cli("up", "to-far", "--json")
    assert result.returncode == 1
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    record = answer["diagnosis"]
    assert record["cause"] == "auth-refused" and record["exchange"] == "IKE_AUTH"
    assert record["peer"] == {"id": "gw-b.example.net", "address": "192.0.2.2:4500"}
    events = [json.loads(line) for line in pair.a.cli("events", "--json").stdout.splitlines()]
    failed = [event for event in events if event["event"] == "exchange-failed"]
    established = [event for event in events if event["event"] == "ike-established"]
    assert failed and not established
    assert all(event["connection"] == "to-far" for event in failed)
    assert all(event["cause"] == "auth-refused" for event in failed)


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_rekey_without_common_pfs_is_kept_beside_a_tunnel_that_works(pair, side):
    start(
        pair,
        {"ipsec_policy": STRONG},
        {"ipsec_policy": {**STRONG, "pfs_group": "None"}},
    )
    pair.wait_connected()
    gateway = getattr(pair, side)
    result = gateway.cli("rekey", "to-far")
    assert result.returncode == 1
    assert "CREATE_CHILD_SA, begun by us" in result.stderr
    other = pair.b if gateway is pair.a else pair.a
    last = other.cli_json("show", "connection", "to-far")["last_failure"]
    assert last["cause"] == "pfs-mismatch" and last["first_difference"] == "dh_group"
    assert last["config"]["path"] == "connections.to-far.ipsec_policy.pfs_group"
    assert "last failed exchange" in other.cli("show", "connection", "to-far").stdout
    assert pair.a.is_connected() and pair.b.is_connected()
