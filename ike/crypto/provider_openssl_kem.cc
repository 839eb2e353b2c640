// ML-KEM by OpenSSL's EVP interface for key encapsulation. The calls are those of any OpenSSL 3;
// the algorithm itself is found from 3.5 on.
#include <openssl/err.h>
#include <openssl/evp.h>

#include <utility>

#include "base/check.h"
#include "ike/crypto/provider_openssl.h"

namespace twinspan::ike {
namespace {

constexpr size_t kSharedSize = 32;  // FIPS 203: of every parameter set.

struct OpenSslDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
template <class T>
using Handle = std::unique_ptr<T, OpenSslDeleter>;

const char* algorithm_of(DhGroupId kem) {
  switch (kem) {
    case DhGroupId::MlKem512:
      return "ML-KEM-512";
    case DhGroupId::MlKem768:
      return "ML-KEM-768";
    case DhGroupId::MlKem1024:
      return "ML-KEM-1024";
    default:
      return nullptr;
  }
}

Handle<EVP_PKEY_CTX> context_of(EVP_PKEY* key) {
  Handle<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  CHECK(context != nullptr);
  return context;
}

class KemExchange final : public DhExchange {
 public:
  KemExchange(const KemProperties& kem, Handle<EVP_PKEY> key)
      : kem_(kem), key_(std::move(key)), public_value_(kem.public_size) {
    size_t size = public_value_.size();
    CHECK(EVP_PKEY_get_raw_public_key(key_.get(), public_value_.data(), &size) == 1);
    CHECK(size == public_value_.size());
  }

  DhGroupId group() const override { return kem_.id; }
  const Bytes& public_value() const override { return public_value_; }

  // FIPS 203 6.3: a ciphertext of the right size that nobody made for this key yields a secret that
  // the sender does not have.
  std::optional<SecretBytes> compute(ByteView ciphertext) override {
    if (ciphertext.size() != kem_.ciphertext_size) return std::nullopt;
    const auto context = context_of(key_.get());
    SecretBytes shared(kSharedSize);
    size_t size = shared.size();
    if (EVP_PKEY_decapsulate_init(context.get(), nullptr) != 1 ||
        EVP_PKEY_decapsulate(context.get(), shared.data(), &size, ciphertext.data(),
                             ciphertext.size()) != 1) {
      ERR_clear_error();
      return std::nullopt;
    }
    CHECK(size == kSharedSize);
    return shared;
  }

 private:
  const KemProperties& kem_;
  Handle<EVP_PKEY> key_;
  Bytes public_value_;
};

}  // namespace

std::unique_ptr<DhExchange> make_openssl_kem(DhGroupId kem) {
  const char* const algorithm = algorithm_of(kem);
  if (algorithm == nullptr) return nullptr;
  Handle<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, algorithm));
  if (key == nullptr) {
    ERR_clear_error();
    return nullptr;
  }
  return std::make_unique<KemExchange>(*find_kem(kem), std::move(key));
}

std::optional<AnsweredDh> answer_openssl_kem(DhGroupId kem, ByteView public_key) {
  const char* const algorithm = algorithm_of(kem);
  if (algorithm == nullptr || public_key.size() != find_kem(kem)->public_size) return std::nullopt;
  // FIPS 203 7.2: OpenSSL checks the modulus of what it takes in.
  const Handle<EVP_PKEY> key(EVP_PKEY_new_raw_public_key_ex(nullptr, algorithm, nullptr,
                                                            public_key.data(), public_key.size()));
  if (key == nullptr) {
    ERR_clear_error();
    return std::nullopt;
  }
  const auto context = context_of(key.get());
  AnsweredDh answered{Bytes(find_kem(kem)->ciphertext_size), SecretBytes(kSharedSize)};
  size_t ciphertext_size = answered.public_value.size(), shared_size = kSharedSize;
  if (EVP_PKEY_encapsulate_init(context.get(), nullptr) != 1 ||
      EVP_PKEY_encapsulate(context.get(), answered.public_value.data(), &ciphertext_size,
                           answered.shared.data(), &shared_size) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  CHECK(ciphertext_size == answered.public_value.size() && shared_size == kSharedSize);
  return answered;
}

}  // namespace twinspan::ike
