"""OpenVPN point to point over UDP: TLS with pinned certificates, AES-256-GCM, no kernel offload of
the data channel."""

import pathlib

from lab.process import run
from lab.topology import WAN
from peers.peer import INNER_MTU, Peer

CONFIGURATION = """\
dev vpn0
dev-type tun
proto udp4
local {local}
remote {remote}
port 1194
{role}
ifconfig {inside} {inside_far}
cert {folder}/cert.pem
key {folder}/key.pem
peer-fingerprint {fingerprint}
data-ciphers AES-256-GCM
cipher AES-256-GCM
tun-mtu {mtu}
mssfix 0
txqueuelen 1000
sndbuf 4194304
rcvbuf 4194304
disable-dco
keepalive 10 60
verb 3
"""
ROLE = ("tls-client", "tls-server\ndh none")
INSIDE = ("10.8.0.1", "10.8.0.2")
NEW_KEY = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -nodes -days 30"
    " -subj /CN=bench -keyout key.pem -out cert.pem"
)


class OpenVpn(Peer):
    name = "openvpn"

    def start(self) -> None:
        folders = [self.lab.folder / f"openvpn-{side}" for side in range(2)]
        fingerprints = [self.make_certificate(folder) for folder in folders]
        for side, folder in enumerate(folders):
            conf = folder / "openvpn.conf"
            conf.write_text(
                CONFIGURATION.format(
                    local=WAN["ipv4"][side],
                    remote=WAN["ipv4"][1 - side],
                    role=ROLE[side],
                    inside=INSIDE[side],
                    inside_far=INSIDE[1 - side],
                    folder=folder,
                    fingerprint=fingerprints[1 - side],
                    mtu=INNER_MTU,
                )
            )
            self.launch(side, ["openvpn", "--config", conf])
        for side in range(2):
            daemon = self.daemons[side]
            self.wait_for(
                side, lambda: "Initialization Sequence Completed" in daemon.output(), seconds=30
            )
            self.route_through(side, "vpn0")

    @staticmethod
    def make_certificate(folder: pathlib.Path) -> str:
        folder.mkdir()
        run(["env", "-C", folder, *NEW_KEY.split()])
        words = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", folder / "cert.pem"]
        return run(words).stdout.strip().split("=", 1)[1]
