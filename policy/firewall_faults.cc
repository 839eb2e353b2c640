#include "policy/firewall_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

namespace twinspan::policy {
namespace {

using Items = std::vector<const FirewallItem*>;

bool is_less(const FirewallItem* a, const FirewallItem* b) {
  return std::tie(a->owner, a->content) < std::tie(b->owner, b->content);
}

// What the instance has put up: what is named after it, the table itself, and its interfaces in the
// set that all share.
class Belongings {
 public:
  Belongings(uint32_t link_group, const FirewallTable& installed) : link_group_(link_group) {
    for (const auto& [set, elements] : installed.sets) {
      if (is_interface_set(set) && is_of_instance(link_group, set))
        interfaces_.insert(elements.begin(), elements.end());
    }
  }

  Items of(const FirewallTable& table) const {
    Items items;
    for (const FirewallItem& item : table.items) {
      const bool is_shared =
          item.kind == FirewallItem::Kind::Element && !is_of_instance(link_group_, item.owner);
      const bool is_ours =
          is_shared
              ? item.owner == kAttachedSet && interfaces_.contains(item.words)
              : item.kind == FirewallItem::Kind::Table || is_of_instance(link_group_, item.owner);
      if (is_ours) items.push_back(&item);
    }
    return items;
  }

 private:
  uint32_t link_group_;
  std::set<std::string> interfaces_;
};

std::string words_of(const FirewallItem& item) {
  switch (item.kind) {
    case FirewallItem::Kind::Table:
      return "table inet twinspan, as it was put up,";
    case FirewallItem::Kind::Chain:
      return "chain " + item.owner;
    case FirewallItem::Kind::Set:
      return "set " + item.owner;
    case FirewallItem::Kind::Element:
      return fmt::format("element {} of set {}", item.words, item.owner);
    case FirewallItem::Kind::Rule:
      return fmt::format("rule {} of chain {}", item.words, item.owner);
  }
  return "";
}

class Report {
 public:
  void add(std::string fault) {
    if (faults_.size() < kFirewallFaultsMax) faults_.push_back(std::move(fault));
    ++count_;
  }
  bool is_empty() const { return count_ == 0; }
  std::vector<std::string> take() {
    if (count_ > faults_.size())
      faults_.back() = fmt::format("and {} more", count_ - faults_.size() + 1);
    return std::move(faults_);
  }

 private:
  std::vector<std::string> faults_;
  size_t count_ = 0;
};

Items sorted(Items items) {
  std::ranges::stable_sort(items, is_less);
  return items;
}

// Rules count in their order; elements have none.
bool is_reordered(const Items& installed, const Items& present) {
  const auto rules = [](const Items& items) {
    std::vector<std::pair<std::string_view, std::string_view>> list;
    for (const FirewallItem* const item : items) {
      if (item->kind == FirewallItem::Kind::Rule) list.emplace_back(item->owner, item->content);
    }
    std::ranges::stable_sort(list, {}, [](const auto& rule) { return rule.first; });
    return list;
  };
  return rules(installed) != rules(present);
}

}  // namespace

std::vector<std::string> firewall_faults(uint32_t link_group, const FirewallTable& installed,
                                         const FirewallTable& present) {
  if (!present.exists) return {"table inet twinspan is missing"};
  const Belongings belongings(link_group, installed);
  const Items ours = belongings.of(installed), theirs = belongings.of(present);
  const Items before = sorted(ours), after = sorted(theirs);
  Items missing, foreign;
  std::ranges::set_difference(before, after, std::back_inserter(missing), is_less);
  std::ranges::set_difference(after, before, std::back_inserter(foreign), is_less);
  // In the order of the table, which is that of their places in it.
  std::ranges::sort(missing);
  std::ranges::sort(foreign);
  Report report;
  for (const FirewallItem* const item : missing) report.add(words_of(*item) + " is missing");
  for (const FirewallItem* const item : foreign) report.add(words_of(*item) + " is not ours");
  if (report.is_empty() && is_reordered(ours, theirs)) report.add("the rules are in another order");
  return report.take();
}

std::string firewall_fault(const std::vector<std::string>& faults) {
  return fmt::format("the rules that keep networks apart are not as they were put up: {}",
                     fmt::join(faults, "; "));
}

}  // namespace twinspan::policy
