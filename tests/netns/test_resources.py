"""One tunnel on several workers (RFC 9611): each worker has a Child SA pair of its own and carries
its share of the flows; rekeys and a peer with fewer workers change nothing of that."""

import struct

import pytest

from lab import capture
from lab.process import wait_until
from lab.traffic import TcpLoad
from pair import Stream

ESP_PORT = 4500
# What a tunnel that works never counts.
WRONG = ("bad-icv", "replayed", "malformed", "bad-inner-packet", "selector-mismatch")


def resources(gateway) -> list[int]:
    return sorted(child["resource"] for child in gateway.connection()["child_sas"])


def write_with(pair, *connections: str, **settings) -> None:
    description = pair.write()
    for name in connections:
        description["connections"][name].update(settings)
    for gateway in pair.gateways:
        pair.write_to(gateway, description)


def start(pair, workers_a: int, workers_b: int, wanted: int) -> None:
    pair.a.arguments = ["--workers", str(workers_a)]
    pair.b.arguments = ["--workers", str(workers_b)]
    pair.start()
    for gateway in pair.gateways:
        wait_until(
            lambda: resources(gateway) == list(range(wanted)),
            10,
            f"{gateway.name} has {wanted} Child SAs",
            gateway.explain,
        )


def busy_workers(gateway) -> int:
    totals = gateway.status()["data_plane"]["worker_totals"]
    return sum(1 for worker in totals if worker["opened_packets"] and worker["sealed_packets"])


def load(pair, streams: int) -> None:
    for reverse in (False, True):
        assert TcpLoad(pair.sites, 2, reverse=reverse, streams=streams).start().finish().gbps > 0.05
    for gateway in pair.gateways:
        counted = {reason: n for reason, n in gateway.drops().items() if n and reason in WRONG}
        assert not counted, counted


def source_ports(path) -> set[int]:
    """Of the UDP packets to port 4500, IPv4 without options on Ethernet."""
    ports = set()
    for _, frame in capture.read_frames(path):
        if len(frame) < 42 or bytes(frame[12:14]) != b"\x08\x00" or frame[23] != 17:
            continue
        source, destination = struct.unpack_from("!HH", frame, 34)
        if destination == ESP_PORT:
            ports.add(source)
    return ports


@pytest.mark.parametrize("workers_a,workers_b", [(2, 2), (4, 4), (4, 2)])
def test_every_worker_carries_a_share(pair, workers_a, workers_b):
    """Whoever calls creates as many Child SAs as it has workers."""
    write_with(pair, "b-to-a", connection_mode="responder-only")
    start(pair, workers_a, workers_b, workers_a)
    load(pair, streams=16)
    assert busy_workers(pair.a) == workers_a
    assert busy_workers(pair.b) == workers_b
    assert pair.a.status()["data_plane"]["flow_steering"] in ("hash", "kernel")


def test_each_child_sa_has_a_source_port_of_its_own(pair):
    start(pair, 2, 2, 2)
    watch = pair.watch("ports")
    load(pair, streams=16)
    ports = source_ports(watch.stop())
    assert ESP_PORT in ports
    # One more at each end.
    assert len(ports) == 3, ports


def test_a_peer_that_does_not_want_them_gets_one(pair):
    write_with(pair, "b-to-a", per_resource_sas="off")
    start(pair, 2, 2, 1)
    load(pair, streams=16)
    assert busy_workers(pair.a) == busy_workers(pair.b) == 1


def test_rekeys_lose_nothing(pair):
    start(pair, 2, 2, 2)
    streams = [Stream(pair, reverse, mbit=20, seconds=8) for reverse in (False, True)]
    before = pair.a.connection()["child_sas"]
    assert pair.a.cli("rekey", "a-to-b").returncode == 0
    assert pair.b.cli("rekey", "b-to-a").returncode == 0
    assert pair.a.cli("rekey", "--ike", "a-to-b").returncode == 0
    for stream in streams:
        report = stream.report()
        assert report["lost"] == 0, report
    assert resources(pair.a) == resources(pair.b) == [0, 1]
    after = pair.a.connection()["child_sas"]
    spis = {child["spi_in"] for child in before} & {child["spi_in"] for child in after}
    assert not spis, "a rekey replaces every Child SA"


def test_aggfrag_carries_traffic(pair):
    """RFC 9347 on every one of them."""
    write_with(pair, "a-to-b", "b-to-a", aggfrag=True)
    start(pair, 2, 2, 2)
    assert all(child["aggfrag"] for child in pair.a.connection()["child_sas"])
    pair.require_ping()
    pair.require_ping(size=1300)
    load(pair, streams=16)
