// Keys, certificates and CRLs for tests, made while they run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ike/core/authentication_config.h"

namespace twinspan::ike {

enum class TestKey : uint8_t { Ed25519, P256, P384, P521, Rsa2048, Rsa3072, Rsa1024, Ed448 };
inline constexpr TestKey kAdmittedKeys[] = {TestKey::Ed25519, TestKey::P256,    TestKey::P384,
                                            TestKey::P521,    TestKey::Rsa2048, TestKey::Rsa3072};

// What tests take for the present, and the default validity around it.
inline constexpr WallTime kTestNow{std::chrono::seconds(1'780'000'000)};
inline constexpr auto kTestYear = std::chrono::hours(24 * 365);

struct CertificateSpec {
  std::string common_name = "gw";
  std::string names = "";  // "DNS:a.example.net,IP:192.0.2.1": of subjectAltName; empty: none.
  TestKey key = TestKey::Ed25519;
  WallTime not_before = kTestNow - kTestYear;
  WallTime not_after = kTestNow + kTestYear;
  std::string basic_constraints = "critical,CA:FALSE";  // Empty: none; so below.
  std::string key_usage = "digitalSignature";
  std::string extended_key_usage = "";
  std::string digest = "SHA256";  // Of the issuer's signature; of no account with Ed25519.
};

// The specification of a CA.
CertificateSpec authority_spec(const std::string& common_name);

struct CrlSpec {
  std::vector<std::string> revoked;  // Certificates in PEM.
  WallTime this_update = kTestNow - std::chrono::hours(1);
  WallTime next_update = kTestNow + std::chrono::hours(24 * 7);
};

// A key with its certificate, which may issue others.
class TestIdentity {
 public:
  struct Inside;  // OpenSSL's.

  // Signed by itself.
  explicit TestIdentity(const CertificateSpec& spec);
  // Signed by `issuer`.
  TestIdentity(const CertificateSpec& spec, const TestIdentity& issuer);
  ~TestIdentity();
  TestIdentity(TestIdentity&&) noexcept;

  const std::string& certificate() const { return certificate_; }  // PEM
  const Bytes& der() const { return der_; }
  std::string key() const;         // PEM, without a passphrase.
  std::string public_key() const;  // PEM
  std::string locked_key(const std::string& passphrase) const;
  std::string crl(const CrlSpec& spec) const;  // PEM

 private:
  void encode();

  std::unique_ptr<Inside> inside_;
  std::string certificate_;
  Bytes der_;
};

// --- What is loaded from it; a failure to load is a failed CHECK ---

std::shared_ptr<const TrustStore> trust(const std::vector<std::string>& authorities,
                                        const std::vector<std::string>& crls = {});
std::shared_ptr<const PrivateKey> private_key(const TestIdentity& identity);
std::shared_ptr<const PublicKey> public_key(const TestIdentity& identity);
// With the certificates that stand between it and the root.
std::shared_ptr<const OwnCertificate> own_certificate(const TestIdentity& identity,
                                                      const std::string& between = "");

}  // namespace twinspan::ike
