// How the tests of checklists walk and print them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/checklist.h"

namespace twinspan::policy {

// Keys are right when they are one file, and unknown otherwise.
Verdict same_file_only(const End& a, const End& b, KeyKind);

// The list of a connection or peering that is there.
Checklist walked(const Model& model, std::string_view name, const Model* peer = nullptr,
                 CompareKeys compare = same_file_only);

// "1 pass virtual_networks.vnet-a address_space"; fails the test when a step has no message, or
// names a field that the schema does not know.
std::vector<std::string> lines(const Checklist& list);

}  // namespace twinspan::policy
