// Inputs of the IKE core other than datagrams and time.
#pragma once

#include <variant>
#include <vector>

#include "ike/core/peer_change.h"
#include "ike/core/peer_config.h"

namespace twinspan::ike {

// A tunnel with `started` false is configured but held down: it neither initiates nor answers until
// CommandUp.
struct CommandAddPeer {
  PeerConfig peer;
  bool started = true;
};
struct CommandRemovePeer {
  TunnelId tunnel;
};  // Deletes its SAs with the peer's knowledge and forgets it; EventPeerRemoved follows.
// Other settings for a tunnel that is there, under the same number; started or held down, it stays
// so. `effect` is carried out at least, and more where what differs needs it
// (ike/core/peer_change.h). An IKE SA has either all of the former settings or all of the new ones:
// an exchange that is under way ends under those that it began with. One EventCommandDone answers:
// the settings are in effect, or why they are not yet; then it goes on trying, and what stood
// before goes on until its lifetime ends.
struct CommandSetPeer {
  PeerConfig peer;
  Effect effect = Effect::InPlace;
};
struct CommandUp {
  TunnelId tunnel;
};  // Lift CommandDown and, unless responder-only, initiate now.
struct CommandDown {
  TunnelId tunnel;
};  // Delete the SAs and stay down until CommandUp.
struct CommandRekeyChild {
  TunnelId tunnel;
};
struct CommandRekeyIke {
  TunnelId tunnel;
};
struct CommandShutdown {};  // Delete every SA; EventQuiet follows when done or after 2 s.

// The answer to EventResolve. Empty `error`: the name has these addresses, of any family and in the
// order in which the name service prefers them; perhaps none.
struct CommandResolved {
  TunnelId tunnel;
  std::string name;
  std::vector<IpAddress> addresses;
  std::string error;
};

// Facts that the data plane reports. Spi: ours, inbound, unless said otherwise.
struct CommandFirstInbound {
  Spi inbound_spi;
};  // First authenticated packet on a new SA.
struct CommandSoftLimit {
  Spi spi;
};  // Bytes or packets reached 80 % (inbound or outbound SPI's pair).
struct CommandHardLimit {
  Spi spi;
};  // The SA may no longer be used.
// Authenticated ESP arrived on these tunnels since the last report: no DPD needed. Ascending; all
// in one command, because each looks at every IKE SA.
struct CommandInboundTraffic {
  std::vector<TunnelId> tunnels;
};
// An authenticated ESP packet of `inbound_spi` came from another endpoint than the one in use.
struct CommandRemoteMoved {
  Spi inbound_spi;
  Endpoint remote;
};
// ESP with an SPI that nobody knows came in: the sender may hold an SA that we lost.
struct CommandUnknownSpi {
  Endpoint local;
  Endpoint remote;
  Spi spi;
};

// Packets of `packet_size` bytes, IP header included, leave for the peer of this tunnel, and nobody
// on the way has said that they do not fit. One EventPathSize follows, unless the peer is not to be
// asked, a search is under way, or the path changes.
struct CommandAskPathSize {
  TunnelId tunnel;
  uint32_t packet_size = 0;
};

// The wall time at this instant: told at the start and whenever it was set. Certificates are judged
// by it; until told, none is valid.
struct CommandWallTime {
  WallTime wall_time{};
};
// New keys and certificates of a tunnel, for every AUTH from now on; its SAs stay.
struct CommandSetCredentials {
  TunnelId tunnel;
  Authentication authentication;
  std::shared_ptr<const SecretBytes> ppk;  // Of the same name as before; null without one.
};

using Command =
    std::variant<CommandAddPeer, CommandRemovePeer, CommandSetPeer, CommandUp, CommandDown,
                 CommandRekeyChild, CommandRekeyIke, CommandShutdown, CommandResolved,
                 CommandFirstInbound, CommandSoftLimit, CommandHardLimit, CommandInboundTraffic,
                 CommandRemoteMoved, CommandUnknownSpi, CommandAskPathSize, CommandWallTime,
                 CommandSetCredentials>;

}  // namespace twinspan::ike
