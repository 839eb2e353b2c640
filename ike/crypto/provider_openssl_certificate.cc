// One certificate by OpenSSL: what it says, and whom it names.
#include "ike/crypto/provider_openssl_x509.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "base/check.h"
#include "base/ip_address.h"

namespace twinspan::ike {
namespace {

constexpr size_t kNameTextMax = 200;
constexpr size_t kNamesShownMax = 8;

std::string printable(const ASN1_STRING* string) {
  const OpenSslHandle<BIO> bio(BIO_new(BIO_s_mem()));
  CHECK(bio != nullptr);
  ASN1_STRING_print_ex(bio.get(), string, ASN1_STRFLGS_RFC2253);
  const char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, std::min<size_t>(static_cast<size_t>(std::max(size, 0L)), kNameTextMax));
}

std::string common_name_of(const X509* certificate) {
  const X509_NAME* const name = X509_get_subject_name(certificate);
  int last = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;) last = at;
  return last < 0 ? "" : printable(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
}

Bytes to_der(const X509* certificate) {
  uint8_t* encoded = nullptr;
  const int size = i2d_X509(certificate, &encoded);
  CHECK(size > 0);
  const OpenSslHandle<uint8_t> owner(encoded);
  return Bytes(encoded, encoded + size);
}

// --- One certificate ---

class OpenSslCertificate final : public Certificate {
 public:
  OpenSslCertificate(OpenSslHandle<X509> certificate, std::shared_ptr<const PublicKey> key)
      : certificate_(std::move(certificate)),
        key_(std::move(key)),
        subject_(subject_of(certificate_.get())),
        common_name_(common_name_of(certificate_.get())),
        validity_(validity_of(certificate_.get(), "certificate")) {}

  const PublicKey& key() const override { return *key_; }
  const std::string& subject() const override { return subject_; }
  const std::string& common_name() const override { return common_name_; }
  const Validity& validity() const override { return validity_; }

  bool names(IdType type, ByteView value) const override {
    const ErrorQueueGuard guard;
    // OpenSSL takes a length of 0 for "measure the string yourself".
    if (value.empty()) return false;
    const char* const text = reinterpret_cast<const char*>(value.data());
    X509* const own = certificate_.get();
    switch (type) {
      case IdType::Fqdn:
        // A leading dot would match every name below it.
        return value[0] != '.' && X509_check_host(own, text, value.size(), kExactly, nullptr) == 1;
      case IdType::Rfc822Address:
        return X509_check_email(own, text, value.size(), kExactly) == 1;
      case IdType::Ipv4Address:
        return value.size() == 4 && X509_check_ip(own, value.data(), value.size(), 0) == 1;
      case IdType::Ipv6Address:
        return value.size() == 16 && X509_check_ip(own, value.data(), value.size(), 0) == 1;
      case IdType::DerDn:
        return is_subject(value);
      case IdType::DerGn:
      case IdType::KeyId:
        break;
    }
    return false;
  }

  std::string names_text() const override {
    const ErrorQueueGuard guard;
    std::vector<std::string> shown;
    auto* const names = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate_.get(), NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && shown.size() < kNamesShownMax; ++i) {
      if (std::string text = general_name_text(sk_GENERAL_NAME_value(names, i)); !text.empty())
        shown.push_back(std::move(text));
    }
    GENERAL_NAMES_free(names);
    return shown.empty() ? "no name but its subject " + subject_
                         : fmt::format("{}", fmt::join(shown, ", "));
  }

 private:
  // RFC 4945 3.1.2: exact, no wildcards, and never the subject's common name.
  static constexpr unsigned kExactly =
      X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

  bool is_subject(ByteView value) const {
    const uint8_t* position = value.data();
    const OpenSslHandle<X509_NAME> name(
        d2i_X509_NAME(nullptr, &position, static_cast<long>(value.size())));
    return name != nullptr && position == value.data() + value.size() &&
           X509_NAME_entry_count(name.get()) > 0 &&
           X509_NAME_cmp(name.get(), X509_get_subject_name(certificate_.get())) == 0;
  }

