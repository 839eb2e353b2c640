"""Garbage, forgeries, replays and truncations: counted by reason, without effect on what is
established."""

import json
import struct

from scapy.layers.inet import IP, UDP
from scapy.packet import Raw
from scapy.utils import rdpcap

import forge
from hostile import corrupt, garbage, inject
from lab.process import wait_until
from pair import capture_full

PACKETS = 300


def to_gateway_a(payload: bytes, port: int, source_port: int | None = None) -> bytes:
    return bytes(
        IP(src="192.0.2.2", dst="192.0.2.1")
        / UDP(sport=source_port or port, dport=port)
        / Raw(payload)
    )


def start_with_keys(pair):
    pair.a.arguments = ["--key-log", pair.lab.folder / "keys"]
    pair.start()
    return forge.keys_of(pair.lab.folder / "keys", pair.a.tunnel()["spi_in"])


def drops_everywhere(gateway) -> dict[str, int]:
    """All drop counters of status, by reason, of IKE, tunnels and orphans together."""
    status = gateway.status()
    total: dict[str, int] = {}
    for drops in (status["ike"]["drops"], status["data_plane"]["drops"], gateway.drops()):
        for reason, count in drops.items():
            total[reason] = total.get(reason, 0) + count
    return total


def ring_overflows(gateway) -> int:
    return gateway.status()["data_plane"]["ring_overflows"]


def require_counted(pair, packets: list[bytes], reason: str, at_least: int | None = None) -> None:
    """Injects; that many drops of that reason appear, and the tunnel does not notice. What a busy
    control thread leaves no room for in its ring is dropped unseen, and counted as that."""
    before = drops_everywhere(pair.a)
    overflown = ring_overflows(pair.a)
    spis = pair.a.tunnel()["spi_in"], pair.a.tunnel()["spi_out"]
    inject(pair.sites.gw_b, packets)
    wanted = before.get(reason, 0) + (len(packets) if at_least is None else at_least)
    wait_until(
        lambda: drops_everywhere(pair.a).get(reason, 0) + ring_overflows(pair.a) - overflown
        >= wanted,
        10,
        f"{wanted} counted as {reason}",
        pair.a.explain,
    )
    assert drops_everywhere(pair.a)[reason] > before.get(reason, 0)
    assert (pair.a.tunnel()["spi_in"], pair.a.tunnel()["spi_out"]) == spis
    pair.require_ping()


def test_garbage_at_both_ports_is_counted_and_harmless(pair):
    pair.start()
    packets = [to_gateway_a(noise, 500) for noise in garbage(PACKETS, seed=1)]
    packets += [to_gateway_a(b"\0\0\0\0" + noise, 4500) for noise in garbage(PACKETS, seed=2)]
    require_counted(pair, packets, "malformed", at_least=PACKETS)
    assert pair.a.is_connected()


def test_truncated_and_corrupted_ike_messages_are_counted_and_harmless(pair):
    program, path = capture_full(pair, "recorded")
    pair.start()
    pair.a.cli("rekey", "a-to-b")
    pair.a.cli("rekey", "a-to-b", "--ike")
    program.stop()
    recorded = [
        bytes(packet[UDP].payload)
        for packet in rdpcap(str(path))
        if IP in packet
        and packet[IP].src == "192.0.2.2"
        and UDP in packet
        and packet[UDP].dport == 4500
        and bytes(packet[UDP].payload)[:4] == b"\0\0\0\0"
    ]
    assert len(recorded) >= 3
    packets = []
    for message in recorded:
        packets += [to_gateway_a(message[:length], 4500) for length in range(4, len(message), 7)]
        packets += [to_gateway_a(corrupt(message, at), 4500) for at in range(4, len(message), 5)]
        packets += [to_gateway_a(message, 4500)] * 5
    before = drops_everywhere(pair.a)
    spis = pair.a.tunnel()["spi_in"], pair.a.tunnel()["spi_out"]
    inject(pair.sites.gw_b, packets)
    wait_until(
        lambda: sum(drops_everywhere(pair.a).values()) > sum(before.values()) + len(packets) // 2,
        10,
        "most of them are counted",
        pair.a.explain,
    )
    after = drops_everywhere(pair.a)
    for reason in ("malformed", "unknown_sa"):
        assert after[reason] > before[reason], (reason, after)
    assert (pair.a.tunnel()["spi_in"], pair.a.tunnel()["spi_out"]) == spis
    assert pair.a.is_connected() and pair.b.is_connected()
    pair.require_ping()


def test_oversized_datagrams_are_counted_and_harmless(pair):
    pair.start()
    script = (
        "import socket; s=socket.socket(2,2); "
        "[s.sendto(bytes(60000),('192.0.2.1',p)) for p in (500,4500) for _ in range(20)]"
    )
    pair.sites.gw_b.run("/usr/bin/python3", "-c", script)
    pair.require_ping()
    assert pair.a.is_connected()


def test_esp_of_an_unknown_spi_is_counted(pair):
    pair.start()
    packets = [
        to_gateway_a(struct.pack("!II", 0xDEADBE00 + i, 1) + bytes(64), 4500) for i in range(200)
    ]
    require_counted(pair, packets, "unknown-spi")


def test_forged_esp_is_counted_as_bad_icv(pair):
    keys = start_with_keys(pair)
    sealed = forge.seal(keys, forge.ping_packet("10.2.0.2", "10.1.0.2"), 600)
    packets = [forge.in_udp(keys, corrupt(sealed, at)) for at in range(8, len(sealed))]
    require_counted(pair, packets, "bad-icv")


