"""A connection with a Child SA per worker, and charon, which knows no RFC 9611: one child."""

import pytest

ROLES = ["initiator", "responder"]


@pytest.mark.parametrize("role", ROLES)
def test_a_peer_without_rfc_9611_has_one_child(mixed, role):
    mixed.us.arguments = ["--workers", "2"]
    mixed.start(role, {"per_resource_sas": "on", "aggfrag": True})
    mixed.connect()
    mixed.require_one_child()
    [child] = mixed.us.cli_json("show", "connection", "to-far")["child_sas"]
    assert (child["resource"], child["aggfrag"]) == (0, False)
    mixed.require_data()
    before = mixed.spis()
    mixed.us.cli("rekey", "to-far")
    mixed.wait_change(lambda: not set(mixed.spis()) & set(before))
    mixed.require_one_child()
    mixed.require_data()
