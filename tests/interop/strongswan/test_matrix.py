"""Authentication, suite, outer and inner family, role and NAT crossed with each other.

Rows are the fewest that a greedy choice needs for every pair of values of two factors to occur;
with TWINSPAN_LONG=1 they are all combinations.
"""

import itertools
import os

import pytest

import nat_boxes
from credentials import CHARONS_NAME, CREDENTIALS, OUR_NAME
from lab.estate import STRONG
from test_connect import ESP_SUITES, IKE_SUITES

NAT_SIDES = {"none": [], "ours": [0], "theirs": [1], "both": [0, 1]}
# Estate file's words and charon's proposals: (ESP, IKE).
SUITES = {
    "gcm": ("aes256gcm", None),
    "chacha20": ("chacha20", "chacha20-curve25519"),
    "cbc-hmac": ("aes256-sha256", "aes256-sha256-modp2048"),
}
FACTORS = {
    "auth": list(CREDENTIALS),
    "suite": list(SUITES),
    "outer": ["ipv4", "ipv6"],
    "inner": ["ipv4", "ipv6"],
    "role": ["initiator", "responder"],
    "nat": list(NAT_SIDES),
}
NETWORKS = {"ipv4": ("10.1.0.0/16", "10.2.0.0/16"), "ipv6": ("2001:db8:1::/48", "2001:db8:2::/48")}


def pairs_of(row: tuple) -> set:
    return set(itertools.combinations(enumerate(row), 2))


def pairwise(rows: list[tuple]) -> list[tuple]:
    """Some of `rows` in which every pair of values of all of them occurs."""
    missing = set().union(*(pairs_of(row) for row in rows))
    chosen = []
    while missing:
        best = max(rows, key=lambda row: len(pairs_of(row) & missing))
        chosen.append(best)
        missing -= pairs_of(best)
    return chosen


EVERY_ROW = list(itertools.product(*FACTORS.values()))
ROWS = EVERY_ROW if os.environ.get("TWINSPAN_LONG") == "1" else pairwise(EVERY_ROW)


def suite_settings(suite: str) -> tuple[dict, dict]:
    esp, ike = SUITES[suite]
    esp_change, esp_proposal = ESP_SUITES[esp]
    ike_change, ike_proposal = IKE_SUITES[ike] if ike else ({}, None)
    theirs = {"esp": esp_proposal, **({"ike": ike_proposal} if ike else {})}
    return {"ipsec_policy": {**STRONG, **esp_change, **ike_change}}, theirs


def start(mixed, auth: str, suite: str, outer: str, inner: str, role: str, nat: str) -> None:
    boxes = nat_boxes.before(mixed, NAT_SIDES[nat], outer)
    ours, theirs = {"outer": outer, "inner": inner}, {}
    for more_ours, more_theirs in (suite_settings(suite), CREDENTIALS[auth](mixed)):
        ours |= more_ours
        theirs |= more_theirs
    ours |= {"local_id": OUR_NAME, "remote_id": CHARONS_NAME}
    own = nat_boxes.INSIDE if 1 in boxes else nat_boxes.WAN
    remote_ts, local_ts = NETWORKS[inner]
    theirs |= {
        "local": own[outer][1],
        "remote": nat_boxes.WAN[outer][0],
        "local_ts": local_ts,
        "remote_ts": remote_ts,
        "local_id": CHARONS_NAME,
        "remote_id": OUR_NAME,
    }
    mixed.start(role, ours, theirs)


def ike_spi(mixed) -> str:
    return mixed.us.cli_json("show", "connection", "to-far")["ike_sa"]["initiator_spi"]


def require_rekey(mixed, rekey) -> None:
    before, ike_before = mixed.spis(), ike_spi(mixed)
    rekey()
    mixed.wait_change(lambda: mixed.spis() != before or ike_spi(mixed) != ike_before)
    mixed.require_same_children()


@pytest.mark.parametrize("row", ROWS, ids="-".join)
def test_each_row_connects_and_survives_rekeys_from_both_sides(mixed, row):
    start(mixed, *row)
    mixed.connect()
    mixed.require_data()

    def ask_us(*words: str):
        result = mixed.us.cli("rekey", "to-far", *words)
        assert result.returncode == 0, result.stdout + result.stderr + mixed.explain()

    require_rekey(mixed, ask_us)
    require_rekey(mixed, mixed.charon.rekey_child)
    require_rekey(mixed, lambda: ask_us("--ike"))
    require_rekey(mixed, mixed.charon.rekey_ike)
    mixed.require_data()


def test_the_rows_hold_every_pair_of_values():
    every = set().union(*(pairs_of(row) for row in EVERY_ROW))
    assert every <= set().union(*(pairs_of(row) for row in ROWS))
