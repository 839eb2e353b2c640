// A Provider for the simulator: deterministic from a seed, cheap, and with the properties that the
// protocol relies on (equal secrets at both ends, a tag that any changed bit breaks). Not secure.
#pragma once

#include <deque>
#include <random>

#include "ike/crypto/provider.h"

namespace twinspan::ike {

class FakeCrypto : public Provider {
 public:
  explicit FakeCrypto(uint64_t seed) : random_(seed) {}

  void fill(ByteSpan out) override;
  std::unique_ptr<DhExchange> make_dh(DhGroupId group) override;
  std::optional<AnsweredDh> answer_dh(DhGroupId group, ByteView peer_public_value) override;
  SecretBytes prf(PrfId id, ByteView key, std::initializer_list<ByteView> parts) override;
  Bytes hmac(IntegrityId id, ByteView key, std::initializer_list<ByteView> parts) override;
  Bytes sha1(std::initializer_list<ByteView> parts) override;
  Bytes encrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                ByteView plaintext) override;
  std::optional<Bytes> decrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                               ByteView ciphertext) override;

  // The first byte of the next 32-byte fills (nonces): a test decides collisions with it.
  void force_nonce(uint8_t first_byte) { forced_.push_back(first_byte); }

 private:
  std::mt19937_64 random_;
  std::deque<uint8_t> forced_;
};

// `size` bytes that depend on every byte of `key` and `parts`.
Bytes fake_hash(ByteView key, std::initializer_list<ByteView> parts, size_t size);

}  // namespace twinspan::ike
