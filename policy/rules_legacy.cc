// Weak algorithms: refused unless the connection says `legacy: true`, and a warning then.
#include <fmt/format.h>

#include "policy/named_policies.h"
#include "policy/rules.h"

namespace twinspan::policy {
namespace {

constexpr const char* kWhyWeak =
    "SHA-1 and the 1024-bit group 2 are within reach of large attackers, and group 24's origin is "
    "unexplained (RFC 8247)";

// The word of a policy that makes it a legacy one, or nullptr.
const MarkedText* first_legacy_word(const IpsecPolicy& policy) {
  for (const MarkedText* const word : {&policy.ike_integrity, &policy.ike_prf, &policy.dh_group,
                                       &policy.ipsec_integrity, &policy.pfs_group}) {
    if (is_legacy_word(**word)) return word;
  }
  return nullptr;
}

// Where the weak words come from.
SourceMark mark_of_weakness(const Model& model, const Connection& connection) {
  const IpsecPolicy* const policy = policy_of(model, connection);
  if (policy == nullptr || !connection.ipsec_policy) return connection.ipsec_policy_name.mark;
  const MarkedText* const word = first_legacy_word(*policy);
  return word == nullptr ? connection.ipsec_policy_name.mark : word->mark;
}

std::vector<std::string> weak_words(const Model& model, const Connection& connection) {
  if (const IpsecPolicy* const policy = policy_of(model, connection)) {
    const auto suite = suite_of(*policy);
    return suite ? legacy_words(*suite) : std::vector<std::string>{};
  }
  const NamedPolicy* const named = find_named_policy(*connection.ipsec_policy_name);
  return named == nullptr ? std::vector<std::string>{} : legacy_words(named->suite);
}

std::string remedy_of(const Connection& connection) {
  if (!connection.ipsec_policy && *connection.ipsec_policy_name == "azure-default") {
    return "give the connection a custom policy in the cloud and write azure-custom here; or write "
           "legacy: true beside it";
  }
  return "use SHA256 and DHGroup14 or better on both sides; if the peer has nothing better, write "
         "legacy: true beside ipsec_policy";
}

}  // namespace

void check_legacy(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    const auto words = weak_words(model, connection);
    if (words.empty()) {
      if (!*connection.legacy) continue;
      report.warning({connection.legacy.mark,
                      {path_of(connection)},
                      "legacy: true has nothing to admit",
                      "remove it, so that nothing weak comes in later unnoticed"});
      continue;
    }
    const std::string listed = fmt::format("{}", fmt::join(words, ", "));
    const SourceMark mark = mark_of_weakness(model, connection);
    if (*connection.legacy) {
      report.warning({mark,
                      {path_of(connection)},
                      fmt::format("weak algorithms may be agreed with the peer: {}", listed),
                      fmt::format("move the peer to better ones: {}", kWhyWeak)});
    } else {
      report.error({mark,
                    {path_of(connection)},
                    fmt::format("weak algorithms are not admitted: {}", listed),
                    remedy_of(connection)});
    }
  }
}

}  // namespace twinspan::policy
