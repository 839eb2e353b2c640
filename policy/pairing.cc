#include "policy/pairing.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "policy/distant_overlap.h"
#include "policy/older_ike.h"
#include "policy/route_mode.h"
#include "policy/selector_pairs.h"
#include "policy/shared_keys.h"
#include "policy/sku.h"
#include "policy/two_offers.h"
#include "policy/two_speakers.h"
#include "policy/word_list.h"

namespace twinspan::policy {
namespace {

// A kind of key, as a connection names its file; nullptr: none.
const MarkedText* key_file_of(const Connection& connection, KeyKind kind) {
  if (kind == KeyKind::PostQuantum) return connection.ppk ? &connection.ppk->file : nullptr;
  return connection.shared_key_file.is_set ? &connection.shared_key_file : nullptr;
}

const char* words_of(KeyKind kind) {
  return kind == KeyKind::PreShared ? "pre-shared key" : "post-quantum key";
}

void report_different_keys(const TwoEnds& ends, KeyKind kind, const CompareKeys& compare_keys,
                           RuleReport& report) {
  const MarkedText* const there = key_file_of(ends.there.connection, kind);
  const MarkedText* const back = key_file_of(ends.back.connection, kind);
  if (there == nullptr || back == nullptr) return;
  const std::string& other = ends.back.connection.name;
  const auto [verdict, obstacle] = compare_keys(ends.there, ends.back, kind);
  if (verdict == Verdict::Wrong) {
    report.error({there->mark, ends.objects(),
                  fmt::format("the {} is not that of {}", words_of(kind), other),
                  "put the same key into both files, byte by byte"});
  } else if (verdict == Verdict::Unknown && !ends.is_one_estate()) {
    report.info({there->mark, ends.objects(),
                 fmt::format("the {}s were not compared{}", words_of(kind),
                             obstacle.empty() ? "" : ": " + obstacle),
                 "compare them where both are, e.g. what `sha256sum` says of the key file on each "
                 "machine"});
  } else if (verdict == Verdict::Unknown && **there != **back) {
    // Two names may stand for one key: what cannot be read is left to the administrator.
    report.warning(
        {there->mark, ends.objects(),
         fmt::format("the file of the {} differs from that of {}", words_of(kind), other),
         "both directions need the same key"});
  }
}

// -- the rules, one direction each

void check_pair_address(const TwoEnds& ends, const PairContext& context, RuleReport& report) {
  report_address(ends, context.counterparts, report);
}

// One that is meant for the instance and leads elsewhere is an error of its own.
void check_pair_instances(const TwoEnds& ends, const PairContext& context, RuleReport& report) {
  const auto* const own = local_gateway(ends.there.model, ends.there.connection);
  const auto* const other = local_gateway(ends.back.model, ends.back.connection);
  if (context.astray.contains({own, other})) return;
  const auto left_out = instances_left_out(ends, context.counterparts);
  if (left_out.empty()) return;
  report_instances(ends.there, {ends.back.model, *other, ends.back_path(path_of(*other))}, left_out,
                   report);
}

void check_pair_prefixes(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  report_prefixes(ends, report);
}

void check_pair_key(const TwoEnds& ends, const PairContext& context, RuleReport& report) {
  report_different_keys(ends, KeyKind::PreShared, context.compare_keys, report);
}

void check_pair_protocol(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  auto older = older_ike_of(ends.there);
  if (!older) return;
  std::vector<std::string> objects = ends.objects();
  if (older->place.object != objects.front())
    objects.insert(objects.begin(), std::move(older->place.object));
  report.error(
      {older->place.mark, std::move(objects), std::move(older->message), std::move(older->remedy)});
}

void check_pair_authentication(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  if (*ends.there.connection.authentication_type == *ends.back.connection.authentication_type)
    return;
  report.error(
      {ends.there.connection.authentication_type.mark, ends.objects(),
       fmt::format("authentication_type differs from that of {}", ends.back.connection.name),
       "use one on both sides"});
}

void check_pair_identity(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  compare_identities(ends, report);
}
void check_pair_policy(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  compare_policies(ends, report);
}
void check_pair_exchanges(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  compare_key_exchanges(ends, report);
}
void check_pair_mode(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  compare_modes(ends, report);
}
void check_pair_carriage(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  compare_encapsulation(ends, report);
  compare_aggfrag(ends, report);
}
// Each pair is a Child SA at both ends.
void report_too_many_pairs(const TwoEnds& ends, RuleReport& report) {
  const auto* const own = local_gateway(ends.there.model, ends.there.connection);
  const auto* const other = local_gateway(ends.back.model, ends.back.connection);
  const auto remote = remote_end(ends.there.model, ends.there.connection);
  if (own == nullptr || other == nullptr || !remote) return;
  const size_t pairs = tunnel_selectors(*own, ends.there.connection,
                                        prefixes_behind(ends.there.model, *own), remote->prefixes)
                           .pairs.size();
  if (pairs <= sku_of(*other).selector_pairs_max) return;
  report.warning({ends.there.connection.mark,
                  {path_of(ends.there.connection), ends.back_path(path_of(*other))},
                  fmt::format("{} pairs of prefixes, and sku {} of {} carries {}: beyond that it "
                              "drops some",
                              pairs, *other->sku, other->name, sku_of(*other).selector_pairs_max),
                  too_many_pairs_remedy(*own)});
}

void check_pair_selectors(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  compare_selector_kinds(ends, report);
  compare_selector_pairs(ends, report);
  report_too_many_pairs(ends, report);
}

// As network.classic has it of one estate. Another program's device is of no deployment model.
void check_pair_classic(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  if (ends.there.connection.latitude || ends.back.connection.latitude) return;
  if (is_classic(ends.there) == is_classic(ends.back)) return;
  for (const End* const end : {&ends.there, &ends.back}) {
    const auto* const gateway = local_gateway(end->model, end->connection);
    if (gateway == nullptr || !gateway->is_policy_based()) continue;
    std::vector<std::string> objects = ends.objects();
    objects.push_back(end == &ends.there ? path_of(*gateway) : ends.back_path(path_of(*gateway)));
    report.error(
        {ends.there.connection.mark, std::move(objects),
         fmt::format(
             "it joins a classic network and a resource-manager one, but {} is policy-based",
             gateway->name),
         "both gateways must be route-based (dynamic routing)"});
  }
}

void refuse_classic_bgp(const TwoEnds& ends, const End& classic, RuleReport& report) {
  const VirtualNetwork& network = *local_network(classic.model, classic.connection);
  const std::string path = path_of(network);
  report.error(
      {ends.there.connection.enable_bgp.mark,
       {path_of(ends.there.connection),
        &classic.model == &ends.back.model ? ends.back_path(path) : path},
       fmt::format("enable_bgp, but {} is a classic network, whose gateway speaks no BGP",
                   network.name),
       "set enable_bgp: false on both sides and list the prefixes in the local network gateways"});
}

void check_pair_bgp(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  const auto* const gateway = local_gateway(ends.back.model, ends.back.connection);
  if (gateway == nullptr || !*ends.there.connection.enable_bgp) return;
  for (const End& end : {ends.there, ends.back}) {
    if (is_classic(end)) return refuse_classic_bgp(ends, end, report);
  }
  if (!*ends.back.connection.enable_bgp) {
    report.error({ends.there.connection.enable_bgp.mark, ends.objects(),
                  fmt::format("enable_bgp is true here and false on {}", ends.back.connection.name),
                  "set it alike on both sides"});
  } else if (!*gateway->enable_bgp && !gateway->ip_configurations.empty()) {
    report.error(
        {ends.there.connection.enable_bgp.mark,
         {path_of(ends.there.connection), ends.back_path(path_of(*gateway))},
         fmt::format("enable_bgp, but the other side's gateway {} has enable_bgp: false",
                     gateway->name),
         fmt::format("set enable_bgp: true on {}, or false on both connections", gateway->name)});
  }
  report_speakers(ends, report);
}

void check_pair_overlap(const TwoEnds& ends, const PairContext&, RuleReport& report) {
  report_overlap(ends, report);
}

// Of keys with different names the bytes say nothing.
void check_pair_ppk(const TwoEnds& ends, const PairContext& context, RuleReport& report) {
  compare_ppks(ends, report);
  const auto& own = ends.there.connection.ppk;
  const auto& other = ends.back.connection.ppk;
  if (own && other && *own->id == *other->id)
    report_different_keys(ends, KeyKind::PostQuantum, context.compare_keys, report);
}

constexpr PairRule kPairRules[] = {
    {"peer.address", "Each side leads to the other's public address.", check_pair_address},
    {"peer.instances", "Each side has a peer for each instance of the other's gateway.",
     check_pair_instances},
    {"peer.prefixes", "Each side lists what is behind the other.", check_pair_prefixes},
    {"peer.overlap", "The two sides' networks do not overlap.", check_pair_overlap, true},
    {"peer.protocol", "Both sides speak IKEv2.", check_pair_protocol},
    {"peer.shared-key", "Both sides have the same pre-shared key.", check_pair_key, true},
    {"peer.authentication", "Both sides authenticate in the same way.", check_pair_authentication,
     true},
    {"peer.identity", "Each side expects what the other calls itself.", check_pair_identity, true},
    {"peer.ipsec-policy", "The two sides' IPsec policies have something in common.",
     check_pair_policy, true},
    {"peer.additional-key-exchanges",
     "Both sides have the same additional key exchanges where one requires them.",
     check_pair_exchanges, true},
    {"peer.connection-mode", "One of the two sides opens the tunnel, and one takes it.",
     check_pair_mode, true},
    {"peer.encapsulation", "Both sides carry ESP in the same way.", check_pair_carriage, true},
    {"peer.selectors", "Both sides propose any-to-any, or the same pairs of prefixes.",
     check_pair_selectors, true},
    {"peer.classic", "A classic network is joined by route-based gateways.", check_pair_classic,
     true},
    {"peer.bgp", "Both sides speak BGP, and know each other's number and address.", check_pair_bgp},
    {"peer.ppk", "Both sides have the same post-quantum key, or do without.", check_pair_ppk, true},
};

void run_rules(const TwoEnds& ends, const PairContext& context, bool is_second_direction,
               Findings& findings) {
  for (const PairRule& rule : kPairRules) {
    if (is_second_direction && rule.is_symmetric) continue;
    RuleReport report(ends.there.model, rule.id);
    rule.check(ends, context, report);
    std::ranges::move(report.take(), std::back_inserter(findings));
  }
}

AstrayGateways astray_gateways(const Model& own, const Model& peer, const PairUp& found) {
  AstrayGateways astray;
  for (const Pairing& pair : found.pairs) {
    const TwoEnds there{{own, *pair.own}, {peer, *pair.peer}};
    for (const TwoEnds& ends : {there, there.reversed()}) {
      if (compare_address(ends) == Verdict::Wrong)
        astray.emplace(local_gateway(ends.there.model, ends.there.connection),
                       local_gateway(ends.back.model, ends.back.connection));
    }
  }
  return astray;
}

std::string file_of(const Model& model) {
  return model.files.empty() ? "the other file" : model.files.front();
}

using Names = std::vector<std::string>;

constexpr size_t kNamedMax = 4;

// "a or b or 5 more"
std::string one_of(const Names& names) {
  return first_of(names, kNamedMax, " or ");
}

// Several of theirs belong to one of ours as well as each other, or one of theirs to several of
// ours.
class TieReporter {
 public:
  TieReporter(const Model& peer, const std::vector<Pairing>& ties) : peer_(peer) {
    for (const Pairing& tie : ties) {
      theirs_[tie.own].push_back(tie.peer);
      ours_[tie.peer].push_back(tie.own->name);
    }
  }

