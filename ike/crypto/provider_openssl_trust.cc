// Whom to believe, by OpenSSL: the chain above a peer's certificate, and CRLs.
//
// OpenSSL decides about signatures, dates, basic constraints, name constraints, algorithm strength
// (level 2: 112 bits, hence no SHA-1 and no RSA below 2048) and revocation; what RFC 4945 asks of
// an IKE certificate beyond that stands in unfit_for_ike(). Nothing is fetched, whatever a
// certificate names.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "ike/crypto/provider_openssl_x509.h"

namespace twinspan::ike {
namespace {

using Kind = CertificateFault::Kind;

constexpr size_t kCrlsMax = 32;
constexpr int kSecurityLevel = 2;  // Of OpenSSL: 112 bits.

std::string date_text(WallTime time) {
  return fmt::format(
      "{:%Y-%m-%d %H:%M} UTC",
      fmt::gmtime(
          std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count()));
}

// --- What RFC 4945 asks of the certificate of an IKE peer ---

constexpr const char* kIkeIntermediate = "1.3.6.1.5.5.8.2.2";  // Of earlier drafts; still in use.

bool is_usage_for_ike(const ASN1_OBJECT* usage) {
  switch (OBJ_obj2nid(usage)) {
    case NID_anyExtendedKeyUsage:
    case NID_ipsec_IKE:
    case NID_server_auth:
    case NID_client_auth:
      return true;
    default:
      break;
  }
  std::array<char, 64> text{};
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()), usage, 1);
  return std::string_view(text.data()) == kIkeIntermediate;
}

bool has_usage_for_ike(const X509* certificate) {
  int critical = -1;
  auto* const usages = static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate, NID_ext_key_usage, &critical, nullptr));
  // RFC 4945 5.1.3.12: without the extension every use is admitted; -1 says that there is none.
  bool found = usages == nullptr && critical == -1;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usages); ++i)
    found |= is_usage_for_ike(sk_ASN1_OBJECT_value(usages, i));
  EXTENDED_KEY_USAGE_free(usages);
  return found;
}

