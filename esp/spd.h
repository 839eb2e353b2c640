// The outbound SPD of one tunnel (RFC 4301 4.4.1): an ordered list, the first entry that has an SA
// and admits the packet carries it.
#pragma once

#include <memory>
#include <vector>

#include "base/sa_params.h"
#include "esp/outbound_sa.h"
#include "esp/selectors.h"
#include "esp/verdict.h"

namespace twinspan::esp {

inline constexpr size_t kSpdEntriesMax = 1024;  // Per tunnel.

// Packets from `local` to `remote` leave by `sa`, or by one of several.
struct SpdEntry {
  TrafficSelectors local;
  TrafficSelectors remote;
  uint32_t precedence = 0;                        // Of SaPairParams.
  std::shared_ptr<const SelectorPair> selectors;  // The same two, compiled.
  // Of resource 0. nullptr: no active outbound SA. The entry keeps its place for the next SA with
  // these selectors.
  std::shared_ptr<OutboundSa> sa;
  // RFC 9611: of the resources 1, 2, ... In a published table none is nullptr.
  std::vector<std::shared_ptr<OutboundSa>> further;

  // nullptr: none. `resource` is below resources().
  OutboundSa* sa_of(unsigned resource) const {
    return resource == 0 ? sa.get() : further[resource - 1].get();
  }
  // How many resources, counted from 0, have an active outbound SA.
  unsigned resources() const;
};

using Spd = std::vector<SpdEntry>;

// The entry that takes the packet and has an SA. nullptr, with the reason in `verdict`: NoSa when
// an entry without an SA admits the packet or there is no entry at all, else NoSelector.
const SpdEntry* find_in_spd(const Spd& spd, const InnerPacket& packet, Verdict& verdict);

// The entry that takes every packet of both families because it stands first, if there is one.
const SpdEntry* find_any_to_any(const Spd& spd);

// Puts `sa` in its resource's place of the entry with the same selectors as `entry`, which stands
// where it did, else behind those of its precedence. Entries without an SA that a new one covers
// are gone then.
void activate(Spd& spd, SpdEntry entry, std::shared_ptr<OutboundSa> sa);

// By how many resources the tunnel's traffic leaves: as many as every entry has that has any, since
// a packet's queue does not tell its entry. At least 1.
unsigned common_resources(const Spd& spd);

// No entry has SAs beyond `resources`.
void trim_resources(Spd& spd, unsigned resources);

}  // namespace twinspan::esp
