// Many prefixes at once: who lies in whom, without comparing each with each.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "base/ip_prefix.h"
#include "policy/source_mark.h"

namespace twinspan::policy {

// Calls visit(outer, inner) for each two items whose `prefix` members overlap, in the order of the
// inner one's prefix, the widest outer one first; of equal prefixes the earlier item is the outer
// one. Ends when visit returns false.
template <class Item, class Visit>
void visit_overlaps(std::vector<Item> items, Visit visit) {
  // Sorted by first address, a prefix before those inside it.
  std::ranges::stable_sort(items, {}, &Item::prefix);
  std::vector<const Item*> around;  // Those that the current one lies in, the widest first.
  for (const Item& current : items) {
    while (!around.empty() && !around.back()->prefix.contains(current.prefix)) around.pop_back();
    for (const Item* const outer : around) {
      if (!visit(*outer, current)) return;
    }
    around.push_back(&current);
  }
}

// A set of prefixes to ask for many others.
class PrefixIndex {
 public:
  PrefixIndex() = default;
  explicit PrefixIndex(std::vector<IpPrefix> prefixes);
  explicit PrefixIndex(const MarkedList<IpPrefix>& list);

  bool contains(const IpPrefix& prefix) const;  // That very one is in the set.
  bool covers(const IpPrefix& prefix) const;    // One of the set contains it.
  bool overlaps(const IpAddress& first, const IpAddress& last) const;  // A range of one family.
  // One of the set that overlaps it: the widest around it, else the first one inside it.
  std::optional<IpPrefix> find_overlap(const IpPrefix& prefix) const;

 private:
  std::optional<IpPrefix> widest_around(const IpPrefix& prefix) const;

  std::vector<IpPrefix> sorted_;  // Each once.
  // In the order of sorted_: the widest prefix of the set that contains it, perhaps itself.
  std::vector<IpPrefix> widest_;
};

// Whether the prefixes of the list hold all of it: one of them, or several together.
bool is_covered(const IpPrefix& prefix, const MarkedList<IpPrefix>& list);
// What of it none of them holds, in the fewest prefixes.
std::vector<IpPrefix> uncovered(const IpPrefix& prefix, const MarkedList<IpPrefix>& list);

}  // namespace twinspan::policy
