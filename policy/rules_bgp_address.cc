// Rules about the addresses from which BGP is spoken. They count where BGP is enabled.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/bgp.h"
#include "policy/connection_ends.h"
#include "policy/counterparts.h"
#include "policy/rules.h"
#include "policy/sku.h"

namespace twinspan::policy {
namespace {

constexpr const char* kGatewayApipaText = "169.254.21.0 to 169.254.22.255";
constexpr unsigned kPointToPointLength = 30;
constexpr int kReservedByTheCloud = 3;  // .1 to .3 of a subnet.

bool lies_in(const VirtualNetwork& network, const IpAddress& address) {
  return std::ranges::any_of(*network.address_space,
                             [&](const auto& space) { return space->contains(address); });
}

// Network and broadcast address; of IPv6 the first one is the routers' anycast address.
bool is_no_hosts(const IpPrefix& subnet, const IpAddress& address) {
  return address == subnet.address() || (address.is_v4() && address == subnet.last_address());
}

bool is_reserved_by_the_cloud(const IpPrefix& subnet, const IpAddress& address) {
  std::optional<IpAddress> reserved = subnet.address();
  for (int step = 0; step < kReservedByTheCloud && reserved; ++step) {
    reserved = reserved->next();
    if (reserved == address) return address.is_v4();
  }
  return false;
}

void check_place(const VirtualNetworkGateway& gateway, const VirtualNetwork& network,
                 const Marked<IpAddress>& address, RuleReport& report) {
  const Subnet* const subnet = gateway_subnet(network);
  const std::vector<std::string> objects = {path_of(gateway), path_of(network)};
  const char* const remedy = "give another address of GatewaySubnet, or none";
  if (is_gateway_apipa(*address)) return;
  if (subnet == nullptr || !subnet->prefix->contains(*address)) {
    report.error({address.mark, objects,
                  fmt::format("BGP address {} lies in neither GatewaySubnet nor {}",
                              address->to_string(), kGatewayApipaText),
                  "give an address of GatewaySubnet, or none"});
  } else if (is_no_hosts(*subnet->prefix, *address)) {
    report.error({address.mark, objects,
                  fmt::format("BGP address {} is the first or the last one of GatewaySubnet, which "
                              "no host can have",
                              address->to_string()),
                  remedy});
  } else if (is_reserved_by_the_cloud(*subnet->prefix, *address)) {
    const Remark remark{address.mark, objects,
                        fmt::format("the cloud keeps BGP address {}, of the first three of a "
                                    "subnet, for itself",
                                    address->to_string()),
                        remedy};
    has_cloud_sku(gateway) ? report.error(remark) : report.warning(remark);
  }
}

void check_custom_addresses(const VirtualNetworkGateway& gateway, RuleReport& report) {
  for (const IpConfiguration& configuration : gateway.ip_configurations) {
    for (const auto& address : *configuration.custom_bgp_ip_addresses) {
      if (is_gateway_apipa(*address)) continue;
      report.error({address.mark,
                    {path_of(gateway)},
                    fmt::format("custom BGP address {} does not lie in {}", address->to_string(),
                                kGatewayApipaText),
                    "give a link-local address of that range; other ones go to "
                    "bgp_settings.bgp_peering_addresses"});
    }
  }
}

void check_own_addresses(const Model& model, const VirtualNetworkGateway& gateway,
                         RuleReport& report) {
  const auto& addresses = gateway.bgp_settings.peering_addresses;
  const size_t expected = *gateway.active_active ? 2 : 1;
  if (addresses.is_set && addresses->size() != expected) {
    report.error(
        {addresses.mark,
         {path_of(gateway)},
         fmt::format("it has {} bgp_peering_addresses, {} gateway has {}", addresses->size(),
                     *gateway.active_active ? "an active/active" : "an active/standby", expected),
         "give one for each instance, or none: then they come from GatewaySubnet; further "
         "link-local ones are custom_bgp_ip_addresses of ip_configurations"});
  }
  if (!addresses.is_set && bgp_peering_addresses(model, gateway).empty()) {
    report.error({gateway.enable_bgp.mark,
                  {path_of(gateway)},
                  "there is no GatewaySubnet with room to take its BGP addresses from",
                  "add one, /27 or larger, or give bgp_peering_addresses"});
  }
  if (const VirtualNetwork* const network = network_of(model, gateway)) {
    for (const auto& address : *addresses) check_place(gateway, *network, address, report);
  }
  check_custom_addresses(gateway, report);
}

// One address of the BGP speaker behind a local network gateway, as seen over one connection.
class PeerAddressCheck {
 public:
  PeerAddressCheck(const Model& model, const Connection& connection,
                   const LocalNetworkGateway& peer, RuleReport& report)
      : model_(model),
        connection_(connection),
        gateway_(*local_gateway(model, connection)),
        peer_(peer),
        report_(report) {}

