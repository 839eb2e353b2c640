#include "policy/ipsec_suite.h"

#include <algorithm>

#include "policy/named_policies.h"

namespace twinspan::policy {
namespace {

std::optional<IntegrityId> integrity_of(std::string_view encryption, std::string_view integrity) {
  if (!words_fit(encryption, integrity)) return std::nullopt;
  const IntegrityProperties* const found = find_integrity(integrity);
  return found == nullptr ? IntegrityId::None : found->id;
}

PrfId prf_named(std::string_view word) {
  for (const PrfProperties& prf : all_prfs()) {
    if (word == prf.name) return prf.id;
  }
  return PrfId::HmacSha384;
}

PrfId prf_of(const IpsecPolicy& policy, const Encryption& encryption) {
  if (policy.ike_prf.is_set) return prf_named(*policy.ike_prf);
  if (find_integrity(*policy.ike_integrity) != nullptr) return prf_named(*policy.ike_integrity);
  return encryption.key_bits == 128 ? PrfId::HmacSha256 : PrfId::HmacSha384;
}

DhGroupId group_named(std::string_view word) {
  const DhGroupProperties* const found = find_dh_group(word);
  return found == nullptr ? DhGroupId::None : found->id;
}

}  // namespace

bool words_fit(std::string_view encryption, std::string_view integrity) {
  const EncryptionProperties* const found = find_encryption(encryption);
  if (found == nullptr) return false;
  return found->is_aead() ? integrity == encryption : find_integrity(integrity) != nullptr;
}

std::optional<IpsecSuite> suite_of(const IpsecPolicy& policy) {
  const auto ike_integrity = integrity_of(*policy.ike_encryption, *policy.ike_integrity);
  const auto esp_integrity = integrity_of(*policy.ipsec_encryption, *policy.ipsec_integrity);
  const DhGroupId dh_group = group_named(*policy.dh_group);
  if (!ike_integrity || !esp_integrity || dh_group == DhGroupId::None) return std::nullopt;
  const Encryption ike_encryption = find_encryption(*policy.ike_encryption)->encryption;
  const Encryption esp_encryption = find_encryption(*policy.ipsec_encryption)->encryption;
  return IpsecSuite{
      .ike_proposals = {{.encryption = ike_encryption,
                         .integrity = *ike_integrity,
                         .prf = prf_of(policy, ike_encryption),
                         .group = dh_group}},
      .esp_proposals = {{.encryption = esp_encryption,
                         .integrity = *esp_integrity,
                         .pfs_group = group_named(*policy.pfs_group),
                         .esn = *policy.esn}},
      .ike_lifetime_seconds = *policy.ike_life_time_seconds,
      .sa_lifetime_seconds = *policy.sa_life_time_seconds,
      .sa_data_size_kilobytes = *policy.sa_data_size_kilobytes,
      .sa_life_packets = *policy.sa_life_packets,
  };
}

const IpsecPolicy* policy_of(const Model& model, const Connection& connection) {
  if (connection.ipsec_policy) return &*connection.ipsec_policy;
  return find(model.ipsec_policies, *connection.ipsec_policy_name);
}

std::vector<std::string> legacy_words(const IpsecSuite& suite) {
  std::vector<std::string> words;
  const auto note = [&words](const auto* properties) {
    if (properties == nullptr || !properties->is_legacy) return;
    if (std::ranges::find(words, properties->name) == words.end())
      words.emplace_back(properties->name);
  };
  for (const IkeProposal& proposal : suite.ike_proposals) {
    note(find_integrity(proposal.integrity));
    note(find_prf(proposal.prf));
    note(find_dh_group(proposal.group));
  }
  for (const EspProposal& proposal : suite.esp_proposals) {
    note(find_integrity(proposal.integrity));
    note(find_dh_group(proposal.pfs_group));
  }
  return words;
}

bool is_legacy_word(std::string_view word) {
  const IntegrityProperties* const integrity = find_integrity(word);
  const DhGroupProperties* const group = find_dh_group(word);
  return (integrity != nullptr && integrity->is_legacy) || (group != nullptr && group->is_legacy);
}

namespace {

// Whoever can do without is offered, and takes, the combinations without behind all others.
template <class Proposal>
void extend(std::vector<Proposal>& proposals, const std::vector<DhGroupId>& methods,
            bool is_required) {
  const std::vector<Proposal> plain = proposals;
  for (Proposal& proposal : proposals) {
    if constexpr (requires { proposal.pfs_group; }) {
      if (proposal.pfs_group == DhGroupId::None) continue;
    }
    proposal.additional = methods;
  }
  if (is_required) return;
  for (const Proposal& proposal : plain) {
    if (std::ranges::find(proposals, proposal) == proposals.end()) proposals.push_back(proposal);
  }
}

void add_key_exchanges(const AdditionalKeyExchanges& more, IpsecSuite& suite) {
  std::vector<DhGroupId> methods;
  for (const MarkedText& word : *more.methods) {
    const KemProperties* const kem = find_kem(*word);
    methods.push_back(kem != nullptr ? kem->id : group_named(*word));
  }
  extend(suite.ike_proposals, methods, *more.required);
  extend(suite.esp_proposals, methods, *more.required);
}

}  // namespace

std::optional<IpsecSuite> policy_suite_of(const Model& model, const Connection& connection) {
  std::optional<IpsecSuite> suite;
  if (const IpsecPolicy* const policy = policy_of(model, connection)) {
    suite = suite_of(*policy);
  } else if (const NamedPolicy* const named = find_named_policy(*connection.ipsec_policy_name)) {
    suite = named->suite;
  }
  if (suite && !*connection.legacy && !legacy_words(*suite).empty()) return std::nullopt;
  return suite;
}

std::optional<IpsecSuite> suite_of(const Model& model, const Connection& connection) {
  auto suite = policy_suite_of(model, connection);
  if (suite && connection.additional_key_exchanges)
    add_key_exchanges(*connection.additional_key_exchanges, *suite);
  return suite;
}

}  // namespace twinspan::policy
