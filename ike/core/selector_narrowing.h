// Traffic selector narrowing of one Child SA (RFC 7296 2.9), from the responder's point of view.
// Pure.
#pragma once

#include <optional>

#include "base/traffic_selector.h"

namespace twinspan::ike {

struct SelectorPair {
  TrafficSelectors local;
  TrafficSelectors remote;
};

struct NarrowedSelectors {
  SelectorPair pair;
  bool is_less = false;  // Than configured.
};

// nullopt: TS_UNACCEPTABLE, one side would be left with nothing.
std::optional<NarrowedSelectors> narrow_selectors(const SelectorPair& configured,
                                                  const SelectorPair& proposed);

}  // namespace twinspan::ike
