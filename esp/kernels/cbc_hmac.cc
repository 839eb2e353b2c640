// AES-CBC with HMAC-SHA2 or HMAC-SHA1 (RFC 3602, RFC 4868, RFC 2404): encrypt, then authenticate;
// verify before decrypting.
//
// The HMAC runs on OpenSSL's SHA states directly: the states after the inner and the outer key
// block are computed once per SA and copied per packet. EVP_MAC and EVP_MD copies of OpenSSL 3.0
// allocate per packet. The IV of a packet is AES, under a random key of this SA direction, of a
// counter that starts at random (RFC 3602 3: unpredictable), and not the previous ciphertext block,
// which an observer knows.
#define OPENSSL_SUPPRESS_DEPRECATED  // SHA256_Init and its kin.
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstring>

#include "base/check.h"
#include "esp/kernels/library_kernels.h"

namespace twinspan::esp::kernels {
namespace {

constexpr uint32_t kBlockSize = 16;
constexpr uint32_t kHashSizeMax = SHA512_DIGEST_LENGTH;
constexpr uint32_t kHashBlockSizeMax = SHA512_CBLOCK;

struct Sha1 {
  using State = SHA_CTX;
  static constexpr uint32_t kBlock = SHA_CBLOCK;
  static constexpr uint32_t kSize = SHA_DIGEST_LENGTH;
  static constexpr uint32_t kIcv = 12;  // RFC 2404 3: 96 bits.
  static constexpr auto init = SHA1_Init;
  static constexpr auto update = SHA1_Update;
  static constexpr auto finish = SHA1_Final;
};
struct Sha256 {
  using State = SHA256_CTX;
  static constexpr uint32_t kBlock = SHA256_CBLOCK;
  static constexpr uint32_t kSize = SHA256_DIGEST_LENGTH;
  static constexpr uint32_t kIcv = kSize / 2;  // RFC 4868 2.1.1, as the two below.
  static constexpr auto init = SHA256_Init;
  static constexpr auto update = SHA256_Update;
  static constexpr auto finish = SHA256_Final;
};
struct Sha384 {
  using State = SHA512_CTX;
  static constexpr uint32_t kBlock = SHA512_CBLOCK;
  static constexpr uint32_t kSize = SHA384_DIGEST_LENGTH;
  static constexpr uint32_t kIcv = kSize / 2;
  static constexpr auto init = SHA384_Init;
  static constexpr auto update = SHA384_Update;
  static constexpr auto finish = SHA384_Final;
};
struct Sha512 {
  using State = SHA512_CTX;
  static constexpr uint32_t kBlock = SHA512_CBLOCK;
  static constexpr uint32_t kSize = SHA512_DIGEST_LENGTH;
  static constexpr uint32_t kIcv = kSize / 2;
  static constexpr auto init = SHA512_Init;
  static constexpr auto update = SHA512_Update;
  static constexpr auto finish = SHA512_Final;
};

template <class Hash>
struct CbcHmac {
  EVP_CIPHER_CTX* cipher;
  EVP_CIPHER_CTX* iv_cipher;  // Direction::Seal alone.
  uint8_t iv_counter[kBlockSize];
  typename Hash::State inner;  // After key xor ipad.
  typename Hash::State outer;  // After key xor opad.
  uint32_t icv_size;
};

const char* cipher_name(uint32_t key_size) {
  switch (key_size) {
    case 16:
      return "AES-128-CBC";
    case 24:
      return "AES-192-CBC";
    case 32:
      return "AES-256-CBC";
  }
  return nullptr;
}

EVP_CIPHER_CTX* keyed_cipher(const char* name, const uint8_t* key, Direction direction) {
  EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, name, nullptr);
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  const bool keyed = algorithm != nullptr && context != nullptr &&
                     EVP_CipherInit_ex(context, algorithm, nullptr, key, nullptr,
                                       direction == Direction::Seal ? 1 : 0) == 1 &&
                     EVP_CIPHER_CTX_set_padding(context, 0) == 1;
  EVP_CIPHER_free(algorithm);
  if (!keyed) {
    EVP_CIPHER_CTX_free(context);
    context = nullptr;
  }
  return context;
}

// The hash state after the key block of HMAC (RFC 2104) with this pad byte.
template <class Hash>
void absorb_key(typename Hash::State& state, const KeyMaterial& material, uint8_t pad) {
  uint8_t block[kHashBlockSizeMax];
  std::memset(block, pad, sizeof(block));
  for (uint32_t i = 0; i < material.integrity_key_size; ++i) block[i] ^= material.integrity_key[i];
  Hash::init(&state);
  Hash::update(&state, block, Hash::kBlock);
  OPENSSL_cleanse(block, sizeof(block));
}

template <class Hash>
bool expand(void* context, const KeyMaterial& material, Direction direction) {
  auto* const sa = static_cast<CbcHmac<Hash>*>(context);
  const char* const name = cipher_name(material.key_size);
  // RFC 4868 2.1.1, RFC 2404 3: the key is exactly as long as the hash.
  if (name == nullptr || material.integrity_key_size != Hash::kSize ||
      material.icv_size != Hash::kIcv) {
    return false;
  }
  sa->cipher = keyed_cipher(name, material.key, direction);
  if (sa->cipher == nullptr) return false;
  if (direction == Direction::Seal) {
    sa->iv_cipher = keyed_cipher("AES-128-ECB", material.iv_seed, Direction::Seal);
    if (sa->iv_cipher == nullptr) return false;
    std::memcpy(sa->iv_counter, material.iv_seed + kBlockSize, kBlockSize);
  }
  absorb_key<Hash>(sa->inner, material, 0x36);
  absorb_key<Hash>(sa->outer, material, 0x5c);
  sa->icv_size = material.icv_size;
  return true;
}

template <class Hash>
void release(void* context) {
  auto* const sa = static_cast<CbcHmac<Hash>*>(context);
  EVP_CIPHER_CTX_free(sa->cipher);
  EVP_CIPHER_CTX_free(sa->iv_cipher);
}

// RFC 4303 2.8: the ICV covers SPI, sequence number, IV and ciphertext; with a separate integrity
// algorithm the high half of an extended sequence number follows at the end.
template <class Hash>
void compute_icv(const CbcHmac<Hash>& sa, const Packet& packet, const uint8_t* body,
                 uint32_t body_length, uint8_t* icv) {
  const bool is_extended = packet.aad_length == 12;
  DCHECK(is_extended || packet.aad_length == 8);
  typename Hash::State state = sa.inner;
  Hash::update(&state, packet.aad, 4);
  Hash::update(&state, packet.aad + (is_extended ? 8 : 4), 4);
  Hash::update(&state, packet.iv, kBlockSize);
  Hash::update(&state, body, body_length);
  if (is_extended) Hash::update(&state, packet.aad + 4, 4);
  Hash::finish(icv, &state);
  state = sa.outer;
  Hash::update(&state, icv, Hash::kSize);
  Hash::finish(icv, &state);
}

template <class Hash>
void next_iv(CbcHmac<Hash>& sa, uint8_t* iv) {
  for (uint32_t i = kBlockSize; i-- > 0 && ++sa.iv_counter[i] == 0;) {
  }
  CHECK(EVP_Cipher(sa.iv_cipher, iv, sa.iv_counter, kBlockSize) >= 0);
}

bool run_cbc(EVP_CIPHER_CTX* cipher, const uint8_t* iv, uint8_t* output, const uint8_t* input,
             uint32_t length) {
  return EVP_CipherInit_ex(cipher, nullptr, nullptr, nullptr, iv, -1) == 1 &&
         EVP_Cipher(cipher, output, input, length) >= 0;
}

template <class Hash>
void seal_one(CbcHmac<Hash>& sa, Packet& packet) {
  const uint32_t length = packet.input_length + packet.trailer_length;
  DCHECK(length % kBlockSize == 0);
  if (packet.output != packet.input && packet.input_length != 0) {
    std::memcpy(packet.output, packet.input, packet.input_length);
  }
  next_iv(sa, packet.iv);
  CHECK(run_cbc(sa.cipher, packet.iv, packet.output, packet.output, length));
  uint8_t icv[kHashSizeMax];
  compute_icv(sa, packet, packet.output, length, icv);
  std::memcpy(packet.icv, icv, sa.icv_size);
}

template <class Hash>
bool open_one(const CbcHmac<Hash>& sa, const Packet& packet) {
  uint8_t icv[kHashSizeMax];
  compute_icv(sa, packet, packet.input, packet.input_length, icv);
  return CRYPTO_memcmp(icv, packet.icv, sa.icv_size) == 0 &&
         run_cbc(sa.cipher, packet.iv, packet.output, packet.input, packet.input_length);
}

template <class Hash>
void seal(void* context, Packet* packets, size_t count) {
  auto& sa = *static_cast<CbcHmac<Hash>*>(context);
  for (size_t i = 0; i < count; ++i) seal_one(sa, packets[i]);
}

template <class Hash>
void open(void* context, Packet* packets, size_t count) {
  const auto& sa = *static_cast<CbcHmac<Hash>*>(context);
  for (size_t i = 0; i < count; ++i) {
    packets[i].authentic = open_one(sa, packets[i]);
    if (!packets[i].authentic) std::memset(packets[i].output, 0, packets[i].input_length);
  }
}

template <class Hash>
constexpr Kernel kKernel = {.name = "openssl",
                            .context_size = sizeof(CbcHmac<Hash>),
                            .expand = expand<Hash>,
                            .release = release<Hash>,
                            .seal = seal<Hash>,
                            .open = open<Hash>};

}  // namespace

const Kernel kCbcHmacSha1 = kKernel<Sha1>;
const Kernel kCbcHmacSha256 = kKernel<Sha256>;
const Kernel kCbcHmacSha384 = kKernel<Sha384>;
const Kernel kCbcHmacSha512 = kKernel<Sha512>;

}  // namespace twinspan::esp::kernels
