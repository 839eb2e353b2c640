#include "policy/succession.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "policy/device_name.h"

namespace twinspan::policy {
namespace {

using Key = std::function<std::string(const TunnelPlan&)>;

std::string ends_of(const TunnelPlan& tunnel) {
  const auto text = [](const Identity& identity) {
    return fmt::format("{}:{}", static_cast<int>(identity.type), identity.text);
  };
  return fmt::format("{}\n{}\n{}\n{}", tunnel.local_address.to_string(), tunnel.remote_text(),
                     text(tunnel.local_identity), text(tunnel.remote_identity));
}

// Pairs up what is left of both plans by one key after the other.
class Matcher {
 public:
  Matcher(const Plan& before, const Plan& after) {
    for (const TunnelPlan& tunnel : before.tunnels) old_.insert(&tunnel);
    for (const TunnelPlan& tunnel : after.tunnels) new_.push_back(&tunnel);
  }

  void match(const Key& key) {
    std::map<std::string, const TunnelPlan*> by_key;
    for (const TunnelPlan* const tunnel : old_) by_key.emplace(key(*tunnel), tunnel);
    for (const TunnelPlan* const tunnel : new_) {
      if (predecessor_.contains(tunnel)) continue;
      const auto found = by_key.find(key(*tunnel));
      if (found == by_key.end() || old_.erase(found->second) == 0) continue;
      predecessor_.emplace(tunnel, found->second);
    }
  }

  bool is_left(const TunnelPlan& old_tunnel) const { return old_.contains(&old_tunnel); }
  const TunnelPlan* predecessor(const TunnelPlan& tunnel) const {
    const auto found = predecessor_.find(&tunnel);
    return found == predecessor_.end() ? nullptr : found->second;
  }

 private:
  std::set<const TunnelPlan*> old_;  // Without a successor. In the order of their plan.
  std::vector<const TunnelPlan*> new_;
  std::map<const TunnelPlan*, const TunnelPlan*> predecessor_;
};

void carry_child_names(const TunnelPlan& before, TunnelPlan& after) {
  std::set<std::string> taken;
  std::vector<ChildPlan*> fresh;
  for (ChildPlan& child : after.children) {
    const auto same = std::ranges::find_if(before.children, [&](const ChildPlan& old_child) {
      return old_child.local == child.local && old_child.remote == child.remote;
    });
    if (same != before.children.end() && taken.insert(same->name).second) {
      child.name = same->name;
    } else {
      fresh.push_back(&child);
    }
  }
  // Another child's old name would be taken for that child.
  for (const ChildPlan& child : before.children) taken.insert(child.name);
  size_t number = after.children.size();
  for (ChildPlan* const child : fresh) {
    while (!taken.insert(child->name).second)
      child->name = fmt::format("{}/{}", after.connection, ++number);
  }
}

std::string free_name(const Plan& plan, const TunnelPlan& tunnel, std::set<std::string>& taken) {
  std::string name = tunnel.device;
  for (unsigned attempt = 1; !taken.insert(name).second; ++attempt)
    name = device_name({plan.gateway, plan.instance, tunnel.connection}, attempt);
  return name;
}

}  // namespace

std::vector<TunnelSuccession> succession(const Plan& before, const Plan& after) {
  Matcher matcher(before, after);
  const Key name = [](const TunnelPlan& tunnel) { return tunnel.connection; };
  matcher.match([&](const TunnelPlan& tunnel) { return name(tunnel) + "\n" + ends_of(tunnel); });
  matcher.match(ends_of);
  matcher.match(name);
  std::vector<TunnelSuccession> result;
  for (const TunnelPlan& tunnel : before.tunnels) {
    if (matcher.is_left(tunnel)) result.push_back({&tunnel, nullptr});
  }
  for (const TunnelPlan& tunnel : after.tunnels)
    result.push_back({matcher.predecessor(tunnel), &tunnel});
  return result;
}

void carry_over(const Plan& before, Plan& after) {
  const std::vector<TunnelSuccession> pairs = succession(before, after);
  std::set<std::string> taken;
  for (const TunnelPlan& tunnel : before.tunnels) taken.insert(tunnel.device);
  for (const TunnelSuccession& pair : pairs) {
    if (pair.after == nullptr) continue;
    TunnelPlan& tunnel = after.tunnels[static_cast<size_t>(pair.after - after.tunnels.data())];
    if (pair.before != nullptr) carry_child_names(*pair.before, tunnel);
    if (pair.before != nullptr && pair.before->per_resource_sas == tunnel.per_resource_sas) {
      tunnel.device = pair.before->device;
    } else {
      tunnel.device = free_name(after, tunnel, taken);
    }
  }
}

}  // namespace twinspan::policy
