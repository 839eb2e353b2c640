#include "policy/checklist.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "policy/checklist_faults.h"
#include "policy/checklist_kind.h"
#include "policy/checklist_transit.h"
#include "policy/connection_ends.h"
#include "policy/counterparts.h"
#include "policy/distant_overlap.h"
#include "policy/pairing.h"
#include "policy/peering_state.h"
#include "policy/selector_pairs.h"
#include "policy/suggest.h"
#include "policy/two_speakers.h"
#include "policy/word_list.h"

namespace twinspan::policy {
namespace {

// One connection with whatever is known of its other end.
struct Subject {
  const ChecklistRequest& request;
  End own;
  std::optional<End> back;                  // The object of the other direction, or the first one
  std::vector<End> backs;                   // of several, to instances of an active/active gateway.
  const VirtualNetwork* network = nullptr;  // On this side.
  const VirtualNetwork* remote = nullptr;   // On the other one, where an estate describes it.
  const VirtualNetworkGateway* remote_gateway = nullptr;  // Where it stands in our own estate.

  bool is_ours() const { return remote_gateway != nullptr; }
};

Subject subject_of(const ChecklistRequest& request, const Connection& connection) {
  Subject subject{
      .request = request, .own = {request.model, connection}, .back = std::nullopt, .backs = {}};
  subject.network = local_network(request.model, connection);
  const Counterparts counterparts(request.model, request.compare_keys);
  const auto* gateway = counterparts.counterpart_gateway(connection);
  if (const Connection* const back = counterparts.counterpart_of(connection)) {
    subject.back.emplace(End{request.model, *back});
    gateway = local_gateway(request.model, *back);
  }
  subject.remote_gateway = gateway;
  if (gateway != nullptr) subject.remote = network_of(request.model, *gateway);
  if (request.peer != nullptr) {
    const PairUp found = pair_up(request.model, *request.peer, request.compare_keys);
    for (const Pairing& pair : found.pairs) {
      if (pair.own == &connection) subject.backs.push_back({*request.peer, *pair.peer});
    }
  }
  if (!subject.backs.empty()) {
    subject.back.emplace(subject.backs.front());
  } else if (subject.back) {
    subject.backs.push_back(*subject.back);
  }
  if (subject.back && &subject.back->model == request.peer)
    subject.remote = local_network(*request.peer, subject.back->connection);
  return subject;
}

// -- one step each, without its number

// `wanted`: what there has to be right on it.
const char* where_to_look(const Subject& subject) {
  return subject.request.peer == nullptr ? "look there, or give its file with --peer"
                                         : "look there, for it cannot be told what of the other "
                                           "file belongs to this connection";
}

CheckItem missing_object(const Subject& subject, FieldPlace place, const std::string& wanted) {
  const bool is_known_missing = subject.is_ours() && subject.request.peer == nullptr;
  return {.number = 0,
          .result = is_known_missing ? CheckResult::Fail : CheckResult::Unknown,
          .object = std::move(place.object),
          .field = std::move(place.field),
          .message = is_known_missing
                         ? "the other gateway has no connection back to this one: " + wanted
                         : fmt::format("the other side's object is not known here: {}; {}", wanted,
                                       where_to_look(subject))};
}

// Of an object that is not there nothing can be named but what should lead back.
FieldPlace place_of_other_side(const Connection& connection) {
  return {path_of(connection),
          connection.is_vnet_to_vnet() ? "virtual_network_gateway2" : "local_network_gateway2",
          connection.mark};
}

// What the other side has to know of this one.
std::string own_ranges(const Subject& subject) {
  const auto* const gateway = local_gateway(subject.own.model, subject.own.connection);
  if (gateway == nullptr) return "this side's ranges have to be on it";
  const MarkedList<IpPrefix> behind = prefixes_behind(subject.own.model, *gateway);
  std::vector<IpPrefix> prefixes;
  for (const auto& prefix : *behind) prefixes.push_back(*prefix);
  return fmt::format("it has to list {}", listed(prefixes));
}

std::string own_address(const Subject& subject) {
  const auto* const gateway = local_gateway(subject.own.model, subject.own.connection);
  if (gateway == nullptr || gateway->ip_configurations.empty())
    return "this side's public address has to be on it";
  return fmt::format("it has to lead to {}, the public address of {}",
                     gateway->ip_configurations.front().public_ip_address->to_string(),
                     gateway->name);
}

// The first of what is wrong: no list of ranges is right in part.
std::string wrong_ranges(const PrefixDifference& difference, const VirtualNetwork& network,
                         const Connection& back) {
  const std::string& gateway = *back.virtual_network_gateway1;
  if (!difference.missing.empty())
    return fmt::format("{}, which is behind {}, is missing", listed(difference.missing), gateway);
  if (!difference.unknown.empty())
    return fmt::format("{} is not behind {}", listed(difference.unknown), network.name);
  const PrefixDifference::Wide& wide = difference.wider.front();
  return fmt::format("it has {} behind {}: {} of it is too much", words_of(wide), gateway,
                     excess_of(wide));
}

// BGP tells the ranges, unless the session fails for what `ends.there` has of the other speaker.
CheckItem ranges_told_by_bgp(const TwoEnds& ends, const TwoEnds& shown, CheckItem item) {
  const auto faults = speaker_faults(ends);
  item.result = faults.empty() ? CheckResult::Pass : CheckResult::Fail;
  item.message = "BGP tells them";
  if (faults.empty()) return item;
  const SpeakerFault& fault = faults.front();
  item.object = shown.back_path(fault.place.object);
  item.field = fault.place.field;
  item.message = fmt::format("BGP does not tell them: {}", fault.message);
  return item;
}

// The lists are right, and so are the pairs that are proposed of them, if any are.
CheckItem check_pairs(const TwoEnds& ends, const TwoEnds& shown, CheckItem item) {
  const auto lacking = pairs_lacking(ends);
  if (lacking.empty()) {
    item.result = CheckResult::Pass;
    item.message = fmt::format("the ranges of {} are right",
                               local_network(ends.back.model, ends.back.connection)->name);
    return item;
  }
  FieldPlace place = place_of_pairs(ends.there);
  item.result = CheckResult::Fail;
  item.object = shown.back_path(place.object);
  item.field = std::move(place.field);
  item.message =
      fmt::format("it has no pair {}, as {} has", words_of(lacking), ends.back.connection.name);
  return item;
}

// Are the ranges behind `ends.back` right on the object of `ends.there`?
CheckItem check_ranges(const TwoEnds& ends, const Model& model) {
  const FieldPlace place = place_of_prefixes(ends.there);
  const TwoEnds shown{{model, ends.there.connection}, ends.there};
  CheckItem item{.object = shown.back_path(place.object), .field = place.field};
  const VirtualNetwork* const network = local_network(ends.back.model, ends.back.connection);
  const auto difference = compare_prefixes(ends);
  if (network == nullptr) {
    item.message = "the other side's network is not known";
  } else if (!difference && is_bgp_spoken(ends.there) && is_bgp_spoken(ends.back)) {
    item = ranges_told_by_bgp(ends, shown, std::move(item));
  } else if (!difference && *ends.there.connection.enable_bgp && !ends.back.connection.latitude) {
    item.result = CheckResult::Fail;
    item.message = "BGP would tell them, but one of the two sides speaks none, and none is listed";
  } else if (!difference) {
    item.message = "one of the two files does not say them: routes decide there";
  } else if (difference->is_none()) {
    item = check_pairs(ends, shown, std::move(item));
  } else {
    item.result = CheckResult::Fail;
    item.message = wrong_ranges(*difference, *network, ends.back.connection);
  }
  return item;
}

// Of an address that nothing in the files proves right or wrong.
std::string unproven_address(const End& there, const std::string& gateway) {
  const auto remote = remote_end(there.model, there.connection);
  if (!remote)
    return fmt::format("its file tells no address: see that {} may be its peer", gateway);
  if (!remote->address)
    return fmt::format("a name: see that it leads to the public address of {}", gateway);
  return fmt::format("it is {}; the other side's file does not tell the public address of {}",
                     remote->address->to_string(), gateway);
}

CheckItem check_address(const TwoEnds& ends, const Model& model) {
  const FieldPlace place = place_of_address(ends.there);
  const TwoEnds shown{{model, ends.there.connection}, ends.there};
  CheckItem item{.object = shown.back_path(place.object), .field = place.field};
  const auto* const gateway = local_gateway(ends.back.model, ends.back.connection);
  const std::string name = gateway == nullptr ? "the gateway" : gateway->name;
  const auto left_out = instances_left_out(ends, Counterparts(ends.there.model));
  if (!left_out.empty()) {
    item.result = CheckResult::Fail;
    item.message = fmt::format("{} is active/active, and no connection leads to its instance at {}",
                               name, left_out.front().to_string());
    return item;
  }
  switch (compare_address(ends)) {
    case Verdict::Right:
      item.result = CheckResult::Pass;
      item.message = fmt::format("it is the public address of {}", name);
      break;
    case Verdict::Wrong:
      item.result = CheckResult::Fail;
      item.message = fmt::format("it is not the public address of {}", name);
      break;
    case Verdict::Unknown:
      item.message = unproven_address(ends.there, name);
      break;
  }
  return item;
}

// What the rules about overlaps find that concerns one of the objects.
std::optional<std::string> find_overlap(const Model& model, const std::set<std::string>& objects) {
  for (const Rule& rule : all_rules()) {
    if (!is_overlap_rule(rule.id)) continue;
    RuleReport report(model, rule.id);
    rule.check(model, report);
    for (const Finding& finding : report.take()) {
      const bool is_ours = std::ranges::any_of(
          finding.objects, [&](const std::string& object) { return objects.contains(object); });
      if (is_ours) return finding.message;
    }
  }
  return std::nullopt;
}

std::optional<std::string> find_overlap(const Subject& subject) {
  std::set<std::string> objects = {path_of(subject.own.connection)};
  for (const End& back : subject.backs) {
    if (&back.model == &subject.request.model) objects.insert(path_of(back.connection));
  }
  if (subject.network != nullptr) objects.insert(path_of(*subject.network));
  if (subject.is_ours() && subject.remote != nullptr) objects.insert(path_of(*subject.remote));
  const Model& model = subject.request.model;
  if (const auto* const peer = site_of(model, subject.own.connection))
    objects.insert(path_of(*peer));
  if (auto overlap = find_overlap(model, objects)) return overlap;
  for (const End& back : subject.backs) {
    RuleReport report(model, "peer.overlap");
    report_overlap({subject.own, back}, report);
    if (const Findings findings = report.take(); !findings.empty()) return findings.front().message;
  }
  const TransitMap map(model, subject.request.peer, subject.request.compare_keys);
  return find_overlap_across(map, subject.own.connection);
}

CheckItem no_overlap(const Subject& subject) {
  CheckItem item{.object = path_of(subject.own.connection), .field = "address_space"};
  if (subject.network != nullptr) item.object = path_of(*subject.network);
  if (auto overlap = find_overlap(subject)) {
    item.result = CheckResult::Fail;
    item.message = *std::move(overlap);
  } else {
    item.result = CheckResult::Pass;
    item.message = "no overlap among the networks that are joined";
  }
  return item;
}

// Of a step done with each object of the other direction the worst.
template <class Step>
CheckItem worst_of(const Subject& subject, Step step) {
  const auto badness = [](CheckResult result) {
    return result == CheckResult::Fail ? 2 : result == CheckResult::Unknown ? 1 : 0;
  };
  CheckItem worst = step(subject.backs.front());
  for (const End& back : subject.backs) {
    CheckItem item = step(back);
    if (badness(item.result) > badness(worst.result)) worst = std::move(item);
  }
  return worst;
}

CheckItem keys_match(const Subject& subject, const End& other) {
  const FieldPlace place = place_of_key(subject.own);
  CheckItem item{.object = place.object, .field = place.field};
  const Connection& own = subject.own.connection;
  const Connection& back = other.connection;
  if (!own.shared_key_file.is_set || !back.shared_key_file.is_set) {
    const bool is_alike = *own.authentication_type == *back.authentication_type &&
                          *own.authentication_type != AuthenticationType::Psk;
    item.field = "authentication_type";
    item.result = is_alike ? CheckResult::Pass : CheckResult::Fail;
    item.message = is_alike ? "no pre-shared key: both sides use the same authentication_type"
                            : "one side has a pre-shared key, and the other one has none";
    return item;
  }
  const KeyComparison keys = subject.request.compare_keys(subject.own, other, KeyKind::PreShared);
  switch (keys.verdict) {
    case Verdict::Right:
      item.result = CheckResult::Pass;
      item.message = "the pre-shared keys match";
      break;
    case Verdict::Wrong:
      item.result = CheckResult::Fail;
      item.message = "the pre-shared keys differ";
      break;
    case Verdict::Unknown:
      item.message = fmt::format("the keys were not compared{}; compare them where both are",
                                 keys.obstacle.empty() ? "" : ": " + keys.obstacle);
      break;
  }
  return item;
}

CheckItem keys_match(const Subject& subject) {
  if (!subject.back)
    return missing_object(subject, place_of_key(subject.own), "both need the same key");
  return worst_of(subject, [&](const End& back) { return keys_match(subject, back); });
}

// What the connection leads to is in its file.
bool has_remote_object(const End& end) {
  return end.connection.is_vnet_to_vnet() ? remote_gateway(end.model, end.connection) != nullptr
                                          : site_of(end.model, end.connection) != nullptr;
}

// The steps towards `there`'s object: are ranges and address of the other end right on it?
struct Steps {
  const Subject& subject;

