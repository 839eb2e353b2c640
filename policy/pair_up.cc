#include "policy/pair_up.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "policy/connection_ends.h"
#include "policy/counterparts.h"
#include "policy/likeness.h"

namespace twinspan::policy {
namespace {

// What tells a connection from others, looked up once.
struct Candidate {
  const Model* model = nullptr;
  const Connection* connection = nullptr;
  const VirtualNetworkGateway* gateway = nullptr;
  const VirtualNetwork* network = nullptr;
  std::optional<RemoteEnd> remote;
  std::vector<IpAddress> remote_addresses;  // Where it leads.
  std::vector<IpAddress> local_addresses;
  KnownIdentities identities;
  bool is_complete = false;  // Its other end is in the same estate.

  End end() const { return {*model, *connection}; }
};

std::vector<Candidate> candidates_of(const Model& model) {
  std::vector<Candidate> candidates;
  const Counterparts counterparts(model);
  for (const auto& [name, connection] : model.connections) {
    const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
    if (gateway == nullptr) continue;
    candidates.push_back({&model, &connection, gateway, local_network(model, connection),
                          remote_end(model, connection), remote_addresses(model, connection),
                          local_addresses(*gateway, connection),
                          known_identities(model, connection, 0),
                          counterparts.counterpart_of(connection) != nullptr});
  }
  // An estate of both sides beside another one of both.
  if (std::ranges::all_of(candidates, &Candidate::is_complete)) {
    for (Candidate& candidate : candidates) candidate.is_complete = false;
  }
  return candidates;
}

bool have_common(const std::vector<IpAddress>& a, const std::vector<IpAddress>& b) {
  return std::ranges::find_first_of(a, b) != a.end();
}

bool leads_to(const Candidate& from, const Candidate& to) {
  return have_common(from.remote_addresses, to.local_addresses);
}

bool lists(const Candidate& from, const Candidate& to) {
  return from.remote && to.network != nullptr && lists(from.remote->prefixes, *to.network);
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

// Each leads to a third one: two branches of one hub, say.
bool lead_to_one(const Candidate& a, const Candidate& b) {
  return a.remote && b.remote && a.remote->address && a.remote->address == b.remote->address;
}

int likeness(const Candidate& own, const Candidate& peer) {
  const bool is_found = leads_to(own, peer);
  const bool is_found_back = leads_to(peer, own);
  // What has its other end in its own estate is not the one with the mistake in another one.
  const bool is_open = !own.is_complete && !peer.is_complete;
  if (!is_open && !(is_found && is_found_back)) return 0;
  if (lead_to_one(own, peer)) return 0;
  int points = 0;
  if (is_found) points += kAddressWeight;
  if (is_found_back) points += kAddressWeight;
  if (is_same(own.identities.local, peer.identities.remote)) points += kIdentityWeight;
  if (is_same(own.identities.remote, peer.identities.local)) points += kIdentityWeight;
  if (lists(own, peer)) points += kPrefixWeight;
  if (lists(peer, own)) points += kPrefixWeight;
  return points;
}

// No two that lead to each other on one side alone have more in common.
constexpr int kOneSidedMax = kAddressWeight + 2 * kIdentityWeight + 2 * kPrefixWeight;

// The candidates of one estate by both addresses, and those of each gateway by where they lead.
class AddressIndex {
 public:
  explicit AddressIndex(const std::vector<Candidate>& candidates) {
    for (size_t place = 0; place < candidates.size(); ++place) {
      const Candidate& candidate = candidates[place];
      for (const IpAddress& remote : candidate.remote_addresses) {
        ways_[{candidate.gateway, remote}].insert(place);
        for (const IpAddress& local : candidate.local_addresses)
          places_[{local, remote}].insert(place);
      }
    }
  }

  // Those that lead to it, and to which it leads, in their order.
  std::set<size_t> mutual_with(const Candidate& candidate) const {
    std::set<size_t> found;
    for (const IpAddress& remote : candidate.remote_addresses) {
      for (const IpAddress& local : candidate.local_addresses) {
        const auto places = places_.find({remote, local});
        if (places != places_.end()) found.insert(places->second.begin(), places->second.end());
      }
    }
    return found;
  }

  // No other connection of its gateway leads to the same address.
  bool is_only_way(const Candidate& candidate) const {
    return std::ranges::all_of(candidate.remote_addresses, [&](const IpAddress& remote) {
      return ways_.at({candidate.gateway, remote}).size() == 1;
    });
  }

 private:
  std::map<std::pair<IpAddress, IpAddress>, std::set<size_t>> places_;  // Local and remote.
  std::map<std::pair<const VirtualNetworkGateway*, IpAddress>, std::set<size_t>> ways_;
};

struct Match {
  int points = 0;
  size_t own = 0;
  size_t peer = 0;
};
using Matches = std::vector<Match>;

void sort_best_first(Matches& matches) {
  std::ranges::stable_sort(matches, std::greater{}, &Match::points);
}

// Takes each match whose objects are free. Of those with as much for them, two that want one object
// get nothing, unless equal keys tell which is meant, and what they want is given to no lesser one
// either.
class PairMaker {
 public:
  PairMaker(const std::vector<Candidate>& ours, const std::vector<Candidate>& theirs,
            const CompareKeys& compare_keys)
      : ours_(ours),
        theirs_(theirs),
        our_index_(ours),
        their_index_(theirs),
        compare_keys_(compare_keys) {}

  PairUp make() {
    take_instances();
    take(mutual_matches());
    take(other_matches());
    take_astray();
    std::ranges::stable_sort(result_.pairs, {}, [](const Pairing& pair) { return pair.own->name; });
    return std::move(result_);
  }

 private:
  // Those with more for them than any can have that do not lead to each other: they come first, and
  // what they take needs no comparison with all others.
  Matches mutual_matches() const {
    Matches matches;
    for (size_t i = 0; i < ours_.size(); ++i) {
      for (const size_t j : their_index_.mutual_with(ours_[i])) {
        const int points = likeness(ours_[i], theirs_[j]);
        if (points > kOneSidedMax) matches.push_back({points, i, j});
      }
    }
    sort_best_first(matches);
    return matches;
  }

  // What speaks for something, of the objects that are left.
  Matches other_matches() const {
    std::vector<size_t> left;
    for (size_t j = 0; j < theirs_.size(); ++j) {
      if (!used_peer_.contains(j)) left.push_back(j);
    }
    Matches matches;
    for (size_t i = 0; i < ours_.size(); ++i) {
      if (used_own_.contains(i)) continue;
      for (const size_t j : left) {
        const int points = likeness(ours_[i], theirs_[j]);
        if (points > kPrefixWeight) matches.push_back({points, i, j});
      }
    }
    sort_best_first(matches);
    return matches;
  }

  // `matches`: the best first.
  void take(const Matches& matches) {
    for (auto begin = matches.begin(); begin != matches.end();) {
      const auto end = std::find_if(
          begin, matches.end(), [&](const Match& match) { return match.points != begin->points; });
      take_equals({begin, end});
      begin = end;
    }
  }

  // Between gateways of which one has several instances, each connection belongs to all that lead
  // back: an instance at this end has the one, and calls the instance at the other end that has
  // the other.
  void take_instances() {
    for (size_t i = 0; i < ours_.size(); ++i) {
      if (!our_index_.is_only_way(ours_[i])) continue;
      for (const size_t j : their_index_.mutual_with(ours_[i])) {
        const bool has_instances = has_several(ours_[i]) || has_several(theirs_[j]);
        if (has_instances && their_index_.is_only_way(theirs_[j]))
          add({.points = 0, .own = i, .peer = j}, result_.pairs);
      }
    }
  }

  static bool has_several(const Candidate& candidate) {
    return candidate.gateway->ip_configurations.size() > 1;
  }

  // What is meant for a further instance and leads elsewhere belongs to the connection back as
  // well.
  void take_astray() {
    Matches found;
    for_each_astray(ours_, used_own_, theirs_, used_peer_, [&](size_t astray, size_t back) {
      found.push_back({.points = 0, .own = astray, .peer = back});
    });
    for_each_astray(theirs_, used_peer_, ours_, used_own_, [&](size_t astray, size_t back) {
      found.push_back({.points = 0, .own = back, .peer = astray});
    });
    for (const Match& match : found) add(match, result_.pairs);
  }

  template <class Visit>
  void for_each_astray(const std::vector<Candidate>& side, const std::set<size_t>& used,
                       const std::vector<Candidate>& others, const std::set<size_t>& used_others,
                       Visit visit) const {
    for (size_t astray = 0; astray < side.size(); ++astray) {
      if (used.contains(astray)) continue;
      for (size_t back = 0; back < others.size(); ++back) {
        if (has_several(others[back]) && used_others.contains(back) &&
            is_for_instance(side[astray], side, others[back]))
          visit(astray, back);
      }
    }
  }

  // `back` leads to the gateway of `astray`, of which others lead to some of its instances. There
  // are no more that may be meant for the rest than that.
  bool is_for_instance(const Candidate& astray, const std::vector<Candidate>& beside,
                       const Candidate& back) const {
    const size_t instances = back.gateway->ip_configurations.size();
    if (!leads_to(back, astray) || !may_be_meant(astray, back)) return false;
    std::set<IpAddress> led_to;
    size_t rivals = 0;
    for (const Candidate& each : beside) {
      if (each.gateway != astray.gateway) continue;
      if (may_be_meant(each, back)) ++rivals;
      for (const IpAddress& address : each.remote_addresses) {
        if (std::ranges::find(back.local_addresses, address) != back.local_addresses.end())
          led_to.insert(address);
      }
    }
    return !led_to.empty() && led_to.size() + rivals <= instances &&
           are_bound(astray.end(), back.end(), compare_keys_);
  }

  static bool may_be_meant(const Candidate& astray, const Candidate& back) {
    return !astray.is_complete && !leads_to(astray, back) &&
           is_meant_for(astray.end(), *back.model, *back.gateway);
  }

  void take_equals(Matches equals) {
    Matches contended = take_alone(std::move(equals));
    if (contended.size() <= kKeysComparedMax) {
      Matches alike;
      std::ranges::copy_if(contended, std::back_inserter(alike), [&](const Match& match) {
        return have_equal_keys(ours_[match.own], theirs_[match.peer]);
      });
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

  bool have_equal_keys(const Candidate& own, const Candidate& peer) const {
    return compare_keys_ && own.connection->shared_key_file.is_set &&
           peer.connection->shared_key_file.is_set &&
           compare_keys_(own.end(), peer.end(), KeyKind::PreShared).verdict == Verdict::Right;
  }

  void add(const Match& match, std::vector<Pairing>& list) {
    list.push_back({ours_[match.own].connection, theirs_[match.peer].connection});
    used_own_.insert(match.own);
    used_peer_.insert(match.peer);
  }

  const std::vector<Candidate>& ours_;
  const std::vector<Candidate>& theirs_;
  const AddressIndex our_index_;
  const AddressIndex their_index_;
  const CompareKeys& compare_keys_;
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
  PairUp found = PairMaker(ours, theirs, compare_keys).make();
  const Candidate* const our_only = only_open(ours);
  const Candidate* const their_only = only_open(theirs);
  if (found.pairs.empty() && found.ties.empty() && our_only != nullptr && their_only != nullptr &&
      !lead_to_one(*our_only, *their_only))
    found.pairs = {{our_only->connection, their_only->connection}};
  return found;
}

}  // namespace twinspan::policy
