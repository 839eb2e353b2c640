"""The gateways that are compared, by the names that bench/e2e/run takes."""

from peers.openvpn import OpenVpn
from peers.peer import Peer
from peers.plain import Plain
from peers.sketch import SketchNull
from peers.strongswan import StrongSwan
from peers.twinspan import Twinspan, TwinspanBusyPoll, TwinspanNull
from peers.wireguard_go import WireguardGo

PEERS: dict[str, type[Peer]] = {
    peer.name: peer
    for peer in (
        Plain,
        Twinspan,
        TwinspanBusyPoll,
        TwinspanNull,
        StrongSwan,
        WireguardGo,
        OpenVpn,
        SketchNull,
    )
}

# Real VPNs of others: "the best peer of the run" is one of these.
FOREIGN = ("strongswan", "wireguard-go", "openvpn")
