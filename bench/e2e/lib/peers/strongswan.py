"""strongSwan with kernel-libipsec: IKEv2 and ESP (AES-256-GCM) in user space, ESP in UDP. Its TUN
keeps its built-in MTU of 1400: charon reads with a buffer of that size."""

from lab.charon import NEAR, Charon
from lab.process import wait_until
from peers.peer import Peer


class StrongSwan(Peer):
    name = "strongswan"

    def start(self) -> None:
        Charon.require_installed()
        near, far = (
            Charon(self.lab, namespace, f"charon-{letter}").start(**settings)
            for namespace, letter, settings in zip(self.gateways, "ab", (NEAR, {}))
        )
        self.daemons = [near.program, far.program]
        near.initiate()
        for end in (near, far):
            wait_until(end.is_installed, 15, "charon has installed the child", end.log)
