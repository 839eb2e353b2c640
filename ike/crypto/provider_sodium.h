// What libsodium does for IKE: X25519 (RFC 7748, RFC 8031) and random bytes. Control thread only.
#pragma once

#include <memory>

#include "base/random.h"
#include "ike/crypto/provider.h"

namespace twinspan::ike {

// Must be called before anything else of this header; may be called again.
void start_sodium();

class SodiumRandom final : public RandomSource {
 public:
  void fill(ByteSpan out) override;
};

std::unique_ptr<DhExchange> make_x25519(RandomSource& random);
std::unique_ptr<DhExchange> make_x25519(ByteView private_key);  // nullptr unless 32 bytes.

}  // namespace twinspan::ike
