"""A path that is narrower than the links of its ends: its size is learned, told inwards and obeyed.

    hostA --- gwA --- r1 === middle === r2 --- gwB --- hostB           (narrow_path.py)
"""

import re

import pytest

from lab import traffic
from lab.process import wait_until
from lab.topology import HOST
from narrow_path import NarrowPath, inner_mtu, ip_header_size

CARRIAGES = [(outer, kind) for outer in ("ipv4", "ipv6") for kind in ("udp", "esp")]
WIDE = 1438  # The device's, over IPv4 in UDP.


def start(pair, mtu: int = 1400, **settings) -> NarrowPath:
    path = NarrowPath(pair.sites, mtu)
    pair.start(**settings)
    return path


def ping(pair, size: int, *options: str, family: str = "ipv4", reverse: bool = False) -> str:
    """One ping whose request is `size` bytes with its IP header."""
    host, target = (
        (pair.sites.host_b, HOST[family][0]) if reverse else (pair.sites.host_a, HOST[family][1])
    )
    payload = str(size - ip_header_size(target) - 8)
    words = ["-n", "-c", "1", "-W", "1", "-s", payload, *options, target]
    result = host.run("ping", *words, check=False)
    return result.stdout + result.stderr


def is_answered(text: str) -> bool:
    return " 1 received" in text or " 1 packets received" in text


def told_mtu(text: str) -> int | None:
    """What a host was told, or remembers."""
    found = re.search(r"mtu[ =:]+(\d+)", text)
    return int(found.group(1)) if found else None


def path_mtu(gateway) -> int | None:
    name = gateway.connection()["name"]
    return gateway.cli_json("show", "connection", name)["path_mtu"]


def counters(gateway) -> dict[str, int]:
    return gateway.status()["data_plane"]["path_mtu"]


def learn(pair, family: str = "ipv4") -> None:
    """Large packets flow both ways until both ends know the path."""

    def is_known() -> bool:
        for reverse in (False, True):
            ping(pair, 1400, family=family, reverse=reverse)
        return all(path_mtu(gateway) for gateway in pair.gateways)

    wait_until(is_known, 15, "both gateways know the path", pair.a.explain)


@pytest.mark.parametrize("outer,kind", CARRIAGES)
def test_a_narrow_path_is_learned_and_hosts_are_told(pair, outer, kind):
    start(pair, 1400, outer=outer, encapsulation=kind)
    learn(pair)
    fitting = inner_mtu(1400, outer, kind)
    for reverse in (False, True):
        assert told_mtu(ping(pair, fitting + 1, "-M", "do", reverse=reverse)) == fitting
        assert is_answered(ping(pair, fitting, "-M", "do", reverse=reverse))
    for gateway in pair.gateways:
        assert path_mtu(gateway) == 1400
        assert counters(gateway)["too_big_answered"] > 0


def test_ipv6_hosts_are_told_too(pair):
    start(pair, 1400, inner="ipv6")
    learn(pair, "ipv6")
    fitting = inner_mtu(1400, "ipv4", "udp")
    for reverse in (False, True):
        options = {"family": "ipv6", "reverse": reverse}
        ping(pair, fitting + 2, "-M", "do", **options)
        assert told_mtu(ping(pair, fitting + 2, "-M", "do", **options)) == fitting
        assert is_answered(ping(pair, fitting, "-M", "do", **options))


def test_ipv6_of_1280_bytes_passes_a_path_that_is_narrower(pair):
    start(pair, 1300, inner="ipv6")
    learn(pair, "ipv6")
    for reverse in (False, True):
        assert is_answered(ping(pair, 1280, "-M", "do", family="ipv6", reverse=reverse))
    assert path_mtu(pair.a) == 1300


@pytest.mark.parametrize("mtu", [1400, 1300])
@pytest.mark.parametrize("inner", ["ipv4", "ipv6"])
def test_tcp_flows_both_ways(pair, inner, mtu):
    start(pair, mtu, inner=inner)
    for reverse in (False, True):
        assert traffic.measure_tcp(pair.sites, 2, inner, reverse=reverse) > 0.02
    assert path_mtu(pair.a) == mtu


def mss_seen(pair, reverse: bool) -> int:
    """What the far host is told when a connection begins. Its TCP would offer 8960."""
    ends = (pair.sites.host_a, pair.sites.host_b)
    caller, called = (ends[1], ends[0]) if reverse else ends
    target = HOST["ipv4"][0 if reverse else 1]
    words = ["tcpdump", "-n", "-l", "-c", "1", "-i", "eth0", "tcp[13] & 2 != 0"]
    watch = pair.lab.start(called, words, f"syn-{len(pair.lab.background)}")
    wait_until(lambda: "listening on" in watch.log(), 10, "tcpdump listens", watch.log)
    connect = f"import socket; socket.create_connection(('{target}', 9), 1)"
    caller.run("/usr/bin/python3", "-c", connect, check=False)
    wait_until(lambda: "mss" in watch.output(), 5, "a SYN arrives", watch.log)
    return int(re.search(r"mss (\d+)", watch.output()).group(1))


def test_mss_is_lowered_both_ways(pair):
    start(pair, 1400)
    for host in (pair.sites.host_a, pair.sites.host_b):
        host.ip("link", "set", "eth0", "mtu", "9000")
    for gateway in (pair.sites.gw_a, pair.sites.gw_b):
        gateway.ip("link", "set", "lan0", "mtu", "9000")
    for reverse in (False, True):
        assert mss_seen(pair, reverse) == WIDE - 40
    learn(pair)
    for reverse in (False, True):
        assert mss_seen(pair, reverse) == inner_mtu(1400, "ipv4", "udp") - 40


