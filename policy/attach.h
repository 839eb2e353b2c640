// From peerings to what a host does: which networks are attached to it, and which ways between
// them are open. Pure: which interfaces exist is handed in.
//
// Attached are the gateway's own network, and every network without a gateway whose interfaces all
// exist here. The network of another gateway is attached where that gateway's daemon runs, never by
// the name of an interface alone; and a network that one of this gateway's own tunnels leads to is
// elsewhere, whatever its interfaces are called.
#pragma once

#include <string_view>

#include "base/result.h"
#include "policy/config_error.h"
#include "policy/host_networks.h"
#include "policy/model.h"

namespace twinspan::policy {

HostNetworks attach_networks(const Model& model, const VirtualNetworkGateway& gateway,
                             const HostFacts& facts);

// What cannot share a host: attached networks that overlap, or one that a tunnel's prefix lies in
// the middle of.
ConfigErrors attachment_errors(const Model& model, const VirtualNetworkGateway& gateway,
                               const HostNetworks& networks);

// What somebody may count on in vain, a line each: a network of which some interfaces exist and
// others do not, and one that uses the gateway and is not attached.
std::vector<std::string> attachment_warnings(const Model& model,
                                             const VirtualNetworkGateway& gateway,
                                             const HostFacts& facts);

}  // namespace twinspan::policy
