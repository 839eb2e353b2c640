#include "policy/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "policy/effective_routes.h"
#include "policy/explain_stages.h"
#include "policy/firewall_faults.h"
#include "policy/transit.h"

namespace twinspan::policy {
namespace {

std::string network_path(const std::string& name) {
  return "virtual_networks." + name;
}

const IpPrefix* covering(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
  const IpPrefix* longest = nullptr;
  for (const IpPrefix& prefix : prefixes) {
    if (!prefix.contains(address)) continue;
    if (longest == nullptr || prefix.length() > longest->length()) longest = &prefix;
  }
  return longest;
}

const AttachedNetwork* network_with(const Plan& plan, const IpAddress& address) {
  const auto found = std::ranges::find_if(plan.networks.attached, [&](const AttachedNetwork& each) {
    return covering(each.prefixes, address) != nullptr;
  });
  return found == plan.networks.attached.end() ? nullptr : &*found;
}

// Those with the longest prefix that holds the address.
std::vector<const TunnelPlan*> tunnels_to(const Plan& plan, const IpAddress& address) {
  std::vector<const TunnelPlan*> best;
  unsigned length = 0;
  for (const TunnelPlan& tunnel : plan.tunnels) {
    const IpPrefix* const prefix = covering(tunnel.remote_prefixes, address);
    if (prefix == nullptr || (!best.empty() && prefix->length() < length)) continue;
    if (!best.empty() && prefix->length() > length) best.clear();
    length = prefix->length();
    best.push_back(&tunnel);
  }
  return best;
}

std::vector<const TunnelPlan*> tunnels_from(const Plan& plan, const Model& model,
                                            std::string_view place) {
  std::vector<const TunnelPlan*> found;
  for (const TunnelPlan& tunnel : plan.tunnels) {
    if (place_behind(model, tunnel.connection) == place) found.push_back(&tunnel);
  }
  return found;
}

std::string text_of(const EffectiveRoute& route) {
  return fmt::format("{} ({}{}{})", route.address_prefix.to_string(), name_of(route.next_hop_type),
                     route.next_hops.empty() ? "" : ", ", fmt::join(route.next_hops, ", "));
}

class Walk {
 public:
  Walk(const Plan& plan, const Model& model, const LiveTables& tables,
       const ExplainQuestion& question)
      : plan_(plan), model_(model), tables_(tables), question_(question), flow_(question.flow) {}

  Explanation run() {
    start();
    look_at_firewall();
    // What no stage has decided is delivered.
    if (!is_decided_) explanation_.verdict = Reach::Delivered;
    return std::move(explanation_);
  }

 private:
  // Whether the walk goes on.
  bool add(ExplainStep step) {
    const StepOutcome outcome = step.outcome;
    explanation_.steps.push_back(std::move(step));
    if (outcome == StepOutcome::Pass) return true;
    is_decided_ = true;
    explanation_.verdict = outcome == StepOutcome::Drop ? Reach::Dropped : Reach::Unknown;
    explanation_.fix = explanation_.steps.back().fix;
    return false;
  }
  bool add(std::vector<ExplainStep> steps) {
    return std::ranges::all_of(steps, [this](ExplainStep& step) { return add(std::move(step)); });
  }

  void start();
  void look_at_firewall();
  std::string input_of(const AttachedNetwork& network) const;
  void leave(const AttachedNetwork& network);
  void follow(const AttachedNetwork& network, const EffectiveRoute& route);
  bool enter_peered(const AttachedNetwork& network, const std::string& other);
  bool use_gateway(const AttachedNetwork& network);
  void reach_local(const std::vector<std::string>& interfaces);
  void find_no_route(const std::string& from);
  void arrive(const std::vector<const TunnelPlan*>& tunnels);
  void come_in(const TunnelPlan& tunnel);
  bool enter_from_tunnel(const AttachedNetwork& network, const TunnelPlan& tunnel);
  void send(const std::vector<const TunnelPlan*>& tunnels);
  bool admits_forwarded(const AttachedNetwork& network, const std::string& to);
  ExplainStep kernel_route(const FoundRoute& route, ExpectedRoute expected) const;

