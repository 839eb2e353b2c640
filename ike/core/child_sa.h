// One Child SA pair as the IKE side knows it, and the order in which the data plane hears of it.
//
// Hitless by order (RFC 7296 2.8): a new pair is installed before anything old goes; its outbound
// half is used at once by the exchange's initiator, and by the responder only when the peer has
// proven that it holds the new pair (first packet, DELETE of the old pair, or a short timer). The
// inbound half of a replaced pair stays for a grace time in its tunnel's list, so many per child
// (ike/core/supervisor.h).
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "base/sa_params.h"
#include "ike/core/context.h"
#include "ike/core/peer_config.h"
#include "ike/core/selector_narrowing.h"
#include "ike/core/timers.h"

namespace twinspan::ike {

struct IkeSa;

// Each child with its replacement and a crossing one.
inline constexpr size_t kChildrenPerIkeSaMax = 3 * 64;
// More only for a peer that is configured with more.
inline size_t children_max(const PeerConfig& peer) {
  return std::max(kChildrenPerIkeSaMax, 3 * peer.children.size());
}
// The proof that the peer holds a replacement: a packet on it, or any further request (our window
// is 1, so it has our answer by then), such as the DELETE of the old pair. A peer that sends
// neither is waited for past its fifth transmission (0, 1, 3, 7, 15 s); until then the old pair
// serves. Once it has repeated its request, answers get lost, and only the time in which it gives
// up is enough.
inline constexpr Duration kActivateAfter = 16s;
inline constexpr Duration kActivateAfterRepetition = 64s;
// A peer that should delete an SA and does not is helped after this.
inline constexpr Duration kReapAfter = 30s;
// IKE_AUTH made the first child and nothing has shown whether CREATE_CHILD_SA can replace it: it is
// tried when crossing connects are over, at a random moment of the minute from then on.
inline constexpr Duration kProbeAfterMin = 30s;
inline constexpr Duration kProbeAfterSpread = 60s;
// How long packets on their way may still come in on a replaced SA.
inline constexpr Duration kInboundGrace = 5s;
inline constexpr Duration kCloseMax = 8s;  // For a request in flight and the DELETE of an IKE SA.

enum class ChildTimer : uint8_t {
  SoftLifetime,
  HardLifetime,
  Activate,  // Send on it although the peer has proven nothing.
  Proof,     // The peer may not know it yet: until then no request of ours names it.
  Reap,
  Probe,  // Nobody has seen yet that it can be rekeyed.
  Count_
};

enum class Outbound : uint8_t {
  Waiting,  // Installed, not used: the peer's proof is awaited, or it lost a collision.
  Active,
  Superseded,  // Installed; another one is sent on, and this one stands in when that leaves.
  Removed,
};

// What a child and all that was rekeyed into it began with. Of two children for the same traffic it
// decides which one stays: the ends decide at different times, and one of the two may be rekeyed in
// between.
struct ChildOrigin {
  ChildId id;            // Of the first of them.
  bool is_ours = false;  // We initiated the exchange that made it.
  Bytes lowest_nonce;    // Of that exchange.
};

struct ChildSa {
  ChildId id;
  std::string config;     // The ChildConfig that it serves.
  uint16_t resource = 0;  // RFC 9611: ours for it; the peer may count otherwise.
  Spi inbound;            // Ours.
  Spi outbound;           // The peer's.
  EspTransforms transforms;
  DhGroupId group = DhGroupId::None;
  std::vector<DhGroupId> additional{};  // RFC 9370: exchanges that IKE_FOLLOWUP_KE made.
  Encapsulation encapsulation = Encapsulation::Udp;
  bool aggfrag = false;  // RFC 9347: both sides said USE_AGGFRAG.
  TrafficSelectors local;
  TrafficSelectors remote;
  bool is_initiator = false;  // We initiated the exchange that made it.
  bool narrowed = false;
  bool by_rekey = false;
  bool group_negotiated = false;  // By CREATE_CHILD_SA: `group` is what both agreed, even None.
  ChildOrigin origin;
  Outbound outbound_half = Outbound::Waiting;
  std::optional<ChildId> replaces;
  std::optional<ChildId> replaced_by;
  // Another one is there for the same traffic. Both serve until the peer has proven this one.
  bool has_duplicate = false;
  bool is_deleting = false;  // Our DELETE is queued or in flight.
  // Lost a collision, or the peer does not have it; the peer deletes it, else the reaper.
  bool is_redundant = false;
  bool is_outdated = false;  // Its settings changed: it is rekeyed under the new ones.
  // It serves no ChildConfig any more but the one that it was made for: CommandSetPeer.
  std::optional<ChildConfig> former;
  Instant installed_at{};
  TimerTable<ChildTimer> timers;

  bool is_usable() const { return !is_deleting && !is_redundant; }
  ChildSlot slot() const { return {config, resource}; }
  ChildTraffic traffic() const { return {config, local, remote, resource}; }
};

// When the outbound half of a new child is used.
enum class Activation : uint8_t {
  Now,          // We initiated, or there is nothing older to send on.
  WhenProven,   // After the peer's proof or kActivateAfter.
  WhenDecided,  // A crossing exchange of ours decides first.
  Never,        // Lost a collision already.
};

// Adds the child to `sa` and tells the data plane. `keys` are those of KEYMAT, initiator's first.
ChildSa& install_child(Context& context, IkeSa& sa, ChildSa child, ChildKeys keys,
                       Activation activation);

// Sends on this child from now on; the outbound half of what it replaces goes.
void activate_child(Context& context, IkeSa& sa, ChildSa& child);

// The peer holds this child, or the time is over in which it might not: requests of ours may name
// it, and it is decided whether it or a duplicate of it goes.
void prove_child(Context& context, IkeSa& sa, ChildSa& child);

// A fresh request came in on `sa`: the peer has every answer of ours, so what waited for that is
// used.
void activate_proven(Context& context, IkeSa& sa);

// The outbound half goes; what else the tunnel has for its traffic takes over first.
void remove_outbound(Context& context, IkeSa& sa, ChildSa& child);

enum class InboundFate : uint8_t {
  Grace,           // The peer has stopped sending on it.
  GraceForDelete,  // It stops when it has our DELETE, which is still to come.
  Now,
};

// The child leaves `sa`.
void remove_child(Context& context, IkeSa& sa, ChildId id, InboundFate fate,
                  const std::string& reason);
void remove_all_children(Context& context, IkeSa& sa, InboundFate fate, const std::string& reason);

// Our DELETE for it goes into the queue.
void queue_child_delete(Context& context, IkeSa& sa, ChildSa& child);

void handle_child_timer(Context& context, IkeSa& sa, ChildId id, ChildTimer timer);

}  // namespace twinspan::ike