  static std::string general_name_text(const GENERAL_NAME* name) {
    int type = 0;
    const void* const value = GENERAL_NAME_get0_value(name, &type);
    if (type == GEN_DNS || type == GEN_EMAIL)
      return printable(static_cast<const ASN1_STRING*>(value));
    if (type != GEN_IPADD) return "";
    const auto* const address = static_cast<const ASN1_OCTET_STRING*>(value);
    const uint8_t* const bytes = ASN1_STRING_get0_data(address);
    if (ASN1_STRING_length(address) == 4) return IpAddress::v4(bytes).to_string();
    return ASN1_STRING_length(address) == 16 ? IpAddress::v6(bytes).to_string() : "";
  }

  OpenSslHandle<X509> certificate_;
  std::shared_ptr<const PublicKey> key_;
  std::string subject_, common_name_;
  Validity validity_;
};

}  // namespace

std::string name_text(const X509_NAME* name) {
  const OpenSslHandle<BIO> bio(BIO_new(BIO_s_mem()));
  CHECK(bio != nullptr);
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  const char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  std::string shown(text, static_cast<size_t>(std::max(size, 0L)));
  if (shown.size() > kNameTextMax) shown = shown.substr(0, kNameTextMax) + "...";
  return shown;
}

std::string subject_of(const X509* certificate) {
  return name_text(X509_get_subject_name(certificate));
}

WallTime to_wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return WallTime{};
  return WallTime{std::chrono::seconds(::timegm(&parts))};
}

Validity validity_of(const X509* certificate, const char* role) {
  return {.what = fmt::format("{} {}", role, subject_of(certificate)),
          .not_before = to_wall_time(X509_get0_notBefore(certificate)),
          .not_after = to_wall_time(X509_get0_notAfter(certificate))};
}

OpenSslHandle<X509> parse_der(ByteView der) {
  if (der.size() > kCertificateSizeMax) return nullptr;
  const uint8_t* position = der.data();
  OpenSslHandle<X509> certificate(d2i_X509(nullptr, &position, static_cast<long>(der.size())));
  if (position != der.data() + der.size()) return nullptr;
  return certificate;
}

OpenSslHandle<EVP_PKEY> key_of(const X509* certificate) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  if (key != nullptr) EVP_PKEY_up_ref(key);
  return OpenSslHandle<EVP_PKEY>(key);
}

bool is_self_signed(X509* certificate) {
  return X509_self_signed(certificate, 1) == 1;
}

std::vector<OpenSslHandle<X509>> read_certificates(ByteView file) {
  return read_all<X509>(file, PEM_read_bio_X509, d2i_X509);
}

std::unique_ptr<const Certificate> make_certificate(OpenSslHandle<X509> certificate,
                                                    std::shared_ptr<const PublicKey> key) {
  return std::make_unique<const OpenSslCertificate>(std::move(certificate), std::move(key));
}

Result<std::shared_ptr<const OwnCertificate>, std::string> load_own_certificate(
    ByteView file, std::shared_ptr<const PrivateKey> key) {
  const ErrorQueueGuard guard;
  auto certificates = read_certificates(file);
  if (certificates.empty()) return Err<std::string>("holds no certificate, or a broken one");
  if (certificates.size() > kCertificatesMax)
    return Err<std::string>(fmt::format("more than {} certificates", kCertificatesMax));
  auto own = std::make_shared<OwnCertificate>();
  for (size_t i = 0; i < certificates.size(); ++i) {
    if (i > 0 && is_self_signed(certificates[i].get())) continue;
    own->chain.push_back(to_der(certificates[i].get()));
    own->validities.push_back(validity_of(certificates[i].get(), i == 0 ? "certificate" : "CA"));
    if (own->chain.back().size() > kCertificateSizeMax)
      return Err<std::string>(
          fmt::format("a certificate of more than {} bytes", kCertificateSizeMax));
  }
  TRY_ASSIGN(auto public_key, admit_public_key(key_of(certificates.front().get())));
  if (public_key->info() != key->public_key().info()) {
    return Err<std::string>(fmt::format(
        "{}, its first certificate, is not for the private key; put the gateway's own first",
        subject_of(certificates.front().get())));
  }
  own->leaf = make_certificate(std::move(certificates.front()), std::move(public_key));
  own->key = std::move(key);
  return own;
}

}  // namespace twinspan::ike
