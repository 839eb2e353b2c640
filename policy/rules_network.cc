// Rules about virtual networks alone.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/connection_ends.h"
#include "policy/peering_state.h"
#include "policy/prefix_index.h"
#include "policy/rules.h"
#include "policy/sku.h"
#include "policy/suggest.h"

namespace twinspan::policy {
namespace {

constexpr unsigned kSubnetLengthMinV4 = 8;
constexpr unsigned kSubnetLengthMaxV4 = 29;
constexpr unsigned kSubnetLengthV6 = 64;
constexpr unsigned kGatewaySubnetLengthGood =
    27;  // The cloud's recommendation; smaller ones leave no room to grow.
constexpr size_t kInterfaceNameMax = 15;  // IFNAMSIZ without its terminator.

// A prefix of a list, with where it stands in the file's order.
struct Listed {
  IpPrefix prefix;
  size_t index = 0;
};

void check_subnet_size(const VirtualNetwork& network, const Subnet& subnet, RuleReport& report) {
  const unsigned length = subnet.prefix->length();
  if (subnet.prefix->family() == IpFamily::V6) {
    if (length == kSubnetLengthV6) return;
    return report.warning(
        {subnet.prefix.mark,
         {path_of(network)},
         fmt::format("IPv6 subnet {} is a /{}, clouds and autoconfiguration know only /64",
                     subnet.name, length),
         "make it a /64 if its hosts configure themselves"});
  }
  if (length >= kSubnetLengthMinV4 && length <= kSubnetLengthMaxV4) return;
  report.error({subnet.prefix.mark,
                {path_of(network)},
                fmt::format("subnet {} is a /{}", subnet.name, length),
                "a subnet is a /8 to a /29"});
}

void check_subnet_place(const VirtualNetwork& network, const Subnet& subnet,
                        const PrefixIndex& spaces, RuleReport& report) {
  if (spaces.covers(*subnet.prefix)) return;
  report.error({subnet.prefix.mark,
                {path_of(network)},
                fmt::format("subnet {} ({}) lies outside the address space", subnet.name,
                            subnet.prefix->to_string()),
                "widen address_space or move the subnet"});
}

// Calls visit(earlier, later) for two items of a list that overlap.
template <class Visit>
void visit_overlaps_in_order(std::vector<Listed> items, RuleReport& report, Visit visit) {
  visit_overlaps(std::move(items), [&](const Listed& a, const Listed& b) {
    visit(std::min(a.index, b.index), std::max(a.index, b.index));
    return !report.is_full();
  });
}

void check_disjoint_spaces(const VirtualNetwork& network, RuleReport& report) {
  const auto& spaces = *network.address_space;
  std::vector<Listed> items;
  for (const auto& space : spaces) items.push_back({*space, items.size()});
  visit_overlaps_in_order(std::move(items), report, [&](size_t earlier, size_t later) {
    report.error(
        {spaces[later].mark,
         {path_of(network)},
         fmt::format("{} overlaps {}", spaces[later]->to_string(), spaces[earlier]->to_string()),
         "list each address once"});
  });
}

void check_disjoint_subnets(const VirtualNetwork& network, RuleReport& report) {
  const auto& subnets = network.subnets;
  std::vector<Listed> items;
  for (const Subnet& subnet : subnets) items.push_back({*subnet.prefix, items.size()});
  visit_overlaps_in_order(std::move(items), report, [&](size_t earlier, size_t later) {
    report.error({subnets[later].prefix.mark,
                  {path_of(network)},
                  fmt::format("subnet {} ({}) overlaps subnet {} ({})", subnets[later].name,
                              subnets[later].prefix->to_string(), subnets[earlier].name,
                              subnets[earlier].prefix->to_string()),
                  "make them disjoint"});
  });
}

const Subnet* find_subnet(const VirtualNetwork& network, std::string_view name) {
  const auto found = std::ranges::find(network.subnets, name, &Subnet::name);
  return found == network.subnets.end() ? nullptr : &*found;
}

// Somebody wrote gatewaysubnet or gateway_subnet.
const Subnet* find_misspelled_gateway_subnet(const VirtualNetwork& network) {
  for (const Subnet& subnet : network.subnets) {
    if (nearest_word(subnet.name, {kGatewaySubnetName})) return &subnet;
  }
  return nullptr;
}

void report_missing_gateway_subnet(const VirtualNetwork& network, RuleReport& report) {
  if (const Subnet* const subnet = find_misspelled_gateway_subnet(network)) {
    return report.error({subnet->mark,
                         {path_of(network)},
                         fmt::format("the gateway's subnet is called '{}'", subnet->name),
                         fmt::format("rename it to exactly '{}'", kGatewaySubnetName)});
  }
  report.error(
      {network.mark,
       {path_of(network)},
       fmt::format("it has a gateway but no subnet '{}'", kGatewaySubnetName),
       fmt::format("add one inside the address space, /{} or larger", kGatewaySubnetLengthGood)});
}

bool is_interface_name(std::string_view name) {
  return !name.empty() && name.size() <= kInterfaceNameMax && name != "." && name != ".." &&
         std::ranges::all_of(name, [](char c) {
           return c > ' ' && c <= '~' &&
                  std::string_view("/:\"'\\*").find(c) == std::string_view::npos;
         });
}

// On whose hosts a network is attached, as policy/attach.h has it, every interface taken to exist.
class Hosts {
 public:
  explicit Hosts(const Model& model) : model_(model) {
    for (const auto& [name, gateway] : model.gateways)
      gateways_.emplace(*gateway.virtual_network, &gateway);
    for (const TransitUse& use : transit_uses(model)) uses_.emplace(use.network, use.gateway);
    for (const auto& [name, connection] : model.connections)
      tunnels_.emplace(local_gateway(model, connection), remote_gateway(model, connection));
  }

