// The way between two networks, hop by hop, as a checklist.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/checklist.h"
#include "policy/finding.h"
#include "policy/two_ends.h"

namespace twinspan::policy {

struct WayRequest {
  const Model& model;
  const Model* peer = nullptr;  // The other administrator's estate, when there is one.
  std::string_view from;        // Virtual networks or local network gateways; of `peer` those that
  std::string_view to;          // have another name than ours, or with its file: "east.yaml:hub".
  CompareKeys compare_keys = nullptr;
  Findings findings = {};  // About both estates: errors about what is on the way close it.
};

// What leads on passes, what refuses fails, and what depends on a device that no file describes is
// unknown. The error is about a name.
Result<Checklist, std::string> way_checklist(const WayRequest& request);

}  // namespace twinspan::policy
