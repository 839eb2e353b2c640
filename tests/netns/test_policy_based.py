"""Policy-based gateways: the selectors of the connection decide, both ways; what they refuse is
counted."""

import forge
from lab.process import wait_until
from hostile import inject


def start_policy_based(pair) -> None:
    pair.a.arguments = ["--key-log", pair.lab.folder / "keys"]
    policy_based = {"vpn_type": "policy-based"}
    pair.write_halves(policy_based, policy_based)
    pair.start()


def test_traffic_inside_the_selectors_flows(pair):
    start_policy_based(pair)
    pair.require_ping()
    shown = pair.a.cli_json("show", "connection", "to-far")
    [child] = shown["child_sas"]
    assert child["local_selectors"] == shown["local_selectors"]
    assert "10.1.0.0" in str(child["local_selectors"]) and "10.2.0.0" in str(
        child["remote_selectors"]
    )


def test_outbound_packets_outside_the_selectors_are_dropped_and_counted(pair):
    start_policy_based(pair)
    before = pair.a.drops()
    watch = pair.watch()
    result = pair.sites.gw_a.run(
        "ping",
        "-n",
        "-q",
        "-c",
        "5",
        "-i",
        "0.1",
        "-W",
        "0.2",
        "-I",
        "192.0.2.1",
        "10.2.0.2",
        check=False,
    )
    assert " 0 received" in result.stdout
    assert pair.verdicts(watch).clear == 0
    assert pair.a.drops()["no-selector"] - before["no-selector"] == 5
    pair.require_ping()


def test_inbound_packets_outside_the_selectors_are_dropped_and_counted(pair):
    start_policy_based(pair)
    keys = forge.keys_of(pair.lab.folder / "keys", pair.a.tunnel()["spi_in"])
    strange = [("10.3.0.2", "10.1.0.2"), ("10.2.0.2", "10.9.0.2"), ("192.0.2.2", "10.1.0.2")]
    packets = [
        forge.in_udp(keys, forge.seal(keys, forge.ping_packet(*ends), 500 + i))
        for i, ends in enumerate(strange)
    ]
    before = pair.a.drops()["selector-mismatch"]
    inject(pair.sites.gw_b, packets)
    wait_until(
        lambda: pair.a.drops()["selector-mismatch"] == before + len(strange),
        5,
        "every packet outside the selectors is counted",
        pair.a.explain,
    )


def test_route_based_and_policy_based_meet_at_the_narrower_selectors(pair):
    """gw-a any-to-any, gw-b with prefixes: a narrower answer is accepted, enforced and shown."""
    pair.write_halves({}, {"vpn_type": "policy-based"})
    pair.start()
    pair.require_ping()
    [child] = pair.a.cli_json("show", "connection", "to-far")["child_sas"]
    assert child["narrowed"] is True
    assert "10.2.0.0" in str(child["remote_selectors"])