  bool has_gateway(const VirtualNetwork& network) const { return gateways_.contains(network.name); }

  bool may_meet(const VirtualNetwork& a, const VirtualNetwork& b) const {
    return std::ranges::any_of(model_.gateways, [&](const auto& named) {
      return is_attached(a, named.second) && is_attached(b, named.second);
    });
  }

 private:
  bool is_attached(const VirtualNetwork& network, const VirtualNetworkGateway& gateway) const {
    if (has_gateway(network)) return *gateway.virtual_network == network.name;
    const auto use = uses_.find(&network);
    return use == uses_.end() || !tunnels_.contains({&gateway, use->second});
  }

  const Model& model_;
  std::map<std::string_view, const VirtualNetworkGateway*> gateways_;
  std::map<const VirtualNetwork*, const VirtualNetworkGateway*> uses_;
  std::set<std::pair<const VirtualNetworkGateway*, const VirtualNetworkGateway*>> tunnels_;
};

struct NetworkAtInterface {
  const VirtualNetwork* network = nullptr;
  const MarkedText* interface = nullptr;
};

// By interface, the networks with a gateway first.
std::map<std::string_view, std::vector<NetworkAtInterface>> networks_by_interface(
    const Model& model, const Hosts& hosts) {
  std::map<std::string_view, std::vector<NetworkAtInterface>> places;
  for (const bool with_gateway : {true, false}) {
    for (const auto& [name, network] : model.virtual_networks) {
      if (hosts.has_gateway(network) != with_gateway) continue;
      for (const auto& interface : *network.interfaces)
        places[*interface].push_back({&network, &interface});
    }
  }
  return places;
}

void check_interface(const Hosts& hosts, const std::vector<NetworkAtInterface>& places,
                     RuleReport& report) {
  for (auto later = places.begin(); later != places.end() && !report.is_full(); ++later) {
    if (hosts.has_gateway(*later->network)) continue;
    const auto earlier = std::find_if(places.begin(), later, [&](const NetworkAtInterface& other) {
      return other.network != later->network && hosts.may_meet(*other.network, *later->network);
    });
    if (earlier == later) continue;
    report.error({later->interface->mark,
                  {path_of(*later->network), path_of(*earlier->network)},
                  fmt::format("{} carries {} as well, so the two are open to each other",
                              **later->interface, earlier->network->name),
                  "give each network an interface of its own (a VLAN), peered or not"});
  }
}

// Name resolution and health probes of the cloud, in every network of it.
void refuse_cloud_service(const Model& model, const VirtualNetwork& network,
                          const Marked<IpPrefix>& space, RuleReport& report) {
  static const IpAddress service = IpAddress::v4(0xA83F8110u);  // 168.63.129.16
  if (!space->contains(service)) return;
  const VirtualNetworkGateway* const gateway = gateway_of(model, network);
  if (gateway == nullptr || !has_cloud_sku(*gateway)) return;
  report.error({space.mark,
                {path_of(network), path_of(*gateway)},
                fmt::format("{} has {}, which the cloud keeps for its own services",
                            space->to_string(), service.to_string()),
                "use private or your own public prefixes"});
}

}  // namespace

void check_address_space(const Model& model, RuleReport& report) {
  for (const auto& [name, network] : model.virtual_networks) {
    const auto& spaces = *network.address_space;
    if (spaces.empty()) {
      report.error({network.address_space.mark,
                    {path_of(network)},
                    "address_space is empty",
                    "give at least one prefix"});
    }
    for (const auto& space : spaces) {
      refuse_cloud_service(model, network, space, report);
      const auto overlapped = unusable_prefixes().find_overlap(*space);
      if (!overlapped) continue;
      report.error({space.mark,
                    {path_of(network)},
                    fmt::format("{} overlaps {}, which no network can use", space->to_string(),
                                overlapped->to_string()),
                    "use private or your own public prefixes"});
    }
    check_disjoint_spaces(network, report);
  }
}

void check_subnets(const Model& model, RuleReport& report) {
  for (const auto& [name, network] : model.virtual_networks) {
    const PrefixIndex spaces(network.address_space);
    for (const Subnet& subnet : network.subnets) {
      check_subnet_size(network, subnet, report);
      check_subnet_place(network, subnet, spaces, report);
    }
    check_disjoint_subnets(network, report);
  }
}

void check_gateway_subnet(const Model& model, RuleReport& report) {
  std::set<std::string_view> with_gateway;
  for (const auto& [name, gateway] : model.gateways) with_gateway.insert(*gateway.virtual_network);
  for (const auto& [name, network] : model.virtual_networks) {
    if (!with_gateway.contains(name)) continue;
    const Subnet* const subnet = find_subnet(network, kGatewaySubnetName);
    if (subnet == nullptr) {
      report_missing_gateway_subnet(network, report);
    } else if (subnet->prefix->family() == IpFamily::V4 &&
               subnet->prefix->length() > kGatewaySubnetLengthGood) {
      report.warning(
          {subnet->prefix.mark,
           {path_of(network)},
           fmt::format("{} is a /{}", kGatewaySubnetName, subnet->prefix->length()),
           fmt::format("make it a /{} or larger: active/active and more need the addresses",
                       kGatewaySubnetLengthGood)});
    }
  }
}

void check_interfaces(const Model& model, RuleReport& report) {
  for (const auto& [name, network] : model.virtual_networks) {
    std::set<std::string> seen;
    for (const auto& interface : *network.interfaces) {
      if (!is_interface_name(*interface)) {
        report.error({interface.mark,
                      {path_of(network)},
                      fmt::format("{} is no interface name", in_quotes(*interface)),
                      fmt::format("give a name as 'ip link' shows it, at most {} characters",
                                  kInterfaceNameMax)});
      } else if (!seen.insert(*interface).second) {
        report.error({interface.mark,
                      {path_of(network)},
                      fmt::format("{} is listed twice", *interface),
                      "list it once"});
      }
    }
  }
}

// What hosts of one interface send each other passes no gateway, so nothing can keep them apart.
// Networks with a gateway are attached where that gateway's daemon runs, so the same interface name
// on two of them means two hosts. Those without one are attached wherever their interfaces exist.
void check_shared_interfaces(const Model& model, RuleReport& report) {
  const Hosts hosts(model);
  for (const auto& [interface, places] : networks_by_interface(model, hosts))
    check_interface(hosts, places, report);
}

}  // namespace twinspan::policy
