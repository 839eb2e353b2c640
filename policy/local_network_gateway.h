// A local network gateway: what is known here of a peer that this estate does not administer.
#pragma once

#include "policy/gateway.h"

namespace twinspan::policy {

struct LocalNetworkGateway {
  std::string name;
  SourceMark mark;
  Marked<IpAddress> gateway_ip_address;  // Or fqdn.
  MarkedText fqdn;
  MarkedList<IpPrefix> address_prefixes;
  BgpSettings bgp_settings;
};

}  // namespace twinspan::policy
