"""Address translation before either side and both, and a mapping that changes in mid-life."""

import pytest

import nat_boxes
from test_refusals import ROLES

US, CHARON = 0, 1
SIDES = {"ours": [US], "theirs": [CHARON], "both": [US, CHARON]}
IDENTITIES = {"local_id": "gw-a.example.net", "remote_id": "gw-b.example.net"}
CHARONS_IDENTITIES = {"local_id": "gw-b.example.net", "remote_id": "gw-a.example.net"}


def start(mixed, role: str, sides: list[int]) -> dict:
    boxes = nat_boxes.before(mixed, sides)
    theirs = dict(CHARONS_IDENTITIES)
    if CHARON in boxes:
        theirs["local"] = nat_boxes.INSIDE["ipv4"][CHARON]
    mixed.start(role, IDENTITIES, theirs)
    mixed.connect()
    return boxes


def ike_sa(mixed) -> dict:
    return mixed.us.cli_json("show", "connection", "to-far")["ike_sa"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("where", SIDES)
def test_nat_before_either_side_or_both_lives_through_rekeys(mixed, where, role):
    boxes = start(mixed, role, SIDES[where])
    mixed.require_data()
    assert ike_sa(mixed)["local_behind_nat"] is (US in boxes)
    # kernel-libipsec says so in any case, to have ESP in UDP.
    assert ike_sa(mixed)["remote_behind_nat"] is True
    assert mixed.us.cli("rekey", "to-far").returncode == 0
    mixed.require_same_children()
    mixed.charon.rekey_child()
    mixed.require_same_children()
    assert mixed.us.cli("rekey", "to-far", "--ike").returncode == 0
    mixed.charon.rekey_ike()
    mixed.require_data()


def test_charons_mapping_that_changes_is_followed_with_the_same_sas(mixed):
    """charon does not see its own mapping change, and need not do anything."""
    boxes = start(mixed, "responder", [CHARON])
    mixed.require_data()
    before = mixed.spis()
    boxes[CHARON].forget()
    mixed.wait_data(20)
    mixed.require_data()
    assert mixed.spis() == before
    assert mixed.us.cli_json("status")["ike"]["drops"]["remote_moves"] == 1


def test_our_mapping_that_changes_is_followed_by_charon_with_a_rekey(mixed):
    """kernel-libipsec 5.9.8 cannot move an SA, so charon rekeys the child onto the new mapping; the
    IKE SA stays."""
    boxes = start(mixed, "initiator", [US])
    mixed.require_data()
    before, ike_before = mixed.spis(), ike_sa(mixed)["initiator_spi"]
    boxes[US].forget()
    # ESP from an unknown port does not move charon; our next IKE message does.
    assert mixed.us.cli("rekey", "to-far").returncode == 0
    mixed.wait_data(20)
    assert ike_sa(mixed)["initiator_spi"] == ike_before
    assert not set(mixed.spis()) & set(before)
    mixed.require_one_child()
    mixed.require_same_children()
    mixed.require_data()


def test_our_mapping_that_changes_is_noticed_by_liveness_alone(mixed):
    """Nothing of ours but liveness tells charon of the new mapping: ESP reaches it, its answers are
    lost in the box, so we ask, and the question moves it."""
    boxes = start(mixed, "initiator", [US])
    mixed.require_data()
    ike_before = ike_sa(mixed)["initiator_spi"]
    boxes[US].forget()
    mixed.wait_data(60)
    assert ike_sa(mixed)["initiator_spi"] == ike_before
    mixed.require_same_children()
    mixed.require_data()