  // False: it is in no tie.
  bool report(const Connection& own, RuleReport& report) const {
    const auto found = theirs_.find(&own);
    if (found == theirs_.end()) return false;
    Names names, objects = {path_of(own)};
    for (const Connection* const each : found->second) {
      names.push_back(each->name);
      if (names.size() <= kNamedMax)
        objects.push_back(fmt::format("{}:{}", file_of(peer_), path_of(*each)));
    }
    Names rivals = ours_.at(found->second.front());
    std::erase(rivals, own.name);
    const std::string remedy =
        "nothing is compared: tell them apart by addresses, or by local_id and remote_id, or put "
        "both "
        "sides' key files where they are named: equal keys tell";
    report.warning({own.mark, std::move(objects),
                    fmt::format("it cannot be told {} in {} belongs to it{}{}",
                                (rivals.empty() ? "which of " : "whether ") + one_of(names),
                                file_of(peer_), rivals.empty() ? "" : " or to ", one_of(rivals)),
                    remedy});
    return true;
  }

 private:
  const Model& peer_;
  std::map<const Connection*, std::vector<const Connection*>> theirs_;
  std::map<const Connection*, Names> ours_;
};

// A connection whose two ends are both in our own estate needs none in the other one.
void report_unpaired(const Model& own, const Model& peer, const PairUp& found,
                     const Counterparts& counterparts, RuleReport& report) {
  const TieReporter ties(peer, found.ties);
  std::set<const Connection*> paired;
  for (const Pairing& pair : found.pairs) paired.insert(pair.own);
  for (const auto& [name, connection] : own.connections) {
    if (paired.contains(&connection) || ties.report(connection, report)) continue;
    if (counterparts.counterpart_of(connection) != nullptr) continue;
    const Remark remark{connection.mark,
                        {path_of(connection)},
                        fmt::format("{} has no connection that belongs to it", file_of(peer)),
                        "look at the addresses, identities and prefixes of both, if it should"};
    found.pairs.empty() ? report.warning(remark) : report.info(remark);
  }
}

}  // namespace

Findings check_key_pairs(const Model& model, const CompareKeys& compare_keys) {
  RuleReport keys(model, kSharedKeyRule);
  RuleReport ppks(model, kPpkRule);
  RuleReport addresses(model, kCounterpartAddressRule);
  const Counterparts by_names(model);
  const Counterparts counterparts(model, compare_keys);
  for (const auto& [name, connection] : model.connections) {
    const Connection* const back = counterparts.counterpart_of(connection);
    if (back == nullptr) continue;
    const TwoEnds ends{{model, connection}, {model, *back}};
    if (by_names.counterpart_of(connection) == nullptr)
      report_address(ends, counterparts, addresses);
    if (!counterparts.is_reported_by(connection, *back)) continue;
    report_different_keys(ends, KeyKind::PreShared, compare_keys, keys);
    if (connection.ppk && back->ppk && *connection.ppk->id == *back->ppk->id)
      report_different_keys(ends, KeyKind::PostQuantum, compare_keys, ppks);
  }
  Findings findings = keys.take();
  std::ranges::move(ppks.take(), std::back_inserter(findings));
  std::ranges::move(addresses.take(), std::back_inserter(findings));
  return findings;
}

std::span<const PairRule> all_pair_rules() {
  return kPairRules;
}

Findings validate_pair(const Model& own, const Model& peer, const PairUp& found,
                       const CompareKeys& compare_keys) {
  Findings all, findings;
  const Counterparts ours(own), theirs(peer);
  const AstrayGateways astray = astray_gateways(own, peer, found);
  for (const Pairing& pair : found.pairs) {
    const TwoEnds ends{{own, *pair.own}, {peer, *pair.peer}};
    run_rules(ends, {compare_keys, ours, astray}, false, all);
    run_rules(ends.reversed(), {compare_keys, theirs, astray}, true, all);
  }
  // A connection to several instances is judged against each, and has some faults with all.
  std::set<std::string> told;
  std::ranges::copy_if(all, std::back_inserter(findings), [&](const Finding& finding) {
    return told.insert(finding.to_string()).second;
  });
  std::ranges::move(check_distant_overlap(TransitMap(own, peer, found), findings),
                    std::back_inserter(findings));
  RuleReport unpaired(own, kUnpairedRule);
  report_unpaired(own, peer, found, ours, unpaired);
  std::ranges::move(unpaired.take(), std::back_inserter(findings));
  return findings;
}

Findings validate_pair(const Model& own, const Model& peer, const CompareKeys& compare_keys) {
  return validate_pair(own, peer, pair_up(own, peer, compare_keys), compare_keys);
}

}  // namespace twinspan::policy
