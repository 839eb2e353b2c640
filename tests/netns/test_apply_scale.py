"""What a change of a large estate may cost: it touches what changes and nothing else, and it is
quick."""

import json
import struct
import time

from lab import estate
from lab.process import wait_until
from pair import capture_full

TUNNELS = 100
MANY = 1000
COMPILED_WITHIN_SECONDS = 1.0
APPLIED_WITHIN_SECONDS = 10.0
OWN = ("10.64.0.0/10", "10.128.0.0/10")

# One datagram to each prefix in turn, numbered, until SIGTERM; says how many each has been sent.
SEND = """
import signal, socket, struct, sys, time
count = int(sys.argv[1])
outs = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
for index, out in enumerate(outs):
    out.bind((f"10.64.{index}.9", 0))  # What comes out of a tunnel has its way back there.
done = []
signal.signal(signal.SIGTERM, lambda *_: done.append(1))
number = 0
while not done:
    for index, out in enumerate(outs):
        out.sendto(struct.pack("!II", index, number), (f"10.128.{index}.9", 7001))
        time.sleep(0.0005)
    number += 1
print(number, flush=True)
"""
RECEIVE = """
import collections, json, signal, socket, struct, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
server.bind(("", 7001))
server.settimeout(0.5)
seen = collections.Counter()
done = []
signal.signal(signal.SIGTERM, lambda *_: done.append(1))
print("listening", flush=True)
while True:
    try:
        index, _ = struct.unpack("!II", server.recv(64))
        seen[index] += 1
    except TimeoutError:
        if done:
            break
print(json.dumps(seen), flush=True)
"""


def many(side: str, count: int, **connection) -> dict:
    index = "ab".index(side)
    first = OWN[1 - index].split(".")
    prefixes = [f"{first[0]}.{int(first[1]) + i // 256}.{i % 256}.0/24" for i in range(count)]
    return estate.many_estate(side, prefixes, OWN[index], dpd_timeout_seconds=600, **connection)


def write_many(pair, count: int) -> None:
    folders = [gateway.estate.parent for gateway in pair.gateways]
    for side, folder in zip("ab", folders, strict=True):
        estate.write_estate(folder, many(side, count))
    estate.write_many_keys(folders, count)


def connections(gateway) -> dict:
    return {entry["name"]: entry for entry in gateway.status()["connections"]}


def wait_all_up(gateway, count: int) -> None:
    wait_until(
        lambda: sum(
            entry["connection_status"] == "Connected" for entry in connections(gateway).values()
        )
        == count,
        60,
        f"{gateway.name} has all its tunnels",
        lambda: gateway.program.log()[-2000:],
    )


def spis(gateway) -> dict:
    return {
        name: sorted((sa["spi_in"], sa["spi_out"]) for sa in entry["child_sas"])
        for name, entry in connections(gateway).items()
    }


def ike_spis(path) -> set:
    """Initiator SPIs of all IKE messages of a capture."""
    data = path.read_bytes()
    place, found = 24, set()
    while place + 16 <= len(data):
        length = struct.unpack_from("<I", data, place + 8)[0]
        frame = data[place + 16 : place + 16 + length]
        place += 16 + length
        if len(frame) < 42 or frame[12:14] != b"\x08\x00" or frame[23] != 17:
            continue
        payload = frame[14 + 4 * (frame[14] & 15) + 8 :]
        ports = struct.unpack_from("!HH", frame, 14 + 4 * (frame[14] & 15))
        if 4500 in ports:
            if payload[:4] != bytes(4):
                continue
            payload = payload[4:]
        elif 500 not in ports:
            continue
        found.add(payload[:8].hex())
    return found


def test_a_change_of_one_of_a_hundred_touches_no_other(pair):
    write_many(pair, TUNNELS)
    for gateway in pair.gateways:
        gateway.start(60)
    for gateway in pair.gateways:
        wait_all_up(gateway, TUNNELS)
    sites = pair.sites
    for side, host, gateway in ((0, sites.host_a, sites.gw_a), (1, sites.host_b, sites.gw_b)):
        host.ip("route", "add", "local", OWN[side], "dev", "lo")
        gateway.ip("route", "add", OWN[side], "via", f"10.{side + 1}.0.2")
    description = many("a", TUNNELS)
    policy = {**estate.STRONG, "pfs_group": "ECP256"}
    description["connections"]["to-far-7"]["ipsec_policy"] = policy
    theirs = many("b", TUNNELS)
    theirs["connections"]["to-far-7"]["ipsec_policy"] = policy
    paths = []
    for gateway, content in zip(pair.gateways, (description, theirs), strict=True):
        paths.append(gateway.estate.parent / "next.yaml")
        paths[-1].write_text(json.dumps(content))
    assert pair.b.cli("apply", str(paths[1])).returncode == 0
    time.sleep(2)  # What pair.b does about its own change is over before anything is measured.
    before = spis(pair.a)
    listening = pair.lab.start(pair.sites.host_b, ["python3", "-c", RECEIVE], "receive")
    wait_until(lambda: "listening" in listening.output(), 10, "the receiver listens")
    tcpdump, path = capture_full(pair, "change")
    sending = pair.lab.start(pair.sites.host_a, ["python3", "-c", SEND, str(TUNNELS)], "send")
    time.sleep(2)
    assert pair.a.cli("apply", str(paths[0])).returncode == 0
    wait_until(
        lambda: spis(pair.a)["to-far-7"] != before["to-far-7"], 20, "it is rekeyed", pair.a.explain
    )
    time.sleep(2)
    sending.stop()
    listening.stop()
    tcpdump.stop()
    sent = int(sending.output())
    seen = json.loads(listening.output().splitlines()[-1])
    lost = {i: sent - seen.get(str(i), 0) for i in range(TUNNELS) if seen.get(str(i), 0) != sent}
    assert sent > 10 and lost == {}, (sent, lost)
    after = spis(pair.a)
    assert {name for name in before if before[name] != after[name]} == {"to-far-7"}
    own = pair.a.cli_json("show", "connection", "to-far-7")["ike_sa"]["initiator_spi"]
    assert ike_spis(path) == {own}


def test_a_thousand_connections_are_compiled_in_a_second_and_applied_in_ten(pair):
    write_many(pair, MANY)
    path = pair.a.estate.parent / "next.yaml"
    pair.a.estate.rename(path)
    estate.write_estate(pair.a.estate.parent, many("a", 1))
    pair.a.start()
    begin = time.monotonic()
    answer = pair.a.cli_json("plan", str(path))
    planned = time.monotonic() - begin
    assert len(answer["changes"]) >= MANY - 1
    begin = time.monotonic()
    result = pair.a.cli("apply", str(path))
    applied = time.monotonic() - begin
    assert result.returncode == 0, result.stderr
    print(f"planned in {planned:.2f} s, applied in {applied:.2f} s")
    links = pair.sites.gw_a.ip("-o", "link", "show", "type", "tun").stdout.splitlines()
    assert len(links) == MANY
    routes = pair.sites.gw_a.ip("route", "show", "table", "all").stdout
    assert sum("dev ts" in line and "10." in line for line in routes.splitlines()) >= MANY
    assert len(connections(pair.a)) == MANY
    assert planned < COMPILED_WITHIN_SECONDS
    assert applied < APPLIED_WITHIN_SECONDS
