#include "policy/checklist_transit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "policy/bgp.h"
#include "policy/connection_ends.h"
#include "policy/peering_state.h"
#include "policy/rules.h"
#include "policy/transit.h"

namespace twinspan::policy {
namespace {

CheckItem flag_item(const Peering& half, std::string_view field, bool is_on,
                    std::string_view purpose) {
  return {.number = 0,
          .result = is_on ? CheckResult::Pass : CheckResult::Fail,
          .object = path_of(half),
          .field = std::string(field),
          .message = fmt::format("{} is {}{}", field, is_on ? "true" : "false",
                                 is_on ? "" : fmt::format(": {}", purpose))};
}

CheckItem missing_half(const Peering& half) {
  return {.number = 0,
          .result = CheckResult::Fail,
          .object = path_of(half),
          .field = "remote_virtual_network",
          .message = fmt::format("{} has no half towards {}", *half.remote_virtual_network,
                                 *half.virtual_network)};
}

// `half`: of the two, the one whose network has the gateway, when one of them does.
void add_peering_steps(const Model& model, const Peering& half, Checklist& list) {
  const Peering* const other = other_half(model, half);
  if (other == nullptr) return list.push_back(missing_half(half));
  list.push_back(flag_item(half, "allow_gateway_transit", *half.allow_gateway_transit,
                           fmt::format("{} does not let {} use its gateway", *half.virtual_network,
                                       *half.remote_virtual_network)));
  list.push_back(flag_item(*other, "use_remote_gateways", *other->use_remote_gateways,
                           fmt::format("{} does not use the gateway of {}", *other->virtual_network,
                                       *other->remote_virtual_network)));
}

bool wants_transit(const Model& model, const Peering& half) {
  const Peering* const other = other_half(model, half);
  return *half.allow_gateway_transit || (other != nullptr && *other->use_remote_gateways);
}

void add_peerings_of(const Model& model, const VirtualNetwork* network, Checklist& list) {
  if (network == nullptr) return;
  for (const auto& [name, half] : model.peerings) {
    if (*half.virtual_network == network->name && wants_transit(model, half))
      add_peering_steps(model, half, list);
  }
}

CheckItem bgp_item(const Connection& connection, bool is_needed) {
  const bool is_on = *connection.enable_bgp;
  return {.number = 0,
          .result = is_on       ? CheckResult::Pass
                    : is_needed ? CheckResult::Fail
                                : CheckResult::Unknown,
          .object = path_of(connection),
          .field = "enable_bgp",
          .message = is_on ? "BGP is spoken over it"
                           : "no BGP: networks on its two sides reach no further than their own "
                             "connections"};
}

bool is_bgp_wanted(const TransitSubject& subject) {
  return *subject.own.enable_bgp || (subject.back != nullptr && *subject.back->enable_bgp);
}

// With BGP on the connection, what is behind its gateways' other connections is reached over it,
// when those have BGP too. Sites may well be meant to be reached from one network only.
void add_bgp_steps(const TransitSubject& subject, Checklist& list) {
  const auto& [model, own, back, is_back_ours, network, remote] = subject;
  if (!is_bgp_wanted(subject)) return;
  std::set<std::string_view> gateways = {*own.virtual_network_gateway1};
  if (is_back_ours) gateways.insert(*back->virtual_network_gateway1);
  Checklist others;
  for (const auto& [name, connection] : model.connections) {
    const bool is_itself = &connection == &own || (is_back_ours && &connection == back);
    const auto* const counterpart = counterpart_gateway(model, connection);
    const bool is_near = gateways.contains(*connection.virtual_network_gateway1) ||
                         (counterpart != nullptr && gateways.contains(counterpart->name));
    if (!is_itself && is_near) others.push_back(bgp_item(connection, counterpart != nullptr));
  }
  if (others.empty()) return;  // Nothing further to reach.
  list.push_back(bgp_item(own, true));
  if (is_back_ours) list.push_back(bgp_item(*back, true));
  list.insert(list.end(), others.begin(), others.end());
}

// What stops ways that lead on over the connection, and where they lead.
struct ClosedWays {
  TransitRefusal refusal;
  std::string from;
  std::vector<std::string> targets;

