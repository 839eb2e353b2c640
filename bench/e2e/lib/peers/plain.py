"""No VPN: the kernel routes from LAN to LAN. The ceiling of machine and load generator."""

from peers.peer import Peer


class Plain(Peer):
    name = "plain"
    hides_the_lans = False
    # The sites already have a default route from gateway to gateway.
