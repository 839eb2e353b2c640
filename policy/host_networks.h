// The virtual networks of one host: which are attached to it, who may send to whom, and whose
// gateway they use. Values of the Plan; policy/attach.h compiles them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_prefix.h"

namespace twinspan::policy {

// What the plan has to know of the host. Empty: nothing is known, and only the gateway's own
// network counts as attached.
struct HostFacts {
  std::set<std::string, std::less<>> interfaces;  // All that exist, by name.
};

enum class GatewayUse : uint8_t {
  Own,        // It is the network of this very gateway.
  Transit,    // It uses this gateway over a peering.
  Elsewhere,  // It uses another gateway of the estate, whose daemon may run on this host too.
  None,
};

struct AttachedNetwork {
  std::string name;
  std::vector<std::string> interfaces;  // Empty of the gateway's own network alone.
  std::vector<IpPrefix> prefixes;
  GatewayUse gateway_use = GatewayUse::None;
  bool operator==(const AttachedNetwork&) const = default;
};

// A peered network with another gateway: where that gateway's daemon runs, on this host perhaps,
// it is attached. Known by its addresses only.
struct NeighbourNetwork {
  std::string name;
  std::vector<IpPrefix> prefixes;
  bool operator==(const NeighbourNetwork&) const = default;
};

// One direction between two peered networks, of which one at least is attached.
struct PeeringWay {
  std::string from;
  std::string to;
  bool admits_forwarded = false;  // Also what does not come from an address of `from`.
  bool operator==(const PeeringWay&) const = default;
};

struct HostNetworks {
  std::vector<AttachedNetwork> attached;  // The gateway's own first, the others by name.
  std::vector<NeighbourNetwork> neighbours;
  std::vector<PeeringWay> ways;  // What is not here is closed.
  bool operator==(const HostNetworks&) const = default;

  // Whether there is something to keep apart on this host.
  bool needs_isolation() const { return attached.size() > 1 || !ways.empty(); }
  const AttachedNetwork* find(std::string_view name) const;  // nullptr: not attached.
  const PeeringWay* way(std::string_view from, std::string_view to) const;  // nullptr: closed.
};

}  // namespace twinspan::policy
