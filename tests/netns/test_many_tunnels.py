"""Many connections between two gateways: all come up, each carries its own traffic, and a host that
does not allow so many is refused at the start."""

import re

from lab import estate
from lab.process import wait_until

TUNNELS = 200
# Limits of open files: enough for one connection, for all devices and little else, for everything.
LOW, FEW, MANY = 100, 300, 4096
OWN = ("10.64.0.0/10", "10.128.0.0/10")


def write_many(pair) -> None:
    folders = [gateway.estate.parent for gateway in pair.gateways]
    for side, folder in enumerate(folders):
        first = OWN[1 - side].split(".")[:2]
        prefixes = [".".join([*first, str(index), "0/24"]) for index in range(TUNNELS)]
        estate.write_estate(folder, estate.many_estate("ab"[side], prefixes, OWN[side]))
    estate.write_many_keys(folders, TUNNELS)


def limited(soft: int, hard: int) -> list[str]:
    return ["prlimit", f"--nofile={soft}:{hard}"]


def count_connected(gateway) -> int:
    connections = gateway.status()["connections"]
    return sum(entry["connection_status"] == "Connected" for entry in connections)


def test_all_come_up_at_once_and_each_carries_its_own_packets(pair):
    """The soft limit of open files is too low for them; the daemon raises it itself."""
    write_many(pair)
    for gateway in pair.gateways:
        gateway.wrapper = limited(LOW, MANY)
        gateway.start(60)
    for gateway in pair.gateways:
        wait_until(
            lambda: count_connected(gateway) == TUNNELS,
            60,
            f"{gateway.name} has all its tunnels",
            lambda: f"{count_connected(gateway)} of {TUNNELS}: {gateway.program.log()[-2000:]}",
        )
        ike = gateway.status()["ike"]
        assert ike["drops"]["half_open_refused"] == 0, ike
        # A host that is slow to answer may ask a few.
        assert ike["cookies"]["sent"] < TUNNELS / 10, ike
    pair.sites.host_b.ip("route", "add", "local", OWN[1], "dev", "lo")
    pair.sites.gw_b.ip("route", "add", OWN[1], "via", "10.2.0.2")
    before = egress(pair.a)
    chosen = (0, 77, TUNNELS - 1)
    expected = {f"to-far-{index}" for index in chosen}

    def all_have_sent() -> bool:
        for index in chosen:
            words = ["-n", "-q", "-c", "2", "-i", "0.1", "-W", "0.2", f"10.128.{index}.9"]
            pair.sites.host_a.run("ping", *words, check=False)
        after = egress(pair.a)
        sent = {name for name in after if after[name] != before[name]}
        assert sent <= expected, sent
        return sent == expected

    # A child that the peer began is sent on when the peer has proven that it has it.
    wait_until(all_have_sent, 30, "each of them has sent", pair.a.program.log)


def egress(gateway) -> dict[str, int]:
    return {
        entry["name"]: entry["tunnels"][0]["egress_bytes_transferred"]
        for entry in gateway.status()["connections"]
    }


def test_too_few_descriptors_are_said_at_the_start(pair):
    write_many(pair)
    pair.a.wrapper = limited(FEW, FEW)
    program = pair.a.launch()
    assert program.wait(30) == 5
    said = program.log()
    assert re.search(rf"limit of open files: it is {FEW}, and .* needs \d+\. raise", said), said
    assert pair.sites.gw_a.ip("link", "show", "type", "tun").stdout == ""
