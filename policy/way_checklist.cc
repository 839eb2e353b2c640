#include "policy/way_checklist.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "policy/faults.h"
#include "policy/suggest.h"
#include "policy/transit.h"

namespace twinspan::policy {
namespace {

// What two files list of other networks is judged hop by hop, for the two ends of the way alone.
constexpr std::string_view kListRule = "peer.prefixes";

Faults faults_of(const WayRequest& request) {
  Faults faults = faults_of(request.findings, request.model, request.peer);
  std::erase_if(faults, [](const Fault& fault) { return fault.id == kListRule; });
  return faults;
}

// The steps of one way. What several hops lack, such as BGP of the gateway between them, is told
// once.
class WaySteps {
 public:
  explicit WaySteps(Faults faults) : faults_(std::move(faults)) {}

  bool has_fault(const TransitHop& hop) const {
    return std::ranges::any_of(faults_, [&](const Fault& fault) { return concerns(fault, hop); });
  }

  Checklist walk(const TransitWay& way) {
    is_overlap_told_ = std::ranges::any_of(way.hops, [&](const TransitHop& hop) {
      return std::ranges::any_of(faults_, [&](const Fault& fault) {
        return is_overlap_rule(fault.id) && concerns(fault, hop);
      });
    });
    for (const TransitHop& hop : way.hops) add(way, hop);
    return std::move(list_);
  }

 private:
  void add(const TransitWay& way, const TransitHop& hop) {
    const size_t before = list_.size();
    add_faults(way, hop);
    for (const TransitRefusal& refusal : hop.refusals) {
      if (refusal.is_overlap && is_overlap_told_) continue;
      if (told_.emplace(refusal.object, refusal.field).second) add(hop, CheckResult::Fail, refusal);
    }
    for (const TransitRefusal& condition : hop.conditions)
      add(hop, CheckResult::Unknown, condition);
    if (list_.size() != before || !hop.refusals.empty()) return;
    list_.push_back({.number = 0,
                     .result = CheckResult::Pass,
                     .object = hop.object,
                     .field = hop.field,
                     .message = fmt::format("it leads from {} to {}", hop.from, hop.to)});
  }

  static bool has(const TransitHop& hop, const std::string& object) {
    return std::ranges::find(hop.objects, object) != hop.objects.end();
  }

  static bool concerns(const Fault& fault, const TransitHop& hop) {
    return std::ranges::any_of(fault.objects,
                               [&](const std::string& object) { return has(hop, object); });
  }

  void add(const TransitHop& hop, CheckResult result, const TransitRefusal& refusal) {
    list_.push_back(
        {.number = 0,
         .result = result,
         .object = refusal.object,
         .field = refusal.field,
         .message = fmt::format("from {} to {}: {}", hop.from, hop.to, refusal.reason)});
  }

  // A gateway does not start with an error in its file, and no tunnel comes up between two that
  // disagree.
  void add_faults(const TransitWay& way, const TransitHop& hop) {
    std::erase_if(faults_, [&](const Fault& fault) {
      // It belongs where it has to be mended; the others have a part in it alone.
      const auto is_place = [&](const TransitHop& each) {
        return has(each, fault.objects.front());
      };
      const bool is_here =
          std::ranges::any_of(way.hops, is_place) ? is_place(hop) : concerns(fault, hop);
      if (!is_here) return false;
      told_.emplace(fault.objects.front(), fault.field);
      add(hop, CheckResult::Fail, {fault.objects.front(), fault.field, fault.message});
      return true;
    });
  }

  Faults faults_;
  bool is_overlap_told_ = false;
  std::set<std::pair<std::string, std::string>> told_;
  Checklist list_;
};

Checklist nothing_leads(const TransitMap& map, const std::string& from, const std::string& to) {
  const TransitPlace& place = map.place(from);
  return {{.number = 0,
           .result = CheckResult::Fail,
           .object = place.path,
           .field = std::string(place.prefixes_field()),
           .message = fmt::format("no connections and peerings lead from {} to {}", from, to)}};
}

}  // namespace

Result<Checklist, std::string> way_checklist(const WayRequest& request) {
  const TransitMap map(request.model, request.peer, request.compare_keys);
  for (const std::string_view name : {request.from, request.to}) {
    if (map.resolve(name)) continue;
    return Err<std::string>(
        fmt::format("there is no virtual network or local network gateway {}; {}", in_quotes(name),
                    suggestion(name, map.names())));
  }
  const std::string from = *map.resolve(request.from), to = *map.resolve(request.to);
  if (from == to) {
    const bool is_alias = request.to != to;
    return Err<std::string>(fmt::format("{} is {}both ends of the way", in_quotes(request.to),
                                        is_alias ? to + ": " : ""));
  }
  WaySteps steps(faults_of(request));
  const auto way =
      find_way(map, from, to, [&](const TransitHop& hop) { return steps.has_fault(hop); });
  if (!way) return numbered(nothing_leads(map, from, to));
  return numbered(steps.walk(*way));
}

}  // namespace twinspan::policy
