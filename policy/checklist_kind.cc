#include "policy/checklist_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "policy/older_ike.h"
#include "policy/pairing.h"

namespace twinspan::policy {
namespace {

constexpr std::string_view kRules[] = {"gateway.kind", "gateway.policy-based", "gateway.sku",
                                       "network.classic", "connection.protocol"};
constexpr std::string_view kPairRules[] = {"peer.classic"};
// Those that refuse a connection for the sake of a gateway's vpn_type.
constexpr std::string_view kTypeRules[] = {"gateway.policy-based", "network.classic",
                                           "peer.classic"};

bool is_one_of(std::string_view id, std::span<const std::string_view> rules) {
  return std::ranges::find(rules, id) != rules.end();
}

class KindSteps {
 public:
  KindSteps(const End& own, std::span<const End> backs) : own_(own), backs_(backs) {
    know(own);
    for (const End& back : backs) know(back);
    if (const auto* const other = counterpart_gateway(own.model, own.connection))
      gateways_.emplace(path_of(*other), other);
  }

  Checklist find() {
    for (const Rule& rule : all_rules()) {
      if (!is_one_of(rule.id, kRules)) continue;
      RuleReport report(own_.model, rule.id);
      rule.check(own_.model, report);
      std::ranges::move(report.take(), std::back_inserter(findings_));
    }
    for (const End& back : backs_) compare(back);
    // What is said of this very connection tells more than what is said of a gateway.
    std::ranges::stable_partition(findings_, is_about_connection);
    for (const Finding& finding : findings_) add(finding);
    return std::move(list_);
  }

 private:
  std::string shown(const End& end, const std::string& path) const {
    return TwoEnds{own_, end}.back_path(path);
  }

  void know(const End& end) {
    connections_.insert(shown(end, path_of(end.connection)));
    const auto* const gateway = local_gateway(end.model, end.connection);
    if (gateway != nullptr) gateways_.emplace(shown(end, path_of(*gateway)), gateway);
  }

  // Of what two files say.
  void compare(const End& back) {
    if (&back.model == &own_.model) return;
    const TwoEnds ends{own_, back};
    if (const auto older = older_ike_of(back))
      fail({shown(back, older->place.object), older->place.field, {}},
           fmt::format("{}; {}", older->message, older->remedy));
    const CompareKeys no_keys = nullptr;
    const Counterparts counterparts(own_.model);
    for (const PairRule& rule : all_pair_rules()) {
      if (!is_one_of(rule.id, kPairRules)) continue;
      RuleReport report(own_.model, rule.id);
      rule.check(ends, {no_keys, counterparts, AstrayGateways()}, report);
      std::ranges::move(report.take(), std::back_inserter(findings_));
    }
  }

  static bool is_connection(std::string_view object) {
    return object.substr(object.rfind(':') + 1).starts_with("connections.");
  }
  static bool is_about_connection(const Finding& finding) {
    return std::ranges::any_of(finding.objects, is_connection);
  }

  bool concerns(const Finding& finding) const {
    const bool is_ours = std::ranges::any_of(
        finding.objects, [&](const auto& object) { return connections_.contains(object); });
    if (is_about_connection(finding)) return is_ours;
    return std::ranges::any_of(finding.objects,
                               [&](const auto& object) { return gateways_.contains(object); });
  }

  // Of what is not written a finding has no field.
  static std::string field_of(const Finding& finding) {
    if (!finding.field.empty() || finding.id != "gateway.sku") return finding.field;
    return is_connection(finding.objects.front()) ? "ipsec_policy" : "sku";
  }

  void add(const Finding& finding) {
    if (finding.severity != Severity::Error || !concerns(finding)) return;
    const std::string message = fmt::format("{}; {}", finding.message, finding.remedy);
    if (is_one_of(finding.id, kTypeRules)) {
      for (const std::string& object : finding.objects) {
        const auto found = gateways_.find(object);
        if (found == gateways_.end() || !found->second->is_policy_based()) continue;
        return fail({object, "vpn_type", {}}, message);
      }
    }
    fail({finding.objects.front(), field_of(finding), {}}, message);
  }

  void fail(FieldPlace place, std::string message) {
    if (!told_.emplace(place.object, place.field).second) return;
    list_.push_back({.number = 0,
                     .result = CheckResult::Fail,
                     .object = std::move(place.object),
                     .field = std::move(place.field),
                     .message = std::move(message)});
  }

  const End& own_;
  std::span<const End> backs_;
  std::set<std::string> connections_;
  std::map<std::string, const VirtualNetworkGateway*> gateways_;  // By their names in findings.
  std::set<std::pair<std::string, std::string>> told_;
  Findings findings_;
  Checklist list_;
};

}  // namespace

void add_kind_steps(const End& own, std::span<const End> backs, Checklist& list) {
  std::ranges::move(KindSteps(own, backs).find(), std::back_inserter(list));
}

}  // namespace twinspan::policy
