#include "policy/named_policies.h"

#include <algorithm>
#include <initializer_list>

namespace twinspan::policy {
namespace {

// The cloud's defaults for route-based gateways.
constexpr uint64_t kIkeLifetimeSeconds = 28800;
constexpr uint64_t kAzureSaLifetimeSeconds = 27000;
constexpr uint64_t kAzureSaDataSizeKilobytes = 102400000;
constexpr uint64_t kAwsSaLifetimeSeconds = 3600;

constexpr Encryption kGcmAes256 = {EncryptionId::AesGcm16, 256};
constexpr Encryption kGcmAes128 = {EncryptionId::AesGcm16, 128};
constexpr Encryption kAes256 = {EncryptionId::AesCbc, 256};
constexpr Encryption kAes128 = {EncryptionId::AesCbc, 128};

struct IkeCipher {
  Encryption encryption;
  IntegrityId integrity;
  PrfId prf;
};
struct EspCipher {
  Encryption encryption;
  IntegrityId integrity;
};

constexpr auto kNone = IntegrityId::None;
constexpr auto kSha1 = IntegrityId::HmacSha1_96;
constexpr auto kSha256 = IntegrityId::HmacSha256_128;
constexpr auto kSha384 = IntegrityId::HmacSha384_192;

// Every cipher with every group, the cipher deciding first.
std::vector<IkeProposal> combine(std::initializer_list<IkeCipher> ciphers,
                                 std::initializer_list<DhGroupId> groups) {
  std::vector<IkeProposal> proposals;
  for (const IkeCipher& cipher : ciphers) {
    for (const DhGroupId group : groups)
      proposals.push_back({cipher.encryption, cipher.integrity, cipher.prf, group});
  }
  return proposals;
}

std::vector<EspProposal> combine(std::initializer_list<EspCipher> ciphers,
                                 std::initializer_list<DhGroupId> groups, bool esn) {
  std::vector<EspProposal> proposals;
  for (const EspCipher& cipher : ciphers) {
    for (const DhGroupId group : groups)
      proposals.push_back({cipher.encryption, cipher.integrity, group, esn});
  }
  return proposals;
}

NamedPolicy strong() {
  return {.name = kStrongPolicyName,
          .doc = "another Twinspan, or a peer that you configure to match",
          .suite = {.ike_proposals =
                        combine({{kGcmAes256, kNone, PrfId::HmacSha384}}, {DhGroupId::Ecp384}),
                    .esp_proposals = combine({{kGcmAes256, kNone}}, {DhGroupId::Ecp384}, true),
                    .ike_lifetime_seconds = kIkeLifetimeSeconds,
                    .sa_lifetime_seconds = kAzureSaLifetimeSeconds,
                    .sa_data_size_kilobytes = kAzureSaDataSizeKilobytes}};
}

// Group 2 is the only one that the cloud's default policy has, so nothing of it is without a weak
// algorithm; it has no PFS and no ESN.
NamedPolicy azure_default() {
  return {.name = "azure-default",
          .doc = "an Azure connection without a custom policy",
          .suite = {.ike_proposals = combine({{kAes256, kSha256, PrfId::HmacSha256},
                                              {kAes256, kSha1, PrfId::HmacSha1},
                                              {kAes128, kSha256, PrfId::HmacSha256},
                                              {kAes128, kSha1, PrfId::HmacSha1}},
                                             {DhGroupId::Modp1024}),
                    .esp_proposals = combine({{kGcmAes256, kNone},
                                              {kAes256, kSha256},
                                              {kAes256, kSha1},
                                              {kAes128, kSha256},
                                              {kAes128, kSha1}},
                                             {DhGroupId::None}, false),
                    .ike_lifetime_seconds = kIkeLifetimeSeconds,
                    .sa_lifetime_seconds = kAzureSaLifetimeSeconds,
                    .sa_data_size_kilobytes = kAzureSaDataSizeKilobytes}};
}

NamedPolicy azure_custom() {
  return {
      .name = "azure-custom",
      .doc = "an Azure connection with a custom policy of good algorithms",
      .suite = {
          .ike_proposals = combine({{kGcmAes256, kNone, PrfId::HmacSha384},
                                    {kGcmAes256, kNone, PrfId::HmacSha256},
                                    {kAes256, kSha384, PrfId::HmacSha384},
                                    {kAes256, kSha256, PrfId::HmacSha256}},
                                   {DhGroupId::Ecp384, DhGroupId::Ecp256, DhGroupId::Modp2048}),
          .esp_proposals = combine(
              {{kGcmAes256, kNone}, {kAes256, kSha256}},
              {DhGroupId::Ecp384, DhGroupId::Ecp256, DhGroupId::Modp2048, DhGroupId::None}, false),
          .ike_lifetime_seconds = kIkeLifetimeSeconds,
          .sa_lifetime_seconds = kAzureSaLifetimeSeconds,
          .sa_data_size_kilobytes = kAzureSaDataSizeKilobytes}};
}

// Its end takes the lowest value that both have, so what is weak is not in the list.
NamedPolicy aws() {
  return {
      .name = "aws",
      .doc = "an AWS Site-to-Site VPN tunnel with its default options",
      .suite = {
          .ike_proposals = combine({{kGcmAes256, kNone, PrfId::HmacSha384},
                                    {kGcmAes128, kNone, PrfId::HmacSha256},
                                    {kAes256, kSha256, PrfId::HmacSha256},
                                    {kAes128, kSha256, PrfId::HmacSha256}},
                                   {DhGroupId::Ecp384, DhGroupId::Ecp256, DhGroupId::Modp2048}),
          .esp_proposals = combine(
              {{kGcmAes256, kNone}, {kGcmAes128, kNone}, {kAes256, kSha256}, {kAes128, kSha256}},
              {DhGroupId::Ecp384, DhGroupId::Ecp256, DhGroupId::Modp2048}, false),
          .ike_lifetime_seconds = kIkeLifetimeSeconds,
          .sa_lifetime_seconds = kAwsSaLifetimeSeconds,
          .sa_data_size_kilobytes = 0}};
}

}  // namespace

std::span<const NamedPolicy> named_policies() {
  static const NamedPolicy policies[] = {strong(), azure_default(), azure_custom(), aws()};
  return policies;
}

const NamedPolicy* find_named_policy(std::string_view name) {
  const auto policies = named_policies();
  const auto found = std::ranges::find(policies, name, &NamedPolicy::name);
  return found == policies.end() ? nullptr : &*found;
}

}  // namespace twinspan::policy