  std::string message() const {
    constexpr size_t kNamedMax = 3;
    std::vector<std::string> named = targets;
    if (named.size() > kNamedMax) {
      named.resize(kNamedMax);
      named.push_back(fmt::format("{} more", targets.size() - kNamedMax));
    }
    return fmt::format("{} and {} do not reach each other over it: {}", from,
                       fmt::join(named, ", "), refusal.reason);
  }
};

std::vector<ClosedWays> closed_ways_over(const TransitSubject& subject) {
  std::vector<ClosedWays> closed;
  for (const TransitWay& way : ways_over(subject.model, subject.own)) {
    const std::string& from = way.hops.front().from;
    for (const TransitHop& hop : way.hops) {
      for (const TransitRefusal& refusal : hop.refusals) {
        auto known = std::ranges::find_if(closed, [&](const ClosedWays& each) {
          return each.from == from && each.refusal.object == refusal.object &&
                 each.refusal.field == refusal.field;
        });
        if (known == closed.end()) known = closed.insert(known, {refusal, from, {}});
        known->targets.push_back(way.hops.back().to);
      }
    }
  }
  return closed;
}

// Networks further away that the connection could lead to and does not. Nobody has asked for these
// ways as long as no BGP is spoken over it, so that it is told and does not fail.
void add_ways_over(const TransitSubject& subject, Checklist& list) {
  for (const ClosedWays& ways : closed_ways_over(subject)) {
    const auto& [object, field, reason] = ways.refusal;
    const bool is_told = std::ranges::any_of(
        list, [&](const CheckItem& item) { return item.object == object && item.field == field; });
    // That its own other direction is missing fails the steps about that.
    const bool is_itself = object == path_of(subject.own) && field == "virtual_network_gateway1";
    if (is_told || is_itself) continue;
    const bool is_wanted = field == "enable_bgp" && is_bgp_wanted(subject);
    list.push_back(
        {.number = 0,
         .result = is_wanted ? CheckResult::Fail : CheckResult::Unknown,
         .object = object,
         .field = field,
         .message = ways.message() + (is_wanted ? "" : "; right unless they are meant to")});
  }
}

void add_hop(const TransitHop& hop, Checklist& list) {
  if (hop.is_allowed()) {
    list.push_back({.number = 0,
                    .result = CheckResult::Pass,
                    .object = hop.object,
                    .field = hop.field,
                    .message = fmt::format("it leads from {} to {}", hop.from, hop.to)});
  }
  for (const TransitRefusal& refusal : hop.refusals) {
    list.push_back({.number = 0,
                    .result = CheckResult::Fail,
                    .object = refusal.object,
                    .field = refusal.field,
                    .message = fmt::format("from {} to {}: {}", hop.from, hop.to, refusal.reason)});
  }
}

}  // namespace

void add_transit_steps(const TransitSubject& subject, Checklist& list) {
  add_peerings_of(subject.model, subject.network, list);
  add_peerings_of(subject.model, subject.remote, list);
  add_bgp_steps(subject, list);
  add_ways_over(subject, list);
}

Checklist peering_steps(const Model& model, const Peering& peering) {
  const Peering* const other = other_half(model, peering);
  const auto* const network = find(model.virtual_networks, *peering.virtual_network);
  const bool is_hub = network != nullptr && gateway_of(model, *network) != nullptr;
  Checklist list;
  add_peering_steps(model, is_hub || other == nullptr ? peering : *other, list);
  return list;
}

Checklist way_steps(const Model& model, std::string_view from, std::string_view to) {
  const auto way = find_way(model, from, to);
  if (!way) {
    return {{.number = 0,
             .result = CheckResult::Fail,
             .object = place_path(model, from),
             .field = "name",
             .message = fmt::format("no connections and peerings lead from {} to {}", from, to)}};
  }
  Checklist list;
  for (const TransitHop& hop : way->hops) add_hop(hop, list);
  return list;
}

}  // namespace twinspan::policy
