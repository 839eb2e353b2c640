"""kill -9 and, 3 s later, the start of one side: pings flow both ways within 5 s of `ready`."""

import time

import pytest

RECOVERY_SECONDS = 5


def crash_and_recover(pair, victim, name: str) -> None:
    before = victim.tunnel()["device"]
    victim.kill()
    died = time.monotonic()
    while time.monotonic() < died + 3:
        pair.sites.ping_both_ways(count=1)  # Traffic goes on, into the void.
    victim.start()
    pair.wait_ping(RECOVERY_SECONDS)
    assert victim.connection(name)["connection_status"] == "Connected"
    assert victim.tunnel()["device"] == before, "the device is adopted, not made anew"


def set_modes(pair, a: str, b: str) -> None:
    description = pair.write()
    description["connections"]["a-to-b"]["connection_mode"] = a
    description["connections"]["b-to-a"]["connection_mode"] = b
    for gateway in pair.gateways:
        pair.write_to(gateway, description)


MODES = [
    ("default", "default"),
    ("initiator-only", "responder-only"),
    ("responder-only", "initiator-only"),
]


@pytest.mark.parametrize("mode_a,mode_b", MODES)
def test_a_killed_gateway_is_back_within_five_seconds(pair, mode_a, mode_b):
    set_modes(pair, mode_a, mode_b)
    pair.start()
    pair.require_ping()
    crash_and_recover(pair, pair.a, "a-to-b")
    crash_and_recover(pair, pair.b, "b-to-a")
    crash_and_recover(pair, pair.a, "a-to-b")


def test_the_restarted_side_only_responds_and_only_it_has_traffic(pair):
    """The live side learns of the crash from packets that the restarted side cannot open."""
    set_modes(pair, "responder-only", "default")
    pair.start()
    pair.a.kill()
    time.sleep(3)
    pair.a.start()
    pair.wait_ping(RECOVERY_SECONDS)


def test_both_killed_at_once_come_back(pair):
    pair.start()
    for gateway in pair.gateways:
        gateway.kill()
    for gateway in pair.gateways:
        gateway.start()
    pair.wait_ping(RECOVERY_SECONDS + 5)


def test_unknown_spi_hint_of_a_stranger_changes_nothing(pair):
    """An INVALID_SPI that anybody may send must not replace the SA before AUTH is verified."""
    import struct
    from scapy.layers.inet import IP, UDP
    from scapy.packet import Raw
    from hostile import inject

    pair.start()
    spi = pair.a.tunnel()["spi_out"]
    notify = struct.pack("!BBHBBH", 0, 0, 12, 0, 0, 11) + bytes.fromhex(spi[2:])
    header = bytes(8) + bytes(8) + struct.pack("!BBBBII", 41, 0x20, 37, 0, 0, 28 + len(notify))
    packet = bytes(
        IP(src="192.0.2.2", dst="192.0.2.1") / UDP(sport=500, dport=500) / Raw(header + notify)
    )
    inject(pair.sites.gw_b, [packet] * 50)
    pair.require_ping()
    assert pair.a.is_connected()
    assert int(pair.a.cli_json("show", "connection", "a-to-b")["child_rekeys"]) >= 0
