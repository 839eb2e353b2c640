// The steps of a checklist about transit: flags of peerings, BGP, and ways that lead further.
#pragma once

#include <optional>
#include <string>

#include "policy/checklist.h"
#include "policy/transit_map.h"

namespace twinspan::policy {

struct TransitSubject {
  const Model& model;
  const Connection& own;
  std::optional<End> back = std::nullopt;  // The object of the other direction, where it is known.
  const VirtualNetwork* network = nullptr;
  const VirtualNetwork* remote = nullptr;  // Where it stands in `model`.

  bool is_back_ours() const { return back && &back->model == &model; }
};

// Without numbers. Many of one kind are one step that names a few.
void add_transit_steps(const TransitSubject& subject, Checklist& list);

// Of the two halves, that of the network with the gateway comes first.
Checklist peering_steps(const Model& model, const Peering& peering);

}  // namespace twinspan::policy
