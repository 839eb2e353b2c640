#include "policy/sku.h"

#include <algorithm>

namespace twinspan::policy {
namespace {

constexpr size_t kTunnelsBasic = 10;
constexpr size_t kTunnelsSmall = 30;   // VpnGw1 to 3.
constexpr size_t kTunnelsLarge = 100;  // VpnGw4 and 5.
constexpr size_t kPairsCloud = 200;    // Beyond it subnets drop sporadically.

constexpr SkuProfile kNative = {.name = "Native",
                                .has_policy_based = true,
                                .has_bgp = true,
                                .has_active_active = true,
                                .has_custom_policies = true};

constexpr SkuProfile cloud_sku(std::string_view name, size_t tunnels_max) {
  return {.name = name,
          .has_bgp = true,
          .has_active_active = true,
          .has_custom_policies = true,
          .tunnels_max = tunnels_max,
          .selector_pairs_max = kPairsCloud};
}

constexpr SkuProfile kSkus[] = {
    kNative,
    {.name = "Basic",
     .has_policy_based = true,
     .tunnels_max = kTunnelsBasic,
     .selector_pairs_max = kPairsCloud},
    cloud_sku("VpnGw1", kTunnelsSmall),
    cloud_sku("VpnGw2", kTunnelsSmall),
    cloud_sku("VpnGw3", kTunnelsSmall),
    cloud_sku("VpnGw4", kTunnelsLarge),
    cloud_sku("VpnGw5", kTunnelsLarge),
    cloud_sku("VpnGw1AZ", kTunnelsSmall),
    cloud_sku("VpnGw2AZ", kTunnelsSmall),
    cloud_sku("VpnGw3AZ", kTunnelsSmall),
    cloud_sku("VpnGw4AZ", kTunnelsLarge),
    cloud_sku("VpnGw5AZ", kTunnelsLarge),
};

}  // namespace

std::span<const SkuProfile> all_skus() {
  return kSkus;
}

const SkuProfile& sku_of(const VirtualNetworkGateway& gateway) {
  const auto found = std::ranges::find(kSkus, *gateway.sku, &SkuProfile::name);
  return found == std::end(kSkus) ? kNative : *found;
}

}  // namespace twinspan::policy
