"""The surroundings of every case.

    hostA -- gw-a (the daemon under test) === WAN === gw-b (another twinspand) -- hostB
                                           |
                                           '== the scripted peers, each with an address and a
                                               connection of its own on gw-a

gw-b and the witness, a scripted peer that only behaves, are the bystanders: after each case the
tunnel of the first carries a ping and the IKE SA of the second answers a liveness check, both with
the SPIs that they had before. The peers that a case used come back politely: they connect, have
exactly one child, and leave nothing behind.
"""

import dataclasses
import pathlib

from control import Control, SaState
from ike import wire
from ike.crypto import AES_CBC, Suite
from ike.certified import CertifiedPeer
from ike.peer import Peer, Profile
from ike.session import Failure, Session
from lab import estate, pki, topology
from lab.gateway import Gateway
from lab.network import Lab
from lab.process import wait_until

DAEMON = topology.WAN["ipv4"][0]
KEY = "correct horse battery staple 1"
RETURN_SECONDS = 5
# The daemon bounds what one network may leave half-open, and asks for cookies before that.
HALF_OPEN_MAX = 20
# Of SAs that only wait for their end; nothing is installed for them.
OVER = {"Lingering", "Closed", "Deleting"}
HALF_OPEN = {"InitAnswered", "IntermediateDue"}


def policy(**changes: object) -> dict:
    gcm = {"ike_encryption": "GCMAES256", "ike_integrity": "GCMAES256", "ike_prf": "SHA256"}
    rest = {"dh_group": "ECP256", "pfs_group": "ECP256", "esn": False}
    return {**estate.STRONG, **gcm, **rest, **changes}


def profile(name: str, host: int, **changes: object) -> Profile:
    return Profile(name, f"192.0.2.{host}", KEY.encode(), f"10.{host}.0.0/16", **changes)


# The connection's own settings beside each peer's profile.
PEERS: list[tuple[Profile, dict]] = [
    (profile("hostile", 66), {}),
    (
        profile("cbc", 67, suite=Suite(AES_CBC, 256, 5, 12, 14), pfs=0),
        {
            "ipsec_policy": policy(
                ike_encryption="AES256",
                ike_integrity="SHA256",
                dh_group="DHGroup14",
                pfs_group="None",
            )
        },
    ),
    (profile("narrow", 68), {"use_policy_based_traffic_selectors": True}),
    (
        profile("curve", 69, suite=Suite(prf=7, group=31), pfs=31),
        {"ipsec_policy": policy(ike_prf="SHA512", dh_group="CURVE25519", pfs_group="CURVE25519")},
    ),
    (
        profile("called", 70),
        {"connection_mode": "default", "dpd_timeout_seconds": 9},
    ),
    (profile("witness", 71), {}),
    (
        profile("hybrid", 72),
        {"additional_key_exchanges": {"methods": ["CURVE25519", "DHGroup14"], "required": False}},
    ),
    (profile("certified", 73), {}),
    (profile("shared", 74), {"per_resource_sas": "on", "aggfrag": True}),
]


@dataclasses.dataclass
class Certificates:
    """Of the peer `certified` and the daemon, by one root."""

    root: pki.Identity
    daemon: pki.Identity
    peer: pki.Identity


def make_certificates() -> Certificates:
    root = pki.authority()
    [address] = [each.address for each, _ in PEERS if each.name == "certified"]
    daemon, peer = (pki.Identity(f"at {a}", [a], issuer=root) for a in (DAEMON, address))
    return Certificates(root, daemon, peer)


