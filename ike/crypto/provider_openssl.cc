#include "ike/crypto/provider_openssl.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <cstring>
#include <string>

#include "base/check.h"

namespace twinspan::ike {
namespace {

struct OpenSslDeleter {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
template <class T>
using Handle = std::unique_ptr<T, OpenSslDeleter>;

// One IKE message has at most 64 KiB; anything near INT_MAX is our own bug.
constexpr size_t kInputSizeMax = size_t{1} << 24;

constexpr size_t kNonceSize =
    12;  // Salt and explicit IV together, both AEADs (RFC 4106 4, RFC 7634 2).

const char* digest_name(PrfId id) {
  switch (id) {
    case PrfId::HmacSha1:
      return "SHA1";
    case PrfId::HmacSha256:
      return "SHA256";
    case PrfId::HmacSha384:
      return "SHA384";
    case PrfId::HmacSha512:
      return "SHA512";
  }
  CHECK(false);
}

const char* digest_name(IntegrityId id) {
  switch (id) {
    case IntegrityId::HmacSha1_96:
      return "SHA1";
    case IntegrityId::HmacSha256_128:
      return "SHA256";
    case IntegrityId::HmacSha384_192:
      return "SHA384";
    case IntegrityId::HmacSha512_256:
      return "SHA512";
    case IntegrityId::None:
      break;
  }
  CHECK(false);
}

std::string cipher_name(Encryption encryption) {
  switch (encryption.id) {
    case EncryptionId::AesCbc:
      return "AES-" + std::to_string(encryption.key_bits) + "-CBC";
    case EncryptionId::AesGcm16:
      return "AES-" + std::to_string(encryption.key_bits) + "-GCM";
    case EncryptionId::ChaCha20Poly1305:
      return "ChaCha20-Poly1305";
  }
  CHECK(false);
}

// OpenSSL counts in int, and wants a non-null pointer even for nothing.
int int_size(ByteView bytes) {
  CHECK(bytes.size() <= kInputSizeMax);
  return static_cast<int>(bytes.size());
}
const uint8_t* pointer_of(ByteView bytes) {
  static constexpr uint8_t kNothing = 0;
  return bytes.empty() ? &kNothing : bytes.data();
}

bool sizes_fit(const EncryptionProperties& properties, ByteView key, ByteView iv) {
  return key.size() == size_t{properties.key_size} + properties.salt_size &&
         iv.size() == properties.iv_size;
}

// RFC 4106 4, RFC 7634 2: salt | explicit IV. CBC takes the IV as it is.
std::array<uint8_t, 16> cipher_iv(const EncryptionProperties& properties, ByteView key,
                                  ByteView iv) {
  std::array<uint8_t, 16> full{};
  static_assert(kNonceSize <= full.size());
  const ByteView salt = key.subspan(properties.key_size);
  CHECK(salt.size() + iv.size() <= full.size());
  std::copy(salt.begin(), salt.end(), full.begin());
  std::copy(iv.begin(), iv.end(), full.begin() + static_cast<ptrdiff_t>(salt.size()));
  return full;
}

enum class Direction : int { Decrypt = 0, Encrypt = 1 };

// A context that is keyed and has taken the AAD.
Handle<EVP_CIPHER_CTX> start_cipher(const EVP_CIPHER* cipher,
                                    const EncryptionProperties& properties, ByteView key,
                                    ByteView iv, Direction direction) {
  Handle<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  const std::array<uint8_t, 16> full_iv = cipher_iv(properties, key, iv);
  CHECK(EVP_CipherInit_ex2(context.get(), cipher, key.data(), full_iv.data(),
                           static_cast<int>(direction), nullptr) == 1);
  // SK payloads carry their own padding (RFC 7296 3.14).
  CHECK(EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1);
  return context;
}

void add_aad(EVP_CIPHER_CTX* context, ByteView aad) {
  int written = 0;
  if (aad.empty()) return;
  CHECK(EVP_CipherUpdate(context, nullptr, &written, aad.data(), int_size(aad)) == 1);
}

// Transforms `input` and finishes. False: the tag, or the CBC length, is wrong.
bool finish_cipher(EVP_CIPHER_CTX* context, ByteView input, ByteSpan output) {
  CHECK(output.size() >= input.size());
  std::array<uint8_t, 32> rest{};
  int written = 0;
  if (!input.empty()) {
    CHECK(EVP_CipherUpdate(context, output.data(), &written, input.data(), int_size(input)) == 1);
    CHECK(static_cast<size_t>(written) == input.size());
  }
  return EVP_CipherFinal_ex(context, rest.data(), &written) == 1 && written == 0;
}

}  // namespace

struct OpenSslSymmetric::Algorithms {
  Algorithms() {
    hmac.reset(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
    sha1.reset(EVP_MD_fetch(nullptr, "SHA1", nullptr));
    CHECK(hmac != nullptr && sha1 != nullptr);
    for (const EncryptionProperties& properties : all_encryptions()) {
      Handle<EVP_CIPHER> cipher(
          EVP_CIPHER_fetch(nullptr, cipher_name(properties.encryption).c_str(), nullptr));
      CHECK(cipher != nullptr);
      ciphers.push_back(std::move(cipher));
    }
  }

  // `properties` is a row of the algorithm table; ciphers stand in the same order.
  const EVP_CIPHER* cipher(const EncryptionProperties& properties) const {
    return ciphers[static_cast<size_t>(&properties - all_encryptions().data())].get();
  }

  // HMAC over the parts, written to `out`, which has the digest's full size.
  void write_hmac(const char* digest, ByteView key, std::initializer_list<ByteView> parts,
                  ByteSpan out) const {
    Handle<EVP_MAC_CTX> context(EVP_MAC_CTX_new(hmac.get()));
    CHECK(context != nullptr);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest), 0),
        OSSL_PARAM_construct_end()};
    CHECK(EVP_MAC_init(context.get(), pointer_of(key), key.size(), params) == 1);
    for (const ByteView part : parts) {
      if (!part.empty()) CHECK(EVP_MAC_update(context.get(), part.data(), part.size()) == 1);
    }
    size_t written = 0;
    CHECK(EVP_MAC_final(context.get(), out.data(), &written, out.size()) == 1);
    CHECK(written == out.size());
  }

