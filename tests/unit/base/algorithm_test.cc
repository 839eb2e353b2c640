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
  EXPECT_EQ(encryptions, (std::set<std::string>{"GCMAES128", "GCMAES192", "GCMAES256",
                                                "CHACHA20POLY1305", "AES128", "AES192", "AES256"}));
  EXPECT_EQ(integrities, (std::set<std::string>{"SHA1", "SHA256", "SHA384", "SHA512"}));
  EXPECT_EQ(groups,
            (std::set<std::string>{"DHGroup2", "DHGroup14", "DHGroup15", "DHGroup16", "DHGroup24",
                                   "ECP256", "ECP384", "ECP521", "CURVE25519"}));
}

TEST(Algorithm, LegacyIsSha1AndTheTwoWeakGroupsAndNothingElse) {
  std::set<std::string> legacy;
  for (const auto& row : all_integrities()) {
    if (row.is_legacy) legacy.insert(row.name);
  }
  for (const auto& row : all_prfs()) {
    if (row.is_legacy) legacy.insert(std::string("PRF ") + row.name);
  }
  for (const auto& row : all_dh_groups()) {
    if (row.is_legacy) legacy.insert(row.name);
  }
  EXPECT_EQ(legacy, (std::set<std::string>{"SHA1", "PRF SHA1", "DHGroup2", "DHGroup24"}));
}

TEST(Algorithm, WhatIsNotInTheTableIsNotFound) {
  EXPECT_EQ(find_encryption(Encryption{EncryptionId::AesGcm16, 200}), nullptr);
  EXPECT_EQ(find_encryption(Encryption{EncryptionId::ChaCha20Poly1305, 128}), nullptr);
  EXPECT_EQ(find_encryption(Encryption{EncryptionId{3}, 192}), nullptr);  // 3DES
  EXPECT_EQ(find_encryption(std::string_view("gcmaes256")), nullptr);
  EXPECT_EQ(find_encryption(std::string_view()), nullptr);
  EXPECT_EQ(find_integrity(IntegrityId::None), nullptr);
  EXPECT_EQ(find_integrity(IntegrityId{1}), nullptr);  // HMAC-MD5-96
  EXPECT_EQ(find_integrity(std::string_view("MD5")), nullptr);
  EXPECT_EQ(find_prf(PrfId{1}), nullptr);  // HMAC-MD5
  EXPECT_EQ(find_dh_group(DhGroupId::None), nullptr);
  EXPECT_EQ(find_dh_group(DhGroupId{1}), nullptr);  // 768-bit MODP
  EXPECT_EQ(find_dh_group(DhGroupId{5}), nullptr);  // 1536-bit MODP
  EXPECT_EQ(find_dh_group(std::string_view("DHGroup1")), nullptr);
}

// FIPS 203, table 3.
TEST(Algorithm, KemsHaveTheirOwnTableAndTwoSizes) {
  const std::tuple<DhGroupId, std::string_view, int, int> kSizes[] = {
      {DhGroupId{35}, "MLKEM512", 800, 768},
      {DhGroupId{36}, "MLKEM768", 1184, 1088},
      {DhGroupId{37}, "MLKEM1024", 1568, 1568}};
  EXPECT_EQ(std::size(kSizes), all_kems().size());
  for (const auto& [id, name, public_size, ciphertext_size] : kSizes) {
    const KemProperties* const kem = find_kem(id);
    ASSERT_NE(kem, nullptr);
    EXPECT_EQ(find_kem(name), kem);
    EXPECT_EQ(find_dh_group(id), nullptr);
    EXPECT_EQ(key_exchange_name(id), name);
    EXPECT_EQ(kem->public_size, public_size);
    EXPECT_EQ(kem->ciphertext_size, ciphertext_size);
  }
  EXPECT_EQ(find_kem(DhGroupId::Curve25519), nullptr);
  EXPECT_EQ(find_kem(std::string_view("MLKEM")), nullptr);
  EXPECT_STREQ(key_exchange_name(DhGroupId::Curve25519), "CURVE25519");
  EXPECT_EQ(key_exchange_name(DhGroupId{34}), nullptr);
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

TEST(Algorithm, Sha2IsTruncatedToHalfSha1To96BitsAndPrfKeysAreAsLongAsTheOutput) {
  for (const auto& row : all_integrities()) {
    const bool is_sha1 = row.id == IntegrityId::HmacSha1_96;
    EXPECT_EQ(row.icv_size, is_sha1 ? 12 : row.key_size / 2) << row.name;  // RFC 2404, RFC 4868.
  }
  const std::pair<PrfId, int> kPrfSizes[] = {{PrfId::HmacSha1, 20},
                                             {PrfId::HmacSha256, 32},
                                             {PrfId::HmacSha384, 48},
                                             {PrfId::HmacSha512, 64}};
  for (const auto& [id, size] : kPrfSizes) EXPECT_EQ(find_prf(id)->key_size, size);
}

TEST(Algorithm, PublicValuesHaveTheSizesOfTheirRfcs) {
  const std::pair<DhGroupId, int> kSizes[] = {
      {DhGroupId::Modp1024, 128}, {DhGroupId::Modp2048_256, 256}, {DhGroupId::Modp2048, 256},
      {DhGroupId::Modp3072, 384}, {DhGroupId::Modp4096, 512},     {DhGroupId::Ecp256, 64},
      {DhGroupId::Ecp384, 96},    {DhGroupId::Ecp521, 132},       {DhGroupId::Curve25519, 32}};
  EXPECT_EQ(std::size(kSizes), all_dh_groups().size());
  for (const auto& [id, size] : kSizes) EXPECT_EQ(find_dh_group(id)->public_size, size);
}

}  // namespace
}  // namespace twinspan
