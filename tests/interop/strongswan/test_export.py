"""The file that `twinspan export strongswan` writes is loaded by charon as it is, and brings the
tunnel up with data both ways."""

import pytest
from lab import estate
from lab.process import wait_until

KEY = "correct horse battery staple 1"
# kernel-libipsec has no ESN, and UDP encapsulation alone.
POLICY = {**estate.STRONG, "esn": False}


def start(mixed, vpn_type: str, mode: str, daemon_settings: str = "") -> None:
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
    mixed.charon.start_with(result.stdout, "to-far", daemon_settings)
    mixed.us.start()


@pytest.mark.parametrize("mode", ["initiator-only", "responder-only"])
def test_a_policy_based_end_connects(mixed, mode):
    start(mixed, "policy-based", mode)
    mixed.us.wait_connected()
    wait_until(mixed.charon.is_installed, 10, "charon has installed the child", mixed.explain)
    mixed.require_data()


@pytest.mark.parametrize("mode", ["initiator-only", "responder-only"])
def test_a_route_based_end_connects_with_the_route_that_the_comment_names(mixed, mode):
    start(mixed, "route-based", mode, "install_routes = no")
    mixed.us.wait_connected()
    wait_until(mixed.charon.is_installed, 10, "charon has installed the child", mixed.explain)
    mixed.charon.namespace.ip("route", "add", "10.1.0.0/16", "dev", "ipsec0")
    mixed.require_data()


def test_the_key_is_written_only_when_it_is_asked_for(mixed):
    path = estate.write_estate(
        mixed.us.estate.parent, estate.half_estate("a", ["10.2.0.0/16"]), KEY
    )
    result = mixed.us.cli("export", "strongswan", "to-far", "--config", path)
    assert result.returncode == 0 and KEY not in result.stdout