def test_replayed_esp_is_counted(pair):
    keys = start_with_keys(pair)
    sealed = forge.in_udp(keys, forge.seal(keys, forge.ping_packet("10.2.0.2", "10.1.0.2"), 700))
    inject(pair.sites.gw_b, [sealed])
    require_counted(pair, [sealed] * 100, "replayed")


def test_truncated_esp_is_counted(pair):
    keys = start_with_keys(pair)
    sealed = forge.seal(keys, forge.ping_packet("10.2.0.2", "10.1.0.2"), 800)
    before = sum(drops_everywhere(pair.a).values())
    packets = [forge.in_udp(keys, sealed[:length]) for length in range(8, len(sealed))]
    inject(pair.sites.gw_b, packets)
    wait_until(
        lambda: sum(drops_everywhere(pair.a).values()) >= before + len(packets),
        5,
        "each is counted",
        pair.a.explain,
    )
    pair.require_ping()


def test_bad_padding_and_bad_inner_packets_are_counted(pair):
    keys = start_with_keys(pair)
    inner = forge.ping_packet("10.2.0.2", "10.1.0.2")
    wrong = [
        forge.in_udp(keys, forge.seal(keys, inner, 901 + i, padding=bytes([9, 9, 9, 9])))
        for i in range(5)
    ]
    require_counted(pair, wrong, "bad-padding")
    junk = [forge.in_udp(keys, forge.seal(keys, bytes([0x95]) * 40, 920 + i)) for i in range(5)]
    require_counted(pair, junk, "bad-inner-packet")


def test_dummy_packets_and_tfc_padding_are_no_faults(pair):
    keys = start_with_keys(pair)
    dummies = [
        forge.in_udp(keys, forge.seal(keys, bytes(32), 950 + i, next_header=forge.NO_NEXT_HEADER))
        for i in range(10)
    ]
    require_counted(pair, dummies, "dummy")
    padded = forge.ping_packet("10.2.0.2", "10.1.0.2") + bytes(101)
    before = pair.a.tunnel()["ingress_bytes_transferred"]
    inject(pair.sites.gw_b, [forge.in_udp(keys, forge.seal(keys, padded, 980))])
    wait_until(
        lambda: pair.a.tunnel()["ingress_bytes_transferred"] == before + len(padded) - 101,
        5,
        "the packet counts without its traffic flow padding",
        pair.a.explain,
    )


def test_refused_sources_of_an_any_to_any_tunnel_are_counted(pair):
    """Own network, martians, the gateways' own addresses and what is not behind the tunnel never
    come from outside."""
    keys = start_with_keys(pair)
    sources = [
        "10.1.0.9",
        "127.0.0.1",
        "224.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "192.0.2.1",
        "192.0.2.2",
        "10.3.0.9",
        "198.51.100.7",
    ]
    packets = [
        forge.in_udp(keys, forge.seal(keys, forge.ping_packet(source, "10.1.0.2"), 1000 + i))
        for i, source in enumerate(sources)
    ]
    require_counted(pair, packets, "source-refused")


def test_an_answer_may_take_another_way_than_the_packet_came(pair):
    """As when a network is behind two tunnels: the kernel answers by the one, the peer sends by
    the other."""
    keys = start_with_keys(pair)
    gateway, device = pair.sites.gw_a, pair.a.tunnel()["device"]
    routes = gateway.ip("route", "show", "table", "all", "proto", "84").stdout
    [line] = [line for line in routes.splitlines() if f"dev {device}" in line]
    table = line.split()[line.split().index("table") + 1]
    gateway.ip("link", "add", "other0", "type", "veth", "peer", "name", "other1")
    gateway.ip("link", "set", "other0", "up")
    gateway.ip("route", "add", "10.2.0.2/32", "dev", "other0", "table", table)

    def pings_at_host_a() -> int:
        counters = pair.sites.host_a.run("nft", "-j", "list", "table", "inet", "seen").stdout
        rules = [item["rule"] for item in json.loads(counters)["nftables"] if "rule" in item]
        return rules[0]["expr"][-1]["counter"]["packets"]

    pair.sites.host_a.run(
        "nft",
        "add table inet seen; add chain inet seen in { type filter hook input priority 0; }; "
        "add rule inet seen in ip saddr 10.2.0.0/16 counter",
    )
    sealed = forge.seal(keys, forge.ping_packet("10.2.0.2", "10.1.0.2"), 1050)
    inject(pair.sites.gw_b, [forge.in_udp(keys, sealed)])
    wait_until(lambda: pings_at_host_a() == 1, 5, "the ping has arrived", pair.a.explain)
    spoofed = forge.seal(keys, forge.ping_packet("10.3.0.2", "10.1.0.2"), 1051)
    inject(pair.sites.gw_b, [forge.in_udp(keys, spoofed)])
    wait_until(
        lambda: drops_everywhere(pair.a).get("source-refused") == 1,
        5,
        "the spoofed one is refused",
        pair.a.explain,
    )
    assert pings_at_host_a() == 1


def test_a_flood_leaves_traffic_flowing(pair):
    keys = start_with_keys(pair)
    sealed = forge.seal(keys, forge.ping_packet("10.2.0.2", "10.1.0.2"), 1100)
    noise = [
        to_gateway_a(text, port)
        for text in garbage(4000, seed=4, size_max=300)
        for port in (500, 4500)
    ]
    noise += [forge.in_udp(keys, corrupt(sealed, 30))] * 2000
    ping = pair.lab.start(
        pair.sites.host_a,
        ["ping", "-n", "-q", "-i", "0.02", "-c", "100", "10.2.0.2"],
        "ping-under-flood",
    )
    inject(pair.sites.gw_b, noise)
    ping.wait(20)
    assert " 100 received" in ping.output(), ping.output()
    assert pair.a.is_connected()
