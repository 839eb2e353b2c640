#include "policy/pair_up.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "policy/connection_ends.h"
#include "policy/counterparts.h"

namespace twinspan::policy {
namespace {

// What tells a connection from others, looked up once.
struct Candidate {
  const Connection* connection = nullptr;
  const VirtualNetworkGateway* gateway = nullptr;
  const VirtualNetwork* network = nullptr;
  std::optional<RemoteEnd> remote;
  KnownIdentities identities;
  bool is_complete = false;  // Its other end is in the same estate.
};

std::vector<Candidate> candidates_of(const Model& model) {
  std::vector<Candidate> candidates;
  const Counterparts counterparts(model);
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    if (gateway == nullptr) continue;
    candidates.push_back({&connection, gateway, local_network(model, connection),
                          remote_end(model, connection), known_identities(model, connection, 0),
                          counterparts.counterpart_of(connection) != nullptr});
  }
  // An estate of both sides beside another one of both.
  if (std::ranges::all_of(candidates, &Candidate::is_complete)) {
    for (Candidate& candidate : candidates) candidate.is_complete = false;
  }
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

bool is_same(const std::optional<Identity>& a, const std::optional<Identity>& b) {
  return a && b && *a == *b;
}

// An address that is right on one side outweighs everything that people copy between objects.
constexpr int kAddressWeight = 8;
constexpr int kIdentityWeight = 4;
constexpr int kPrefixWeight = 2;
// Files are read for each.
constexpr size_t kKeysComparedMax = 64;

int likeness(const Candidate& own, const Candidate& peer) {
  const bool is_found = leads_to(own, peer);
  const bool is_found_back = leads_to(peer, own);
  // What has its other end in its own estate is not the one with the mistake in another one.
  const bool is_open = !own.is_complete && !peer.is_complete;
  if (!is_open && !(is_found && is_found_back)) return 0;
  int points = 0;
  if (is_found) points += kAddressWeight;
  if (is_found_back) points += kAddressWeight;
  if (is_same(own.identities.local, peer.identities.remote)) points += kIdentityWeight;
  if (is_same(own.identities.remote, peer.identities.local)) points += kIdentityWeight;
  if (lists(own, peer)) points += kPrefixWeight;
  if (lists(peer, own)) points += kPrefixWeight;
  return points;
}

struct Match {
  int points = 0;
  size_t own = 0;
  size_t peer = 0;
};
using Matches = std::vector<Match>;

// What speaks for something, the best first.
Matches matches_of(const std::vector<Candidate>& ours, const std::vector<Candidate>& theirs) {
  Matches matches;
  for (size_t i = 0; i < ours.size(); ++i) {
    for (size_t j = 0; j < theirs.size(); ++j) {
      const int points = likeness(ours[i], theirs[j]);
      if (points > kPrefixWeight) matches.push_back({points, i, j});
    }
  }
  std::ranges::stable_sort(matches, std::greater{}, &Match::points);
  return matches;
}

// Takes each match whose objects are free. Of those with as much for them, two that want one object
// get nothing, unless equal keys tell which is meant, and what they want is given to no lesser one
// either.
class PairMaker {
 public:
  PairMaker(const std::vector<Candidate>& ours, const std::vector<Candidate>& theirs,
            std::function<bool(const Match&)> has_equal_keys)
      : ours_(ours), theirs_(theirs), has_equal_keys_(std::move(has_equal_keys)) {}

  PairUp make() {
    take_instances();
    const Matches matches = matches_of(ours_, theirs_);
    for (auto begin = matches.begin(); begin != matches.end();) {
      const auto end = std::find_if(
          begin, matches.end(), [&](const Match& match) { return match.points != begin->points; });
      take_equals({begin, end});
      begin = end;
    }
    std::ranges::stable_sort(result_.pairs, {}, [](const Pairing& pair) { return pair.own->name; });
    return std::move(result_);
  }