  Handle<EVP_MAC> hmac;
  Handle<EVP_MD> sha1;
  std::vector<Handle<EVP_CIPHER>> ciphers;
};

OpenSslSymmetric::OpenSslSymmetric() : algorithms_(std::make_unique<Algorithms>()) {}
OpenSslSymmetric::~OpenSslSymmetric() = default;

SecretBytes OpenSslSymmetric::prf(PrfId id, ByteView key,
                                  std::initializer_list<ByteView> parts) const {
  const PrfProperties* const properties = find_prf(id);
  CHECK(properties != nullptr);
  SecretBytes output(properties->key_size);
  algorithms_->write_hmac(digest_name(id), key, parts, output.span());
  return output;
}

Bytes OpenSslSymmetric::hmac(IntegrityId id, ByteView key,
                             std::initializer_list<ByteView> parts) const {
  const IntegrityProperties* const properties = find_integrity(id);
  CHECK(properties != nullptr);
  Bytes output(properties->key_size);  // The key is as long as the digest (RFC 4868 2.1.1).
  algorithms_->write_hmac(digest_name(id), key, parts, output);
  output.resize(properties->icv_size);
  return output;
}

Bytes OpenSslSymmetric::sha1(std::initializer_list<ByteView> parts) const {
  Handle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  CHECK(EVP_DigestInit_ex2(context.get(), algorithms_->sha1.get(), nullptr) == 1);
  for (const ByteView part : parts) {
    CHECK(EVP_DigestUpdate(context.get(), pointer_of(part), part.size()) == 1);
  }
  Bytes digest(20);
  CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  return digest;
}

Bytes OpenSslSymmetric::encrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                                ByteView plaintext) const {
  const EncryptionProperties* const properties = find_encryption(encryption);
  CHECK(properties != nullptr && sizes_fit(*properties, key, iv));
  CHECK(plaintext.size() % properties->block_size == 0);
  const auto context =
      start_cipher(algorithms_->cipher(*properties), *properties, key, iv, Direction::Encrypt);
  Bytes output(plaintext.size() + properties->icv_size);
  if (properties->is_aead()) add_aad(context.get(), aad);
  CHECK(finish_cipher(context.get(), plaintext, output));
  if (properties->is_aead()) {
    CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, properties->icv_size,
                              output.data() + plaintext.size()) == 1);
  }
  return output;
}

std::optional<Bytes> OpenSslSymmetric::decrypt(Encryption encryption, ByteView key, ByteView iv,
                                               ByteView aad, ByteView ciphertext) const {
  const EncryptionProperties* const properties = find_encryption(encryption);
  if (properties == nullptr || !sizes_fit(*properties, key, iv)) return std::nullopt;
  if (ciphertext.size() < properties->icv_size) return std::nullopt;
  const ByteView input = ciphertext.first(ciphertext.size() - properties->icv_size);
  if (input.size() % properties->block_size != 0) return std::nullopt;
  const auto context =
      start_cipher(algorithms_->cipher(*properties), *properties, key, iv, Direction::Decrypt);
  if (properties->is_aead()) {
    Bytes tag = to_bytes(ciphertext.last(properties->icv_size));
    CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, properties->icv_size,
                              tag.data()) == 1);
    add_aad(context.get(), aad);
  }
  Bytes plaintext(input.size());
  if (finish_cipher(context.get(), input, plaintext)) return plaintext;
  wipe(plaintext);  // What a forged tag decrypts to is nobody's business.
  ERR_clear_error();
  return std::nullopt;
}

}  // namespace twinspan::ike
