// Rules about BGP: who speaks it, with which numbers. They count where BGP is enabled; settings
// that nobody uses may be as they are.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "policy/bgp.h"
#include "policy/connection_ends.h"
#include "policy/counterparts.h"
#include "policy/rules.h"
#include "policy/sku.h"
#include "policy/two_speakers.h"

namespace twinspan::policy {
namespace {

const BgpSettings* remote_speaker(const Model& model, const Connection& connection) {
  if (const auto* const remote = remote_gateway(model, connection)) return &remote->bgp_settings;
  const LocalNetworkGateway* const peer = site_of(model, connection);
  return peer != nullptr && peer->bgp_settings.is_set ? &peer->bgp_settings : nullptr;
}

std::string remote_path(const Model& model, const Connection& connection) {
  if (const auto* const remote = remote_gateway(model, connection)) return path_of(*remote);
  const LocalNetworkGateway* const peer = site_of(model, connection);
  return peer == nullptr ? path_of(connection) : path_of(*peer);
}

void expect_speakers(const Model& model, const Connection& connection,
                     const VirtualNetworkGateway& gateway, RuleReport& report) {
  const SourceMark mark = connection.enable_bgp.mark;
  for (const VirtualNetworkGateway* const speaker : {&gateway, remote_gateway(model, connection)}) {
    if (speaker == nullptr || *speaker->enable_bgp) continue;
    report.error({mark,
                  {path_of(connection), path_of(*speaker)},
                  fmt::format("enable_bgp, but {} has enable_bgp: false", speaker->name),
                  fmt::format("set enable_bgp: true on {}", speaker->name)});
  }
  const LocalNetworkGateway* const peer = site_of(model, connection);
  if (peer == nullptr || peer->bgp_settings.is_set) return;
  report.error({mark,
                {path_of(connection), path_of(*peer)},
                fmt::format("enable_bgp, but {} has no bgp_settings", peer->name),
                "give it bgp_settings with the peer's asn and bgp_peering_address"});
}

void check_number(const std::string& path, const Marked<uint32_t>& asn, bool is_cloud_forbidden,
                  RuleReport& report) {
  if (is_reserved_asn(*asn)) {
    report.error({asn.mark,
                  {path},
                  fmt::format("ASN {} is reserved", *asn),
                  "use one of your own, or a private one: 64512 to 65514, 65521 to 65534, or "
                  "4200000000 to 4294967294"});
  } else if (is_cloud_forbidden) {
    report.error({asn.mark,
                  {path},
                  fmt::format("the cloud keeps ASN {} for itself", *asn),
                  "use another one: 64512 to 65514, or 65521 to 65534"});
  }
}

// A speaker at the other end of a connection with BGP.
struct Neighbour {
  const VirtualNetworkGateway* gateway = nullptr;  // nullptr: somebody else's.
  std::string place;                               // Its network, or the local network gateway.
  std::string object;
  std::string name;
  SourceMark mark;
};

std::optional<Neighbour> neighbour_of(const Model& model, const Counterparts& counterparts,
                                      const Connection& connection) {
  if (const auto* const gateway = counterparts.counterpart_gateway(connection)) {
    const BgpSettings& settings = gateway->bgp_settings;
    return Neighbour{gateway, *gateway->virtual_network, path_of(*gateway), gateway->name,
                     settings.is_set ? settings.asn.mark : gateway->mark};
  }
  const LocalNetworkGateway* const site = site_of(model, connection);
  if (site == nullptr || !site->bgp_settings.is_set) return std::nullopt;
  return Neighbour{nullptr, path_of(*site), path_of(*site), site->name,
                   site->bgp_settings.asn.mark};
}

void report_same_number(const Neighbour& first, const Neighbour& second, uint32_t asn,
                        const VirtualNetworkGateway& between, RuleReport& report) {
  const bool are_networks = first.gateway != nullptr && second.gateway != nullptr;
  Remark remark{second.mark,
                {second.object, first.object, path_of(between)},
                fmt::format("{} and {} have ASN {} both: neither takes the other's routes over {}",
                            first.name, second.name, asn, between.name),
                are_networks ? "give each an ASN of its own"
                             : "right for devices of one site; else give each an ASN of its own"};
  are_networks ? report.warning(std::move(remark)) : report.info(std::move(remark));
}

}  // namespace

// RFC 4271 9.1.2: a speaker drops what has passed its own number.
void check_as_paths(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  std::map<std::pair<const VirtualNetworkGateway*, uint32_t>, Neighbour> first;
  for (const auto& [name, connection] : model.connections) {
    if (!speaks_bgp(model, connection)) continue;
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    const BgpSettings* const remote = remote_speaker(model, connection);
    auto neighbour = neighbour_of(model, counterparts, connection);
    if (remote == nullptr || !neighbour) continue;
    const uint32_t asn = asn_of(*remote);
    if (asn == asn_of(gateway->bgp_settings)) continue;  // That is an error by itself.
    const auto [known, is_new] = first.try_emplace({gateway, asn}, *neighbour);
    if (!is_new && known->second.place != neighbour->place)
      report_same_number(known->second, *neighbour, asn, *gateway, report);
  }
}

void check_bgp_speakers(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    if (gateway == nullptr || !*connection.enable_bgp) continue;
    if (counterparts.classic_end_of(connection) != nullptr)
      continue;  // network.classic refuses it.
    expect_speakers(model, connection, *gateway, report);
    const Connection* const back = counterparts.counterpart_of(connection);
    if (back == nullptr || *back->enable_bgp) continue;
    report.error({connection.enable_bgp.mark,
                  {path_of(connection), path_of(*back)},
                  fmt::format("enable_bgp is true here and false on {}", back->name),
                  "set it alike in both directions"});
  }
}

