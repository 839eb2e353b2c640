"""One end dies without a word: the other notices, says so, and the tunnel returns."""

import pytest

from lab.process import wait_until
from test_refusals import ROLES

OURS = {"dpd_timeout_seconds": 9}
THEIRS = {"keys": "dpd_delay = 2s"}


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_charon_is_noticed_and_the_tunnel_returns_with_it(mixed, role):
    mixed.start(role, OURS, THEIRS)
    mixed.connect()
    mixed.require_data()
    mixed.charon.kill()
    connection = mixed.us.wait_not_connected(40)
    assert connection["reason"], connection
    assert mixed.sites.ping(count=1) is False
    mixed.charon.start_again()
    if role == "responder":
        mixed.charon.initiate()
    mixed.us.wait_connected(60)
    mixed.wait_data(20)
    mixed.require_one_child()
    mixed.require_same_children()


@pytest.mark.parametrize("role", ROLES)
def test_a_charon_that_is_back_at_once_replaces_what_it_lost(mixed, role):
    """INITIAL_CONTACT, or our liveness against a charon that knows none of our SPIs."""
    mixed.start(role, OURS, THEIRS)
    mixed.connect()
    before = mixed.spis()
    mixed.charon.kill()
    mixed.charon.start_again()
    if role == "responder":
        mixed.charon.initiate()
    wait_until(
        lambda: mixed.us.is_connected() and not set(mixed.spis()) & set(before),
        60,
        "the tunnel is a new one",
        mixed.explain,
    )
    mixed.wait_data(20)
    mixed.require_one_child()
    mixed.require_same_children()


@pytest.mark.parametrize("role", ROLES)
def test_when_we_are_killed_charon_clears_and_the_tunnel_returns(mixed, role):
    mixed.start(role, OURS, THEIRS)
    mixed.connect()
    mixed.us.kill()
    wait_until(
        lambda: not mixed.charon.list_sas().strip(), 40, "charon has cleared", mixed.charon.log
    )
    mixed.us.start()
    if role == "responder":
        mixed.charon.initiate()
    mixed.us.wait_connected(60)
    mixed.wait_data(20)
    mixed.require_one_child()
    mixed.require_same_children()