 private:
  // Between gateways of which one has several instances, each connection belongs to all that lead
  // back: an instance at this end has the one, and calls the instance at the other end that has
  // the other.
  void take_instances() {
    for (size_t i = 0; i < ours_.size(); ++i) {
      for (size_t j = 0; j < theirs_.size(); ++j) {
        const bool has_instances = has_several(ours_[i]) || has_several(theirs_[j]);
        if (!has_instances || !leads_to(ours_[i], theirs_[j]) || !leads_to(theirs_[j], ours_[i]))
          continue;
        if (!is_only_way(ours_[i], ours_) || !is_only_way(theirs_[j], theirs_)) continue;
        add({.points = 0, .own = i, .peer = j}, result_.pairs);
      }
    }
  }

  static bool has_several(const Candidate& candidate) {
    return candidate.gateway->ip_configurations.size() > 1;
  }

  // No other connection of its gateway leads to the same address.
  static bool is_only_way(const Candidate& candidate, const std::vector<Candidate>& all) {
    return std::ranges::count_if(all, [&](const Candidate& each) {
             return each.gateway == candidate.gateway && each.remote &&
                    each.remote->address == candidate.remote->address;
           }) == 1;
  }

  void take_equals(Matches equals) {
    Matches contended = take_alone(std::move(equals));
    if (contended.size() <= kKeysComparedMax) {
      Matches alike;
      std::ranges::copy_if(contended, std::back_inserter(alike), has_equal_keys_);
      take_alone(std::move(alike));
      contended = take_alone(std::move(contended));
    }
    for (const Match& match : contended) add(match, result_.ties);
  }

  // Of those whose objects are free the ones that no other wants. What remains.
  Matches take_alone(Matches matches) {
    std::erase_if(matches, [&](const Match& match) {
      return used_own_.contains(match.own) || used_peer_.contains(match.peer);
    });
    std::map<size_t, size_t> of_own, of_peer;  // How many want it.
    for (const Match& match : matches) {
      ++of_own[match.own];
      ++of_peer[match.peer];
    }
    std::erase_if(matches, [&](const Match& match) {
      const bool is_alone = of_own[match.own] == 1 && of_peer[match.peer] == 1;
      if (is_alone) add(match, result_.pairs);
      return is_alone;
    });
    return matches;
  }

  void add(const Match& match, std::vector<Pairing>& list) {
    list.push_back({ours_[match.own].connection, theirs_[match.peer].connection});
    used_own_.insert(match.own);
    used_peer_.insert(match.peer);
  }

  const std::vector<Candidate>& ours_;
  const std::vector<Candidate>& theirs_;
  std::function<bool(const Match&)> has_equal_keys_;
  std::set<size_t> used_own_, used_peer_;
  PairUp result_;
};

// The one that has no other end in its estate; nullptr: there is none, or another one too.
const Candidate* only_open(const std::vector<Candidate>& candidates) {
  const auto is_open = [](const Candidate& each) { return !each.is_complete; };
  if (std::ranges::count_if(candidates, is_open) != 1) return nullptr;
  return &*std::ranges::find_if(candidates, is_open);
}

}  // namespace

PairUp pair_up(const Model& own, const Model& peer, const CompareKeys& compare_keys) {
  const auto ours = candidates_of(own);
  const auto theirs = candidates_of(peer);
  const auto has_equal_keys = [&](const Match& match) {
    const Connection& one = *ours[match.own].connection;
    const Connection& other = *theirs[match.peer].connection;
    return compare_keys && one.shared_key_file.is_set && other.shared_key_file.is_set &&
           compare_keys({own, one}, {peer, other}, KeyKind::PreShared).verdict == Verdict::Right;
  };
  PairUp found = PairMaker(ours, theirs, has_equal_keys).make();
  const Candidate* const our_only = only_open(ours);
  const Candidate* const their_only = only_open(theirs);
  if (found.pairs.empty() && found.ties.empty() && our_only != nullptr && their_only != nullptr)
    found.pairs = {{our_only->connection, their_only->connection}};
  return found;
}

}  // namespace twinspan::policy
