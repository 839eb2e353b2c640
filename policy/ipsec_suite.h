// An IPsec policy's words to proposals and lifetimes.
#pragma once

#include <optional>

#include "policy/connection.h"
#include "policy/model.h"

namespace twinspan::policy {

struct IpsecSuite {
  std::vector<IkeProposal> ike_proposals;
  std::vector<EspProposal> esp_proposals;
  uint64_t ike_lifetime_seconds = 0;
  uint64_t sa_lifetime_seconds = 0;
  uint64_t sa_data_size_kilobytes = 0;
  uint64_t sa_life_packets = 0;
};

// nullopt when the words do not fit together (policy/validate.h says how).
std::optional<IpsecSuite> suite_of(const IpsecPolicy& policy);

// The policy that a connection names or holds; nullptr for the built-in one and for an unknown
// name.
const IpsecPolicy* policy_of(const Model& model, const Connection& connection);

// What its policy says. nullopt when the connection names no known policy, one whose words do not
// fit together, or one with legacy words that the connection does not admit.
std::optional<IpsecSuite> policy_suite_of(const Model& model, const Connection& connection);

// The same with the connection's additional key exchanges in each combination; where they are not
// required, the combinations without them follow.
std::optional<IpsecSuite> suite_of(const Model& model, const Connection& connection);

// The weak algorithms among the proposals, each once: "SHA1", "DHGroup2".
std::vector<std::string> legacy_words(const IpsecSuite& suite);
bool is_legacy_word(std::string_view word);

// An encryption word and its integrity word agree: equal with an AEAD, else a hash.
bool words_fit(std::string_view encryption, std::string_view integrity);

}  // namespace twinspan::policy
