"""bench/e2e/sketch: TUN and UDP offloads, no cipher, no state. What the input and output of any
gateway of this kind cost."""

from lab.topology import WAN
from peers.peer import E2E_PROGRAMS, Peer

PORT = "4500"


class SketchNull(Peer):
    name = "sketch-null"
    program = E2E_PROGRAMS / "sketch"

    def start(self) -> None:
        for side in range(2):
            self.launch(
                side,
                [self.program, "sketch0", WAN["ipv4"][side], WAN["ipv4"][1 - side], PORT],
            )
        for side in range(2):
            daemon = self.daemons[side]
            self.wait_for(side, lambda: "ready" in daemon.output())
            self.route_through(side, "sketch0")
