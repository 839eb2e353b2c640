"""A flood of forged IKE_SA_INIT requests costs nobody but its sender anything that lasts."""

import json
import pathlib
import time

from scapy.layers.inet import IP, UDP
from scapy.utils import rdpcap

from lab.process import wait_until
from pair import Stream, capture_full

FLOODER = pathlib.Path(__file__).with_name("flood.py")
RATE = 5000
SECONDS = 25
STREAM_SECONDS = 10
CONNECT_SECONDS_MAX = 2.0
MEMORY_KIB_MAX = 16 * 1024
THRESHOLD = 32


def memory_kib(gateway) -> int:
    text = pathlib.Path(f"/proc/{gateway.program.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))


def ike_counters(gateway) -> dict[str, int]:
    ike = gateway.status()["ike"]
    return {
        "no_peer": ike["drops"]["no_peer"],
        "cookies_sent": ike["cookies"]["sent"],
        "key_exchanges_answered": ike["key_exchanges_answered"],
    }


def request_of_b(pair) -> bytes:
    """An IKE_SA_INIT request that gw-a accepts, as gw-b wrote it."""
    program, path = capture_full(pair, "first-request")
    pair.start()
    program.stop()
    for packet in rdpcap(str(path)):
        if IP in packet and packet[IP].src == "192.0.2.2" and UDP in packet:
            message = bytes(packet[UDP].payload)
            if packet[UDP].dport == 500 and message[18] == 34 and message[8:16] == bytes(8):
                return message
    raise AssertionError("gw-b sent no IKE_SA_INIT request")


def start_flood(pair, template: bytes):
    words = ["/usr/bin/python3", "-B", FLOODER, "192.0.2.1", "192.0.2.2", RATE, SECONDS]
    words.append(template.hex())
    program = pair.lab.start(pair.sites.gw_b, words, "flood")
    wait_until(lambda: "flooding" in program.output(), 10, "the flood has begun", program.log)
    return program


def reconnect(pair) -> float:
    """Seconds that gw-b, the flood's forged source, takes from `up` to connected."""
    assert pair.b.cli("down", "b-to-a").returncode == 0
    began = time.monotonic()
    result = pair.b.cli("up", "b-to-a", timeout=30)
    assert result.returncode == 0, result.stdout + result.stderr
    return time.monotonic() - began


def test_forged_requests_stop_no_peer_and_cost_no_packet(pair):
    description = pair.write()
    description["connections"]["a-to-b"]["connection_mode"] = "responder-only"
    for gateway in pair.gateways:
        pair.write_to(gateway, description)
    template = request_of_b(pair)
    memory_before, counters_before = memory_kib(pair.a), ike_counters(pair.a)
    flood = start_flood(pair, template)
    streams = [Stream(pair, back, mbit=50, seconds=STREAM_SECONDS) for back in (False, True)]
    reports = [stream.report() for stream in streams]
    times = [reconnect(pair) for _ in range(3)]
    assert flood.is_running(), "the flood ended before the peer had connected"
    flood.wait(SECONDS + 10)
    sent = json.loads(flood.output().splitlines()[-1])
    counters = ike_counters(pair.a)
    spent = {name: counters[name] - counters_before[name] for name in counters}
    grown = memory_kib(pair.a) - memory_before
    print(f"flood {sent}; connected again after {times} s; memory +{grown} KiB; gw-a {spent}")
    assert sent["sent"] >= 0.95 * RATE * SECONDS
    assert [report["lost"] for report in reports] == [0, 0]
    assert all(report["ended"] for report in reports)
    assert max(times) < CONNECT_SECONDS_MAX
    assert grown < MEMORY_KIB_MAX
    # The flood reached IKE: what came from anywhere has no connection, the rest was challenged.
    assert spent["no_peer"] >= 0.4 * sent["sent"]
    assert spent["cookies_sent"] >= 0.4 * sent["sent"]
    # Those below the threshold, which end after 30 s and make room once, and our own attempts.
    assert spent["key_exchanges_answered"] <= 2 * THRESHOLD + len(times)
