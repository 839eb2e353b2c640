#include "policy/explain_stages.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/connection_ends.h"
#include "policy/rules.h"
#include "policy/transit.h"

namespace twinspan::policy {
namespace {

constexpr const char* kRestart = "restart twinspand: it puts its devices and routes up again";

std::string path_of(const TunnelPlan& tunnel) {
  return "connections." + tunnel.connection;
}

std::string ends_of(const Flow& flow) {
  return fmt::format("{} -> {}", flow.source.to_string(), flow.destination.to_string());
}

std::string selectors_fix(const TunnelPlan& tunnel, const IpAddress& local,
                          const IpAddress& remote) {
  return fmt::format(
      "the selectors follow the address prefixes of both sides: {} has to be in the address_space "
      "of our network and {} in the prefixes of the other end of {} (or both in its "
      "traffic_selector_policies), and the peer has to be told the same",
      local.to_string(), remote.to_string(), path_of(tunnel));
}

ExplainStep no_sa(const TunnelPlan& tunnel, const TunnelAnswer& answer) {
  return dropped(
      "sa", path_of(tunnel),
      {answer.trouble.empty() ? "no Child SA carries these addresses at the moment"
                              : "the Child SA that should carry it is not there: " + answer.trouble,
       answer.trouble_remedy.empty() ? fmt::format("`twinspan up {}` says why", tunnel.connection)
                                     : answer.trouble_remedy});
}

bool is_flag(const TransitRefusal& refusal) {
  return refusal.field == "allow_virtual_network_access" ||
         refusal.field == "allow_gateway_transit" || refusal.field == "use_remote_gateways" ||
         refusal.field == "enable_bgp";
}

// What to do about the first hop that refuses.
std::string fix_of(const TransitRefusal& refusal) {
  if (is_flag(refusal)) return fmt::format("set {}.{}: true", refusal.object, refusal.field);
  if (refusal.field == "use_policy_based_traffic_selectors")
    return fmt::format("set {}.{}: false, or write the prefixes on both sides", refusal.object,
                       refusal.field);
  if (refusal.field == "remote_virtual_network")
    return "write the other half: a peering of the remote network of " + refusal.object +
           " back to its virtual_network";
  return fmt::format("see {} of {}: {}", refusal.field, refusal.object, refusal.reason);
}

std::string peer_directly(const std::string& from, const std::string& to) {
  return fmt::format(
      "peer {} and {} with each other: two objects under peerings, one per direction", from, to);
}

unsigned covering_length(const MarkedList<IpPrefix>& prefixes, const IpAddress& address) {
  unsigned longest = 0;
  for (const auto& prefix : *prefixes) {
    if (prefix->contains(address)) longest = std::max(longest, prefix->length() + 1);
  }
  return longest;
}

std::string missing_route_fix(const FoundRoute& route, const ExpectedRoute& expected) {
  if (route.kind == FoundRoute::Kind::Refused && !expected.filtered_tunnel.empty())
    return reverse_path_fix(expected.filtered_tunnel);
  if (route.kind == FoundRoute::Kind::Refused)
    return "the kernel refuses the packet by its source: set net.ipv4.conf.all.rp_filter and that "
           "of the interface to 0 or 2, and look for addresses that are on the wrong side";
  if (expected.is_tunnel)
    return fmt::format(
        "somebody changed the host's routes or rules; {}; see `ip rule` and `ip "
        "route show table all proto 84`",
        kRestart);
  return fmt::format(
      "give the host a route to it by {}: an address on the interface, or `ip "
      "route add`; forwarding has to be on (net.ipv4.ip_forward)",
      fmt::join(expected.devices, " or "));
}

}  // namespace

std::string Flow::to_string() const {
  std::string text = ends_of(*this);
  switch (protocol) {
    case 0:
      return text;
    case 6:
      return text + fmt::format(" tcp {}", destination_port);
    case 17:
      return text + fmt::format(" udp {}", destination_port);
    default:
      return text + fmt::format(" protocol {}", protocol);
  }
}

ExplainStep passed(std::string stage, std::string object, std::string why) {
  return {std::move(stage), std::move(object), StepOutcome::Pass, std::move(why), ""};
}

ExplainStep dropped(std::string stage, std::string object, Fault fault) {
  return {std::move(stage), std::move(object), StepOutcome::Drop, std::move(fault.why),
          std::move(fault.fix)};
}

ExplainStep unclear(std::string stage, std::string object, Fault fault) {
  return {std::move(stage), std::move(object), StepOutcome::Unknown, std::move(fault.why),
          std::move(fault.fix)};
}

ExplainStep connection_stage(const TunnelPlan& tunnel, const TunnelAnswer& answer) {
  if (answer.is_connected)
    return passed("connection", path_of(tunnel), "connected with " + answer.remote);
  return dropped(
      "connection", path_of(tunnel),
      {fmt::format("not connected with {}: {}", answer.remote,
                   answer.reason.empty() ? "it was not asked to be" : answer.reason),
       answer.remedy.empty() ? fmt::format("`twinspan up {}`", tunnel.connection) : answer.remedy});
}

std::vector<ExplainStep> outbound_stages(const TunnelPlan& tunnel, const Flow& flow,
                                         const SaAnswer& sa, const TunnelAnswer& answer) {
  if (sa.kind == SaAnswer::Kind::NoSelector) {
    return {dropped("selector", path_of(tunnel),
                    {fmt::format("no Child SA's selectors admit {}; there are {}", ends_of(flow),
                                 answer.selectors),
                     selectors_fix(tunnel, flow.source, flow.destination)})};
  }
  if (sa.kind != SaAnswer::Kind::Carries) return {no_sa(tunnel, answer)};
  return {passed("selector", path_of(tunnel), sa.selectors + " admits it"),
          passed("sa", path_of(tunnel), sa.sa + " carries it")};
}

std::vector<ExplainStep> inbound_stages(const TunnelPlan& tunnel, const Flow& flow,
                                        const SaAnswer& sa, const TunnelAnswer& answer) {
  switch (sa.kind) {
    case SaAnswer::Kind::NoSa:
      return {no_sa(tunnel, answer)};
    case SaAnswer::Kind::NoSelector:
      return {dropped("selector", path_of(tunnel),
                      {fmt::format("it may not come out of the tunnel (RFC 4301 5.2): the "
                                   "selectors are {}, and this is {}",
                                   answer.selectors, ends_of(flow)),
                       selectors_fix(tunnel, flow.destination, flow.source)})};
    case SaAnswer::Kind::SourceRefused:
      return {passed("selector", path_of(tunnel), "any-to-any selectors admit it"),
              dropped("source", path_of(tunnel),
                      {fmt::format("{} may not come out of this tunnel: it belongs to our own "
                                   "side, to a gateway, to no host at all, or is not behind it",
                                   flow.source.to_string()),
                       fmt::format("where it is behind it, add it to the prefixes of the other "
                                   "end of {}; else look for address ranges that both sides use, "
                                   "and renumber one; a packet with one of our own addresses may "
                                   "have been sent in a circle",
                                   path_of(tunnel))})};
    case SaAnswer::Kind::Carries:
      break;
  }
  return {passed("sa", path_of(tunnel), sa.sa + " may bring it"),
          passed("selector", path_of(tunnel), sa.selectors + " admits it")};
}

ExplainStep mtu_stage(const Flow& flow, unsigned device_mtu, unsigned path_max) {
  constexpr uint32_t kIpv6MtuMin =
      1280;  // RFC 8200 5: always carried, in outer fragments if need be.
  unsigned limit = path_max == 0 ? device_mtu : std::min(device_mtu, path_max);
  if (flow.source.is_v6()) limit = std::max(limit, kIpv6MtuMin);
  const std::string object = fmt::format("{} bytes", limit);
  if (flow.length <= limit) {
    return passed("mtu", object,
                  fmt::format("packets of up to {} bytes pass whole{}", limit,
                              flow.length == 0 ? "; larger ones are cut, or refused with ICMP when "
                                                 "they have DF or are IPv6"
                                               : ""));
  }
  if (flow.source.is_v4() && flow.may_fragment) {
    return passed("mtu", object,
                  fmt::format("{} bytes do not fit: it is cut into fragments", flow.length));
  }
  return dropped("mtu", object,
                 {fmt::format("{} bytes do not fit and may not be cut{}: its sender is told {} by "
                              "ICMP",
                              flow.length, flow.source.is_v4() ? " (DF)" : "", limit),
                  fmt::format("let ICMP \"packet too big\" through to {}, or set the MTU there to "
                              "{} at most",
                              flow.source.to_string(), limit)});
}

ExplainStep device_stage(const std::string& device, const DeviceState& answer) {
  const std::string object = "device " + device;
  if (!answer.exists)
    return dropped("device", object, {"it is gone: somebody deleted it", kRestart});
  if (!answer.is_up)
    return dropped(
        "device", object,
        {"somebody set it down", fmt::format("`ip link set {} up`, then {}", device, kRestart)});
  if (!answer.has_carrier)
    return dropped("device", object,
                   {"it has no carrier, as when a tunnel has no Child SA or went down a moment ago",
                    "ask again in some seconds; `twinspan events` tells what happened"});
  return passed("device", object, fmt::format("up, MTU {}", answer.mtu));
}

ExplainStep kernel_route_stage(const Flow& flow, const FoundRoute& route,
                               const ExpectedRoute& expected) {
  const std::string target = "route to " + flow.destination.to_string();
  if (route.kind == FoundRoute::Kind::Local && expected.may_be_local)
    return passed("kernel-route", target, "it is an address of this host");
  const bool is_expected =
      route.kind == FoundRoute::Kind::Device &&
      std::ranges::find(expected.devices, route.device) != expected.devices.end();
  if (is_expected) return passed("kernel-route", target, "the kernel sends it to " + route.device);
  std::string why;
  switch (route.kind) {
    case FoundRoute::Kind::Device:
      why = fmt::format("the kernel sends it to {} instead of {}", route.device,
                        fmt::join(expected.devices, " or "));
      break;
    case FoundRoute::Kind::Local:
      why = "it is an address of this host";
      break;
    case FoundRoute::Kind::Unreachable:
    case FoundRoute::Kind::Refused:
      why = fmt::format("the kernel refuses it ({}); it should go to {}", route.text,
                        fmt::join(expected.devices, " or "));
      break;
  }
  return dropped("kernel-route", target, {why, missing_route_fix(route, expected)});
}

std::string reverse_path_fix(const std::string& device) {
  return fmt::format(
      "`sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.{}.rp_filter=0`, and a file in "
      "/etc/sysctl.d to keep the first: the kernel takes the larger of the two; twinspand checks "
      "the sources of tunnels itself",
      device);
}

ExplainStep outer_route_stage(const TunnelPlan& tunnel, const FoundRoute& route) {
  const std::string target = "route to " + tunnel.remote_text();
  if (route.kind == FoundRoute::Kind::Device)
    return passed("outer-route", target, "the peer is reached by " + route.device);
  return dropped(
      "outer-route", target,
      {fmt::format("the host has no way to the peer ({})",
                   route.kind == FoundRoute::Kind::Local ? "its own address" : route.text),
       fmt::format("give the host a route to {}; marked packets see the main table "
                   "alone: `ip route get {} mark 0x5457494e`",
                   tunnel.remote_text(), tunnel.remote_text())});
}

ExplainStep closed_way(const Model& model, const std::string& from, const std::string& to) {
  const auto way = find_way(model, from, to);
  if (!way) {
    return dropped("peering", place_path(model, from),
                   {fmt::format("nothing joins {} and {}", from, to),
                    peer_directly(from, to) + ", or write a connection between them"});
  }
  if (const TransitRefusal* const refusal = way->first_refusal()) {
    const bool is_peering = refusal->object.starts_with("peerings.");
    const bool is_transitive = is_peering && refusal->field == "virtual_network";
    return dropped(
        is_peering ? "peering" : "route", refusal->object,
        {is_flag(*refusal) ? fmt::format("{} is not set: {}", refusal->field, refusal->reason)
                           : refusal->reason,
         is_transitive ? peer_directly(from, to) : fix_of(*refusal)});
  }
  return dropped(
      "route", place_path(model, from),
      {fmt::format("the estate has a way from {} to {}, but not over this gateway", from, to),
       "ask the gateway whose connection leads there; a network that was attached after "
       "the start needs a restart of twinspand"});
}

std::string place_of(const Model& model, const IpAddress& address) {
  std::string place;
  unsigned longest = 0;
  const auto consider = [&](const std::string& name, const MarkedList<IpPrefix>& prefixes) {
    const unsigned length = covering_length(prefixes, address);
    if (length <= longest) return;
    longest = length;
    place = name;
  };
  for (const auto& [name, network] : model.virtual_networks) consider(name, network.address_space);
  for (const auto& [name, site] : model.local_network_gateways)
    consider(name, site.address_prefixes);
  return place;
}

std::string place_behind(const Model& model, const std::string& connection) {
  const Connection* const object = find(model.connections, connection);
  if (object == nullptr) return "";
  if (!object->is_vnet_to_vnet()) return *object->local_network_gateway2;
  const auto* const gateway = remote_gateway(model, *object);
  return gateway == nullptr ? "" : *gateway->virtual_network;
}

}  // namespace twinspan::policy
