// What a gateway's SKU allows, as a profile of features and limits. Native, the default, has every
// feature and no limit; the cloud's names bring the cloud's limits, so that an estate that is meant
// for it fails here and not there.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "policy/gateway.h"

namespace twinspan::policy {

struct SkuProfile {
  std::string_view name;  // As in the file: "VpnGw1AZ".
  bool has_policy_based = false;
  bool has_bgp = false;
  bool has_active_active = false;
  bool has_custom_policies = false;  // Another IPsec policy than the cloud's default one.
  bool is_in_generation1 = true;
  bool is_in_generation2 = true;
  size_t tunnels_max = SIZE_MAX;         // All connections together, each with all its tunnels.
  size_t selector_pairs_max = SIZE_MAX;  // Of one connection of a policy-based gateway.
};

// In the order of the schema's choices; Native comes first.
std::span<const SkuProfile> all_skus();

// Native when the name is none of the table.
const SkuProfile& sku_of(const VirtualNetworkGateway& gateway);

// Another one than Native: the cloud's limits are errors.
bool has_cloud_sku(const VirtualNetworkGateway& gateway);

}  // namespace twinspan::policy
