// Rules about IPsec policies: those of connections and those that have a name.
#include <fmt/format.h>

#include <algorithm>

#include "policy/ipsec_suite.h"
#include "policy/named_policies.h"
#include "policy/rules.h"
#include "policy/suggest.h"

namespace twinspan::policy {
namespace {

constexpr uint64_t kLifetimeSecondsGood = 300;     // The cloud's minimum.
constexpr uint64_t kDataSizeKilobytesGood = 1024;  // Likewise.

struct PlacedPolicy {
  const IpsecPolicy& policy;
  std::string path;
};

// Every policy that is written out, with where it stands.
std::vector<PlacedPolicy> written_policies(const Model& model) {
  std::vector<PlacedPolicy> policies;
  for (const auto& [name, policy] : model.ipsec_policies)
    policies.push_back({policy, path_of(policy)});
  for (const auto& [name, connection] : model.connections) {
    if (connection.ipsec_policy)
      policies.push_back({*connection.ipsec_policy, path_of(connection)});
  }
  return policies;
}

void check_words(const PlacedPolicy& placed, std::string_view use, const MarkedText& encryption,
                 const MarkedText& integrity, RuleReport& report) {
  if (words_fit(*encryption, *integrity)) return;
  const EncryptionProperties* const found = find_encryption(*encryption);
  const bool is_aead = found != nullptr && found->is_aead();
  report.error({integrity.mark,
                {placed.path},
                fmt::format("{}_integrity {} does not fit {}_encryption {}", use, *integrity, use,
                            *encryption),
                is_aead ? fmt::format("{} brings its own integrity: write {} for both", *encryption,
                                      *encryption)
                        : "use SHA256, SHA384 or SHA512"});
}

void check_lifetime(const PlacedPolicy& placed, std::string_view field,
                    const Marked<uint64_t>& seconds, RuleReport& report) {
  if (*seconds >= kLifetimeSecondsGood) return;
  report.warning({seconds.mark,
                  {placed.path},
                  fmt::format("{} is {} s, so keys change all the time", field, *seconds),
                  fmt::format("use {} s or more", kLifetimeSecondsGood)});
}

}  // namespace

void check_policy_names(const Model& model, RuleReport& report) {
  std::vector<std::string_view> known;
  for (const NamedPolicy& named : named_policies()) {
    known.push_back(named.name);
    if (const IpsecPolicy* const policy = find(model.ipsec_policies, named.name)) {
      report.error({policy->mark,
                    {path_of(*policy)},
                    fmt::format("'{}' is built in", named.name),
                    "use another name"});
    }
  }
  for (const auto& [name, policy] : model.ipsec_policies) known.push_back(name);
  for (const auto& [name, connection] : model.connections) {
    const std::string& policy = *connection.ipsec_policy_name;
    if (connection.ipsec_policy || std::ranges::find(known, policy) != known.end()) continue;
    report.error({connection.ipsec_policy_name.mark,
                  {path_of(connection)},
                  fmt::format("there is no IPsec policy {}", in_quotes(policy)),
                  suggestion(policy, known)});
  }
}

void check_policy_words(const Model& model, RuleReport& report) {
  for (const PlacedPolicy& placed : written_policies(model)) {
    check_words(placed, "ike", placed.policy.ike_encryption, placed.policy.ike_integrity, report);
    check_words(placed, "ipsec", placed.policy.ipsec_encryption, placed.policy.ipsec_integrity,
                report);
  }
}

void check_lifetimes(const Model& model, RuleReport& report) {
  for (const PlacedPolicy& placed : written_policies(model)) {
    check_lifetime(placed, "ike_life_time_seconds", placed.policy.ike_life_time_seconds, report);
    check_lifetime(placed, "sa_life_time_seconds", placed.policy.sa_life_time_seconds, report);
    const auto& kilobytes = placed.policy.sa_data_size_kilobytes;
    if (*kilobytes == 0 || *kilobytes >= kDataSizeKilobytesGood) continue;
    report.warning(
        {kilobytes.mark,
         {placed.path},
         fmt::format("sa_data_size_kilobytes is {}, so keys change all the time", *kilobytes),
         fmt::format("use {} or more, or 0 for no limit", kDataSizeKilobytesGood)});
  }
}

}  // namespace twinspan::policy
