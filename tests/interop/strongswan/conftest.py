"""Fixtures of the strongSwan tests: gw-a is twinspand, gw-b is charon."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from lab import estate  # noqa: E402
from lab.charon import Charon  # noqa: E402
from lab.gateway import Gateway  # noqa: E402
from lab.process import wait_until  # noqa: E402

ROLE_MODES = {"initiator": "initiator-only", "responder": "responder-only"}
REMOTE_PREFIXES = {"ipv4": ["10.2.0.0/16"], "ipv6": ["2001:db8:2::/48"]}
KEY = "correct horse battery staple 1"


class Mixed:
    """twinspand as gw-a and charon as gw-b, joined by `to-far` here and `s2s` there."""

    def __init__(self, sites, binaries):
        Charon.require_installed()
        self.sites = sites
        path = sites.lab.folder / "estate-gw-a" / "estate.yaml"
        self.us = Gateway(sites.lab, sites.gw_a, binaries, path, "gw-a")
        self.charon = Charon(sites.lab, sites.gw_b)
        self.lab, self.binaries, self.inner = sites.lab, binaries, "ipv4"
        # The address that wan0 has when a NAT stands before it.
        self.private_address: str | None = None

    def start(
        self, role: str, ours: dict | None = None, theirs: dict | None = None, key: str = KEY
    ) -> "Mixed":
        """Both daemons. `role` is ours: as initiator we begin at once, charon never by itself."""
        self.role = role
        settings = {"connection_mode": ROLE_MODES[role], **(ours or {})}
        self.inner = settings.get("inner", "ipv4")
        description = estate.half_estate("a", REMOTE_PREFIXES[self.inner], **settings)
        if self.private_address:
            [configuration] = description["virtual_network_gateways"]["gw-a"]["ip_configurations"]
            configuration["private_ip_address"] = self.private_address
        estate.write_estate(self.us.estate.parent, description, key)
        self.charon.start(**(theirs or {}))
        self.us.start()
        return self

    def connect(self) -> None:
        if self.role == "initiator":
            result = self.us.cli("up", "to-far")
            assert result.returncode == 0, result.stdout + result.stderr + self.us.explain()
        else:
            self.charon.initiate()
        self.us.wait_connected()
        wait_until(self.charon.is_installed, 10, "charon has installed the child", self.charon.log)

    def require_data(self) -> None:
        for reverse in (False, True):
            assert self.sites.ping(self.inner, reverse=reverse), self.explain()
            assert self.sites.ping(self.inner, reverse=reverse, size=1300), self.explain()

    def require_one_child(self) -> None:
        """Ours has one and charon uses one. charon keeps a rekeyed one as DELETED for five seconds,
        and 5.9.8 for ever when the IKE SA is rekeyed within them."""
        wait_until(
            lambda: len(self.us.cli_json("show", "connection", "to-far")["child_sas"]) == 1
            and self.charon.list_sas().count("INSTALLED") == 1,
            20,
            "each end has one child SA",
            self.explain,
        )

    def wait_change(self, has_changed) -> None:
        wait_until(has_changed, 15, "the rekey is done", self.explain)

    def wait_data(self, seconds: float) -> None:
        wait_until(
            lambda: self.sites.ping_both_ways(self.inner, count=1),
            seconds,
            "pings flow both ways",
            self.explain,
        )

    def explain(self) -> str:
        return f"{self.us.explain()}\n{self.charon.list_sas()}\n{self.charon.log()[-4000:]}"

    def spis(self) -> tuple[str, str]:
        tunnel = self.us.tunnel()
        return tunnel["spi_in"], tunnel["spi_out"]

    def require_same_children(self) -> None:
        """Both ends know the same newest pair of SPIs."""
        wait_until(
            lambda: {spi[2:] for spi in self.spis() if spi} <= self.charon.child_spis(),
            10,
            "both ends have the same child SA",
            lambda: f"{self.us.explain()}\n{self.charon.list_sas()}",
        )


@pytest.fixture
def mixed(sites, binaries) -> Mixed:
    return Mixed(sites, binaries)
