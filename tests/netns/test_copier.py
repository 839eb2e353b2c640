"""One on the path copies the packets of a gateway from another address and is always first. He
cannot turn the other gateway's traffic towards himself (docs/decisions/0009-return-path.md)."""

import json
import pathlib
import sys

import pytest

from lab.network import add_address, connect
from lab.process import wait_until
from lab.topology import WAN

COPIER = pathlib.Path(__file__).with_name("copier.py")
SOURCE = "192.0.2.99"
VICTIMS = {"initiator": 0, "responder": 1}


class Copier:
    """Takes the cable between the gateways and puts a box into it."""

    def __init__(self, pair, victim: int, relays: bool):
        sites = pair.sites
        self.box = sites.lab.add_namespace("copier")
        gateways = (sites.gw_a, sites.gw_b)
        sites.gw_a.ip("link", "del", "wan0")
        for side, gateway in enumerate(gateways):
            connect(gateway, "wan0", self.box, f"mid{side}")
            add_address(gateway, "wan0", WAN["ipv4"][side] + "/24")
            gateway.ip("route", "replace", "default", "via", WAN["ipv4"][1 - side])
            # What the box reads must be as it is on a wire: whole packets with their checksums.
            for namespace, device in ((gateway, "wan0"), (self.box, f"mid{side}")):
                features = ["tx", "off", "gso", "off", "tso", "off", "gro", "off"]
                namespace.run("ethtool", "-K", device, *features)
        self.path = sites.lab.folder / "copier.json"
        words = [sys.executable, COPIER, f"mid{victim}", f"mid{1 - victim}"]
        words += [WAN["ipv4"][victim], SOURCE, self.path, *(["--relay"] if relays else [])]
        self.program = sites.lab.start(self.box, words, "copier")
        wait_until(self.path.exists, 10, "the copier runs", self.program.log)

    def counts(self) -> dict[str, int]:
        return json.loads(self.path.read_text())


@pytest.mark.parametrize("relays", (False, True), ids=("blind", "relaying"))
@pytest.mark.parametrize("who", VICTIMS)
def test_a_copier_on_the_path_redirects_nothing(pair, who, relays):
    victim = VICTIMS[who]
    description = pair.write()
    description["connections"]["a-to-b"]["connection_mode"] = "initiator-only"
    description["connections"]["b-to-a"]["connection_mode"] = "responder-only"
    for gateway in pair.gateways:
        pair.write_to(gateway, description)
    copier = Copier(pair, victim, relays)
    pair.start()
    attacked = pair.gateways[1 - victim]

    def probes() -> int:
        return attacked.status()["ike"]["drops"]["path_probes"]

    def is_probed_again() -> bool:
        assert pair.sites.ping_both_ways(count=5)
        return probes() >= 3

    # The first packets already make it look; three times means that it went on looking.
    wait_until(is_probed_again, 60, "the copies are looked into", attacked.explain)
    assert pair.a.cli("rekey", "a-to-b").returncode == 0
    assert pair.b.cli("rekey", "b-to-a", "--ike").returncode == 0
    pair.require_ping(count=20)
    counts = copier.counts()
    assert counts["copied"] > 100
    assert counts["caught_esp"] == 0, counts
    assert attacked.status()["ike"]["drops"]["remote_moves"] == 0
    assert attacked.tunnel()["remote_endpoint"] == WAN["ipv4"][victim] + ":4500"
