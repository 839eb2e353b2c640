#include "policy/pairing.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "policy/bgp.h"
#include "policy/shared_keys.h"

namespace twinspan::policy {
namespace {

// What tells a connection from others, looked up once.
struct Candidate {
  const Connection* connection = nullptr;
  const VirtualNetworkGateway* gateway = nullptr;
  const VirtualNetwork* network = nullptr;
  std::optional<RemoteEnd> remote;
  std::optional<Identities> identities;
};

std::vector<Candidate> candidates_of(const Model& model) {
  std::vector<Candidate> candidates;
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    if (gateway == nullptr) continue;
    candidates.push_back({&connection, gateway, local_network(model, connection),
                          remote_end(model, connection), identities_of(model, connection, 0)});
  }
  // What has its other end in the same estate looks for none elsewhere, unless all of them do: the
  // estate of both sides beside itself.
  const auto is_complete = [&](const Candidate& each) {
    return counterpart_of(model, *each.connection) != nullptr;
  };
  if (!std::ranges::all_of(candidates, is_complete)) std::erase_if(candidates, is_complete);
  return candidates;
}

bool leads_to(const Candidate& from, const Candidate& to) {
  if (!from.remote || !from.remote->address) return false;
  return std::ranges::any_of(to.gateway->ip_configurations, [&](const IpConfiguration& instance) {
    return *instance.public_ip_address == *from.remote->address;
  });
}

bool lists(const Candidate& from, const Candidate& to) {
  if (!from.remote || to.network == nullptr) return false;
  return std::ranges::any_of(*from.remote->prefixes, [&](const auto& prefix) {
    return prefix->length() != 0 &&
           std::ranges::any_of(*to.network->address_space,
                               [&](const auto& space) { return prefix->overlaps(*space); });
  });
}

// An address that is right on one side outweighs everything that people copy between objects.
constexpr int kAddressWeight = 8;
constexpr int kIdentityWeight = 4;
constexpr int kPrefixWeight = 2;

int likeness(const Candidate& own, const Candidate& peer) {
  int points = 0;
  if (leads_to(own, peer)) points += kAddressWeight;
  if (leads_to(peer, own)) points += kAddressWeight;
  if (own.identities && peer.identities) {
    if (own.identities->local == peer.identities->remote) points += kIdentityWeight;
    if (own.identities->remote == peer.identities->local) points += kIdentityWeight;
  }
  if (lists(own, peer)) points += kPrefixWeight;
  if (lists(peer, own)) points += kPrefixWeight;
  return points;
}

struct Match {
  int points = 0;
  size_t own = 0;
  size_t peer = 0;
};

bool have_shared_keys(const TwoEnds& ends) {
  return ends.there.connection.shared_key_file.is_set &&
         ends.back.connection.shared_key_file.is_set;
}

// Two names may stand for one key: what cannot be read is left to the administrator.
void report_other_file(const TwoEnds& ends, RuleReport& report) {
  const MarkedText& there = ends.there.connection.shared_key_file;
  if (*there == *ends.back.connection.shared_key_file) return;
  report.warning({there.mark, ends.objects(),
                  fmt::format("the key file differs from that of {}", ends.back.connection.name),
                  "both directions need the same key"});
}

// -- the rules, one direction each

void check_pair_address(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  report_address(ends, report);
}
void check_pair_prefixes(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  report_prefixes(ends, report);
}

void check_pair_key(const TwoEnds& ends, const CompareKeys& compare_keys, RuleReport& report) {
  if (!have_shared_keys(ends) || compare_keys(ends.there, ends.back) != Verdict::Wrong) return;
  report.error({ends.there.connection.shared_key_file.mark, ends.objects(),
                fmt::format("the pre-shared key is not that of {}", ends.back.connection.name),
                "put the same key into both files, byte by byte"});
}

void check_pair_authentication(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  if (*ends.there.connection.authentication_type == *ends.back.connection.authentication_type)
    return;
  report.error(
      {ends.there.connection.authentication_type.mark, ends.objects(),
       fmt::format("authentication_type differs from that of {}", ends.back.connection.name),
       "use one on both sides"});
}

void check_pair_identity(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  compare_identities(ends, report);
}
void check_pair_policy(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  compare_policies(ends, report);
}
void check_pair_mode(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  compare_modes(ends, report);
}
void check_pair_carriage(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  compare_encapsulation(ends, report);
  compare_aggfrag(ends, report);
}
void check_pair_selectors(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  compare_selector_kinds(ends, report);
}

// What an estate knows of the BGP speaker at the other end.
const BgpSettings* known_speaker(const End& end) {
  if (const auto* const remote = remote_gateway(end.model, end.connection))
    return &remote->bgp_settings;
  const auto* const peer = site_of(end.model, end.connection);
  return peer == nullptr ? nullptr : &peer->bgp_settings;
}

void check_pair_speaker(const TwoEnds& ends, const VirtualNetworkGateway& gateway,
                        RuleReport& report) {
  const BgpSettings* const known = known_speaker(ends.there);
  if (known == nullptr || !known->is_set || !gateway.bgp_settings.is_set) return;
  const std::vector<std::string> objects = {path_of(ends.there.connection),
                                            ends.back_path(path_of(gateway))};
  if (*known->asn != *gateway.bgp_settings.asn) {
    report.error({known->asn.mark, objects,
                  fmt::format("asn is {}, but the other side's gateway has {}", *known->asn,
                              *gateway.bgp_settings.asn),
                  "write the other side's number"});
  }
  auto addresses = bgp_peering_addresses(ends.back.model, gateway);
  std::ranges::copy(custom_bgp_addresses(gateway), std::back_inserter(addresses));
  for (const auto& address : *known->peering_addresses) {
    if (addresses.empty() || std::ranges::find(addresses, *address) != addresses.end()) continue;
    report.error({address.mark, objects,
                  fmt::format("the BGP address {} is not the other side's, which is {}",
                              address->to_string(), addresses.front().to_string()),
                  "write the other side's address"});
  }
}

void check_pair_bgp(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  const auto* const gateway = local_gateway(ends.back.model, ends.back.connection);
  if (gateway == nullptr || !*ends.there.connection.enable_bgp) return;
  if (!*ends.back.connection.enable_bgp) {
    report.error({ends.there.connection.enable_bgp.mark, ends.objects(),
                  fmt::format("enable_bgp is true here and false on {}", ends.back.connection.name),
                  "set it alike on both sides"});
  }
  check_pair_speaker(ends, *gateway, report);
}

void check_pair_overlap(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  const VirtualNetwork* const own = local_network(ends.there.model, ends.there.connection);
  const VirtualNetwork* const other = local_network(ends.back.model, ends.back.connection);
  if (own == nullptr || other == nullptr) return;
  for (const auto& space : *own->address_space) {
    for (const auto& theirs : *other->address_space) {
      if (!space->overlaps(*theirs)) continue;
      report.error({space.mark,
                    {path_of(*own), ends.back_path(path_of(*other))},
                    fmt::format("{} overlaps {} of {}", space->to_string(), theirs->to_string(),
                                other->name),
                    "networks that are joined need different addresses: renumber one side"});
    }
  }
}

void check_pair_ppk(const TwoEnds& ends, const CompareKeys&, RuleReport& report) {
  const auto& own = ends.there.connection.ppk;
  const auto& other = ends.back.connection.ppk;
  if (!own) return;
  if (!other && *own->required) {
    report.error({own->mark, ends.objects(),
                  fmt::format("a ppk is required here, and {} has none", ends.back.connection.name),
                  "give both sides the same one, or write required: false"});
  } else if (other && *own->id != *other->id) {
    report.error({own->id.mark, ends.objects(),
                  fmt::format("the ppk is called {}, that of {} {}", in_quotes(*own->id),
                              ends.back.connection.name, in_quotes(*other->id)),
                  "use one id on both sides"});
  }
}

constexpr PairRule kPairRules[] = {
    {"peer.address", "Each side leads to the other's public address.", check_pair_address},
    {"peer.prefixes", "Each side lists what is behind the other.", check_pair_prefixes},
    {"peer.overlap", "The two sides' networks do not overlap.", check_pair_overlap, true},
    {"peer.shared-key", "Both sides have the same pre-shared key.", check_pair_key, true},
    {"peer.authentication", "Both sides authenticate in the same way.", check_pair_authentication,
     true},
    {"peer.identity", "Each side expects what the other calls itself.", check_pair_identity, true},
    {"peer.ipsec-policy", "The two sides' IPsec policies have something in common.",
     check_pair_policy, true},
    {"peer.connection-mode", "One of the two sides opens the tunnel, and one takes it.",
     check_pair_mode, true},
    {"peer.encapsulation", "Both sides carry ESP in the same way.", check_pair_carriage, true},
    {"peer.selectors", "Both sides propose any-to-any, or pairs of prefixes.", check_pair_selectors,
     true},
    {"peer.bgp", "Both sides speak BGP, and know each other's number and address.", check_pair_bgp},
    {"peer.ppk", "Both sides have the same post-quantum key, or do without.", check_pair_ppk},
};

void run_rules(const TwoEnds& ends, const CompareKeys& compare_keys, bool is_second_direction,
               Findings& findings) {
  for (const PairRule& rule : kPairRules) {
    if (is_second_direction && rule.is_symmetric) continue;
    RuleReport report(ends.there.model, rule.id);
    rule.check(ends, compare_keys, report);
    std::ranges::move(report.take(), std::back_inserter(findings));
  }
}

std::string file_of(const Model& model) {
  return model.files.empty() ? "the other file" : model.files.front();
}

// A connection whose two ends are both in our own estate needs none in the other one.
void report_unpaired(const Model& own, const Model& peer, const std::vector<Pairing>& pairs,
                     RuleReport& report) {
  for (const auto& [name, connection] : own.connections) {
    const bool is_paired =
        std::ranges::any_of(pairs, [&](const Pairing& pair) { return pair.own == &connection; });
    if (is_paired || counterpart_of(own, connection) != nullptr) continue;
    const Remark remark{connection.mark,
                        {path_of(connection)},
                        fmt::format("{} has no connection that belongs to it", file_of(peer)),
                        "look at the addresses, identities and prefixes of both, if it should"};
    pairs.empty() ? report.warning(remark) : report.info(remark);
  }
}

}  // namespace

