#include "policy/change_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/diff.h"
#include "policy/estate_writer.h"
#include "policy/rules.h"
#include "policy/succession.h"

namespace twinspan::policy {
namespace {

using Texts = std::map<std::string, std::string>;  // By object.

constexpr std::string_view kConnections = "connections.";

std::string connection_path(const TunnelPlan& tunnel) {
  return fmt::format("{}{}", kConnections, tunnel.connection);
}

// "virtual_networks." of "virtual_networks.vnet-a".
std::string_view section_of(std::string_view object) {
  return object.substr(0, object.find('.') + 1);
}

// What stands at each key of an object's text.
std::map<std::string, std::string> values_of(std::string_view text) {
  std::map<std::string, std::string> values;
  std::string key;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(' ')) key = line.substr(0, line.find(':'));
    values[key] += line;
  }
  return values;
}

std::vector<std::string> changed_keys(const std::string& before, const std::string& after) {
  auto old_values = values_of(before);
  auto new_values = values_of(after);
  std::vector<std::string> keys;
  for (const auto& [key, value] : new_values) {
    if (old_values[key] != value) keys.push_back(key);
  }
  for (const auto& [key, value] : old_values) {
    if (!new_values.contains(key)) keys.push_back(key);
  }
  std::ranges::sort(keys);
  return keys;
}

// Objects without a successor of their name whose whole text one that comes has.
std::map<std::string, std::string> renamed_objects(const Texts& before, const Texts& after) {
  std::map<std::string, std::string> renamed;  // New to old.
  std::multimap<std::string, std::string> gone;
  for (const auto& [object, text] : before) {
    if (!after.contains(object)) gone.emplace(std::string(section_of(object)) + text, object);
  }
  for (const auto& [object, text] : after) {
    if (before.contains(object)) continue;
    const auto found = gone.find(std::string(section_of(object)) + text);
    if (found == gone.end()) continue;
    renamed[object] = found->second;
    gone.erase(found);
  }
  return renamed;
}

// The objects that a connection is made of, besides itself.
std::set<std::string> parts_of(const Model& model, const std::string& name) {
  const Connection* const connection = find(model.connections, name);
  if (connection == nullptr) return {};
  std::set<std::string> parts;
  for (const MarkedText* const gateway :
       {&connection->virtual_network_gateway1, &connection->virtual_network_gateway2}) {
    const VirtualNetworkGateway* const found = find(model.gateways, **gateway);
    if (found == nullptr) continue;
    parts.insert(path_of(*found));
    parts.insert(fmt::format("virtual_networks.{}", *found->virtual_network));
  }
  parts.insert(fmt::format("local_network_gateways.{}", *connection->local_network_gateway2));
  parts.insert(fmt::format("ipsec_policies.{}", *connection->ipsec_policy_name));
  return parts;
}

// Of a new IKE SA, with a peer that this side never calls.
bool waits_for_peer(const TunnelPlan& tunnel, ChangeAction action) {
  const bool needs_ike_sa = action == ChangeAction::Add || action == ChangeAction::Reauth ||
                            action == ChangeAction::Restart;
  return needs_ike_sa && tunnel.mode == ConnectionMode::ResponderOnly;
}

class Lister {
 public:
  Lister(const EstateView& before, const EstateView& after, bool may_change_type)
      : before_(before), after_(after), may_change_type_(may_change_type) {}

  ChangeList list() {
    list_tunnels();
    list_objects();
    for (auto& [object, change] : changes_) list_.changes.push_back(std::move(change));
    std::ranges::stable_sort(list_.changes, {}, [](const Change& change) {
      return section_order(section_of(change.object));
    });
    if (may_change_type_) return std::move(list_);
    if (auto refusal = refuse_kind(before_.model, before_.plan, after_.model))
      list_.refusals.push_back(*std::move(refusal));
    return std::move(list_);
  }

 private:
  static size_t section_order(std::string_view section) {
    constexpr std::string_view kSections[] = {"virtual_networks.",
                                              "virtual_network_gateways.",
                                              "local_network_gateways.",
                                              "connections.",
                                              "peerings.",
                                              "ipsec_policies."};
    return static_cast<size_t>(std::ranges::find(kSections, section) - std::begin(kSections));
  }

  void add(Change change) { changes_.emplace(change.object, std::move(change)); }

  void list_tunnels() {
    for (const TunnelSuccession& pair : succession(before_.plan, after_.plan)) {
      if (pair.before != nullptr) own_.insert(connection_path(*pair.before));
      if (pair.after != nullptr) own_.insert(connection_path(*pair.after));
      if (pair.after == nullptr) {
        add({connection_path(*pair.before), ChangeAction::Remove,
             fmt::format("its SAs are deleted with the peer's knowledge, and its device {} goes; "
                         "its prefixes go where the host's other routes lead",
                         pair.before->device),
             ""});
      } else if (pair.before == nullptr) {
        add(waiting({connection_path(*pair.after), ChangeAction::Add,
                     fmt::format("a new tunnel to {} by device {}; the others are not touched",
                                 pair.after->remote_text(), pair.after->device),
                     ""},
                    *pair.after));
      } else if (*pair.before != *pair.after) {
        add(tunnel_change(pair));
      }
    }
  }