def write_estates(lab: Lab, certificates: Certificates) -> dict[str, pathlib.Path]:
    """gw-b knows only gw-a; gw-a knows the scripted peers besides."""
    description = estate.pair_estate()
    paths = {"gw-b": estate.write_estate(lab.folder / "estate-gw-b", description, KEY)}
    networks = description["local_network_gateways"] = {}
    for each, settings in PEERS:
        networks[each.name] = {
            "gateway_ip_address": each.address,
            "address_prefixes": [each.local],
        }
        description["connections"][each.name] = {
            "connection_type": "ipsec",
            "virtual_network_gateway1": "gw-a",
            "local_network_gateway2": each.name,
            "shared_key": {"file": "a-b.psk"},
            "connection_mode": "responder-only",
            "dpd_timeout_seconds": 3600,
            "ipsec_policy": policy(),
            **settings,
        }
    certified = description["connections"]["certified"]
    certified |= pki.write_certificates(
        lab.folder / "estate-gw-a", certificates.daemon, certificates.root
    )
    del certified["shared_key"]
    paths["gw-a"] = estate.write_estate(lab.folder / "estate-gw-a", description, KEY)
    return paths


@dataclasses.dataclass
class Bystanders:
    """What must not change while others misbehave."""

    tunnel_spis: tuple[str, str]
    witness_sa: str