Findings check_key_pairs(const Model& model, const CompareKeys& compare_keys) {
  RuleReport report(model, kSharedKeyRule);
  for (const auto& [name, connection] : model.connections) {
    const Connection* const back = counterpart_of(model, connection);
    if (back == nullptr || back->name < name) continue;
    const TwoEnds ends{{model, connection}, {model, *back}};
    check_pair_key(ends, compare_keys, report);
    if (have_shared_keys(ends) && compare_keys(ends.there, ends.back) == Verdict::Unknown)
      report_other_file(ends, report);
  }
  return report.take();
}

std::span<const PairRule> all_pair_rules() {
  return kPairRules;
}

std::vector<Pairing> pair_up(const Model& own, const Model& peer) {
  const auto ours = candidates_of(own);
  const auto theirs = candidates_of(peer);
  if (ours.size() == 1 && theirs.size() == 1)
    return {{ours.front().connection, theirs.front().connection}};
  std::vector<Match> matches;
  for (size_t i = 0; i < ours.size(); ++i) {
    for (size_t j = 0; j < theirs.size(); ++j) {
      const int points = likeness(ours[i], theirs[j]);
      if (points > kPrefixWeight) matches.push_back({points, i, j});
    }
  }
  std::ranges::stable_sort(matches, std::greater{}, &Match::points);
  std::set<size_t> used_own, used_peer;
  std::vector<Pairing> pairs;
  for (const Match& match : matches) {
    if (used_own.contains(match.own) || used_peer.contains(match.peer)) continue;
    used_own.insert(match.own);
    used_peer.insert(match.peer);
    pairs.push_back({ours[match.own].connection, theirs[match.peer].connection});
  }
  std::ranges::sort(pairs, {}, [](const Pairing& pair) { return pair.own->name; });
  return pairs;
}

Findings validate_pair(const Model& own, const Model& peer, const CompareKeys& compare_keys) {
  const std::vector<Pairing> pairs = pair_up(own, peer);
  Findings findings;
  for (const Pairing& pair : pairs) {
    const TwoEnds ends{{own, *pair.own}, {peer, *pair.peer}};
    run_rules(ends, compare_keys, false, findings);
    run_rules(ends.reversed(), compare_keys, true, findings);
  }
  RuleReport unpaired(own, kUnpairedRule);
  report_unpaired(own, peer, pairs, unpaired);
  std::ranges::move(unpaired.take(), std::back_inserter(findings));
  return findings;
}

}  // namespace twinspan::policy
