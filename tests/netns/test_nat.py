"""Two gateways with address translation between them, whose mappings change in mid-life.

Each move is followed with the same SAs, traffic flows both ways afterwards, and status says where
the peer is."""

import json
import struct

import pytest

import nat_boxes
from lab import capture
from lab.network import Namespace
from lab.process import wait_until
from lab.topology import WAN

A, B = 0, 1
CONNECTION = ("a-to-b", "b-to-a")
# The silent one is asked for three seconds; before that it has to be noticed.
FOLLOWED_WITHIN = 15
KEEPALIVE_WITHIN = 30  # RFC 3948 4: every 20 s.


def describe(pair, sides: list[int], initiator: int, **connection: object) -> None:
    description = pair.write(**connection)
    for side in sides:
        gateway = description["virtual_network_gateways"]["gw-" + "ab"[side]]
        inside = nat_boxes.INSIDE["ipv4"][side]
        gateway["ip_configurations"][0]["private_ip_address"] = inside
    for side in (A, B):
        mode = "initiator-only" if side == initiator else "responder-only"
        description["connections"][CONNECTION[side]]["connection_mode"] = mode
    for gateway in pair.gateways:
        pair.write_to(gateway, description)


def start(pair, sides: list[int], initiator: int = A, **connection: object) -> dict:
    boxes = nat_boxes.insert_boxes(pair.sites, sides)
    describe(pair, sides, initiator, **connection)
    pair.start()
    pair.require_ping()
    return boxes


def remote_of(pair, side: int) -> str:
    """What status says, which is what show says: a move may fall between the two questions."""
    gateway, told = pair.gateways[side], {}

    def agree() -> bool:
        told["status"] = gateway.tunnel()["remote_endpoint"]
        shown = gateway.cli_json("show", "connection", CONNECTION[side])
        return shown["ike_sa"]["remote"] == told["status"]

    wait_until(agree, 10, "status and show name the same endpoint", gateway.explain)
    return told["status"]


def spis(pair) -> list[tuple]:
    return [(g.tunnel()["spi_in"], g.tunnel()["spi_out"]) for g in pair.gateways]


def moves(pair, side: int) -> int:
    return pair.gateways[side].status()["ike"]["drops"]["remote_moves"]


def follow(pair, side: int, box, **change: bool) -> None:
    """The mapping of `side` changes; the other one follows it, with the same SAs."""
    other = 1 - side
    before, left = spis(pair), remote_of(pair, other)
    moved_before = moves(pair, other)
    box.remap(**change)

    def is_followed() -> bool:
        pair.sites.ping_both_ways(count=1)
        return remote_of(pair, other) != left

    wait_until(is_followed, FOLLOWED_WITHIN, "the move is followed", pair.gateways[other].explain)
    pair.require_ping()
    assert spis(pair) == before
    assert moves(pair, other) == moved_before + 1
    address, port = remote_of(pair, other).rsplit(":", 1)
    assert address == box.outside["ipv4"]
    assert box.first <= int(port) < box.first + nat_boxes.PORTS_OF_A_RANGE
    shown = pair.gateways[other].cli("status").stdout
    assert f"{address}:{port}" in shown, shown


CHANGES = {
    "port": {},
    "address": {"new_ports": False, "new_address": True},
    "both": {"new_address": True},
}


@pytest.mark.parametrize("initiator", (A, B), ids=("initiator", "responder"))
@pytest.mark.parametrize("change", CHANGES)
def test_a_mapping_that_changes_in_mid_life_is_followed(pair, change, initiator):
    """The box stands before gw-a, which is the initiator or the responder."""
    [box] = start(pair, [A], initiator).values()
    events_before = len(journal(pair, B, "ike-moved"))
    follow(pair, A, box, **CHANGES[change])
    assert len(journal(pair, B, "ike-moved")) == events_before + 1
    # What is agreed from now on leads there as well.
    assert pair.b.cli("rekey", "b-to-a").returncode == 0
    assert pair.b.cli("rekey", "b-to-a", "--ike").returncode == 0
    pair.require_ping()
    follow(pair, A, box)


def journal(pair, side: int, event: str) -> list[dict]:
    lines = pair.gateways[side].cli("events", "--json").stdout.splitlines()
    return [entry for entry in map(json.loads, lines) if entry["event"] == event]


def test_a_mapping_that_changes_is_followed_from_behind_another_box(pair):
    """The other box forwards, so that gw-b can be called; what comes from anywhere else than the
    old mapping passes there."""
    boxes = start(pair, [A, B])
    follow(pair, A, boxes[A])
    follow(pair, A, boxes[A], new_address=True)


# --- Fragments ---

# Of an IKE message in UDP 4500: the type behind the IKE header is SKF (53), its fragment number 2.
SECOND_FRAGMENT = "udp dport 4500 @th,224,8 53 @th,352,16 2"


def lose_second_fragments(box: nat_boxes.NatBox) -> None:
    rules = (
        "table inet loss {\n chain forward {\n  type filter hook forward priority 0\n"
        f'  iifname "lan0" {SECOND_FRAGMENT} drop\n }}\n}}\n'
    )
    box.namespace.run("nft", "-f", "-", text_in=rules)


def test_a_mapping_that_changes_between_two_fragments_costs_no_sa(pair):
    [box] = start(pair, [A], ike_fragment_size=256).values()
    accepted = fragments_of(pair.b)
    ike_before, left = ike_spi(pair), remote_of(pair, B)
    lose_second_fragments(box)
    rekey = pair.lab.start(
        pair.sites.gw_a,
        [pair.binaries / "twinspan", "--run-dir", pair.a.run_dir, "rekey", "a-to-b", "--ike"],
        "rekey",
    )
    wait_until(lambda: fragments_of(pair.b) > accepted, 10, "fragment 1 is there", pair.b.explain)
    box.remap(new_address=True)
    box.namespace.run("nft", "delete", "table", "inet", "loss")
    assert rekey.wait(40) == 0, rekey.log()
    assert ike_spi(pair) != ike_before
    wait_until(lambda: remote_of(pair, B) != left, 20, "the move is followed", pair.b.explain)
    pair.require_ping()
    assert moves(pair, B) == 1


def fragments_of(gateway) -> int:
    return gateway.status()["ike"]["drops"]["fragments_accepted"]


def ike_spi(pair) -> str:
    return pair.a.cli_json("show", "connection", "a-to-b")["ike_sa"]["initiator_spi"]


# --- Keepalives ---


def keepalives(path) -> list[str]:
    """The sources of NAT keepalives on the link (RFC 3948 2.3: one byte 0xff)."""
    found = []
    for _when, frame in capture.read_frames(path):
        if len(frame) < 43 or frame[12:14] != b"\x08\x00" or frame[23] != 17:
            continue
        length = struct.unpack_from("!H", frame, 38)[0]
        if length == 9 and frame[42] == 0xFF:
            found.append(".".join(map(str, frame[26:30])))
    return found


@pytest.mark.parametrize("side", (A, B), ids=("gw-a", "gw-b"))
def test_keepalives_are_sent_from_behind_a_nat_only(pair, side):
    start(pair, [side])
    watched: Namespace = (pair.sites.gw_b, pair.sites.gw_a)[side]
    watch = capture.Capture(pair.lab, watched, "wan0", "keepalives")
    wait_until(
        lambda: keepalives(watch.path), KEEPALIVE_WITHIN, "a keepalive comes by", pair.a.explain
    )
    # The other side's clock for them would have begun at the same time.
    assert set(keepalives(watch.stop())) == {WAN["ipv4"][side]}
