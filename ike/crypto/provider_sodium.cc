#include "ike/crypto/provider_sodium.h"

#include <sodium.h>

#include "base/check.h"

namespace twinspan::ike {
namespace {

constexpr size_t kKeySize = crypto_scalarmult_curve25519_BYTES;
static_assert(kKeySize == 32 && crypto_scalarmult_curve25519_SCALARBYTES == 32);

class X25519Exchange final : public DhExchange {
 public:
  explicit X25519Exchange(SecretBytes scalar)
      : scalar_(std::move(scalar)), public_value_(kKeySize) {
    CHECK(scalar_.size() == kKeySize);
    CHECK(crypto_scalarmult_curve25519_base(public_value_.data(), scalar_.data()) == 0);
  }

  DhGroupId group() const override { return DhGroupId::Curve25519; }
  const Bytes& public_value() const override { return public_value_; }

  // RFC 8031 4, RFC 7748 6.1: an all-zero result means a point of small order; libsodium refuses
  // it.
  std::optional<SecretBytes> compute(ByteView peer_public_value) override {
    if (peer_public_value.size() != kKeySize) return std::nullopt;
    SecretBytes secret(kKeySize);
    if (crypto_scalarmult_curve25519(secret.data(), scalar_.data(), peer_public_value.data()) !=
        0) {
      return std::nullopt;
    }
    return secret;
  }

 private:
  SecretBytes scalar_;  // Clamped by each use (RFC 7748 5).
  Bytes public_value_;
};

}  // namespace

void start_sodium() {
  CHECK(sodium_init() >= 0);
}

void SodiumRandom::fill(ByteSpan out) {
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

std::unique_ptr<DhExchange> make_x25519(RandomSource& random) {
  SecretBytes scalar(kKeySize);
  random.fill(scalar.span());
  return std::make_unique<X25519Exchange>(std::move(scalar));
}

std::unique_ptr<DhExchange> make_x25519(ByteView private_key) {
  if (private_key.size() != kKeySize) return nullptr;
  return std::make_unique<X25519Exchange>(SecretBytes(private_key));
}

}  // namespace twinspan::ike
