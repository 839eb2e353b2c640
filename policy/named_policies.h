// The IPsec policies that exist without being written out: what a named peer offers, as a list of
// alternatives in our order of preference. docs/model.md shows them as a table, which a test
// compares with this one.
#pragma once

#include <span>
#include <string_view>

#include "policy/ipsec_suite.h"

namespace twinspan::policy {

struct NamedPolicy {
  std::string_view name;
  std::string_view doc;  // Whom it meets.
  IpsecSuite suite;
};

// "strong", the default, comes first.
std::span<const NamedPolicy> named_policies();
const NamedPolicy* find_named_policy(std::string_view name);  // nullptr when there is none.

}  // namespace twinspan::policy
