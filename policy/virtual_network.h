// A virtual network: an address space, its subnets, and where it is attached on the gateway's host.
#pragma once

#include "base/ip_prefix.h"
#include "policy/source_mark.h"

namespace twinspan::policy {

enum class DeploymentModel : uint8_t { ResourceManager, Classic };

inline constexpr const char* kGatewaySubnetName = "GatewaySubnet";

struct Subnet {
  std::string name;
  SourceMark mark;  // Of the name.
  Marked<IpPrefix> prefix;
};

struct VirtualNetwork {
  std::string name;
  SourceMark mark;
  MarkedText region;
  Marked<DeploymentModel> deployment_model;
  MarkedList<IpPrefix> address_space;
  std::vector<Subnet> subnets;
  MarkedList<std::string> interfaces;

  bool is_classic() const { return *deployment_model == DeploymentModel::Classic; }
};

}  // namespace twinspan::policy
