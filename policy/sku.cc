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

enum class Generations : uint8_t { First, Both, Second };

constexpr SkuProfile cloud_sku(std::string_view name, size_t tunnels_max, Generations generations) {
  return {.name = name,
          .has_bgp = true,
          .has_active_active = true,
          .has_custom_policies = true,
          .is_in_generation1 = generations != Generations::Second,
          .is_in_generation2 = generations != Generations::First,
          .tunnels_max = tunnels_max,
          .selector_pairs_max = kPairsCloud};
}

constexpr SkuProfile kSkus[] = {
    kNative,
    {.name = "Basic",
     .has_policy_based = true,
     .is_in_generation2 = false,
     .tunnels_max = kTunnelsBasic,
     .selector_pairs_max = kPairsCloud},
    cloud_sku("VpnGw1", kTunnelsSmall, Generations::First),
    cloud_sku("VpnGw2", kTunnelsSmall, Generations::Both),
    cloud_sku("VpnGw3", kTunnelsSmall, Generations::Both),
    cloud_sku("VpnGw4", kTunnelsLarge, Generations::Second),
    cloud_sku("VpnGw5", kTunnelsLarge, Generations::Second),
    cloud_sku("VpnGw1AZ", kTunnelsSmall, Generations::First),
    cloud_sku("VpnGw2AZ", kTunnelsSmall, Generations::Both),
    cloud_sku("VpnGw3AZ", kTunnelsSmall, Generations::Both),
    cloud_sku("VpnGw4AZ", kTunnelsLarge, Generations::Second),
    cloud_sku("VpnGw5AZ", kTunnelsLarge, Generations::Second),
};

}  // namespace

std::span<const SkuProfile> all_skus() {
  return kSkus;
}

const SkuProfile& sku_of(const VirtualNetworkGateway& gateway) {
  const auto found = std::ranges::find(kSkus, *gateway.sku, &SkuProfile::name);
  return found == std::end(kSkus) ? kNative : *found;
}

bool has_cloud_sku(const VirtualNetworkGateway& gateway) {
  return sku_of(gateway).name != kNative.name;
}

}  // namespace twinspan::policy
