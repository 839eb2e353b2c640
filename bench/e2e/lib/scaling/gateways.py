"""Two gateways between two sites, joined by one tunnel or by many, in namespaces of their own.

Behind each gateway lie `networks` networks of 256 addresses, and one host that answers for all of
them. The same addresses lie behind one tunnel or behind as many tunnels as there are networks, so
that the same traffic meets both."""

import ipaddress
import pathlib
import sys
import time

from lab import estate, topology
from lab.gateway import Gateway
from lab.network import Lab
from lab.process import LabError
from visit import undisturbed

NETWORKS = (ipaddress.ip_network("10.64.0.0/10"), ipaddress.ip_network("10.128.0.0/10"))
NETWORK_ADDRESSES = 256
TUNNELS_MAX = NETWORKS[0].num_addresses // NETWORK_ADDRESSES
# Devices, key exchanges and SAs of a tunnel, on a machine that does other things as well.
SECONDS_PER_TUNNEL = 0.2
SECONDS_AT_LEAST = 30


class GatewayPair:
    def __init__(
        self, binaries: pathlib.Path, tunnels: int, networks: int, workers: int | None = None
    ):
        if tunnels not in (1, networks):
            raise ValueError("one tunnel for all networks, or one for each")
        self.tunnels, self.networks, self.workers = tunnels, networks, workers
        self.binaries = binaries
        self.patience = SECONDS_AT_LEAST + SECONDS_PER_TUNNEL * tunnels
        self.lab = Lab()
        self.ends: list[Gateway] = []
        self.established_seconds = 0.0
        self.stands_since = 0.0

    def __enter__(self) -> "GatewayPair":
        try:
            self.sites = topology.build_sites(self.lab)
            self.add_networks()
            self.start()
        except BaseException as error:
            self.close(keep_logs=isinstance(error, LabError))
            raise
        return self

    def __exit__(self, kind, _value, _trace) -> None:
        self.close(keep_logs=kind is not None and issubclass(kind, LabError))

    def close(self, keep_logs: bool) -> None:
        with undisturbed():
            self.lab.close(keep_logs)
        if keep_logs:
            print(f"    logs: {self.lab.folder}", file=sys.stderr)

    def add_networks(self) -> None:
        hosts = (self.sites.host_a, self.sites.host_b)
        gateways = (self.sites.gw_a, self.sites.gw_b)
        for side in range(2):
            hosts[side].ip("route", "add", "local", str(NETWORKS[side]), "dev", "lo")
            gateways[side].ip(
                "route", "add", str(NETWORKS[side]), "via", topology.HOST["ipv4"][side]
            )

    def start(self) -> None:
        began = time.monotonic()
        folders = [self.lab.folder / f"estate-{letter}" for letter in "ab"]
        for side in range(2):
            description = estate.many_estate(
                "ab"[side], self.prefixes(1 - side), str(NETWORKS[side])
            )
            path = estate.write_estate(folders[side], description)
            namespace = (self.sites.gw_a, self.sites.gw_b)[side]
            end = Gateway(self.lab, namespace, self.binaries, path, f"gw-{'ab'[side]}")
            if self.workers is not None:
                end.arguments = ["--workers", str(self.workers)]
            self.ends.append(end)
        estate.write_many_keys(folders, self.tunnels)
        for end in self.ends:
            end.start(self.patience)
        self.wait_connected()
        self.stands_since = time.monotonic()
        self.established_seconds = self.stands_since - began

    def stands_for(self) -> float:
        return time.monotonic() - self.stands_since

    def prefixes(self, side: int) -> list[str]:
        """What lies behind the gateway of that side, by tunnel."""
        if self.tunnels == 1:
            return [str(NETWORKS[side])]
        first = NETWORKS[side].network_address
        return [f"{first + i * NETWORK_ADDRESSES}/24" for i in range(self.tunnels)]

    def wait_connected(self) -> None:
        deadline = time.monotonic() + self.patience
        while True:
            connected = [self.count_connected(end) for end in self.ends]
            if min(connected) == self.tunnels:
                return
            if time.monotonic() >= deadline:
                raise LabError(
                    f"after {self.patience:.0f} s only {connected[0]} and {connected[1]} of "
                    f"{self.tunnels} tunnels stand\n{self.ends[0].program.log()[-2000:]}"
                )
            time.sleep(0.5)

    def count_connected(self, end: Gateway) -> int:
        self.require_alive()
        connections = end.status()["connections"]
        return sum(entry["connection_status"] == "Connected" for entry in connections)

    def require_alive(self) -> None:
        for end in self.ends:
            if not end.program.is_running():
                raise LabError(
                    f"{end.name} ended with {end.program.process.returncode}: "
                    f"{end.program.log()[-1000:]}"
                )

    def pids(self) -> list[int]:
        return [end.program.pid for end in self.ends]
