// Rules about additional key exchanges (RFC 9370) of connections.
#include <fmt/format.h>

#include <algorithm>

#include "policy/counterparts.h"
#include "policy/ipsec_suite.h"
#include "policy/rules.h"
#include "policy/two_ends.h"
#include "policy/two_offers.h"

namespace twinspan::policy {
namespace {

constexpr size_t kMethodsMax = 7;     // RFC 9370 2.2.1: transform types 6 to 12.
constexpr size_t kProposalsMax = 32;  // Of one SA payload (ike/wire/message.h).

struct Use {
  const Model& model;
  const Connection& connection;
  const AdditionalKeyExchanges& exchanges;
  RuleReport& report;

  void error(const SourceMark& mark, std::string what, std::string remedy) const {
    report.error({mark, {path_of(connection)}, std::move(what), std::move(remedy)});
  }
};

void check_count(const Use& use) {
  const size_t count = use.exchanges.methods->size();
  if (count >= 1 && count <= kMethodsMax) return;
  use.error(use.exchanges.methods.mark, fmt::format("{} additional key exchanges", count),
            count == 0 ? "name one, or remove additional_key_exchanges"
                       : fmt::format("name at most {}", kMethodsMax));
}

// RFC 9370 2.2.1: no two of one SA are alike.
void check_distinct(const Use& use) {
  const auto& methods = *use.exchanges.methods;
  for (size_t i = 0; i < methods.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (*methods[i] != *methods[j]) continue;
      use.error(methods[i].mark, fmt::format("{} stands here twice", *methods[i]),
                "each key exchange method once");
      break;
    }
  }
}

// The methods of the first exchange that the policy admits.
std::vector<DhGroupId> first_methods(const Use& use) {
  std::vector<DhGroupId> found;
  const auto suite = policy_suite_of(use.model, use.connection);
  if (!suite) return found;
  for (const IkeProposal& proposal : suite->ike_proposals) found.push_back(proposal.group);
  for (const EspProposal& proposal : suite->esp_proposals) found.push_back(proposal.pfs_group);
  return found;
}

void check_methods(const Use& use) {
  const std::vector<DhGroupId> first = first_methods(use);
  for (const MarkedText& word : *use.exchanges.methods) {
    if (find_kem(*word) != nullptr && !kHasMlKem) {
      use.error(
          word.mark,
          fmt::format("{} needs OpenSSL 3.5 or later, and this twinspand has an older one", *word),
          "leave it out, or build with OpenSSL 3.5");
    }
    const DhGroupProperties* const group = find_dh_group(*word);
    if (group == nullptr || std::ranges::find(first, group->id) == first.end()) continue;
    use.error(word.mark,
              fmt::format("{} is the first key exchange already: once more adds nothing", *word),
              "name another method, or an ipsec_policy with another group");
  }
}

// Where they are optional, every combination is offered twice.
void check_size(const Use& use) {
  const auto suite = suite_of(use.model, use.connection);
  if (!suite ||
      std::max(suite->ike_proposals.size(), suite->esp_proposals.size()) <= kProposalsMax) {
    return;
  }
  use.error(use.exchanges.required.mark,
            fmt::format("with and without them there are more than {} combinations to offer",
                        kProposalsMax),
            "set required: true, or name an ipsec_policy with fewer combinations");
}

}  // namespace

void check_additional_key_exchanges(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  for (const auto& [name, connection] : model.connections) {
    if (connection.additional_key_exchanges) {
      const Use use{model, connection, *connection.additional_key_exchanges, report};
      check_count(use);
      check_distinct(use);
      check_methods(use);
      check_size(use);
    }
    const Connection* const back = counterparts.counterpart_of(connection);
    if (back != nullptr && counterparts.is_reported_by(connection, *back))
      compare_key_exchanges({{model, connection}, {model, *back}}, report);
  }
}

}  // namespace twinspan::policy