  void check(const Marked<IpAddress>& address) {
    if (is_unusable(*address) && !is_apipa(*address))
      return refuse(address, {}, "can be nobody's", "give the address that its speaker has");
    if (is_reserved(*address)) note_reserved(address);
    check_foreign(address);
    if (bgp_peering_addresses(model_, gateway_).empty()) return;  // Reported there.
    const auto own = speaking_addresses(model_, connection_, *address);
    if (own.empty()) return report_no_partner(address);
    if (is_apipa(*address)) note_other_subnet(address, own);
  }

 private:
  void refuse(const Marked<IpAddress>& address, std::vector<std::string> others,
              std::string_view what, std::string remedy) {
    others.insert(others.begin(), path_of(peer_));
    report_.error({address.mark, std::move(others),
                   fmt::format("the peer's BGP address {} {}", address->to_string(), what),
                   std::move(remedy)});
  }

  void check_foreign(const Marked<IpAddress>& address) {
    const VirtualNetwork* const network = network_of(model_, gateway_);
    if (network != nullptr && lies_in(*network, *address)) {
      refuse(address, {path_of(*network)}, fmt::format("lies in {} on our side", network->name),
             "give the peer an address of its own network, such as a loopback");
    }
    if (peer_.gateway_ip_address.is_set && *address == *peer_.gateway_ip_address) {
      report_.error({address.mark,
                     {path_of(peer_)},
                     "bgp_peering_address is the peer's public address",
                     "give an address behind the tunnel, such as a loopback"});
    }
    if (is_our_outer(*address)) {
      refuse(address, {path_of(gateway_)}, "is our own gateway's, outside the tunnel",
             "give the address that the peer's speaker has, such as a loopback behind the tunnel");
    }
  }

  void note_reserved(const Marked<IpAddress>& address) {
    report_.warning({address.mark,
                     {path_of(peer_)},
                     fmt::format("the peer's BGP address {} is of 240.0.0.0/4, which is reserved",
                                 address->to_string()),
                     "give another address, unless every device on the way takes it"});
  }

  bool is_our_outer(const IpAddress& address) const {
    return std::ranges::any_of(gateway_.ip_configurations, [&](const IpConfiguration& instance) {
      return address == *instance.public_ip_address || address == instance.address_on_host();
    });
  }

  void report_no_partner(const Marked<IpAddress>& address) {
    const auto own = bgp_peering_addresses(model_, gateway_);
    if (is_apipa(*address)) {
      refuse(address, {path_of(gateway_)}, "is link-local, ours is not",
             fmt::format("give an ip_configuration of the gateway custom_bgp_ip_addresses of {}",
                         kGatewayApipaText));
    } else if (std::ranges::any_of(own, is_apipa)) {
      refuse(
          address, {path_of(gateway_)}, "is not link-local, ours is",
          "leave bgp_peering_addresses out, so that there is one of GatewaySubnet, and write the "
          "link-local one into custom_bgp_ip_addresses");
    } else {
      refuse(address, {path_of(gateway_)},
             fmt::format("is of another family than ours, {}", own.front().to_string()),
             "give two addresses of one family");
    }
  }

