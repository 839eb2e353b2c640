// The steps of a checklist about transit: flags of peerings, BGP, and ways that lead further.
#pragma once

#include <string_view>

#include "policy/checklist.h"

namespace twinspan::policy {

struct TransitSubject {
  const Model& model;
  const Connection& own;
  const Connection* back = nullptr;  // The object of the other direction, where it is known.
  bool is_back_ours = false;         // It stands in `model`.
  const VirtualNetwork* network = nullptr;
  const VirtualNetwork* remote = nullptr;  // Where it stands in `model`.
};

// Without numbers.
void add_transit_steps(const TransitSubject& subject, Checklist& list);

// Of the two halves, that of the network with the gateway comes first.
Checklist peering_steps(const Model& model, const Peering& peering);

// The way between two places that exist, hop by hop.
Checklist way_steps(const Model& model, std::string_view from, std::string_view to);

}  // namespace twinspan::policy
