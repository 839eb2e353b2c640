// AES-GCM through OpenSSL's EVP, and the EVP calls that ChaCha20-Poly1305 shares (RFC 4106, RFC
// 7634).
//
// One EVP_CIPHER_CTX per SA direction, keyed once; a packet sets only the nonce. EVP_Cipher and
// get_params are used instead of EVP_EncryptUpdate and ctrl, which cost more. The
// trailer would make a second update call, so an out-of-place packet is first copied and then
// sealed in place: that copy costs 10 ns at 1420 bytes, the call 30.
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>

#include "base/check.h"
#include "esp/kernels/library_kernels.h"

namespace twinspan::esp::kernels {
namespace {

constexpr uint32_t kSaltSize = 4;
constexpr uint32_t kIvSize = 8;
constexpr uint32_t kTagSize = 16;

struct EvpAead {
  EVP_CIPHER_CTX* cipher;
  uint8_t salt[kSaltSize];
};
static_assert(sizeof(EvpAead) <= kEvpAeadContextSize);

void make_nonce(const EvpAead& aead, const uint8_t* iv, uint8_t* nonce) {
  std::memcpy(nonce, aead.salt, kSaltSize);
  std::memcpy(nonce + kSaltSize, iv, kIvSize);
}

// EVP_Cipher returns the bytes written, 0 for associated data, -1 on failure. It is no substitute
// for the final call: with ChaCha20-Poly1305 some releases of OpenSSL (3.0.19 is one) answer an
// empty EVP_Cipher with success and have compared nothing.
bool run(EVP_CIPHER_CTX* cipher, uint8_t* output, const uint8_t* input, uint32_t length) {
  return length == 0 || EVP_Cipher(cipher, output, input, length) >= 0;
}

void seal_one(const EvpAead& aead, Packet& packet) {
  uint8_t nonce[kSaltSize + kIvSize];
  make_nonce(aead, packet.iv, nonce);
  if (packet.output != packet.input && packet.input_length != 0) {
    std::memcpy(packet.output, packet.input, packet.input_length);
  }
  const uint32_t length = packet.input_length + packet.trailer_length;
  const OSSL_PARAM tag[] = {
      OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, packet.icv, kTagSize),
      OSSL_PARAM_construct_end()};
  OSSL_PARAM out[] = {tag[0], tag[1]};
  uint8_t nothing[kTagSize];
  int nothing_length = 0;
  const bool sealed = EVP_EncryptInit_ex(aead.cipher, nullptr, nullptr, nullptr, nonce) == 1 &&
                      run(aead.cipher, nullptr, packet.aad, packet.aad_length) &&
                      run(aead.cipher, packet.output, packet.output, length) &&
                      EVP_EncryptFinal_ex(aead.cipher, nothing, &nothing_length) == 1 &&
                      EVP_CIPHER_CTX_get_params(aead.cipher, out) == 1;
  CHECK(sealed);
}

bool open_one(const EvpAead& aead, const Packet& packet) {
  uint8_t nonce[kSaltSize + kIvSize];
  make_nonce(aead, packet.iv, nonce);
  const OSSL_PARAM tag[] = {
      OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, packet.icv, kTagSize),
      OSSL_PARAM_construct_end()};
  uint8_t nothing[kTagSize];
  int nothing_length = 0;
  return EVP_DecryptInit_ex(aead.cipher, nullptr, nullptr, nullptr, nonce) == 1 &&
         EVP_CIPHER_CTX_set_params(aead.cipher, tag) == 1 &&
         run(aead.cipher, nullptr, packet.aad, packet.aad_length) &&
         run(aead.cipher, packet.output, packet.input, packet.input_length) &&
         EVP_DecryptFinal_ex(aead.cipher, nothing, &nothing_length) == 1;
}

bool expand_aes_gcm(void* context, const KeyMaterial& material, Direction direction) {
  switch (material.key_size) {
    case 16:
      return expand_evp_aead(context, "AES-128-GCM", material, direction);
    case 24:
      return expand_evp_aead(context, "AES-192-GCM", material, direction);
    case 32:
      return expand_evp_aead(context, "AES-256-GCM", material, direction);
  }
  return false;
}

}  // namespace

bool expand_evp_aead(void* context, const char* name, const KeyMaterial& material,
                     Direction direction) {
  auto* const aead = static_cast<EvpAead*>(context);
  EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, name, nullptr);
  aead->cipher = EVP_CIPHER_CTX_new();
  const bool keyed = algorithm != nullptr && aead->cipher != nullptr &&
                     EVP_CipherInit_ex(aead->cipher, algorithm, nullptr, material.key, nullptr,
                                       direction == Direction::Seal ? 1 : 0) == 1;
  EVP_CIPHER_free(algorithm);
  if (keyed) std::memcpy(aead->salt, material.salt, kSaltSize);
  return keyed;
}

void release_evp_aead(void* context) {
  EVP_CIPHER_CTX_free(static_cast<EvpAead*>(context)->cipher);
}

void seal_evp_aead(void* context, Packet* packets, size_t count) {
  const EvpAead& aead = *static_cast<EvpAead*>(context);
  for (size_t i = 0; i < count; ++i) seal_one(aead, packets[i]);
}

void open_evp_aead(void* context, Packet* packets, size_t count) {
  const EvpAead& aead = *static_cast<EvpAead*>(context);
  for (size_t i = 0; i < count; ++i) {
    packets[i].authentic = open_one(aead, packets[i]);
    if (!packets[i].authentic && packets[i].input_length != 0) {
      std::memset(packets[i].output, 0, packets[i].input_length);
    }
  }
}

const Kernel kAesGcmOpenssl = {.name = "openssl",
                               .context_size = kEvpAeadContextSize,
                               .expand = expand_aes_gcm,
                               .release = release_evp_aead,
                               .seal = seal_evp_aead,
                               .open = open_evp_aead};

}  // namespace twinspan::esp::kernels