  Change tunnel_change(const TunnelSuccession& pair) {
    Change change{.object = connection_path(*pair.after)};
    std::vector<std::string> impacts;
    for (const std::string& member : changed_members(*pair.before, *pair.after)) {
      const ChangeEffect& effect = tunnel_effect(member);
      change.action = std::max(change.action, effect.action);
      impacts.push_back(fmt::format("{} ({})", effect.impact, member));
    }
    change.impact = fmt::format("{}", fmt::join(impacts, "; "));
    if (pair.is_rename()) change.renamed_from = connection_path(*pair.before);
    note_parts(before_.model, pair.before->connection, change.action);
    note_parts(after_.model, pair.after->connection, change.action);
    return waiting(std::move(change), *pair.after);
  }

  static Change waiting(Change change, const TunnelPlan& tunnel) {
    change.waits_for_peer = waits_for_peer(tunnel, change.action);
    if (change.waits_for_peer)
      change.impact += "; this side only responds: it holds when the peer has called";
    return change;
  }

  void note_parts(const Model& model, const std::string& connection, ChangeAction action) {
    for (const std::string& part : parts_of(model, connection)) {
      ChangeAction& dearest = dearest_use_.try_emplace(part, ChangeAction::InPlace).first->second;
      dearest = std::max(dearest, action);
    }
  }

  void list_objects() {
    const Texts old_texts = object_texts(before_.model);
    const Texts new_texts = object_texts(after_.model);
    const auto renamed = renamed_objects(old_texts, new_texts);
    std::set<std::string> carried_on;
    for (const auto& [object, text] : new_texts) {
      const auto old_name = renamed.find(object);
      if (old_name != renamed.end()) {
        carried_on.insert(old_name->second);
        add({object, ChangeAction::InPlace, "renamed", old_name->second});
      } else if (const auto old_text = old_texts.find(object); old_text == old_texts.end()) {
        add({object, ChangeAction::Add, no_tunnel_impact(after_.model, object), ""});
      } else if (old_text->second != text) {
        add(object_change(object, changed_keys(old_text->second, text)));
      }
    }
    for (const auto& [object, text] : old_texts) {
      if (new_texts.contains(object) || carried_on.contains(object) || is_renamed_tunnel(object))
        continue;
      add({object, ChangeAction::Remove, no_tunnel_impact(before_.model, object), ""});
    }
  }

  // Its successor's entry tells it.
  bool is_renamed_tunnel(const std::string& object) const {
    return own_.contains(object) && std::ranges::any_of(changes_, [&](const auto& entry) {
             return entry.second.renamed_from == object;
           });
  }

  // An object that is no tunnel of this gateway costs what the tunnels that are made of it cost.
  Change object_change(const std::string& object, const std::vector<std::string>& keys) const {
    const auto dearest = dearest_use_.find(object);
    const bool is_used = dearest != dearest_use_.end();
    Change change{.object = object,
                  .action = is_used ? dearest->second : ChangeAction::InPlace,
                  .impact = fmt::format("changed: {}", fmt::join(keys, ", "))};
    if (is_used) {
      change.impact += "; the connections that use it tell what it costs";
    } else {
      change.impact += "; " + no_tunnel_impact(after_.model, object);
    }
    return change;
  }

  std::string no_tunnel_impact(const Model& model, const std::string& object) const {
    if (section_of(object) == kConnections && !own_.contains(object)) {
      const Connection* const connection =
          find(model.connections, std::string_view(object).substr(kConnections.size()));
      if (connection != nullptr)
        return fmt::format("carried by gateway {}, not by this one",
                           *connection->virtual_network_gateway1);
    }
    if (section_of(object) == "peerings." && before_.plan.networks != after_.plan.networks)
      return "the isolation of the attached networks follows in one transaction";
    return "no tunnel of this gateway changes by it";
  }

  const EstateView& before_;
  const EstateView& after_;
  bool may_change_type_;
  std::set<std::string> own_;  // Connections of this gateway, of both estates.
  std::map<std::string, ChangeAction> dearest_use_;
  std::map<std::string, Change> changes_;  // The first about an object counts.
  ChangeList list_;
};

}  // namespace

std::string_view traffic_effect(const Change& change) {
  if (!change.waits_for_peer) return traffic_effect(change.action);
  switch (change.action) {
    case ChangeAction::Add:
      return "begins when the peer has called";
    case ChangeAction::Reauth:
      return "none: what stands serves until the peer calls or its lifetime ends";
    default:
      return "stops until the peer has called";
  }
}

ChangeList list_changes(const EstateView& before, const EstateView& after,
                        std::string_view replaced) {
  return Lister(before, after, replaced == before.plan.gateway).list();
}

}  // namespace twinspan::policy
