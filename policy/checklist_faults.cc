#include "policy/checklist_faults.h"

#include <algorithm>
#include <set>

namespace twinspan::policy {
namespace {

// Of both ends, and the peerings of the list.
std::set<std::string> known_objects(const End& own, std::span<const End> backs,
                                    const Checklist& list) {
  std::set<std::string> known;
  const auto add = [&](const End& end) {
    const TwoEnds ends{own, end};
    for (const std::string& object : objects_of(end)) known.insert(ends.back_path(object));
  };
  add(own);
  for (const End& back : backs) add(back);
  for (const CheckItem& item : list) {
    if (item.object.starts_with("peerings.")) known.insert(item.object);
  }
  return known;
}

// "shared_key" of "shared_key.file"
std::string_view first_part(std::string_view field) {
  return field.substr(0, field.find('.'));
}

bool is_same_field(std::string_view a, std::string_view b) {
  return a.empty() || b.empty() || first_part(a) == first_part(b);
}

bool is_told(const Fault& fault, const Checklist& list) {
  return std::ranges::any_of(list, [&](const CheckItem& item) {
    if (item.result != CheckResult::Fail) return false;
    if (item.message.starts_with(fault.message)) return true;
    // The first step is about all that overlaps.
    if (is_overlap_rule(fault.id)) return &item == &list.front();
    const bool is_there = std::ranges::find(fault.objects, item.object) != fault.objects.end();
    return is_there && is_same_field(item.field, fault.field);
  });
}

}  // namespace

void add_fault_steps(const Faults& faults, const End& own, std::span<const End> backs,
                     Checklist& list) {
  const std::set<std::string> known = known_objects(own, backs, list);
  for (const Fault& fault : faults) {
    const std::string& object = fault.objects.front();
    if (!known.contains(object) || is_told(fault, list)) continue;
    const auto passed = std::ranges::find_if(list, [&](const CheckItem& item) {
      return item.result == CheckResult::Pass && item.object == object &&
             item.field == fault.field && !fault.field.empty();
    });
    CheckItem& item = passed != list.end() ? *passed : list.emplace_back();
    item = {.number = 0,
            .result = CheckResult::Fail,
            .object = object,
            .field = fault.field,
            .message = fault.message};
  }
}

}  // namespace twinspan::policy