// The reason against it.
std::optional<std::string> unfit_for_ike(X509* leaf) {
  if ((X509_get_extension_flags(leaf) & EXFLAG_CA) != 0)
    return "it is a CA's and may not speak for a gateway";
  const uint32_t usage = X509_get_key_usage(leaf);  // All bits without the extension.
  if ((usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
    return "its keyUsage admits no signatures";
  if (!has_usage_for_ike(leaf)) return "its extendedKeyUsage is for something else than IKE";
  return std::nullopt;
}

// --- Trust ---

// The words for OpenSSL's reason, and the certificate that it is about.
Kind kind_of(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // By somebody who has only the name of a CA of ours.
      return Kind::UntrustedIssuer;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Kind::Expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Kind::NotYetValid;
    case X509_V_ERR_CERT_REVOKED:
      return Kind::Revoked;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
      return Kind::RevocationUnknown;
    default:
      return Kind::Unfit;
  }
}

using CrlList = std::vector<OpenSslHandle<X509_CRL>>;

std::string revocation_date(const CrlList& lists, X509* certificate) {
  for (const auto& list : lists) {
    X509_REVOKED* entry = nullptr;
    if (X509_NAME_cmp(X509_CRL_get_issuer(list.get()), X509_get_issuer_name(certificate)) == 0 &&
        X509_CRL_get0_by_cert(list.get(), &entry, certificate) != 0)
      return " on " + date_text(to_wall_time(X509_REVOKED_get0_revocationDate(entry)));
  }
  return "";
}

CertificateFault explain(X509_STORE_CTX* context, const CrlList& lists) {
  const int error = X509_STORE_CTX_get_error(context);
  X509* const at = X509_STORE_CTX_get_current_cert(context);
  if (at == nullptr) return {Kind::Unfit, X509_verify_cert_error_string(error)};
  const std::string subject = subject_of(at);
  const std::string issuer = name_text(X509_get_issuer_name(at));
  switch (kind_of(error)) {
    case Kind::UntrustedIssuer:
      return {Kind::UntrustedIssuer,
              fmt::format("{} was issued by {}, which is no CA of ours", subject, issuer)};
    case Kind::Expired:
      return {Kind::Expired, fmt::format("{} expired on {}", subject,
                                         date_text(to_wall_time(X509_get0_notAfter(at))))};
    case Kind::NotYetValid:
      return {Kind::NotYetValid, fmt::format("{} is valid from {} on", subject,
                                             date_text(to_wall_time(X509_get0_notBefore(at))))};
    case Kind::Revoked:
      return {Kind::Revoked,
              fmt::format("{} was revoked by {}{}", subject, issuer, revocation_date(lists, at))};
    case Kind::RevocationUnknown:
      return {Kind::RevocationUnknown,
              fmt::format("{} of {}: {}", subject, issuer, X509_verify_cert_error_string(error))};
    case Kind::Malformed:
    case Kind::Unfit:
      break;
  }
  return {Kind::Unfit, fmt::format("{}: {}", subject, X509_verify_cert_error_string(error))};
}

using OpenSslStack = OpenSslHandle<STACK_OF(X509)>;

class OpenSslTrustStore final : public TrustStore {
 public:
  OpenSslTrustStore(OpenSslHandle<X509_STORE> store, Bytes authorities,
                    std::vector<Validity> validities, CrlList lists)
      : store_(std::move(store)),
        authorities_(std::move(authorities)),
        validities_(std::move(validities)),
        lists_(std::move(lists)) {}

  const Bytes& authorities() const override { return authorities_; }
  const std::vector<Validity>& validities() const override { return validities_; }

  Result<std::unique_ptr<const Certificate>, CertificateFault> check(
      const std::vector<ByteView>& chain, WallTime now) const override {
    const ErrorQueueGuard guard;
    if (chain.empty()) return fault(Kind::Malformed, "the peer sent none");
    if (chain.size() > kCertificatesMax)
      return fault(Kind::Malformed,
                   fmt::format("the peer sent {}, more than {}", chain.size(), kCertificatesMax));
    OpenSslHandle<X509> leaf = parse_der(chain.front());
    if (leaf == nullptr) return fault(Kind::Malformed, "the first one is no certificate");
    auto key = admit_public_key(key_of(leaf.get()));
    if (!key) return fault(Kind::Unfit, fmt::format("{}: {}", subject_of(leaf.get()), key.error()));
    TRY_ASSIGN(const OpenSslStack between, parse_rest(chain));
    TRY(verify(leaf.get(), between.get(), now));
    return make_certificate(std::move(leaf), *std::move(key));
  }

 private:
  static Err<CertificateFault> fault(Kind kind, std::string detail) {
    return Err<CertificateFault>({kind, std::move(detail)});
  }

  static Result<OpenSslStack, CertificateFault> parse_rest(const std::vector<ByteView>& chain) {
    OpenSslStack between(sk_X509_new_null());
    CHECK(between != nullptr);
    for (size_t i = 1; i < chain.size(); ++i) {
      OpenSslHandle<X509> certificate = parse_der(chain[i]);
      if (certificate == nullptr)
        return fault(Kind::Malformed, fmt::format("number {} is no certificate", i + 1));
      CHECK(sk_X509_push(between.get(), certificate.release()) > 0);
    }
    return between;
  }

  Result<void, CertificateFault> verify(X509* leaf, STACK_OF(X509) * between, WallTime now) const {
    const OpenSslHandle<X509_STORE_CTX> context(X509_STORE_CTX_new());
    CHECK(context != nullptr &&
          X509_STORE_CTX_init(context.get(), store_.get(), leaf, between) == 1);
    X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(
        rules, std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    X509_VERIFY_PARAM_set_depth(rules, kIntermediatesMax);
    X509_VERIFY_PARAM_set_auth_level(rules, kSecurityLevel);
    if (!lists_.empty())
      X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    if (X509_verify_cert(context.get()) != 1)
      return Err<CertificateFault>(explain(context.get(), lists_));
    if (auto why = unfit_for_ike(leaf))
      return fault(Kind::Unfit, fmt::format("{}: {}", subject_of(leaf), *why));
    return check_issuers(X509_STORE_CTX_get0_chain(context.get()));
  }

  // OpenSSL also takes a CA for one that says so only by keyUsage or by the lack of extensions.
  static Result<void, CertificateFault> check_issuers(const STACK_OF(X509) * chain) {
    for (int i = 1; i < sk_X509_num(chain); ++i) {
      X509* const issuer = sk_X509_value(chain, i);
      if (X509_check_ca(issuer) != 1)
        return fault(Kind::Unfit, fmt::format("{} is not marked as a CA", subject_of(issuer)));
    }
    return {};
  }

  OpenSslHandle<X509_STORE> store_;
  Bytes authorities_;
  std::vector<Validity> validities_;
  CrlList lists_;
};

class OpenSslTrustStoreLoader final : public TrustStoreLoader {
 public:
  OpenSslTrustStoreLoader() : store_(X509_STORE_new()) { CHECK(store_ != nullptr); }

  Result<void, std::string> add_authorities(ByteView file) override {
    const ErrorQueueGuard guard;
    const auto certificates = read_certificates(file);
    if (certificates.empty()) return Err<std::string>("holds no certificate, or a broken one");
    for (const auto& certificate : certificates) TRY(add(certificate.get()));
    return {};
  }

  Result<void, std::string> add_revocations(ByteView file) override {
    const ErrorQueueGuard guard;
    auto lists = read_all<X509_CRL>(file, PEM_read_bio_X509_CRL, d2i_X509_CRL);
    if (lists.empty()) return Err<std::string>("holds no CRL, or a broken one");
    if (lists_.size() + lists.size() > kCrlsMax)
      return Err<std::string>(fmt::format("more than {} CRLs", kCrlsMax));
    for (auto& list : lists) {
      CHECK(X509_STORE_add_crl(store_.get(), list.get()) == 1);
      validities_.push_back({.what = "CRL of " + name_text(X509_CRL_get_issuer(list.get())),
                             .not_before = to_wall_time(X509_CRL_get0_lastUpdate(list.get())),
                             .not_after = to_wall_time(X509_CRL_get0_nextUpdate(list.get())),
                             .is_revocation_list = true});
      lists_.push_back(std::move(list));
    }
    return {};
  }

  Result<std::shared_ptr<const TrustStore>, std::string> finish() override {
    if (!has_root_) return Err<std::string>("no self-signed CA certificate among them");
    return std::make_shared<const OpenSslTrustStore>(std::move(store_), std::move(authorities_),
                                                     std::move(validities_), std::move(lists_));
  }

 private:
  Result<void, std::string> add(X509* certificate) {
    const std::string subject = subject_of(certificate);
    if (X509_check_ca(certificate) != 1) {
      return Err<std::string>(fmt::format(
          "{} is not marked as a CA (basicConstraints CA:TRUE, keyUsage keyCertSign)", subject));
    }
    if (authorities_.size() / kAuthorityHashSize == kAuthoritiesMax)
      return Err<std::string>(fmt::format("more than {} CAs", kAuthoritiesMax));
    has_root_ |= is_self_signed(certificate);
    CHECK(X509_STORE_add_cert(store_.get(), certificate) == 1);
    validities_.push_back(validity_of(certificate, "CA"));
    const auto key = key_of(certificate);
    uint8_t* encoded = nullptr;
    const int size = key == nullptr ? -1 : i2d_PUBKEY(key.get(), &encoded);
    if (size <= 0) return Err<std::string>(fmt::format("{} has a key of unknown type", subject));
    const OpenSslHandle<uint8_t> owner(encoded);
    std::array<uint8_t, kAuthorityHashSize> hash{};
    CHECK(EVP_Digest(encoded, static_cast<size_t>(size), hash.data(), nullptr, EVP_sha1(),
                     nullptr) == 1);
    authorities_.insert(authorities_.end(), hash.begin(), hash.end());
    return {};
  }

  OpenSslHandle<X509_STORE> store_;
  Bytes authorities_;
  std::vector<Validity> validities_;
  CrlList lists_;
  bool has_root_ = false;
};

}  // namespace

std::unique_ptr<TrustStoreLoader> make_trust_store_loader() {
  return std::make_unique<OpenSslTrustStoreLoader>();
}

}  // namespace twinspan::ike
