#include "tools/twinspand/credentials.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "policy/shared_keys.h"
#include "tools/twinspand/secret_store.h"
#include "tools/twinspand/wiring.h"

namespace twinspan::tools {
namespace {

using Lines = std::vector<std::string>;

// Reads one tunnel's files; what fails becomes a line.
class Reader {
 public:
  Reader(const KeyFolder& folder, policy::KeyCharacters characters, std::string place,
         Lines& errors)
      : folder_(folder), characters_(characters), place_(std::move(place)), errors_(errors) {}

  TunnelCredentials read(const policy::TunnelPlan& plan) {
    if (plan.certificate) {
      read_certificate(plan, *plan.certificate);
    } else if (plan.raw_key) {
      read_raw_key(*plan.raw_key);
    } else {
      const policy::KeyForm form{plan.psk_encoding, characters_};
      made_.authentication = ike::PskAuthentication{
          .secret = take("shared_key", folder_.read_psk(plan.psk_file, form)),
          .overlap = std::chrono::seconds(plan.previous_key_seconds)};
    }
    if (plan.ppk) read_ppk(plan.ppk->file);
    return std::move(made_);
  }

 private:
  void read_ppk(const std::string& file) {
    made_.ppk = take("ppk", folder_.read_ppk(file));
    if (made_.ppk == nullptr) return;
    for (const policy::KeyFault& fault : policy::faults_of_ppk(made_.ppk->size()))
      made_.warnings.push_back(fmt::format("{}.ppk: {}; {}", place_, fault.message, fault.remedy));
  }

  static constexpr const char* kCertificateField = "certificate_authentication";
  static constexpr const char* kRawKeyField = "raw_public_key_authentication";

  void fail(const char* field, const std::string& what) {
    errors_.push_back(fmt::format("{}.{}: {}", place_, field, what));
  }

  static const std::string& text_of(const std::string& error) { return error; }
  static const std::string& text_of(const KeyFileFault& error) { return error.text; }

  // The value, or an empty one and a line.
  template <class T, class E>
  T take(const char* field, Result<T, E> result) {
    if (result) return *std::move(result);
    fail(field, text_of(result.error()));
    return {};
  }

  // `load` turns the bytes of the file into the object.
  template <class Load>
  auto load_file(const char* field, const std::string& path, KeyFileResult<SecretBytes> file,
                 Load load) -> typename decltype(load(ByteView{}))::value_type {
    if (!file) {
      fail(field, file.error().text);
      return {};
    }
    auto loaded = load(file->view());
    if (loaded) return *std::move(loaded);
    fail(field, fmt::format("{}: {}", path, loaded.error()));
    return {};
  }

  std::shared_ptr<const ike::PrivateKey> read_key(const char* field, const std::string& path) {
    return load_file(field, path, folder_.read_private(path, kKeyFileSizeMax),
                     ike::load_private_key);
  }

  void note_dates(const std::string& path, const std::vector<ike::Validity>& validities) {
    for (const ike::Validity& validity : validities) made_.dated.push_back({path, validity});
  }

  void add_to_store(ike::TrustStoreLoader& loader, const std::string& path, bool is_list) {
    const auto file = folder_.read_public(path, kPublicFileSizeMax);
    if (!file) return fail(kCertificateField, file.error().text);
    const auto added =
        is_list ? loader.add_revocations(file->view()) : loader.add_authorities(file->view());
    if (!added) fail(kCertificateField, fmt::format("{}: {}", path, added.error()));
  }

  std::shared_ptr<const ike::TrustStore> read_store(const policy::CertificatePlan& plan) {
    const size_t faults_before = errors_.size();
    const auto loader = ike::make_trust_store_loader();
    for (const std::string& path : plan.authorities) add_to_store(*loader, path, false);
    for (const std::string& path : plan.revocation_lists) add_to_store(*loader, path, true);
    if (errors_.size() != faults_before) return nullptr;
    auto store = take(kCertificateField, loader->finish());
    if (store != nullptr) note_dates(plan.authorities.front(), store->validities());
    return store;
  }

  void read_certificate(const policy::TunnelPlan& tunnel, const policy::CertificatePlan& plan) {
    ike::CertificateAuthentication own;
    own.trusted = read_store(plan);
    own.peer_common_name = plan.peer_common_name;
    if (auto key = read_key(kCertificateField, plan.private_key)) {
      own.own = load_file(kCertificateField, plan.certificate,
                          folder_.read_public(plan.certificate, kPublicFileSizeMax),
                          [&](ByteView file) { return ike::load_own_certificate(file, key); });
    }
    if (own.own != nullptr) {
      note_dates(plan.certificate, own.own->validities);
      check_own_name(tunnel, plan.certificate, *own.own->leaf);
    }
    made_.authentication = std::move(own);
  }

  // A peer that checks will refuse it; one that does not is no reason to refuse to start.
  void check_own_name(const policy::TunnelPlan& tunnel, const std::string& path,
                      const ike::Certificate& leaf) {
    const ike::Identity own = to_identity(tunnel.local_identity);
    if (leaf.names(own.type, own.value)) return;
    made_.warnings.push_back(fmt::format("{}: {} is for {}, not for local_id {}", path,
                                         leaf.validity().what, leaf.names_text(), own.to_string()));
  }

  void read_raw_key(const policy::RawKeyPlan& plan) {
    ike::RawKeyAuthentication own;
    own.own = read_key(kRawKeyField, plan.private_key);
    own.peer =
        load_file(kRawKeyField, plan.peer_public_key,
                  folder_.read_public(plan.peer_public_key, kKeyFileSizeMax), ike::load_public_key);
    made_.authentication = std::move(own);
  }

  const KeyFolder& folder_;
  policy::KeyCharacters characters_;
  std::string place_;
  Lines& errors_;
  TunnelCredentials made_;
};

std::string date_text(WallTime time) {
  return fmt::format(
      "{:%Y-%m-%d %H:%M} UTC",
      fmt::gmtime(
          std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count()));
}

}  // namespace

Result<std::vector<TunnelCredentials>, Lines> load_credentials(const policy::Plan& plan,
                                                               const std::string& estate_path,
                                                               policy::KeyCharacters characters) {
  const KeyFolder folder = KeyFolder::of_estate(estate_path);
  std::vector<TunnelCredentials> credentials;
  Lines errors;
  for (const policy::TunnelPlan& tunnel : plan.tunnels) {
    const std::string place = fmt::format("{}: connections.{}", estate_path, tunnel.connection);
    credentials.push_back(Reader(folder, characters, place, errors).read(tunnel));
  }
  if (!errors.empty()) return Err(errors);
  return credentials;
}

std::string date_warning(const DatedCredential& credential, WallTime now) {
  const ike::Validity& validity = credential.validity;
  const auto notice = validity.is_revocation_list ? kRevocationListWarning : kCertificateWarning;
  if (now < validity.not_before) {
    return fmt::format("{}: {} is valid only from {} on", credential.file, validity.what,
                       date_text(validity.not_before));
  }
  if (now + notice < validity.not_after) return "";
  return fmt::format("{}: {} {} on {}", credential.file, validity.what,
                     now > validity.not_after ? "expired" : "expires",
                     date_text(validity.not_after));
}

std::vector<std::string> warnings_of(const TunnelCredentials& credentials, WallTime now) {
  std::vector<std::string> warnings = credentials.warnings;
  for (const DatedCredential& credential : credentials.dated) {
    if (std::string text = date_warning(credential, now); !text.empty())
      warnings.push_back(std::move(text));
  }
  return warnings;
}

}  // namespace twinspan::tools
