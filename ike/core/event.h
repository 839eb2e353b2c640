// Outputs of the IKE core other than datagrams. Events are emitted in the order in which they must
// be carried out; the driver publishes the data plane once after draining them.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/log.h"
#include "base/sa_params.h"
#include "base/time.h"
#include "ike/core/failure_record.h"
#include "ike/core/peer_config.h"

namespace twinspan::ike {

// --- For the data plane ---
struct EventInstallPair {
  SaPairParams params;
};
struct EventActivateOutbound {
  ChildId child;
};  // Send on this child's outbound SA from now on.
struct EventRemoveOutbound {
  ChildId child;
};
struct EventRemoveInbound {
  Spi spi;
};  // After the grace time of a replaced SA.
struct EventUpdateRemote {
  ChildId child;
  Endpoint local;
  Endpoint remote;
};

// The answer to CommandAskPathSize: the largest packet that is known to get through, `asked` itself
// if that does. nullopt: no probe came back in time, whatever its size, which says nothing.
struct EventPathSize {
  TunnelId tunnel;
  uint32_t asked = 0;
  std::optional<uint32_t> fitting;
};

// --- For the name service ---
// Look `name` up; exactly one CommandResolved answers, at any time.
struct EventResolve {
  TunnelId tunnel;
  std::string name;
};

// --- For status, events and operators ---
enum class TunnelState : uint8_t { Idle, Connecting, Established, Down };

struct EventTunnelState {
  TunnelId tunnel;
  TunnelState state{};
  std::string reason;   // Empty when Established.
  Diagnosis diagnosis;  // Filled on failures.
};
// One per exchange that failed, in either role, rekeys of an established tunnel included.
struct EventExchangeFailed {
  TunnelId tunnel;
  Diagnosis record;
};
struct EventChildEstablished {
  TunnelId tunnel;
  ChildId child;
  std::string name;       // Of its ChildConfig.
  uint16_t resource = 0;  // As in SaPairParams.
  Spi inbound_spi, outbound_spi;
  EspTransforms transforms;
  TrafficSelectors local_selectors, remote_selectors;
  bool narrowed = false;  // Less than configured.
  bool by_rekey = false;
  bool is_initiator = false;
  bool aggfrag = false;  // RFC 9347.
};
struct EventChildGone {
  TunnelId tunnel;
  ChildId child;
  std::string reason;
};
// One of the tunnel's children could not be made or kept; the others go on.
struct EventChildTrouble {
  TunnelId tunnel;
  std::string name;  // Of its ChildConfig.
  Diagnosis diagnosis;
};
struct EventIkeEstablished {
  TunnelId tunnel;
  IkeSpi initiator_spi, responder_spi;
  IkeSuite suite;
  Endpoint local, remote;
  bool is_initiator = false, by_rekey = false, local_behind_nat = false, remote_behind_nat = false;
  PeerProof proof;
  bool with_ppk = false;  // A post-quantum pre-shared key is in the keys (RFC 8784).
};
// The peer of this IKE SA is elsewhere now; an EventUpdateRemote for each of its children goes with
// it.
struct EventIkeMoved {
  TunnelId tunnel;
  IkeSpi initiator_spi, responder_spi;
  Endpoint local, remote;
};
struct EventIkeGone {
  TunnelId tunnel;
  IkeSpi initiator_spi, responder_spi;
  std::string reason;
};
// The outcome of one CommandUp, CommandDown, CommandRekeyChild, CommandRekeyIke or CommandSetPeer,
// exactly one each.
struct EventCommandDone {
  TunnelId tunnel;
  enum class Kind : uint8_t { Up, Down, RekeyChild, RekeyIke, SetPeer } kind{};
  bool ok = false;
  Diagnosis diagnosis;
};
// After CommandRemovePeer, exactly one each: what the data plane had of it has gone by the events
// before, and the peer has answered our DELETE or was given up. At the latest when its number is
// used again.
struct EventPeerRemoved {
  TunnelId tunnel;
};
// One negotiation message, for `twinspan up` to stream: "sent IKE_SA_INIT request 0 [SAi1, KEi,
// Ni]".
struct EventMessage {
  TunnelId tunnel;
  std::string text;
};
// Session keys, only when EndpointOptions::export_keys (for --key-log).
struct EventIkeKeys {
  IkeSpi initiator_spi, responder_spi;
  IkeSuite suite;
  IkeKeys keys;
};
struct EventQuiet {};  // After CommandShutdown: nothing more will be sent.

using Event =
    std::variant<EventInstallPair, EventActivateOutbound, EventRemoveOutbound, EventRemoveInbound,
                 EventUpdateRemote, EventPathSize, EventResolve, EventTunnelState,
                 EventExchangeFailed, EventChildEstablished, EventChildGone, EventChildTrouble,
                 EventIkeEstablished, EventIkeMoved, EventIkeGone, EventCommandDone,
                 EventPeerRemoved, EventMessage, EventIkeKeys, EventQuiet>;

}  // namespace twinspan::ike
