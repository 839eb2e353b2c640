#include "tests/support/test_pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <array>
#include <map>

#include "base/check.h"

namespace twinspan::ike {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(ASN1_TIME* time) const { ASN1_TIME_free(time); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

EVP_PKEY* generate(TestKey key) {
  switch (key) {
    case TestKey::Ed25519:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    case TestKey::Ed448:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448");
    case TestKey::P256:
      return EVP_EC_gen("P-256");
    case TestKey::P384:
      return EVP_EC_gen("P-384");
    case TestKey::P521:
      return EVP_EC_gen("P-521");
    case TestKey::Rsa1024:
      return EVP_RSA_gen(1024);
    case TestKey::Rsa2048:
      return EVP_RSA_gen(2048);
    case TestKey::Rsa3072:
      return EVP_RSA_gen(3072);
  }
  CHECK(false);
}

bool is_rsa(TestKey key) {
  return key == TestKey::Rsa1024 || key == TestKey::Rsa2048 || key == TestKey::Rsa3072;
}

// RSA keys take long to make: two of each size are used in turn.
Handle<EVP_PKEY> make_key(TestKey key) {
  if (!is_rsa(key)) return Handle<EVP_PKEY>(generate(key));
  static std::map<TestKey, std::array<Handle<EVP_PKEY>, 2>> made;
  static size_t turn = 0;
  Handle<EVP_PKEY>& slot = made[key][++turn % 2];
  if (slot == nullptr) slot.reset(generate(key));
  EVP_PKEY_up_ref(slot.get());
  return Handle<EVP_PKEY>(slot.get());
}

time_t seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string text_of(BIO* bio) {
  const char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return std::string(text, static_cast<size_t>(size));
}

template <class Write>
std::string written(Write write) {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  CHECK(write(bio.get()) == 1);
  return text_of(bio.get());
}

// Ed25519 and Ed448 hash by themselves.
const EVP_MD* digest_for(EVP_PKEY* key, const std::string& name) {
  const bool hashes_itself = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
  return hashes_itself ? nullptr : EVP_get_digestbyname(name.c_str());
}

void add_extension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
  if (value.empty()) return;
  const Handle<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str()));
  CHECK(extension != nullptr);
  CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

long next_serial() {
  static long serial = 1000;
  return ++serial;
}

Handle<X509> parse(const std::string& pem) {
  const Handle<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Handle<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  CHECK(certificate != nullptr);
  return certificate;
}

}  // namespace

struct TestIdentity::Inside {
  Handle<EVP_PKEY> key;
  Handle<X509> certificate;
};

namespace {

Handle<X509> make_certificate(const CertificateSpec& spec, EVP_PKEY* key, X509* issuer,
                              EVP_PKEY* issuer_key) {
  Handle<X509> certificate(X509_new());
  X509* const own = certificate.get();
  X509_set_version(own, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(own), next_serial());
  ASN1_TIME_set(X509_getm_notBefore(own), seconds_of(spec.not_before));
  ASN1_TIME_set(X509_getm_notAfter(own), seconds_of(spec.not_after));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(own), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const uint8_t*>(spec.common_name.c_str()), -1, -1, 0);
  X509* const above = issuer == nullptr ? own : issuer;
  X509_set_issuer_name(own, X509_get_subject_name(above));
  X509_set_pubkey(own, key);
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, above, own, nullptr, nullptr, 0);
  add_extension(own, &context, NID_basic_constraints, spec.basic_constraints);
  add_extension(own, &context, NID_key_usage, spec.key_usage);
  add_extension(own, &context, NID_ext_key_usage, spec.extended_key_usage);
  add_extension(own, &context, NID_subject_alt_name, spec.names);
  CHECK(X509_sign(own, issuer_key, digest_for(issuer_key, spec.digest)) > 0);
  return certificate;
}

}  // namespace

CertificateSpec authority_spec(const std::string& common_name) {
  return {.common_name = common_name,
          .not_before = kTestNow - 10 * kTestYear,
          .not_after = kTestNow + 10 * kTestYear,
          .basic_constraints = "critical,CA:TRUE",
          .key_usage = "critical,keyCertSign,cRLSign"};
}

