// The other end of half_of(1, 2) in other programs' words.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/tools/twinspan/estate_folder.h"

namespace twinspan::tools {

inline std::string with(std::string text, const std::string& from, const std::string& to) {
  const size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << "there is no " << from;
  return place == std::string::npos ? text : text.replace(place, from.size(), to);
}

// Our own half with pairs of prefixes, which is what a child with selectors fits.
inline std::string half_with_pairs() {
  return with(half_of(1, 2),
              "shared_key:", "use_policy_based_traffic_selectors: true, shared_key:");
}

inline constexpr const char* kOtherConf = R"(connections {
  site {
    version = 2
    local_addrs = 192.0.2.2
    remote_addrs = 192.0.2.1
    proposals = aes128-sha256-modp2048, aes256gcm16-prfsha384-ecp384
    local { auth = psk
      id = 192.0.2.2
    }
    remote { auth = psk
      id = 192.0.2.1
    }
    children {
      net {
        local_ts = 10.2.0.0/16
        remote_ts = 10.1.0.0/16
        esp_proposals = aes256gcm16-ecp384
        start_action = trap
      }
    }
  }
  somebody-else {
    version = 2
    local_addrs = 192.0.2.2
    remote_addrs = 198.51.100.7
    local { auth = psk }
    remote { auth = psk }
    children {
      net {
        local_ts = 10.5.0.0/16
        remote_ts = 10.6.0.0/16
      }
    }
  }
}
secrets {
  ike-1 {
    id-1 = 192.0.2.1
    secret = "this!is!one"
  }
  ike-2 {
    id-1 = 198.51.100.7
    secret = "this!is!two"
  }
}
)";

inline constexpr const char* kOtherAzure = R"([
  { "name": "theirs", "type": "Microsoft.Network/virtualNetworks",
    "addressSpace": { "addressPrefixes": [
      "10.2.0.0/16" ] },
    "subnets": [ { "name": "GatewaySubnet", "addressPrefix": "10.2.255.0/27" } ] },
  { "name": "pip", "type": "Microsoft.Network/publicIPAddresses", "ipAddress": "192.0.2.2" },
  { "name": "gw-theirs", "type": "Microsoft.Network/virtualNetworkGateways", "gatewayType": "Vpn",
    "vpnType": "RouteBased", "sku": { "name": "VpnGw1" }, "ipConfigurations": [ {
      "name": "default", "publicIPAddress": { "id": "/x/publicIPAddresses/pip" },
      "subnet": { "id": "/x/virtualNetworks/theirs/subnets/GatewaySubnet" } } ] },
  { "name": "ours", "type": "Microsoft.Network/localNetworkGateways",
    "gatewayIpAddress": "192.0.2.1",
    "localNetworkAddressSpace": { "addressPrefixes": [ "10.1.0.0/16" ] } },
  { "name": "s2s", "type": "Microsoft.Network/connections", "connectionType": "IPsec",
    "virtualNetworkGateway1": { "id": "/x/gw-theirs" }, "localNetworkGateway2": { "id": "/x/ours" },
    "sharedKey": "this!is!one",
    "ipsecPolicies": [
      { "saLifeTimeSeconds": 27000, "saDataSizeKilobytes": 102400000,
        "ipsecEncryption": "GCMAES256", "ipsecIntegrity": "GCMAES256",
        "ikeEncryption": "GCMAES256", "ikeIntegrity": "SHA384",
        "dhGroup": "ECP384", "pfsGroup": "ECP384" } ] }
])";

}  // namespace twinspan::tools
