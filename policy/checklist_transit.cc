#include "policy/checklist_transit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <span>

#include "policy/connection_ends.h"
#include "policy/counterparts.h"
#include "policy/faults.h"
#include "policy/peering_state.h"
#include "policy/rules.h"
#include "policy/transit.h"
#include "policy/two_speakers.h"
#include "policy/word_list.h"

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

void add_access_step(const Peering& half, Checklist& list) {
  list.push_back(flag_item(half, "allow_virtual_network_access", *half.allow_virtual_network_access,
                           fmt::format("nothing passes between {} and {}", *half.virtual_network,
                                       *half.remote_virtual_network)));
}

// `half`: of the two, the one whose network has the gateway, when one of them does.
void add_flag_steps(const Peering& half, const Peering& other, Checklist& list) {
  list.push_back(flag_item(half, "allow_gateway_transit", *half.allow_gateway_transit,
                           fmt::format("{} does not let {} use its gateway", *half.virtual_network,
                                       *half.remote_virtual_network)));
  list.push_back(flag_item(other, "use_remote_gateways", *other.use_remote_gateways,
                           fmt::format("{} does not use the gateway of {}", *other.virtual_network,
                                       *other.remote_virtual_network)));
}

// For a peering that nobody has asked transit of.
void add_open_flag_steps(const Peering& half, const Peering& other, Checklist& list) {
  Checklist steps;
  add_flag_steps(half, other, steps);
  for (CheckItem& step : steps) {
    step.result = CheckResult::Unknown;
    step.message += fmt::format("; right unless {} is meant to use the gateway of {}",
                                *other.virtual_network, *half.virtual_network);
    list.push_back(std::move(step));
  }
}

bool wants_transit(const Model& model, const Peering& half) {
  const Peering* const other = other_half(model, half);
  return *half.allow_gateway_transit || (other != nullptr && *other->use_remote_gateways);
}

void add_peerings_of(const Model& model, const VirtualNetwork* network, Checklist& list) {
  if (network == nullptr) return;
  for (const auto& [name, half] : model.peerings) {
    if (*half.virtual_network != network->name || !wants_transit(model, half)) continue;
    const Peering* const other = other_half(model, half);
    if (other == nullptr) {
      list.push_back(missing_half(half));
      continue;
    }
    // An open half is no step of a connection's list.
    for (const Peering* const each : {&half, other}) {
      if (!*each->allow_virtual_network_access) add_access_step(*each, list);
    }
    add_flag_steps(half, *other, list);
  }
}

// Whether BGP is spoken over one object, for which its gateway has to speak it as well.
class BgpSteps {
 public:
  // `gateway`: on this side; `is_answered`: nothing is known to keep the other end from speaking.
  // `shown`: how an object of its estate is called here.
  template <class Shown>
  void add(const Connection& connection, const VirtualNetworkGateway* gateway, bool is_answered,
           bool is_needed, const Shown& shown) {
    const CheckResult closed = is_needed ? CheckResult::Fail : CheckResult::Unknown;
    const bool does_speak = gateway != nullptr && *gateway->enable_bgp;
    if (!*connection.enable_bgp) {
      add(closed, shown(path_of(connection)),
          "no BGP: networks on its two sides reach no further than their own connections");
    }
    if (gateway != nullptr && !does_speak && named_.insert(gateway).second) {
      add(closed, shown(path_of(*gateway)),
          fmt::format("it speaks no BGP, so there is none over {}", connection.name));
    }
    if (*connection.enable_bgp && does_speak && is_answered)
      add(CheckResult::Pass, shown(path_of(connection)), "BGP is spoken over it");
  }

  Checklist take() { return std::move(steps_); }

 private:
  void add(CheckResult result, std::string object, std::string message) {
    steps_.push_back({.number = 0,
                      .result = result,
                      .object = std::move(object),
                      .field = "enable_bgp",
                      .message = std::move(message)});
  }

  Checklist steps_;
  std::set<const VirtualNetworkGateway*> named_;
};

// The other end, where a file describes it.
bool does_answer(const VirtualNetworkGateway* other) {
  return other == nullptr || *other->enable_bgp;
}

bool is_bgp_wanted(const TransitSubject& subject) {
  return *subject.own.enable_bgp || (subject.back && *subject.back->connection.enable_bgp);
}