  CheckItem ranges_on_own() const {
    if (const auto back = missing_object_back())
      return check_ranges({subject.own, {subject.own.model, *back}}, subject.request.model);
    if (!subject.back) return follows(place_of_prefixes(subject.own), subject.remote);
    return worst_of(subject, [&](const End& back) {
      return check_ranges({subject.own, back}, subject.request.model);
    });
  }
  CheckItem ranges_on_back() const {
    if (!subject.back)
      return missing_object(subject, place_of_other_side(subject.own.connection),
                            own_ranges(subject));
    return worst_of(subject, [&](const End& back) {
      return check_ranges({back, subject.own}, subject.request.model);
    });
  }
  CheckItem address_on_own() const {
    if (const auto back = missing_object_back())
      return check_address({subject.own, {subject.own.model, *back}}, subject.request.model);
    if (!subject.back) return follows(place_of_address(subject.own), subject.remote_gateway);
    return worst_of(subject, [&](const End& back) {
      return check_address({subject.own, back}, subject.request.model);
    });
  }
  CheckItem address_on_back() const {
    if (!subject.back)
      return missing_object(subject, place_of_other_side(subject.own.connection),
                            own_address(subject));
    // One that leads elsewhere comes before what it leaves out.
    for (const End& back : subject.backs) {
      if (compare_address({back, subject.own}) == Verdict::Wrong)
        return check_address({back, subject.own}, subject.request.model);
    }
    return worst_of(subject, [&](const End& back) {
      return check_address({back, subject.own}, subject.request.model);
    });
  }

