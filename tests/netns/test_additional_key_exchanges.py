"""Additional key exchanges (RFC 9370) between two Twinspans: real cryptography, both roles."""

import ssl

import pytest

from lab.process import wait_until
from pair import Stream

METHODS = ["DHGroup14", "DHGroup15", "DHGroup16", "ECP256", "ECP521", "CURVE25519"]
HAS_ML_KEM = ssl.OPENSSL_VERSION_INFO >= (3, 5)


def with_methods(*methods: str, **more: object) -> dict:
    return {"additional_key_exchanges": {"methods": list(methods), **more}}


def rekey_all(pair) -> None:
    for gateway in pair.gateways:
        name = gateway.connection()["name"]
        for words in ([], ["--ike"]):
            result = gateway.cli("rekey", name, *words)
            assert result.returncode == 0, result.stderr + pair.a.explain() + pair.b.explain()
            pair.require_ping()


def require_agreed(pair, *methods: str) -> None:
    for gateway in pair.gateways:
        name = gateway.connection()["name"]
        ike_sa = gateway.cli_json("show", "connection", name)["ike_sa"]
        assert ike_sa["additional_key_exchanges"] == list(methods)


@pytest.mark.parametrize("methods", [[name] for name in METHODS] + [METHODS], ids="+".join)
def test_every_method_connects_rekeys_and_carries_traffic(pair, methods):
    pair.start(**with_methods(*methods))
    pair.require_ping(size=1200)
    require_agreed(pair, *methods)
    rekey_all(pair)
    require_agreed(pair, *methods)


def test_no_packet_is_lost_while_both_sides_rekey(pair):
    pair.start(**with_methods("CURVE25519", "ECP521"))
    streams = [Stream(pair, reverse, mbit=20, seconds=8) for reverse in (False, True)]
    rekey_all(pair)
    for stream in streams:
        assert stream.report()["lost"] == 0


def test_a_side_that_can_do_without_serves_one_that_has_none(pair):
    pair.write_halves(ours=with_methods("CURVE25519", required=False))
    pair.start()
    pair.require_ping()
    rekey_all(pair)
    require_agreed(pair)


def test_a_side_that_insists_says_why_nobody_connects(pair):
    ours = {**with_methods("CURVE25519"), "connection_mode": "responder-only"}
    pair.write_halves(ours, {"connection_mode": "initiator-only"})
    for gateway in pair.gateways:
        gateway.start()
    wait_until(
        lambda: (pair.a.connection()["diagnosis"] or {}).get("cause")
        == "additional-key-exchanges-required",
        20,
        "gw-a says what it misses",
        pair.a.explain,
    )
    assert not pair.b.is_connected()


def test_ml_kem_works_where_openssl_has_it_and_is_refused_with_the_reason_elsewhere(pair):
    settings = with_methods("MLKEM768", "CURVE25519")
    if HAS_ML_KEM:
        pair.start(**settings)
        rekey_all(pair)
        return require_agreed(pair, "MLKEM768", "CURVE25519")
    pair.write(**settings)
    program = pair.a.launch()
    assert program.wait(15) == 3, program.log()
    assert "MLKEM768 needs OpenSSL 3.5" in program.log()
    return None
