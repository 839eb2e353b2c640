// Addresses that a place of our estate and one of the other administrator's have both, where
// connections and peerings of the two join them, however far.
#pragma once

#include <optional>
#include <string>

#include "policy/finding.h"
#include "policy/transit_map.h"

namespace twinspan::policy {

inline constexpr std::string_view kDistantOverlapRule = "peer.distant-overlap";

// What the `told` findings say of two places already is not said again. `map` is of both estates.
Findings check_distant_overlap(const TransitMap& map, const Findings& told);

// "10.4.0.0/24 of d overlaps 10.4.0.0/16 of a": two places of which the connection joins the one
// side to the other.
std::optional<std::string> find_overlap_across(const TransitMap& map, const Connection& connection);

}  // namespace twinspan::policy