class Scene:
    def __init__(self, lab: Lab, binaries: pathlib.Path):
        self.lab = lab
        self.sites = topology.build_sites(lab)
        self.certificates = make_certificates()
        paths = write_estates(lab, self.certificates)
        for each, _ in PEERS:
            self.sites.gw_b.ip("address", "add", f"{each.address}/24", "dev", "wan0")
        self.daemon = Gateway(lab, self.sites.gw_a, binaries, paths["gw-a"], "gw-a")
        self.daemon.arguments = ["--verbose", "--workers", "2"]
        self.neighbour = Gateway(lab, self.sites.gw_b, binaries, paths["gw-b"], "gw-b")
        world = self.sites.gw_b.name
        self.peers = {each.name: Peer(world, DAEMON, each) for each, _ in PEERS}
        self._use_certificates(world)
        self.control = Control(self.daemon.run_dir / "control.sock")

    def _use_certificates(self, world: str) -> None:
        plain = self.peers.pop("certified")
        plain.close()
        own, key = self.certificates.peer, self.certificates.daemon.key
        self.peers["certified"] = CertifiedPeer(world, DAEMON, plain.profile, own, key)

    # --- The peers that cases use ---

    @property
    def certified(self) -> CertifiedPeer:
        """As `hostile`, with a certificate instead of the key."""
        return self.peers["certified"]

    @property
    def certified_root(self) -> pki.Identity:
        return self.certificates.root

    @property
    def hostile(self) -> Peer:
        """AES-GCM, PRF-HMAC-SHA-256, ECP256, with PFS; any selectors."""
        return self.peers["hostile"]

    @property
    def cbc(self) -> Peer:
        """AES-CBC with HMAC-SHA-256, group 14, without PFS."""
        return self.peers["cbc"]

    @property
    def narrow(self) -> Peer:
        """Only 10.1.0.0/16 === 10.68.0.0/16 is configured."""
        return self.peers["narrow"]

    @property
    def curve(self) -> Peer:
        """Curve25519, PRF-HMAC-SHA-512."""
        return self.peers["curve"]

    @property
    def called(self) -> Peer:
        """The daemon is the initiator here, when told; silent for 9 s means dead."""
        return self.peers["called"]

    @property
    def shared(self) -> Peer:
        """As hostile; with a Child SA per worker, of which there are two, and AGGFRAG."""
        return self.peers["shared"]

    @property
    def hybrid(self) -> Peer:
        """As hostile; Curve25519 and group 14 as additional key exchanges, or none."""
        return self.peers["hybrid"]

    # --- Life ---

    def start(self) -> "Scene":
        for gateway in (self.daemon, self.neighbour):
            gateway.start()
        self.control.call("Down", connection="called")
        for gateway, name in ((self.daemon, "a-to-b"), (self.neighbour, "b-to-a")):
            wait_until(
                lambda: gateway.connection(name)["connection_status"] == "Connected",
                20,
                f"{name} is connected",
                gateway.explain,
            )
        self.called.sockets.drain()
        self.witness = self._connect_witness()
        self.before = self.bystanders()
        for peer in self.peers.values():
            peer.sockets.was_used = False
        return self

    def _connect_witness(self) -> Session:
        """Its child was made anew once: the daemon has no reason left to try out a rekey."""
        witness = self.peers["witness"]
        session = witness.connect()
        [old] = session.children
        witness.create_child(session, old)
        session.request(wire.Exchange.INFORMATIONAL, [wire.delete(wire.Protocol.ESP, [old.ours])])
        session.children.remove(old)
        return session

    def close(self) -> None:
        for peer in self.peers.values():
            peer.close()

    # --- Questions ---

    def sas(self, peer: Peer) -> list[SaState]:
        return self.control.sas(peer.profile.name)

    def established(self, peer: Peer) -> list[SaState]:
        return [sa for sa in self.sas(peer) if sa.state == "Established"]

    def child_count(self, peer: Peer) -> int:
        return sum(len(sa.children) for sa in self.sas(peer))

    def state_of(self, session: Session) -> str | None:
        """The whole dump of one SA; nothing when the daemon does not have it (any more)."""
        for sa in map(str, self.control.dump().split("\nike ")):
            if sa.removeprefix("ike ").startswith(f"{session.spi_i:016x}_i {session.spi_r:016x}_r"):
                return sa.split("\ntunnel ")[0]
        return None

    def bystanders(self) -> Bystanders:
        tunnel = self.control.show("a-to-b")["tunnels"][0]
        spis = tunnel["spi_in"], tunnel["spi_out"]
        [witness] = self.control.sas("witness")
        if len(witness.children) != 1:
            raise Failure(f"the witness has other children: {witness.text}")
        identity = f"{witness.spi_i:x} {witness.spi_r:x} {witness.state} {witness.children[0]}"
        return Bystanders(spis, identity)

    def is_crowded(self) -> bool:
        """So many SAs were left half-open or refused that the next case would meet the bounds."""
        lines = [line for line in self.control.dump().splitlines() if line.startswith("ike ")]
        waiting = (" InitAnswered ", " IntermediateDue ", " Lingering ")
        return sum(any(state in line for state in waiting) for line in lines) > HALF_OPEN_MAX

    # --- After a case ---

    def require_service(self) -> None:
        """The daemon lives, the bystanders have noticed nothing, and the peers may come back."""
        if not self.daemon.program.is_running():
            raise Failure(f"the daemon ended with {self.daemon.program.process.returncode}")
        self.witness.probe()
        after = self.bystanders()
        if after != self.before:
            raise Failure(f"the bystanders changed: {self.before} became {after}")
        if not self.sites.ping(count=1):
            raise Failure("the bystander's tunnel no longer carries a ping")
        for peer in self.peers.values():
            if peer.sockets.was_used and peer.profile.name != "witness":
                self.require_return(peer)
                peer.sockets.was_used = False

    def require_return(self, peer: Peer) -> None:
        if peer is self.called:
            self.hang_up()
        else:
            peer.sockets.drain()
            session = peer.connect()
            count = self.child_count(peer)
            if len(self.established(peer)) != 1 or count != 1:
                raise Failure(f"SAs were left behind: {[sa.text for sa in self.sas(peer)]}")
            session.close()
        wait_until(
            lambda: all(sa.state in OVER | HALF_OPEN for sa in self.sas(peer)),
            RETURN_SECONDS,
            f"the SAs of {peer.profile.name} are over",
        )
        if self.child_count(peer) != 0:
            raise Failure(f"children were left behind: {[sa.text for sa in self.sas(peer)]}")
        peer.sessions.clear()

    # --- The daemon as initiator ---

    def call_up(self, name: str = "called"):
        """Tells the daemon to connect; its reply is polled for."""
        return self.control.begin("Up", connection=name)

    def hang_up(self) -> None:
        """Takes the connection down; what the daemon asks meanwhile is answered."""
        call = self.control.begin("Down", connection="called")
        while call.poll(0.01) is None:
            while (arrival := self.called.sockets.receive(0)) is not None:
                self.called.route(arrival.raw)