// The other connections of the gateways at both ends, of this estate.
std::vector<const Connection*> connections_beside(const TransitSubject& subject) {
  const Connection* const back = subject.back ? &subject.back->connection : nullptr;
  std::set<std::string_view> gateways = {*subject.own.virtual_network_gateway1};
  if (subject.is_back_ours()) gateways.insert(*back->virtual_network_gateway1);
  const Counterparts counterparts(subject.model);
  std::vector<const Connection*> beside;
  for (const auto& [name, connection] : subject.model.connections) {
    if (&connection == &subject.own || &connection == back) continue;
    const auto* const counterpart = counterparts.counterpart_gateway(connection);
    const bool is_near = gateways.contains(*connection.virtual_network_gateway1) ||
                         (counterpart != nullptr && gateways.contains(counterpart->name));
    if (is_near) beside.push_back(&connection);
  }
  return beside;
}

// With BGP on the connection, what is behind its gateways' other connections is reached over it,
// when those have BGP too. Sites may well be meant to be reached from one network only.
void add_bgp_steps(const TransitSubject& subject, Checklist& list) {
  if (!is_bgp_wanted(subject)) return;
  const auto beside = connections_beside(subject);
  if (beside.empty()) return;  // Nothing further to reach.
  const auto ours = [](std::string path) { return path; };
  BgpSteps steps;
  const auto* const own = local_gateway(subject.model, subject.own);
  const auto* const far = subject.back
                              ? local_gateway(subject.back->model, subject.back->connection)
                              : counterpart_gateway(subject.model, subject.own);
  if (subject.back) {
    const TwoEnds ends{{subject.model, subject.own}, *subject.back};
    steps.add(subject.own, own, does_answer(far) && speaker_faults(ends).empty(), true, ours);
    steps.add(subject.back->connection, far,
              does_answer(own) && speaker_faults(ends.reversed()).empty(), true,
              [&](const std::string& path) { return ends.back_path(path); });
  } else {
    steps.add(subject.own, own, does_answer(far), true, ours);
  }
  const Counterparts counterparts(subject.model);
  for (const Connection* const connection : beside) {
    const auto* const counterpart = counterparts.counterpart_gateway(*connection);
    steps.add(*connection, local_gateway(subject.model, *connection), does_answer(counterpart),
              counterpart != nullptr, ours);
  }
  std::ranges::move(steps.take(), std::back_inserter(list));
}

constexpr size_t kNamedMax = 3;

std::string some_of(std::span<const std::string> names) {
  return first_of(names, kNamedMax);
}

// A hub has a thousand of some steps: they are one, so that they do not drown the others.
Checklist joined(const Checklist& steps) {
  std::map<std::pair<CheckResult, std::string_view>, std::vector<std::string>> alike;
  for (const CheckItem& step : steps) alike[{step.result, step.field}].push_back(step.object);
  Checklist list;
  for (const CheckItem& step : steps) {
    const std::span<const std::string> objects = alike[{step.result, step.field}];
    if (objects.size() <= kNamedMax) {
      list.push_back(step);
    } else if (objects.front() == step.object) {
      list.push_back(step);
      list.back().message += "; so too " + some_of(objects.subspan(1));
    }
  }
  return list;
}

// Ways from one network that one field closes, of whichever objects.
struct ClosedWays {
  std::string from;
  std::string field;
  std::string reason;                // Of the first object.
  std::vector<std::string> objects;  // Where the field is, each once, as the targets.
  std::vector<std::string> targets;
  std::set<std::string> seen_objects = {};
  std::set<std::string> seen_targets = {};

  void add(const std::string& object, const std::string& target) {
    if (seen_objects.insert(object).second) objects.push_back(object);
    if (seen_targets.insert(target).second) targets.push_back(target);
  }

  std::string message() const {
    const std::string also =
        objects.size() == 1
            ? ""
            : fmt::format(" (and {} of {})", field, some_of(std::span(objects).subspan(1)));
    return fmt::format("{} and {} do not reach each other over it: {}{}", from, some_of(targets),
                       reason, also);
  }
};

using FieldNames = std::set<std::pair<std::string_view, std::string_view>>;