  const Plan& plan_;
  const Model& model_;
  const LiveTables& tables_;
  const ExplainQuestion& question_;
  const Flow& flow_;
  Explanation explanation_;
  bool is_decided_ = false;
  std::string input_;  // The interface that the packet comes in by; empty: this host sends it.
};

void Walk::start() {
  if (flow_.source.family() != flow_.destination.family()) {
    add(dropped("network", flow_.to_string(),
                {"one address is IPv4 and the other IPv6", "name two addresses of one family"}));
    return;
  }
  if (!question_.arrived_by.empty()) {
    const auto tunnel =
        std::ranges::find(plan_.tunnels, question_.arrived_by, &TunnelPlan::connection);
    if (tunnel != plan_.tunnels.end()) return come_in(*tunnel);
  }
  if (!question_.from.empty()) {
    const AttachedNetwork* const network = plan_.networks.find(question_.from);
    return network != nullptr ? leave(*network)
                              : arrive(tunnels_from(plan_, model_, question_.from));
  }
  // Peerings are about what is forwarded.
  if (tables_.is_host_address(flow_.source)) {
    add(passed("network", network_path(plan_.virtual_network),
               flow_.source.to_string() + " is an address of the gateway's host"));
    const AttachedNetwork* const network = network_with(plan_, flow_.destination);
    return network != nullptr ? reach_local(network->interfaces)
                              : send(tunnels_to(plan_, flow_.destination));
  }
  if (const AttachedNetwork* const network = network_with(plan_, flow_.source))
    return leave(*network);
  const auto tunnels = tunnels_to(plan_, flow_.source);
  if (!tunnels.empty()) return arrive(tunnels);
  const std::string place = place_of(model_, flow_.source);
  add(unclear(
      "network", place.empty() ? flow_.source.to_string() : place_path(model_, place),
      {place.empty() ? fmt::format("{} is in no network of this estate", flow_.source.to_string())
                     : fmt::format("{} has {}, and is neither attached to this host nor behind one "
                                   "of its connections",
                                   place, flow_.source.to_string()),
       place.empty() ? "add it to the address_space of its virtual network, or say with --from "
                       "which network forwards it"
                     : "ask the gateway that it belongs to; the network is attached here when all "
                       "of its interfaces exist"}));
}

// The rules do what the plan says as long as they are those that were put up. Else a packet that
// should pass may be dropped, and one that a peering keeps out may pass.
void Walk::look_at_firewall() {
  const bool is_kept_out = is_decided_ && explanation_.steps.back().stage == "peering";
  if (input_.empty() || (is_decided_ && !is_kept_out)) return;
  const auto faults = tables_.firewall_faults();
  if (!faults || faults->empty()) return;
  add(unclear("firewall", "table inet twinspan", {firewall_fault(*faults), kFirewallFix}));
}

// -- from an attached network

// Of several interfaces that by which the kernel would answer.
std::string Walk::input_of(const AttachedNetwork& network) const {
  if (network.interfaces.empty() || tables_.is_host_address(flow_.source)) return "";
  const FoundRoute back = tables_.route(
      {.source = IpAddress::any(flow_.source.family()), .destination = flow_.source}, "");
  const bool is_known =
      std::ranges::find(network.interfaces, back.device) != network.interfaces.end();
  return is_known ? back.device : network.interfaces.front();
}

void Walk::leave(const AttachedNetwork& network) {
  const IpPrefix* const own = covering(network.prefixes, flow_.source);
  input_ = input_of(network);
  if (!add(passed("network", network_path(network.name),
                  own != nullptr ? fmt::format("{} is in its address space {}",
                                               flow_.source.to_string(), own->to_string())
                                 : fmt::format("it forwards {}, which is not its own",
                                               flow_.source.to_string()))))
    return;
  const std::vector<EffectiveRoute> routes = effective_routes(plan_, network.name);
  const EffectiveRoute* best = nullptr;
  for (const EffectiveRoute& route : routes) {
    if (route.state != RouteState::Active || !route.address_prefix.contains(flow_.destination))
      continue;
    if (best == nullptr || route.address_prefix.length() > best->address_prefix.length())
      best = &route;
  }
  std::vector<std::string> others;
  for (const EffectiveRoute& route : routes) {
    if (&route != best && route.address_prefix.contains(flow_.destination))
      others.push_back(text_of(route));
  }
  if (best == nullptr) return find_no_route(network.name);
  std::string why = text_of(*best);
  if (!others.empty()) {
    why +=
        fmt::format(" wins over {}: the longest prefix does, and of equal ones that into a tunnel",
                    fmt::join(others, "; "));
  }
  if (best->next_hop_type == NextHopType::None) {
    add(passed("route", network_path(network.name), why));
    const std::string other = place_of(model_, flow_.destination);
    add(closed_way(model_, network.name, other));
    return;
  }
  if (add(passed("route", network_path(network.name), why))) follow(network, *best);
}

void Walk::follow(const AttachedNetwork& network, const EffectiveRoute& route) {
  switch (route.next_hop_type) {
    case NextHopType::VnetLocal:
      return reach_local(network.interfaces);
    case NextHopType::VNetPeering: {
      const std::string& other = route.next_hops.front();
      if (!enter_peered(network, other)) return;
      const AttachedNetwork* const attached = plan_.networks.find(other);
      return reach_local(attached == nullptr ? std::vector<std::string>{} : attached->interfaces);
    }
    case NextHopType::VirtualNetworkGateway: {
      if (!use_gateway(network)) return;
      std::vector<const TunnelPlan*> tunnels;
      for (const TunnelPlan& tunnel : plan_.tunnels) {
        if (std::ranges::find(route.next_hops, tunnel.connection) != route.next_hops.end())
          tunnels.push_back(&tunnel);
      }
      return send(tunnels);
    }
    case NextHopType::None:
      return;
  }
}

// What does not come from the network itself needs the flag on the half of the one it enters.
bool Walk::admits_forwarded(const AttachedNetwork& network, const std::string& to) {
  if (input_.empty() || covering(network.prefixes, flow_.source) != nullptr) return true;
  const PeeringWay* const way = plan_.networks.way(network.name, to);
  if (way != nullptr && way->admits_forwarded) return true;
  std::string half = "the peering of " + to;
  for (const auto& [name, peering] : model_.peerings) {
    if (*peering.virtual_network == to && *peering.remote_virtual_network == network.name)
      half = "peerings." + name;
  }
  return add(
      dropped("peering", half,
              {fmt::format("allow_forwarded_traffic is not set: {} is not from the address space "
                           "of {}, which only passes it on",
                           flow_.source.to_string(), network.name),
               fmt::format("set {}.allow_forwarded_traffic: true", half)}));
}

bool Walk::enter_peered(const AttachedNetwork& network, const std::string& other) {
  if (!admits_forwarded(network, other)) return false;
  return add(passed("peering", network_path(network.name) + " and " + network_path(other),
                    "both halves allow access"));
}

bool Walk::use_gateway(const AttachedNetwork& network) {
  if (network.gateway_use != GatewayUse::Transit) return true;
  const std::string& hub = plan_.networks.attached.front().name;
  if (!admits_forwarded(network, hub)) return false;
  return add(passed("peering", network_path(network.name) + " and " + network_path(hub),
                    fmt::format("{} uses the gateway of {}: allow_gateway_transit and "
                                "use_remote_gateways are set",
                                network.name, hub)));
}

void Walk::reach_local(const std::vector<std::string>& interfaces) {
  const FoundRoute route = tables_.route(flow_, input_);
  // Where another gateway's daemon has attached it, or where the network names no interface.
  const bool is_free = interfaces.empty() && route.kind == FoundRoute::Kind::Device;
  add(kernel_route(
      route, {.devices = is_free ? std::vector{route.device} : interfaces, .may_be_local = true}));
}

ExplainStep Walk::kernel_route(const FoundRoute& route, ExpectedRoute expected) const {
  const bool is_from_tunnel =
      !input_.empty() &&
      std::ranges::find(plan_.tunnels, input_, &TunnelPlan::device) != plan_.tunnels.end();
  if (route.kind == FoundRoute::Kind::Refused && is_from_tunnel &&
      tables_.device(input_).reverse_path_filter > 0)
    expected.filtered_tunnel = input_;
  return kernel_route_stage(flow_, route, expected);
}

void Walk::find_no_route(const std::string& from) {
  const std::string place = place_of(model_, flow_.destination);
  if (!place.empty() && place != from) {
    add(closed_way(model_, from, place));
    return;
  }
  const std::string target = flow_.destination.to_string();
  const std::string why =
      fmt::format("no network, peering or connection of this estate has {}", target);
  const std::string fix = fmt::format(
      "add a prefix with {} to address_prefixes of the local_network_gateways object that it is "
      "behind, or to the address_space of its virtual network",
      target);
  const FoundRoute route = tables_.route(flow_, input_);
  if (route.kind == FoundRoute::Kind::Device || route.kind == FoundRoute::Kind::Local) {
    add(unclear("route", target,
                {fmt::format("{}: the host's own route takes it, by {}, outside of all connections",
                             why, route.device.empty() ? "itself" : route.device),
                 fix}));
    return;
  }
  add(dropped("route", target,
              {fmt::format("{}, and the host refuses it ({})", why, route.text), fix}));
}

// -- from a tunnel

void Walk::arrive(const std::vector<const TunnelPlan*>& tunnels) {
  if (tunnels.empty()) {
    add(unclear("network", question_.from,
                {"it is neither attached to this host nor behind one of its connections",
                 "`twinspan show gateway` and `twinspan routes` list what is"}));
    return;
  }
  const auto up = std::ranges::find_if(tunnels, [this](const TunnelPlan* tunnel) {
    return tables_.tunnel(tunnel->connection).is_connected;
  });
  come_in(up == tunnels.end() ? *tunnels.front() : **up);
}

void Walk::come_in(const TunnelPlan& tunnel) {
  const TunnelAnswer answer = tables_.tunnel(tunnel.connection);
  const std::string place = place_behind(model_, tunnel.connection);
  input_ = tunnel.device;
  if (!add(passed("network", place.empty() ? tunnel.connection : place_path(model_, place),
                  fmt::format("{} comes in by connections.{}", flow_.source.to_string(),
                              tunnel.connection))) ||
      !add(connection_stage(tunnel, answer)) ||
      !add(inbound_stages(tunnel, flow_, tables_.inbound(tunnel.connection, flow_), answer)) ||
      !add(device_stage(tunnel.device, tables_.device(tunnel.device))))
    return;
  if (const AttachedNetwork* const network = network_with(plan_, flow_.destination)) {
    if (enter_from_tunnel(*network, tunnel)) reach_local(network->interfaces);
    return;
  }
  const auto onward = tunnels_to(plan_, flow_.destination);
  if (!onward.empty()) return send(onward);
  if (tables_.is_host_address(flow_.destination)) return reach_local({});
  find_no_route(place);
}

bool Walk::enter_from_tunnel(const AttachedNetwork& network, const TunnelPlan& tunnel) {
  if (network.gateway_use == GatewayUse::Own)
    return add(passed("route", network_path(network.name),
                      flow_.destination.to_string() + " is in the gateway's own network"));
  if (network.gateway_use == GatewayUse::Transit)
    return add(passed("peering", network_path(network.name), "it uses this gateway"));
  const std::string place = place_behind(model_, tunnel.connection);
  return add(closed_way(model_, network.name, place.empty() ? plan_.virtual_network : place));
}

// -- into a tunnel

void Walk::send(const std::vector<const TunnelPlan*>& tunnels) {
  if (tunnels.empty()) return find_no_route(plan_.virtual_network);
  const FoundRoute route = tables_.route(flow_, input_);
  // Of several the kernel chooses; where it chooses none, the first that is up tells most.
  const TunnelPlan* chosen = nullptr;
  for (const TunnelPlan* const tunnel : tunnels) {
    if (route.kind == FoundRoute::Kind::Device && tunnel->device == route.device) chosen = tunnel;
  }
  for (const TunnelPlan* const tunnel : tunnels) {
    if (chosen == nullptr && tables_.tunnel(tunnel->connection).is_connected) chosen = tunnel;
  }
  if (chosen == nullptr) chosen = tunnels.front();
  const TunnelAnswer answer = tables_.tunnel(chosen->connection);
  if (!add(connection_stage(*chosen, answer))) return;
  const SaAnswer sa = tables_.outbound(chosen->connection, flow_);
  if (!add(outbound_stages(*chosen, flow_, sa, answer))) return;
  const DeviceState device = tables_.device(chosen->device);
  if (!add(device_stage(chosen->device, device)) ||
      !add(mtu_stage(flow_, device.mtu, sa.inner_max)) ||
      !add(kernel_route(route, {.devices = {chosen->device}, .is_tunnel = true})))
    return;
  add(outer_route_stage(*chosen, tables_.outer_route(chosen->connection)));
}

}  // namespace

std::string_view name_of(StepOutcome outcome) {
  switch (outcome) {
    case StepOutcome::Pass:
      return "pass";
    case StepOutcome::Drop:
      return "drop";
    case StepOutcome::Unknown:
      return "unknown";
  }
  return "";
}

std::string_view name_of(Reach reach) {
  switch (reach) {
    case Reach::Delivered:
      return "delivered";
    case Reach::Dropped:
      return "dropped";
    case Reach::Unknown:
      return "unknown";
  }
  return "";
}

bool is_place(const Plan& plan, const Model& model, std::string_view from) {
  return plan.networks.find(from) != nullptr || !tunnels_from(plan, model, from).empty();
}

Explanation explain(const Plan& plan, const Model& model, const LiveTables& tables,
                    const ExplainQuestion& question) {
  return Walk(plan, model, tables, question).run();
}

}  // namespace twinspan::policy
