"""Debian 13's wireguard-go, the first one with TUN and UDP offloads: the strongest peer in user
space. Its cipher is ChaCha20-Poly1305."""

import pathlib

from lab.process import LabError, run
from lab.topology import WAN
from peers.peer import BUILD, FAR_LAN, Peer

PROGRAM = BUILD / "peers" / "wireguard-go" / "usr" / "bin" / "wireguard-go"
PORT = 51820

# A private /run, because the control socket's place is fixed. In the foreground.
START = f"mount -t tmpfs tmpfs /run && mkdir /run/wireguard && exec {PROGRAM} -f $0"

INTERFACE = """\
[Interface]
PrivateKey = {key}
ListenPort = {port}
[Peer]
PublicKey = {far_key}
AllowedIPs = {networks}
Endpoint = {far}:{port}
"""


class WireguardGo(Peer):
    name = "wireguard-go"
    needs = ("wireguard-go",)

    def start(self) -> None:
        if not PROGRAM.exists():
            raise LabError("the package wireguard-go of Debian 13 could not be fetched")
        keys = [run(["wg", "genkey"]).stdout for _ in self.gateways]
        public = [run(["wg", "pubkey"], text_in=key).stdout for key in keys]
        for side in range(2):
            words = ["unshare", "-m", "sh", "-c", START, "wg0"]
            self.launch(side, words, {"LOG_LEVEL": "error", "WG_PROCESS_FOREGROUND": "1"})
        for side in range(2):
            conf = self.lab.folder / f"wg-{side}.conf"
            conf.touch(mode=0o600)
            conf.write_text(
                INTERFACE.format(
                    key=keys[side].strip(),
                    far_key=public[1 - side].strip(),
                    port=PORT,
                    networks=", ".join(FAR_LAN),
                    far=WAN["ipv4"][1 - side],
                )
            )
            self.configure(side, conf)

    def configure(self, side: int, conf: pathlib.Path) -> None:
        pid = str(self.daemons[side].pid)
        socket = pathlib.Path(f"/proc/{pid}/root/run/wireguard/wg0.sock")
        self.wait_for(side, socket.exists)
        run(["nsenter", "-t", pid, "-m", "-n", "wg", "setconf", "wg0", conf])
        self.route_through(side, "wg0")
