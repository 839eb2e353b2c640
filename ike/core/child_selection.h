// Which of a peer's configured children a responder takes for a proposal (RFC 7296 2.9). Pure.
#pragma once

#include <span>
#include <string>

#include "ike/core/peer_config.h"
#include "ike/core/selector_narrowing.h"

namespace twinspan::ike {

// The one that fits best; nullptr when none has anything in common with `proposed`. In this order:
// the same selectors; room for the packet that made the peer ask; all that is proposed fits;
// everything of ours is proposed; not in `served`, so that a peer which always proposes everything
// gets one after the other; the order of configuration.
const ChildConfig* select_child(std::span<const ChildConfig> children, const SelectorPair& proposed,
                                std::span<const std::string> served);

// RFC 7296 2.9: whether another child, neither `chosen` nor in `served`, has something in common
// with `proposed`, so that asking again is worth it.
bool has_more_for(std::span<const ChildConfig> children, const ChildConfig& chosen,
                  const SelectorPair& proposed, std::span<const std::string> served);

}  // namespace twinspan::ike