std::vector<ClosedWays> closed_ways_over(const TransitSubject& subject, const FieldNames& told) {
  std::vector<ClosedWays> closed;
  for (const TransitWay& way : ways_over(subject.model, subject.own)) {
    const std::string& from = way.hops.front().from;
    for (const TransitHop& hop : way.hops) {
      for (const TransitRefusal& refusal : hop.refusals) {
        if (told.contains({refusal.object, refusal.field})) continue;
        auto known = std::ranges::find_if(closed, [&](const ClosedWays& each) {
          return each.from == from && each.field == refusal.field;
        });
        if (known == closed.end())
          known = closed.insert(known, {from, refusal.field, refusal.reason, {}, {}});
        known->add(refusal.object, way.hops.back().to);
      }
    }
  }
  return closed;
}

// What keeps BGP, once spoken over a connection, from leading on over the next one.
bool does_close_bgp(std::string_view field) {
  static constexpr std::string_view kFields[] = {
      "enable_bgp", "bgp_settings.asn", "virtual_network_gateway1",
      "use_policy_based_traffic_selectors", "traffic_selector_policies"};
  return std::ranges::find(kFields, field) != std::end(kFields);
}

// Networks further away that the connection could lead to and does not. Nobody has asked for these
// ways as long as no BGP is spoken over it, so that it is told and does not fail.
void add_ways_over(const TransitSubject& subject, Checklist& list) {
  const std::string itself = path_of(subject.own);
  // That its own other direction is missing fails the steps about that.
  FieldNames told = {{itself, "virtual_network_gateway1"}};
  for (const CheckItem& item : list) told.insert({item.object, item.field});
  for (const ClosedWays& ways : closed_ways_over(subject, told)) {
    const bool is_wanted = does_close_bgp(ways.field) && is_bgp_wanted(subject);
    list.push_back(
        {.number = 0,
         .result = is_wanted ? CheckResult::Fail : CheckResult::Unknown,
         .object = ways.objects.front(),
         .field = ways.field,
         .message = ways.message() + (is_wanted ? "" : "; right unless they are meant to")});
  }
}

}  // namespace

void add_transit_steps(const TransitSubject& subject, Checklist& list) {
  Checklist steps;
  add_peerings_of(subject.model, subject.network, steps);
  add_peerings_of(subject.model, subject.remote, steps);
  add_bgp_steps(subject, steps);
  add_ways_over(subject, steps);
  std::ranges::move(joined(steps), std::back_inserter(list));
}

namespace {

// What the rules refuse about either half: overlaps, a gateway of its own, networks of two models.
void add_faults_of(const Model& model, std::span<const Peering* const> halves, Checklist& list) {
  for (const Rule& rule : all_rules()) {
    if (!rule.id.starts_with("peering.")) continue;
    RuleReport report(model, rule.id);
    rule.check(model, report);
    for (const Fault& fault : faults_of(report.take(), model, nullptr)) {
      const bool is_about_it = std::ranges::any_of(halves, [&](const Peering* half) {
        return std::ranges::find(fault.objects, path_of(*half)) != fault.objects.end();
      });
      if (!is_about_it) continue;
      list.push_back({.number = 0,
                      .result = CheckResult::Fail,
                      .object = fault.objects.front(),
                      .field = fault.field,
                      .message = fault.message});
    }
  }
}

}  // namespace

Checklist peering_steps(const Model& model, const Peering& peering) {
  const Peering* const other = other_half(model, peering);
  Checklist list;
  add_access_step(peering, list);
  if (other == nullptr) {
    // No gateway is used across the models, and a classic network has no half.
    if (status_of(model, peering).state != PeeringState::Connected)
      list.push_back(missing_half(peering));
    add_faults_of(model, std::array{&peering}, list);
    return list;
  }
  add_access_step(*other, list);
  const auto* const network = find(model.virtual_networks, *peering.virtual_network);
  const bool is_hub = network != nullptr && gateway_of(model, *network) != nullptr;
  const Peering& hub = is_hub ? peering : *other;
  const Peering& spoke = is_hub ? *other : peering;
  const bool is_wanted = wants_transit(model, hub) || wants_transit(model, spoke);
  is_wanted ? add_flag_steps(hub, spoke, list) : add_open_flag_steps(hub, spoke, list);
  add_faults_of(model, std::array{&peering, other}, list);
  return list;
}

}  // namespace twinspan::policy