  // The way to it is a host route, so this works; a device with an interface of its own for the
  // tunnel may not think so.
  void note_other_subnet(const Marked<IpAddress>& address, const std::vector<IpAddress>& own) {
    const IpPrefix link(*address, kPointToPointLength);
    if (std::ranges::any_of(own, [&](const IpAddress& each) { return link.contains(each); }))
      return;
    report_.info({address.mark,
                  {path_of(peer_), path_of(gateway_)},
                  fmt::format("the peer's BGP address {} and ours, {}, are in different /{} "
                              "networks",
                              address->to_string(), own.front().to_string(), kPointToPointLength),
                  "nothing to do where the peer has a host route to ours; many devices want both "
                  "ends of a tunnel in one small network"});
  }

  const Model& model_;
  const Connection& connection_;
  const VirtualNetworkGateway& gateway_;
  const LocalNetworkGateway& peer_;
  RuleReport& report_;
};

bool has_custom(const IpConfiguration& configuration, const IpAddress& address) {
  return std::ranges::any_of(*configuration.custom_bgp_ip_addresses,
                             [&](const auto& own) { return *own == address; });
}

// What a connection picks of the gateway's link-local addresses: known ones, one per instance.
void check_picked(const Connection& connection, const VirtualNetworkGateway& gateway,
                  RuleReport& report) {
  std::set<const IpConfiguration*> users;
  for (const auto& address : *connection.gateway_custom_bgp_ip_addresses) {
    const auto owner = std::ranges::find_if(
        gateway.ip_configurations,
        [&](const IpConfiguration& each) { return has_custom(each, *address); });
    if (owner == gateway.ip_configurations.end()) {
      report.error(
          {address.mark,
           {path_of(connection), path_of(gateway)},
           fmt::format("{} is none of the gateway's custom_bgp_ip_addresses", address->to_string()),
           "add it to one of the gateway's ip_configurations, or pick one that is there"});
    } else if (!users.insert(&*owner).second) {
      report.error({address.mark,
                    {path_of(connection), path_of(gateway)},
                    fmt::format("{} is the second address of ip_configuration {} here",
                                address->to_string(), in_quotes(*owner->name)),
                    "pick one address for each instance"});
    }
  }
}

void check_use_of_picked(const Model& model, const Connection& connection, RuleReport& report) {
  const auto& picked = connection.gateway_custom_bgp_ip_addresses;
  if (picked->empty()) return;
  const LocalNetworkGateway* const peer = site_of(model, connection);
  if (peer != nullptr && !peer->bgp_settings.is_set) return;  // Reported as bgp.speakers.
  if (peer != nullptr && std::ranges::any_of(*peer->bgp_settings.peering_addresses,
                                             [](const auto& each) { return is_apipa(*each); }))
    return;
  report.warning({picked.mark,
                  {path_of(connection), peer == nullptr ? path_of(connection) : path_of(*peer)},
                  "gateway_custom_bgp_ip_addresses has no effect: link-local addresses speak with "
                  "link-local peers alone",
                  "remove it, or give the peer a bgp_peering_address of 169.254.0.0/16"});
}

using Names = std::set<std::string_view>;

// Who speaks: a gateway of ours, or what a local network gateway describes.
struct Speaker {
  std::string path;
  const LocalNetworkGateway* site = nullptr;  // nullptr: a gateway.
  Names gateways;                             // Itself, or those that speak with it.
};

// Each gateway has a local network gateway of its own for a device, or one for each of its lines.
bool are_one_device(const Speaker& a, const Speaker& b) {
  if (a.site == nullptr || b.site == nullptr) return false;
  if (asn_of(a.site->bgp_settings) == asn_of(b.site->bgp_settings)) return true;
  const bool have_common_gateway = std::ranges::any_of(
      a.gateways, [&](const std::string_view name) { return b.gateways.contains(name); });
  return !have_common_gateway && are_at_one_address(*a.site, *b.site);
}

// Link-local addresses count at one gateway, others everywhere.
class UniqueAddresses {
 public:
  UniqueAddresses(const Model& model, RuleReport& report) : model_(model), report_(report) {
    add_sessions();
  }

