"""The file that `twinspan export strongswan` writes is loaded by charon as it is, and brings the
tunnel up with data both ways."""

import json
import re

import pytest
from lab import estate
from lab.process import wait_until

KEY = "correct horse battery staple 1"
# kernel-libipsec has no ESN, and UDP encapsulation alone.
POLICY = {**estate.STRONG, "esn": False}


def start(mixed, vpn_type: str, mode: str) -> None:
    description = estate.half_estate(
        "a",
        ["10.2.0.0/16"],
        vpn_type=vpn_type,
        connection_mode=mode,
        ipsec_policy=POLICY,
        local_id="gw-a.example.net",
        remote_id="keyid:site b",
    )
    path = estate.write_estate(mixed.us.estate.parent, description, KEY)
    result = mixed.us.cli("export", "strongswan", "to-far", "--config", path, "--with-key")
    assert result.returncode == 0, result.stderr
    mixed.role = "initiator" if mode == "initiator-only" else "responder"
    is_route_based = vpn_type == "route-based"
    settings = "routing_table_prio = 40000" if is_route_based else ""
    mixed.charon.start_with(result.stdout, "to-far", settings)
    if is_route_based:
        follow_route_advice(mixed.sites.gw_b, result.stdout, settings)
    mixed.us.start()


def follow_route_advice(gateway, text: str, settings: str) -> None:
    """What the head of the file says of kernel-libipsec."""
    assert settings in text
    [route] = re.findall(r"ip (route add \S+ dev ipsec0)$", text, re.MULTILINE)
    gateway.ip(*route.split())


@pytest.mark.parametrize("mode", ["initiator-only", "responder-only"])
@pytest.mark.parametrize("vpn_type", ["policy-based", "route-based"])
def test_the_other_end_connects(mixed, vpn_type, mode):
    start(mixed, vpn_type, mode)
    mixed.us.wait_connected()
    wait_until(mixed.charon.is_installed, 10, "charon has installed the child", mixed.explain)
    mixed.require_data()


def test_the_key_is_written_only_when_it_is_asked_for(mixed):
    path = estate.write_estate(
        mixed.us.estate.parent, estate.half_estate("a", ["10.2.0.0/16"]), KEY
    )
    result = mixed.us.cli("export", "strongswan", "to-far", "--config", path)
    assert result.returncode == 0 and KEY not in result.stdout


def test_without_a_file_it_is_that_of_the_gateway_that_runs(mixed):
    start(mixed, "policy-based", "responder-only")
    named = mixed.us.cli("export", "strongswan", "to-far", "--config", mixed.us.estate)
    result = mixed.us.cli("export", "strongswan", "to-far")
    assert result.returncode == 0 and result.stdout == named.stdout, result.stderr
    mixed.us.stop()
    assert mixed.us.cli("export", "strongswan", "to-far").returncode == 4


def test_what_is_exported_is_the_other_side_of_ours(mixed):
    """And what charon runs with, changed in one place, is found with its line."""
    start(mixed, "policy-based", "responder-only")
    conf = mixed.charon.folder / "swanctl" / "swanctl.conf"
    validate = ("validate", mixed.us.estate, "--peer", conf, "--json")
    result = mixed.us.cli(*validate)
    findings = json.loads(result.stdout)["findings"]
    assert result.returncode == 0 and not any("peer" in f["id"] for f in findings), result.stdout
    text = conf.read_text().replace("remote_ts = 10.1.0.0/16", "remote_ts = 10.7.0.0/16")
    conf.write_text(text)
    result = mixed.us.cli(*validate)
    assert result.returncode == 1, result.stdout
    line = text[: text.index("10.7.0.0/16")].count("\n") + 1
    found = [(f["id"], f["file"], f["line"]) for f in json.loads(result.stdout)["findings"]]
    assert ("peer.prefixes", str(conf), line) in found
