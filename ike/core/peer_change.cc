#include "ike/core/peer_change.h"

#include <algorithm>

#include "ike/core/selector_narrowing.h"

namespace twinspan::ike {
namespace {

bool is_same_ppk(const std::optional<PpkConfig>& a, const std::optional<PpkConfig>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || (a->id == b->id && a->is_required == b->is_required);
}

bool needs_restart(const PeerConfig& held, const PeerConfig& fresh) {
  // The address of a peer with a name means nothing.
  const bool is_same_remote =
      held.remote_name == fresh.remote_name &&
      (!held.remote_name.empty() || held.remote_address == fresh.remote_address);
  return !is_same_remote || held.local_address != fresh.local_address ||
         held.encapsulation != fresh.encapsulation;
}

// RFC 9611: a peer that has the same selectors as before takes what is made for the new ones for
// one more of those that it counts.
bool has_other_resources(const PeerConfig& held, const PeerConfig& fresh) {
  if (held.resources != fresh.resources) return true;
  return fresh.resources > 1 && std::ranges::any_of(held.children, [&](const ChildConfig& child) {
           return fate_of(child, held, fresh).change == ChildChange::Retire;
         });
}

bool needs_reauth(const PeerConfig& held, const PeerConfig& fresh) {
  return held.ike_proposals != fresh.ike_proposals || held.local_identity != fresh.local_identity ||
         held.remote_identity != fresh.remote_identity ||
         held.authentication.index() != fresh.authentication.index() ||
         !is_same_ppk(held.ppk, fresh.ppk) || has_other_resources(held, fresh);
}

bool needs_rekey(const PeerConfig& held, const PeerConfig& fresh) {
  return held.children.size() != fresh.children.size() ||
         std::ranges::any_of(held.children, [&](const ChildConfig& child) {
           return fate_of(child, held, fresh).change != ChildChange::None;
         });
}

size_t place_of(const ChildConfig& child, const PeerConfig& peer) {
  return static_cast<size_t>(&child - peer.children.data());
}

bool overlaps_another(const ChildConfig& child, const PeerConfig& peer) {
  return std::ranges::any_of(peer.children, [&](const ChildConfig& other) {
    return &other != &child && overlaps(child.local, child.remote, other);
  });
}

}  // namespace

const char* to_string(Effect effect) {
  switch (effect) {
    case Effect::InPlace:
      return "in-place";
    case Effect::Rekey:
      return "rekey";
    case Effect::Reauth:
      return "reauth";
    case Effect::Restart:
      return "restart";
  }
  return "?";
}

Effect needed_effect(const PeerConfig& held, const PeerConfig& fresh) {
  if (needs_restart(held, fresh)) return Effect::Restart;
  if (needs_reauth(held, fresh)) return Effect::Reauth;
  return needs_rekey(held, fresh) ? Effect::Rekey : Effect::InPlace;
}

ChildFate fate_of(const ChildConfig& child, const PeerConfig& held, const PeerConfig& fresh) {
  const auto found = std::ranges::find_if(fresh.children, [&](const ChildConfig& other) {
    return other.local == child.local && other.remote == child.remote;
  });
  if (found == fresh.children.end()) return {.change = ChildChange::Retire};
  const bool has_moved = place_of(child, held) != place_of(*found, fresh);
  const bool is_same = child.proposals == found->proposals && held.aggfrag == fresh.aggfrag &&
                       !(has_moved && overlaps_another(*found, fresh));
  return {.change = is_same ? ChildChange::None : ChildChange::Rekey, .successor = &*found};
}

bool overlaps(const TrafficSelectors& local, const TrafficSelectors& remote,
              const ChildConfig& config) {
  return narrow_selectors({config.local, config.remote}, {local, remote}).has_value();
}

}  // namespace twinspan::ike