 private:
  // Where the local network gateway stands for a gateway of the file from which nothing leads back.
  std::optional<Connection> missing_object_back() const {
    if (subject.back || !subject.is_ours() || subject.own.connection.is_vnet_to_vnet())
      return std::nullopt;
    return missing_back(subject.own.connection, *subject.remote_gateway);
  }

  // A vnet-to-vnet object has what the other gateway of the estate has, with an object back or not.
  template <class Object>
  CheckItem follows(FieldPlace place, const Object* source) const {
    CheckItem item{.object = std::move(place.object), .field = std::move(place.field)};
    if (!has_remote_object(subject.own)) {
      item.result = CheckResult::Fail;
      item.message = "it names nothing that is in the file";
    } else if (subject.own.connection.is_vnet_to_vnet() && source != nullptr) {
      item.result = CheckResult::Pass;
      item.message = fmt::format("it follows {} by itself", source->name);
    } else {
      item.message = fmt::format("the other side is not known here: {}", where_to_look(subject));
    }
    return item;
  }
};

Checklist list_of(const Subject& subject) {
  const Steps steps{subject};
  const bool own_is_classic = subject.network != nullptr && subject.network->is_classic();
  const bool remote_is_classic = subject.remote != nullptr && subject.remote->is_classic();
  if (!own_is_classic && !remote_is_classic) {
    return {no_overlap(subject), steps.ranges_on_back(),  steps.ranges_on_own(),
            keys_match(subject), steps.address_on_back(), steps.address_on_own()};
  }
  // Of two classic ones, either may be called the other.
  if (own_is_classic) {
    return {no_overlap(subject),     steps.ranges_on_own(),  steps.ranges_on_back(),
            steps.address_on_back(), steps.address_on_own(), keys_match(subject)};
  }
  return {no_overlap(subject),    steps.ranges_on_back(),  steps.ranges_on_own(),
          steps.address_on_own(), steps.address_on_back(), keys_match(subject)};
}

}  // namespace

std::string_view name_of(CheckResult result) {
  switch (result) {
    case CheckResult::Pass:
      return "pass";
    case CheckResult::Fail:
      return "fail";
    case CheckResult::Unknown:
      return "unknown";
  }
  return "";
}

Checklist numbered(Checklist list) {
  unsigned number = 0;
  for (CheckItem& item : list) item.number = ++number;
  return list;
}

Result<Checklist, std::string> checklist(const ChecklistRequest& request) {
  const Model& model = request.model;
  if (const Connection* const connection = find(model.connections, request.name)) {
    const Subject subject = subject_of(request, *connection);
    Checklist list = list_of(subject);
    add_kind_steps(subject.own, subject.backs, list);
    add_transit_steps({.model = model,
                       .own = *connection,
                       .back = subject.back,
                       .network = subject.network,
                       .remote = subject.is_ours() ? subject.remote : nullptr},
                      list);
    add_fault_steps(faults_of(request.findings, model, request.peer), subject.own, subject.backs,
                    list);
    return numbered(std::move(list));
  }
  if (const Peering* const peering = find(model.peerings, request.name))
    return numbered(peering_steps(model, *peering));
  std::vector<std::string_view> names;
  for (const auto& [name, connection] : model.connections) names.push_back(name);
  for (const auto& [name, peering] : model.peerings) names.push_back(name);
  return Err<std::string>(fmt::format("there is no connection or peering {}; {}",
                                      in_quotes(request.name), suggestion(request.name, names)));
}

}  // namespace twinspan::policy
