// Pieces of changes to the good estate that several examples of rules share.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace twinspan::policy {

using TextChanges = std::vector<std::pair<std::string, std::string>>;

// The good estate with each first text replaced by its second one, in order.
std::string changed(const TextChanges& changes);
TextChanges operator+(TextChanges changes, const TextChanges& more);

TextChanges more_networks(const std::string& text);
TextChanges more_sites(const std::string& text);
TextChanges more_connections(const std::string& text);
TextChanges peerings(const std::string& text);

// A network without a gateway beside vnet-a, and its peering.
TextChanges spoke(const std::string& prefix = "10.20.0.0/16", const std::string& more = "");
std::string half(const std::string& from, const std::string& to, const std::string& flags = "");
TextChanges peered(const std::string& hub_flags = "", const std::string& spoke_flags = "");

// Only the branch, so that the gateway may be policy-based.
extern const TextChanges kBranchAlone;
extern const TextChanges kOneGateway;
extern const TextChanges kPolicyBased;
extern const TextChanges kClassicB;

// BGP with the branch.
extern const TextChanges kBgp;

TextChanges second_branch(const std::string& address, const std::string& prefix,
                          const std::string& more = "");
TextChanges bgp_branch(const std::string& asn);
// A network with a gateway that only vnet-b is joined to.
TextChanges third_network();
// vnet-a and vnet-b joined as each other's local network gateway.
TextChanges described(const std::string& prefix_of_b, const std::string& prefix_of_a);

}  // namespace twinspan::policy
