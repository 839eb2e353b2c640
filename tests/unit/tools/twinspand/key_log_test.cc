#include "tools/twinspand/key_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace twinspan::tools {
namespace {

EspKeys keys(size_t encryption, size_t integrity) {
  return {SecretBytes(Bytes(encryption, 0xab)), SecretBytes(Bytes(integrity, 0xcd))};
}

std::string repeat(const std::string& text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) result += text;
  return result;
}

TEST(KeyLog, EspLineOfAesGcmHasTheSaltBehindTheKeyAndNoIntegrity) {
  const std::string line =
      esp_sa_line(*IpAddress::parse("192.0.2.1"), *IpAddress::parse("192.0.2.2"), Spi{0x1234},
                  {.encryption = {EncryptionId::AesGcm16, 256}}, keys(36, 0));
  EXPECT_EQ(line,
            "\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x00001234\",\"AES-GCM with 16 octet ICV "
            "[RFC4106]\",\"0x" +
                repeat("ab", 36) + "\",\"NULL\",\"\"");
}

TEST(KeyLog, EspLineOfCbcNamesItsIntegrity) {
  const std::string line = esp_sa_line(
      *IpAddress::parse("2001:db8::1"), *IpAddress::parse("2001:db8::2"), Spi{0xdeadbeef},
      {.encryption = {EncryptionId::AesCbc, 128}, .integrity = IntegrityId::HmacSha256_128},
      keys(16, 32));
  EXPECT_EQ(line,
            "\"IPv6\",\"2001:db8::1\",\"2001:db8::2\",\"0xdeadbeef\",\"AES-CBC [RFC3602]\",\"0x" +
                repeat("ab", 16) + "\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x" + repeat("cd", 32) +
                "\"");
}

TEST(KeyLog, IkeLineIsBareHex) {
  ike::EventIkeKeys event;
  event.initiator_spi = {0x0102030405060708};
  event.responder_spi = {0x1112131415161718};
  event.suite = {.encryption = {EncryptionId::AesGcm16, 256}};
  event.keys.ei = SecretBytes(Bytes(36, 0xee));
  event.keys.er = SecretBytes(Bytes(36, 0xff));
  EXPECT_EQ(ikev2_decryption_table_line(event),
            "0102030405060708,1112131415161718," + repeat("ee", 36) + "," + repeat("ff", 36) +
                ",\"AES-GCM-256 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"");
}

TEST(KeyLog, FilesArePrivateAndHoldBothDirections) {
  const std::string directory = testing::TempDir() + "keylog-" + std::to_string(::getpid());
  auto log = KeyLog::open(directory);
  ASSERT_TRUE(log.has_value());
  SaPairParams params;
  params.inbound_keys = keys(36, 0);
  params.outbound_keys = keys(36, 0);
  params.inbound_spi = {1};
  params.outbound_spi = {2};
  (*log)->write(params);
  struct stat status{};
  ASSERT_EQ(::stat((directory + "/esp_sa").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  std::stringstream content;
  content << std::ifstream(directory + "/esp_sa").rdbuf();
  EXPECT_NE(content.str().find("0x00000001"), std::string::npos);
  EXPECT_NE(content.str().find("0x00000002"), std::string::npos);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace twinspan::tools