def test_packets_without_df_are_cut_before_they_are_sealed(pair):
    path = start(pair, 1400)
    learn(pair)
    fragments = "table ip seen { chain pass { type filter hook forward priority 0;"
    fragments += " ip frag-off & 0x3fff != 0 counter; }; }\n"
    path.routers[1].run("nft", "-f", "-", text_in=fragments)
    # The hosts, who were told, would cut themselves.
    for host in (pair.sites.host_a, pair.sites.host_b):
        host.ip("route", "flush", "cache")
    for reverse in (False, True):
        for size in (1400, 3000, 9000):
            text = ping(pair, size, "-M", "dont", reverse=reverse)
            assert is_answered(text), text
    for gateway in pair.gateways:
        assert counters(gateway)["fragmented"] > 0
    seen = path.routers[1].run("nft", "list", "table", "ip", "seen").stdout
    assert "packets 0 " in seen, f"outer packets were fragmented: {seen}"


def spi_out(pair) -> int:
    return int(pair.a.tunnel()["spi_out"], 16)


def test_a_report_that_quotes_another_spi_changes_nothing(pair):
    path = start(pair, 1500)
    for spi in (spi_out(pair) ^ 1, 0):
        path.forge_too_big(spi, 600)
    wait_until(lambda: counters(pair.a)["reports_of_unknown_spi"] == 2, 5, "both are counted")
    assert path_mtu(pair.a) is None
    assert is_answered(ping(pair, WIDE, "-M", "do"))


def test_a_report_too_short_to_quote_an_spi_is_a_hint_that_brings_a_probe(pair):
    path = start(pair, 1500)

    def is_probed(times: int) -> bool:
        assert is_answered(ping(pair, WIDE, "-M", "do"))
        return counters(pair.a)["probes"] >= times

    # After one, two and four seconds more; the next would be due after eight.
    wait_until(lambda: is_probed(4), 15, "probes are rare", pair.a.explain)
    path.forge_too_big(spi_out(pair), 600, quoted=28)
    wait_until(lambda: counters(pair.a)["reports_without_spi"] == 1, 5, "it is counted")
    assert path_mtu(pair.a) is None
    wait_until(lambda: is_probed(5), 4, "the path is probed at once")
    assert path_mtu(pair.a) is None


def test_a_report_of_one_on_the_path_is_believed_down_to_the_floor(pair):
    path = start(pair, 1500)
    path.forge_too_big(spi_out(pair), 68)
    wait_until(lambda: path_mtu(pair.a) == 576, 5, "the floor is reached", pair.a.explain)
    assert told_mtu(ping(pair, 1000, "-M", "do")) == inner_mtu(576, "ipv4", "udp")


def test_a_link_of_the_gateway_that_becomes_narrow_is_noticed(pair):
    path = start(pair, 1500)
    assert is_answered(ping(pair, 1400))
    path.narrow_access_of_a(1300)

    def is_known() -> bool:
        assert is_answered(ping(pair, 1400))
        return path_mtu(pair.a) == 1300

    wait_until(is_known, 15, "the gateway knows its own link", pair.a.explain)


def traffic_class_at_host_b(pair, sent: int) -> int | None:
    """Of a ping from hostA with that traffic class; None: it did not arrive."""
    watch = pair.lab.start(
        pair.sites.host_b,
        ["tcpdump", "-n", "-v", "-l", "-i", "eth0", "icmp[0] == 8"],
        f"class-{sent}-{len(pair.lab.background)}",
    )
    wait_until(lambda: "listening on" in watch.log(), 10, "tcpdump listens", watch.log)
    is_there = is_answered(ping(pair, 100, "-Q", str(sent)))
    if not is_there:
        return None
    wait_until(lambda: "tos" in watch.output(), 5, "the ping is seen", watch.log)
    return int(re.search(r"tos 0x([0-9a-f]+)", watch.output()).group(1), 16)


@pytest.mark.parametrize("is_copied", [False, True])
def test_the_dscp_is_copied_when_that_is_wanted(pair, is_copied):
    path = start(pair, 1500, copy_dscp=is_copied)
    counting = "table ip seen { chain pass { type filter hook forward priority 0;"
    counting += " ip protocol udp ip dscp ef counter; }; }\n"
    path.routers[0].run("nft", "-f", "-", text_in=counting)
    assert traffic_class_at_host_b(pair, 0xB8) == 0xB8
    seen = path.routers[0].run("nft", "list", "table", "ip", "seen").stdout
    assert ("packets 0 " not in seen) == is_copied, seen


def test_congestion_marks_cross_the_tunnel(pair):
    path = start(pair, 1500)
    for sent in (0x00, 0x01, 0x02, 0x03, 0xB8, 0xBA):
        assert traffic_class_at_host_b(pair, sent) == sent
    path.mark_congestion()
    assert traffic_class_at_host_b(pair, 0x02) == 0x03
    assert traffic_class_at_host_b(pair, 0xBA) == 0xBB
    assert pair.b.drops()["ecn-illegal"] == 0
    assert traffic_class_at_host_b(pair, 0x00) is None
    assert pair.b.drops()["ecn-illegal"] == 1
