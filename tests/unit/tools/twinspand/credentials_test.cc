#include "tools/twinspand/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/test_pki.h"

namespace twinspan::tools {
namespace {

using ike::kTestNow;
using ike::TestIdentity;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Credentials : public testing::Test {
 protected:
  Credentials() : folder_(testing::TempDir() + "credentials-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_);
    tunnel_.connection = "a-to-b";
    tunnel_.local_identity = {policy::IdentityType::Fqdn, "gw-a.example.net"};
  }
  ~Credentials() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const std::string path = folder_ + "/" + name;
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }

  void use_certificate(const ike::CertificateSpec& spec = {.common_name = "gw-a",
                                                           .names = "DNS:gw-a.example.net"}) {
    const TestIdentity own(spec, root_);
    tunnel_.certificate =
        policy::CertificatePlan{.certificate = write("own.pem", own.certificate(), 0644),
                                .private_key = write("own.key", own.key()),
                                .authorities = {write("root.pem", root_.certificate(), 0644)}};
  }

  Result<std::vector<TunnelCredentials>, std::vector<std::string>> load(
      policy::KeyCharacters characters = policy::KeyCharacters::Any) {
    policy::Plan plan;
    plan.tunnels = {tunnel_};
    return load_credentials(plan, "e.yaml", characters);
  }
  std::vector<std::string> errors() {
    const auto loaded = load();
    return loaded ? std::vector<std::string>{} : loaded.error();
  }

  std::string folder_;
  policy::TunnelPlan tunnel_;
  TestIdentity root_{ike::authority_spec("Root")};
};

TEST_F(Credentials, OfAPreSharedKeyWithItsOverlap) {
  tunnel_.psk_file = write("a-b.psk", "correct horse\n");
  tunnel_.previous_key_seconds = 60;
  const auto loaded = load();
  ASSERT_TRUE(loaded.has_value());
  const auto& psk = std::get<ike::PskAuthentication>(loaded->front().authentication);
  EXPECT_EQ(psk.secret->size(), 13u);
  EXPECT_EQ(psk.overlap, 60s);
  EXPECT_THAT(warnings_of(loaded->front(), kTestNow), IsEmpty());
}

TEST_F(Credentials, OfAPreSharedKeyInItsEncoding) {
  tunnel_.psk_file = write("a-b.psk", "AP8=\n");
  tunnel_.psk_encoding = policy::KeyEncoding::Base64;
  const auto loaded = load();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(std::get<ike::PskAuthentication>(loaded->front().authentication).secret->size(), 2u);
}

TEST_F(Credentials, AKeyThatTheCloudDoesNotTakeIsRefusedWithItsSku) {
  tunnel_.psk_file = write("a-b.psk", "correct horse\n");
  EXPECT_TRUE(load(policy::KeyCharacters::Any).has_value());
  const auto refused = load(policy::KeyCharacters::OfTheCloud);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error(), ElementsAre(HasSubstr("a-b.psk: it has characters that the cloud")));
}

TEST_F(Credentials, AShortPostQuantumKeyIsWarnedOf) {
  tunnel_.psk_file = write("a-b.psk", "k");
  tunnel_.ppk = policy::PpkPlan{.id = "quantum", .file = write("a-b.ppk", std::string(32, 'q'))};
  auto loaded = load();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->front().ppk->size(), 32u);
  EXPECT_THAT(warnings_of(loaded->front(), kTestNow), IsEmpty());
  write("a-b.ppk", "short\n");
  loaded = load();
  ASSERT_TRUE(loaded.has_value()) << "it is the operator's to decide";
  EXPECT_THAT(warnings_of(loaded->front(), kTestNow),
              ElementsAre(HasSubstr("connections.a-to-b.ppk: 5 bytes are too few")));
}

TEST_F(Credentials, OfACertificateWithEverythingThatExpires) {
  use_certificate();
  tunnel_.certificate->revocation_lists = {write("root.crl", root_.crl({}), 0644)};
  const auto loaded = load();
  ASSERT_TRUE(loaded.has_value()) << errors().front();
  EXPECT_EQ(loaded->front().dated.size(), 3u);
  EXPECT_THAT(warnings_of(loaded->front(), kTestNow), IsEmpty());
  const auto& own = std::get<ike::CertificateAuthentication>(loaded->front().authentication);
  EXPECT_EQ(own.own->chain.size(), 1u);
}

TEST_F(Credentials, OfRawKeys) {
  const TestIdentity own({}), peer({.key = ike::TestKey::P256});
  tunnel_.raw_key =
      policy::RawKeyPlan{write("own.key", own.key()), write("peer.pub", peer.public_key(), 0644)};
  const auto loaded = load();
  ASSERT_TRUE(loaded.has_value()) << errors().front();
  const auto& raw = std::get<ike::RawKeyAuthentication>(loaded->front().authentication);
  EXPECT_EQ(raw.peer->kind(), "ECDSA P-256");
  EXPECT_EQ(raw.own->public_key().kind(), "Ed25519");
}

TEST_F(Credentials, EachFaultIsNamedWithItsPlaceAndFile) {
  use_certificate();
  write("own.pem", "junk");
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("e.yaml: connections.a-to-b.certificate_"
                                              "authentication: " +
                                              folder_ + "/own.pem: holds no certificate")));
  write("own.key", "junk");
  write("root.pem", "junk");
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("root.pem"), HasSubstr("own.key")));
  use_certificate();
  write("own.key", TestIdentity({}).key());
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("is not for the private key")));
  use_certificate();
  tunnel_.certificate->revocation_lists = {folder_ + "/absent.crl"};
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("absent.crl: No such file")));
}

TEST_F(Credentials, APrivateKeyThatOthersMayReadIsRefused) {
  use_certificate();
  ::chmod((folder_ + "/own.key").c_str(), 0640);
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("chmod 600")));
}

TEST_F(Credentials, ACertificateThatDoesNotNameUsIsWarnedOf) {
  use_certificate({.common_name = "gw-a", .names = "DNS:other.example.net"});
  const auto loaded = load();
  ASSERT_TRUE(loaded.has_value());
  EXPECT_THAT(
      warnings_of(loaded->front(), kTestNow),
      ElementsAre(HasSubstr("is for other.example.net, not for local_id gw-a.example.net")));
}

TEST(DateWarning, ComesThirtyDaysBeforeTheEndOfACertificate) {
  const DatedCredential own{"own.pem",
                            {"certificate CN=gw-a", kTestNow, kTestNow + hours(24 * 90)}};
  EXPECT_EQ(date_warning(own, kTestNow + hours(24 * 59)), "");
  EXPECT_EQ(date_warning(own, kTestNow + hours(24 * 61)),
            "own.pem: certificate CN=gw-a expires on 2026-08-26 20:26 UTC");
  EXPECT_EQ(date_warning(own, kTestNow + hours(24 * 91)),
            "own.pem: certificate CN=gw-a expired on 2026-08-26 20:26 UTC");
  EXPECT_EQ(date_warning(own, kTestNow - hours(1)),
            "own.pem: certificate CN=gw-a is valid only from 2026-05-28 20:26 UTC on");
}

TEST(DateWarning, ComesTwoDaysBeforeTheEndOfARevocationList) {
  const DatedCredential list{"root.crl",
                             {"CRL of CN=Root", kTestNow, kTestNow + hours(24 * 7), true}};
  EXPECT_EQ(date_warning(list, kTestNow + hours(24 * 4)), "");
  EXPECT_THAT(date_warning(list, kTestNow + hours(24 * 6)), HasSubstr("expires on"));
}

}  // namespace
}  // namespace twinspan::tools
