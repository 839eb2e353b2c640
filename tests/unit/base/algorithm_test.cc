#include "base/algorithm.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace twinspan {
namespace {

TEST(Algorithm, EveryRowIsFoundByIdAndByName) {
  for (const auto& row : all_encryptions()) {
    EXPECT_EQ(find_encryption(row.encryption), &row);
    EXPECT_EQ(find_encryption(std::string_view(row.name)), &row);
  }
  for (const auto& row : all_integrities()) {
    EXPECT_EQ(find_integrity(row.id), &row);
    EXPECT_EQ(find_integrity(std::string_view(row.name)), &row);
  }
  for (const auto& row : all_prfs()) EXPECT_EQ(find_prf(row.id), &row);
  for (const auto& row : all_dh_groups()) {
    EXPECT_EQ(find_dh_group(row.id), &row);
    EXPECT_EQ(find_dh_group(std::string_view(row.name)), &row);
  }
}

TEST(Algorithm, NamesAreThoseOfTheConfiguration) {
  std::set<std::string> encryptions, integrities, groups;
  for (const auto& row : all_encryptions()) encryptions.insert(row.name);
  for (const auto& row : all_integrities()) integrities.insert(row.name);
  for (const auto& row : all_dh_groups()) groups.insert(row.name);
  EXPECT_EQ(encryptions, (std::set<std::string>{"GCMAES128", "GCMAES256", "CHACHA20POLY1305",
                                                "AES128", "AES256"}));
  EXPECT_EQ(integrities, (std::set<std::string>{"SHA256", "SHA384", "SHA512"}));
  EXPECT_EQ(groups, (std::set<std::string>{"DHGroup14", "DHGroup15", "DHGroup16", "ECP256",
                                           "ECP384", "ECP521", "CURVE25519"}));
}

TEST(Algorithm, WhatIsNotInTheTableIsNotFound) {
  EXPECT_EQ(find_encryption(Encryption{EncryptionId::AesGcm16, 192}), nullptr);
  EXPECT_EQ(find_encryption(Encryption{EncryptionId::ChaCha20Poly1305, 128}), nullptr);
  EXPECT_EQ(find_encryption(Encryption{EncryptionId{3}, 192}), nullptr);  // 3DES
  EXPECT_EQ(find_encryption(std::string_view("gcmaes256")), nullptr);
  EXPECT_EQ(find_encryption(std::string_view()), nullptr);
  EXPECT_EQ(find_integrity(IntegrityId::None), nullptr);
  EXPECT_EQ(find_integrity(IntegrityId{2}), nullptr);  // HMAC-SHA-1-96
  EXPECT_EQ(find_integrity(std::string_view("SHA1")), nullptr);
  EXPECT_EQ(find_prf(PrfId{2}), nullptr);
  EXPECT_EQ(find_dh_group(DhGroupId::None), nullptr);
  EXPECT_EQ(find_dh_group(DhGroupId{2}), nullptr);  // 1024-bit MODP
  EXPECT_EQ(find_dh_group(std::string_view("DHGroup2")), nullptr);
}

TEST(Algorithm, EncryptionSizesHangTogether) {
  for (const auto& row : all_encryptions()) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(row.key_size * 8, row.encryption.key_bits);
    if (row.is_aead()) {  // RFC 4106 4 and 8.1, RFC 7634 2.
      EXPECT_EQ(row.salt_size + row.iv_size, 12);
      EXPECT_EQ(row.icv_size, 16);
      EXPECT_EQ(row.block_size, 1);
    } else {  // RFC 3602 3.
      EXPECT_EQ(row.salt_size, 0);
      EXPECT_EQ(row.iv_size, 16);
      EXPECT_EQ(row.block_size, 16);
    }
  }
}

TEST(Algorithm, IntegrityIsTruncatedToHalfAndPrfKeysAreAsLongAsTheOutput) {
  for (const auto& row : all_integrities()) EXPECT_EQ(row.icv_size * 2, row.key_size) << row.name;
  const std::pair<PrfId, int> kPrfSizes[] = {
      {PrfId::HmacSha256, 32}, {PrfId::HmacSha384, 48}, {PrfId::HmacSha512, 64}};
  for (const auto& [id, size] : kPrfSizes) EXPECT_EQ(find_prf(id)->key_size, size);
}

TEST(Algorithm, PublicValuesHaveTheSizesOfTheirRfcs) {
  const std::pair<DhGroupId, int> kSizes[] = {
      {DhGroupId::Modp2048, 256}, {DhGroupId::Modp3072, 384}, {DhGroupId::Modp4096, 512},
      {DhGroupId::Ecp256, 64},    {DhGroupId::Ecp384, 96},    {DhGroupId::Ecp521, 132},
      {DhGroupId::Curve25519, 32}};
  EXPECT_EQ(std::size(kSizes), all_dh_groups().size());
  for (const auto& [id, size] : kSizes) EXPECT_EQ(find_dh_group(id)->public_size, size);
}

}  // namespace
}  // namespace twinspan
