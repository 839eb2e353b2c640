"""Post-quantum pre-shared keys (RFC 8784) with strongSwan, in both roles: required, optional with
one side lacking it, and wrong ones."""

import re

import pytest

from credentials import PPK, PPK_ID
from lab import estate
from test_refusals import ROLES, try_to_connect


def start(mixed, role: str, ours: dict | None, theirs: dict | None) -> None:
    """`ours`: fields of the estate's ppk; `theirs`: id, secret and required of charon's."""
    settings = {}
    if ours is not None:
        mixed.us.estate.parent.mkdir(parents=True, exist_ok=True)
        estate.write_key(mixed.us.estate.parent / "a-b.ppk", PPK)
        settings["ppk"] = {"id": PPK_ID, "file": "a-b.ppk", **ours}
    charon = {}
    if theirs is not None:
        name = theirs.get("id", PPK_ID)
        required = "yes" if theirs["required"] else "no"
        charon = {
            "keys": f"ppk_id = {name}\n  ppk_required = {required}",
            "ppk_secret": f'ppk-1 {{ id-1 = {name}\n    secret = "{theirs.get("secret", PPK)}" }}',
        }
    mixed.start(role, settings, charon)


def require_use(mixed, expected: bool) -> None:
    mixed.connect()
    mixed.require_data()
    ike_sa = mixed.us.cli_json("show", "connection", "to-far")["ike_sa"]
    assert ike_sa["with_ppk"] is expected, mixed.us.explain()
    assert ("using PPK for" in mixed.charon.log()) is expected, mixed.charon.log()


@pytest.mark.parametrize("role", ROLES)
def test_a_required_ppk_is_used_and_survives_rekeys_from_both_sides(mixed, role):
    start(mixed, role, {}, {"required": True})
    require_use(mixed, True)
    for rekey in (mixed.charon.rekey_child, mixed.charon.rekey_ike):
        rekey()
        mixed.require_same_children()
        mixed.require_data()
    for words in (("rekey", "to-far"), ("rekey", "to-far", "--ike")):
        result = mixed.us.cli(*words)
        assert result.returncode == 0, result.stdout + result.stderr
        mixed.require_same_children()
        mixed.require_data()


@pytest.mark.parametrize("role", ROLES)
def test_an_optional_ppk_that_both_have_is_used(mixed, role):
    start(mixed, role, {"required": False}, {"required": False})
    require_use(mixed, True)


@pytest.mark.parametrize("role", ROLES)
def test_an_optional_ppk_that_only_we_have_is_done_without(mixed, role):
    start(mixed, role, {"required": False}, None)
    require_use(mixed, False)


@pytest.mark.parametrize("role", ROLES)
def test_an_optional_ppk_that_only_charon_has_is_done_without(mixed, role):
    start(mixed, role, None, {"required": False})
    require_use(mixed, False)


def test_charons_other_name_is_done_without_where_both_may(mixed):
    start(mixed, "responder", {"required": False}, {"required": False, "id": "other.example"})
    require_use(mixed, False)


def test_charon_as_responder_refuses_another_name_and_we_name_ours(mixed):
    """RFC 8784 would let it take NO_PPK_AUTH; 5.9.8 does not."""
    start(mixed, "initiator", {"required": False}, {"required": False, "id": "other.example"})
    assert re.search(f"post-quantum pre-shared key '{PPK_ID}'", try_to_connect(mixed, "initiator"))


@pytest.mark.parametrize("role", ROLES)
def test_a_required_ppk_refuses_a_charon_without_one(mixed, role):
    start(mixed, role, {}, None)
    assert re.search("post-quantum pre-shared key is required", try_to_connect(mixed, role))


@pytest.mark.parametrize("role", ROLES)
def test_charon_refuses_us_without_the_ppk_it_requires(mixed, role):
    start(mixed, role, None, {"required": True})
    if role == "initiator":
        try_to_connect(mixed, role)
    else:
        mixed.charon.initiate(check=False)
    assert "PPK required but peer does not support PPK" in mixed.charon.log()
    assert not mixed.us.is_connected() and not mixed.charon.is_installed()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("required", [True, False])
def test_a_wrong_ppk_is_refused_and_named(mixed, role, required):
    start(mixed, role, {"required": required}, {"required": required, "secret": "f" * 32})
    assert re.search("post-quantum", try_to_connect(mixed, role))