void check_bgp_numbers(const Model& model, RuleReport& report) {
  for (const auto& [name, gateway] : model.gateways) {
    if (!*gateway.enable_bgp || !gateway.bgp_settings.is_set) continue;
    const uint32_t asn = *gateway.bgp_settings.asn;
    check_number(path_of(gateway), gateway.bgp_settings.asn,
                 has_cloud_sku(gateway) && is_cloud_asn(asn) && asn != kCloudGatewayAsn, report);
  }
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    const BgpSettings* const remote = remote_speaker(model, connection);
    if (gateway == nullptr || remote == nullptr || !*connection.enable_bgp) continue;
    if (const LocalNetworkGateway* const peer = site_of(model, connection)) {
      check_number(path_of(*peer), peer->bgp_settings.asn,
                   has_cloud_sku(*gateway) && is_cloud_asn(*peer->bgp_settings.asn), report);
    }
    if (asn_of(gateway->bgp_settings) != asn_of(*remote)) continue;
    report.error({gateway->bgp_settings.is_set ? gateway->bgp_settings.asn.mark : gateway->mark,
                  {path_of(*gateway), remote_path(model, connection), path_of(connection)},
                  fmt::format("both ends of {} have ASN {}", name, asn_of(*remote)),
                  "give each side an ASN of its own"});
  }
}

void check_counterpart_speakers(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  for (const auto& [name, connection] : model.connections) {
    if (connection.is_vnet_to_vnet() || !*connection.enable_bgp) continue;
    if (const Connection* const back = counterparts.counterpart_of(connection))
      report_speakers({{model, connection}, {model, *back}}, report);
  }
}

void check_static_beside_bgp(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const LocalNetworkGateway* const peer = site_of(model, connection);
    if (peer == nullptr || !*connection.enable_bgp || !peer->bgp_settings.is_set) continue;
    for (const auto& prefix : *peer->address_prefixes) {
      if (is_speaker_host(peer->bgp_settings, *prefix)) continue;
      report.warning({prefix.mark,
                      {path_of(*peer), path_of(connection)},
                      fmt::format("{} is a static route, which wins over what BGP learns",
                                  prefix->to_string()),
                      "remove it, unless this is meant: the way to the peer's BGP address needs "
                      "no prefix"});
    }
  }
}

}  // namespace twinspan::policy
