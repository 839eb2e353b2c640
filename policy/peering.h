// One half of a peering between two virtual networks; the other network has the other half.
#pragma once

#include "policy/source_mark.h"

namespace twinspan::policy {

struct Peering {
  std::string name;
  SourceMark mark;
  MarkedText virtual_network;
  MarkedText remote_virtual_network;
  Marked<bool> allow_virtual_network_access;
  Marked<bool> allow_forwarded_traffic;
  Marked<bool> allow_gateway_transit;
  Marked<bool> use_remote_gateways;
};

}  // namespace twinspan::policy
