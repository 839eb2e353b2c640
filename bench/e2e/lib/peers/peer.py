"""What a peer is: two daemons that join the two LANs of lab/topology.py."""

import pathlib

from lab.process import Background, LabError, wait_until
from lab.topology import Sites

ROOT = pathlib.Path(__file__).resolve().parents[4]
BUILD = ROOT / "build"
E2E_PROGRAMS = BUILD / "bench" / "bin"

# What 1500 bytes outside leave inside, rounded down for all alike; those with a mind of their own
# about it say so.
INNER_MTU = 1420

FAR_LAN = ("10.2.0.0/24", "10.1.0.0/24")  # As gw-a and gw-b see it.


class Peer:
    name = ""
    needs: tuple[str, ...] = ()  # What is built or fetched for it: keys of prepare.STEPS.
    hides_the_lans = True  # No address of a LAN shows on the middle link.

    def __init__(self, sites: Sites):
        self.sites, self.lab = sites, sites.lab
        self.gateways = (sites.gw_a, sites.gw_b)
        self.daemons: list[Background] = []

    def start(self) -> None:
        """Returns when both daemons are up; the path is verified by the caller."""

    def launch(self, side: int, words: list, environment: dict | None = None) -> Background:
        name = f"{self.name}-{'ab'[side]}"
        daemon = self.lab.start(self.gateways[side], words, name, environment)
        self.daemons.append(daemon)
        return daemon

    def route_through(self, side: int, device: str, mtu: int = INNER_MTU) -> None:
        """The far LAN lies behind `device`, once the daemon has made it."""
        gateway = self.gateways[side]
        self.wait_for(
            side, lambda: gateway.ip("link", "show", device, check=False).returncode == 0
        )
        gateway.ip("link", "set", device, "mtu", str(mtu), "up")
        gateway.ip("route", "add", FAR_LAN[side], "dev", device)

    def wait_for(self, side: int, condition, seconds: float = 20) -> None:
        daemon = self.daemons[side]
        what = f"{self.name} on {self.gateways[side].name} is ready"
        wait_until(lambda: condition() or not daemon.is_running(), seconds, what, daemon.log)
        self.require_alive()

    def require_alive(self) -> None:
        for daemon in self.daemons:
            if not daemon.is_running():
                raise LabError(
                    f"a daemon of {self.name} ended with {daemon.process.returncode}: "
                    f"{daemon.log()[-1000:]}{daemon.output()[-1000:]}"
                )
