#include "policy/ipsec_suite.h"

#include <gtest/gtest.h>

#include "policy/named_policies.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

IpsecPolicy with_words(std::string encryption, std::string integrity) {
  IpsecPolicy policy = model_of(kGoodEstate).ipsec_policies.at("named");
  policy.ike_encryption.value = policy.ipsec_encryption.value = std::move(encryption);
  policy.ike_integrity.value = policy.ipsec_integrity.value = std::move(integrity);
  return policy;
}

TEST(IpsecSuite, StrongIsAesGcmWithPfsAndTheCloudsLifetimes) {
  const IpsecSuite& suite = find_named_policy("strong")->suite;
  const IkeProposal ike{
      {EncryptionId::AesGcm16, 256}, IntegrityId::None, PrfId::HmacSha384, DhGroupId::Ecp384};
  const EspProposal esp{{EncryptionId::AesGcm16, 256}, IntegrityId::None, DhGroupId::Ecp384, true};
  EXPECT_EQ(suite.ike_proposals, std::vector{ike});
  EXPECT_EQ(suite.esp_proposals, std::vector{esp});
  EXPECT_EQ(suite.ike_lifetime_seconds, 28800u);
  EXPECT_EQ(suite.sa_lifetime_seconds, 27000u);
  EXPECT_EQ(suite.sa_data_size_kilobytes, 102400000u);
}

TEST(IpsecSuite, AMappingIsTakenWordByWord) {
  const Model model = model_of(kGoodEstate);
  const auto suite = suite_of(model, model.connections.at("a-to-branch"));
  ASSERT_TRUE(suite.has_value());
  const IkeProposal ike{{EncryptionId::AesCbc, 256},
                        IntegrityId::HmacSha256_128,
                        PrfId::HmacSha512,
                        DhGroupId::Modp2048};
  const EspProposal esp{{EncryptionId::AesGcm16, 128}, IntegrityId::None, DhGroupId::None, false};
  EXPECT_EQ(suite->ike_proposals, std::vector{ike});
  EXPECT_EQ(suite->esp_proposals, std::vector{esp});
  EXPECT_EQ(suite->ike_lifetime_seconds, 3600u);
  EXPECT_EQ(suite->sa_lifetime_seconds, 1800u);
  EXPECT_EQ(suite->sa_data_size_kilobytes, 0u);
  EXPECT_EQ(suite->sa_life_packets, 0u);
}

TEST(IpsecSuite, APacketLimitIsTakenWhenThereIsOne) {
  const Model model = model_of(replaced(kGoodEstate, "sa_data_size_kilobytes: 0",
                                        "sa_data_size_kilobytes: 0\n      sa_life_packets: 5000"));
  const auto suite = suite_of(model, model.connections.at("a-to-branch"));
  ASSERT_TRUE(suite.has_value());
  EXPECT_EQ(suite->sa_life_packets, 5000u);
}

TEST(IpsecSuite, ThePrfFollowsFromTheIntegrityOrTheAead) {
  EXPECT_EQ(suite_of(with_words("AES128", "SHA512"))->ike_proposals[0].prf, PrfId::HmacSha512);
  EXPECT_EQ(suite_of(with_words("AES256", "SHA256"))->ike_proposals[0].prf, PrfId::HmacSha256);
  EXPECT_EQ(suite_of(with_words("GCMAES128", "GCMAES128"))->ike_proposals[0].prf,
            PrfId::HmacSha256);
  EXPECT_EQ(suite_of(with_words("GCMAES256", "GCMAES256"))->ike_proposals[0].prf,
            PrfId::HmacSha384);
  EXPECT_EQ(suite_of(with_words("CHACHA20POLY1305", "CHACHA20POLY1305"))->ike_proposals[0].prf,
            PrfId::HmacSha384);
}

TEST(IpsecSuite, WordsThatDoNotFitMakeNoSuite) {
  EXPECT_FALSE(suite_of(with_words("GCMAES256", "GCMAES128")).has_value());
  EXPECT_FALSE(suite_of(with_words("GCMAES256", "SHA256")).has_value());
  EXPECT_FALSE(suite_of(with_words("AES256", "GCMAES256")).has_value());
  EXPECT_FALSE(suite_of(with_words("DES", "SHA256")).has_value());
}

TEST(IpsecSuite, ANamedPolicyIsFoundAndAnUnknownOneIsNot) {
  const Model model = model_of(estate_with({{"ipsec_policy: strong", "ipsec_policy: named"}}));
  const auto suite = suite_of(model, model.connections.at("a-to-b"));
  ASSERT_TRUE(suite.has_value());
  EXPECT_EQ(suite->ike_proposals[0].group, DhGroupId::Curve25519);
  const Model unknown = model_of(estate_with({{"ipsec_policy: strong", "ipsec_policy: nameless"}}));
  EXPECT_FALSE(suite_of(unknown, unknown.connections.at("a-to-b")).has_value());
}

}  // namespace
}  // namespace twinspan::policy