TestIdentity::TestIdentity(const CertificateSpec& spec) : inside_(std::make_unique<Inside>()) {
  inside_->key = make_key(spec.key);
  EVP_PKEY* const key = inside_->key.get();
  inside_->certificate = make_certificate(spec, key, nullptr, key);
  encode();
}

TestIdentity::TestIdentity(const CertificateSpec& spec, const TestIdentity& issuer)
    : inside_(std::make_unique<Inside>()) {
  inside_->key = make_key(spec.key);
  inside_->certificate = make_certificate(
      spec, inside_->key.get(), issuer.inside_->certificate.get(), issuer.inside_->key.get());
  encode();
}

void TestIdentity::encode() {
  X509* const own = inside_->certificate.get();
  certificate_ = written([own](BIO* bio) { return PEM_write_bio_X509(bio, own); });
  der_ = to_bytes(as_bytes(written([own](BIO* bio) { return i2d_X509_bio(bio, own); })));
}

TestIdentity::~TestIdentity() = default;
TestIdentity::TestIdentity(TestIdentity&&) noexcept = default;

std::string TestIdentity::key() const {
  return written([this](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, inside_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string TestIdentity::public_key() const {
  return written([this](BIO* bio) { return PEM_write_bio_PUBKEY(bio, inside_->key.get()); });
}

std::string TestIdentity::locked_key(const std::string& passphrase) const {
  return written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, inside_->key.get(), EVP_aes_256_cbc(),
                                    reinterpret_cast<const uint8_t*>(passphrase.data()),
                                    static_cast<int>(passphrase.size()), nullptr, nullptr);
  });
}

std::string TestIdentity::crl(const CrlSpec& spec) const {
  const Handle<X509_CRL> list(X509_CRL_new());
  X509_CRL_set_version(list.get(), 1);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(inside_->certificate.get()));
  const Handle<ASN1_TIME> this_update(ASN1_TIME_set(nullptr, seconds_of(spec.this_update)));
  const Handle<ASN1_TIME> next_update(ASN1_TIME_set(nullptr, seconds_of(spec.next_update)));
  X509_CRL_set1_lastUpdate(list.get(), this_update.get());
  X509_CRL_set1_nextUpdate(list.get(), next_update.get());
  for (const std::string& pem : spec.revoked) {
    X509_REVOKED* const entry = X509_REVOKED_new();
    const Handle<X509> certificate = parse(pem);
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.get()));
    X509_REVOKED_set_revocationDate(entry, this_update.get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  X509_CRL_sort(list.get());
  EVP_PKEY* const key = inside_->key.get();
  CHECK(X509_CRL_sign(list.get(), key, digest_for(key, "SHA256")) > 0);
  return written([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list.get()); });
}

std::shared_ptr<const TrustStore> trust(const std::vector<std::string>& authorities,
                                        const std::vector<std::string>& crls) {
  const auto loader = make_trust_store_loader();
  for (const std::string& pem : authorities)
    CHECK(loader->add_authorities(as_bytes(pem)).has_value());
  for (const std::string& pem : crls) CHECK(loader->add_revocations(as_bytes(pem)).has_value());
  auto made = loader->finish();
  CHECK(made.has_value());
  return *std::move(made);
}

std::shared_ptr<const PrivateKey> private_key(const TestIdentity& identity) {
  auto key = load_private_key(as_bytes(identity.key()));
  CHECK(key.has_value());
  return *std::move(key);
}

std::shared_ptr<const PublicKey> public_key(const TestIdentity& identity) {
  auto key = load_public_key(as_bytes(identity.public_key()));
  CHECK(key.has_value());
  return *std::move(key);
}

std::shared_ptr<const OwnCertificate> own_certificate(const TestIdentity& identity,
                                                      const std::string& between) {
  auto own =
      load_own_certificate(as_bytes(identity.certificate() + between), private_key(identity));
  CHECK(own.has_value());
  return *std::move(own);
}

}  // namespace twinspan::ike
