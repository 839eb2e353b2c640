// The Provider of the daemon: joins OpenSSL and libsodium, each primitive from exactly one of them
// (README.md has the table).
#include "ike/crypto/provider_openssl.h"
#include "ike/crypto/provider_sodium.h"

namespace twinspan::ike {
namespace {

class SystemProvider final : public Provider {
 public:
  SystemProvider() { start_sodium(); }

  void fill(ByteSpan out) override { random_.fill(out); }

  std::unique_ptr<DhExchange> make_dh(DhGroupId group) override {
    if (group == DhGroupId::Curve25519) return make_x25519(random_);
    if (find_kem(group) != nullptr) return make_openssl_kem(group);
    return make_openssl_dh(group, random_);
  }
  std::optional<AnsweredDh> answer_dh(DhGroupId group, ByteView peer_public_value) override {
    if (find_kem(group) != nullptr) return answer_openssl_kem(group, peer_public_value);
    return Provider::answer_dh(group, peer_public_value);
  }
  SecretBytes prf(PrfId id, ByteView key, std::initializer_list<ByteView> parts) override {
    return symmetric_.prf(id, key, parts);
  }
  Bytes hmac(IntegrityId id, ByteView key, std::initializer_list<ByteView> parts) override {
    return symmetric_.hmac(id, key, parts);
  }
  Bytes sha1(std::initializer_list<ByteView> parts) override { return symmetric_.sha1(parts); }
  Bytes encrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                ByteView plaintext) override {
    return symmetric_.encrypt(encryption, key, iv, aad, plaintext);
  }
  std::optional<Bytes> decrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                               ByteView ciphertext) override {
    return symmetric_.decrypt(encryption, key, iv, aad, ciphertext);
  }

 private:
  SodiumRandom random_;
  OpenSslSymmetric symmetric_;
};

}  // namespace

std::unique_ptr<Provider> make_system_provider() {
  return std::make_unique<SystemProvider>();
}

}  // namespace twinspan::ike
