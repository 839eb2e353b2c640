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

// Packets from `local` to `remote` leave by `sa`.
struct SpdEntry {
  ChildId child;
  TrafficSelectors local;
  TrafficSelectors remote;
  uint32_t precedence = 0;                        // Of SaPairParams.
  std::shared_ptr<const SelectorPair> selectors;  // The same two, compiled.
  // nullptr: no active outbound SA. The entry keeps its place for the next SA with these selectors.
  std::shared_ptr<OutboundSa> sa;
};

using Spd = std::vector<SpdEntry>;

// nullptr, with the reason in `verdict`: NoSa when an entry without an SA admits the packet or
// there is no entry at all, else NoSelector.
OutboundSa* find_in_spd(const Spd& spd, const InnerPacket& packet, Verdict& verdict);

// The SA that takes every packet of both families because it stands first, if there is one.
OutboundSa* find_any_to_any(const Spd& spd);

// Puts `entry` where the entry with the same selectors stands, else behind those of its precedence.
// Entries without an SA that the new one covers are gone then.
void activate(Spd& spd, SpdEntry entry);

}  // namespace twinspan::esp
