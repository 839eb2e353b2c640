"""charon is asked what size gets through only where that is wanted. It answers a probe that arrives
as any other request; one that is lost would be repeated in fragments, which charon does not join
outside of IKE_AUTH and CREATE_CHILD_SA (docs/decisions/0019-black-holes.md)."""

import pathlib
import re
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "netns"))

from lab.process import wait_until  # noqa: E402
from narrow_path import NarrowPath  # noqa: E402
from test_refusals import ROLES  # noqa: E402

MIDDLE = 1400
# What charon says of an IKE message that is not as it should be.
COMPLAINTS = r"could not decrypt|processing failed|integrity check failed|unencrypted informational"


def probes(mixed) -> dict[str, int]:
    return mixed.us.status()["ike"]["size_probes"]


def path_mtu(mixed) -> int | None:
    return mixed.us.cli_json("show", "connection", "to-far")["path_mtu"]


def send_large(mixed) -> bool:
    return mixed.sites.ping(count=1, size=1400)


def start(mixed, role: str, probe_path: str, mtu: int) -> None:
    NarrowPath(mixed.sites, mtu).swallow()
    mixed.us.arguments = ["--probe-path", probe_path]
    mixed.start(role)
    mixed.connect()


def require_unharmed(mixed) -> None:
    log = mixed.charon.log()
    assert not re.search(COMPLAINTS, log), log
    # No second IKE SA was needed, and rekeys go on.
    assert mixed.charon.list_sas().count("ESTABLISHED") == 1
    assert mixed.us.cli("rekey", "to-far").returncode == 0
    mixed.require_same_children()
    assert mixed.us.cli("rekey", "to-far", "--ike").returncode == 0
    mixed.charon.rekey_child()
    mixed.require_same_children()
    assert mixed.sites.ping_both_ways(count=1)


@pytest.mark.parametrize("role", ROLES)
def test_charon_answers_a_probe_that_fits(mixed, role):
    start(mixed, role, "always", 1500)
    wait_until(
        lambda: send_large(mixed) and probes(mixed)["sent"] >= 2,
        20,
        "charon is asked",
        mixed.explain,
    )
    assert probes(mixed)["unanswered"] == 0
    assert path_mtu(mixed) is None
    require_unharmed(mixed)


@pytest.mark.parametrize("role", ROLES)
def test_charon_is_not_asked_unless_that_is_wanted(mixed, role):
    start(mixed, role, "auto", MIDDLE)
    for _ in range(8):
        assert not send_large(mixed)
    assert probes(mixed) == {"sent": 0, "unanswered": 0}
    assert path_mtu(mixed) is None
    require_unharmed(mixed)