  void check() {
    for (const auto& [name, gateway] : model_.gateways) {
      if (*gateway.enable_bgp) check_gateway(gateway);
    }
    for (const auto& [name, gateways] : users_) {
      const LocalNetworkGateway& site = *find(model_.local_network_gateways, name);
      const Speaker speaker{path_of(site), &site, gateways};
      for (const auto& address : *site.bgp_settings.peering_addresses)
        check_address(address, speaker);
    }
  }

 private:
  // A local network gateway that stands for a gateway of our own is the same speaker again.
  void add_sessions() {
    const Counterparts counterparts(model_);
    for (const auto& [name, connection] : model_.connections) {
      if (!*connection.enable_bgp) continue;
      const std::string_view own = *connection.virtual_network_gateway1;
      if (const auto* const other = counterparts.counterpart_gateway(connection)) {
        neighbours_[own].insert(other->name);
        neighbours_[other->name].insert(own);
      } else if (const auto* const site = site_of(model_, connection)) {
        if (counterparts.counterpart_of(connection) == nullptr) users_[site->name].insert(own);
      }
    }
  }

  void check_gateway(const VirtualNetworkGateway& gateway) {
    const Speaker speaker{path_of(gateway), nullptr, {gateway.name}};
    const auto& written = gateway.bgp_settings.peering_addresses;
    const SourceMark mark = written.is_set ? written.mark : gateway.mark;
    for (const IpAddress& address : bgp_peering_addresses(model_, gateway))
      check_address({address, mark, written.is_set}, speaker);
    for (const IpConfiguration& configuration : gateway.ip_configurations) {
      for (const auto& address : *configuration.custom_bgp_ip_addresses)
        check_address(address, speaker);
    }
  }

  void check_address(const Marked<IpAddress>& address, const Speaker& speaker) {
    const Speaker* const owner = owner_of(*address, speaker);
    if (owner == nullptr) return;
    report_.error(
        {address.mark,
         {speaker.path, owner->path},
         fmt::format("BGP address {} is that of {} as well", address->to_string(), owner->path),
         "every BGP speaker has an address of its own"});
  }

  // Who has it already; nullptr: nobody, so that it is the speaker's.
  const Speaker* owner_of(const IpAddress& address, const Speaker& speaker) {
    const Names everywhere = {""};
    const Speaker* found = nullptr;
    for (const std::string_view where : is_apipa(address) ? speaker.gateways : everywhere) {
      const auto [owner, is_first] = owners_.try_emplace({address, where}, speaker);
      if (!is_first && !are_one_device(owner->second, speaker)) found = &owner->second;
    }
    if (found != nullptr || !is_apipa(address) || speaker.site != nullptr) return found;
    for (const std::string_view neighbour : neighbours_[*speaker.gateways.begin()]) {
      const auto owner = owners_.find({address, neighbour});
      if (owner != owners_.end()) return &owner->second;
    }
    return nullptr;
  }

  const Model& model_;
  RuleReport& report_;
  std::map<std::string_view, Names> users_;       // Gateways that speak with a site.
  std::map<std::string_view, Names> neighbours_;  // Gateways that speak with a gateway.
  // By the gateway that the address counts at; "": everywhere.
  std::map<std::pair<IpAddress, std::string_view>, Speaker> owners_;
};

}  // namespace

void check_bgp_addresses(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) {
    if (*gateway.enable_bgp) check_own_addresses(model, gateway, report);
  }
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    if (gateway == nullptr || !*connection.enable_bgp) continue;
    check_picked(connection, *gateway, report);
    check_use_of_picked(model, connection, report);
    const LocalNetworkGateway* const peer = site_of(model, connection);
    if (peer == nullptr || !peer->bgp_settings.is_set) continue;
    for (const auto& address : *peer->bgp_settings.peering_addresses)
      PeerAddressCheck(model, connection, *peer, report).check(address);
  }
  UniqueAddresses(model, report).check();
}

}  // namespace twinspan::policy
