// Estates in which networks reach each other over others.
#pragma once

#include <string>

namespace twinspan::policy {

// The good estate with a network that is peered with vnet-a: "true" or "false" for its flags.
std::string hub_and_spoke(const std::string& hub_flag, const std::string& spoke_flag);

// n1 ==== n2 ==== n3, and further ones, with text for each gateway and each connection. The gateway
// of n1 is g1 with ASN 65001, the connection to g2 is c12.
std::string chain(const std::string& gateways, const std::string& connections, int length = 3);

// branch ---- hub ---- depot: two sites of one gateway. And the depot's own estate, where `annex`
// uses the gateway of `store` over a peering.
extern const char* const kTwoSites;
extern const char* const kDepot;

}  // namespace twinspan::policy
