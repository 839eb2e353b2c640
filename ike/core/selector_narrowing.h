// Traffic selector narrowing of one Child SA (RFC 7296 2.9), from the responder's point of view.
// Pure.
#pragma once

#include <optional>
#include <string>

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

// What a child is for.
struct ChildTraffic {
  const std::string& config;  // ChildConfig::name.
  const TrafficSelectors& local;
  const TrafficSelectors& remote;
  uint16_t resource = 0;  // RFC 9611: which share of it.
};

// Both serve one resource and the same selectors, or one ChildConfig and all that one of them
// carries the other one does, too: only one of them is sent on. Names differ between SAs of former
// and of present settings.
bool is_same_traffic(const ChildTraffic& a, const ChildTraffic& b);

}  // namespace twinspan::ike
