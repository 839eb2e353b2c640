#include "ike/crypto/sk_cipher.h"

#include "base/check.h"

namespace twinspan::ike {
namespace {

struct Layout {
  const EncryptionProperties& cipher;
  size_t icv_size;  // Of the AEAD, or of the integrity transform.
};

// The suite was negotiated from the algorithm table, so an unknown or incomplete one is our own
// bug.
Layout layout_of(const SkKeys& keys) {
  const EncryptionProperties* const cipher = find_encryption(keys.encryption);
  CHECK(cipher != nullptr);
  if (cipher->is_aead()) return {*cipher, cipher->icv_size};
  const IntegrityProperties* const integrity = find_integrity(keys.integrity);
  CHECK(integrity != nullptr && integrity->icv_size != 0);
  return {*cipher, integrity->icv_size};
}

// Bytes of padding so that payloads, padding and the pad length octet fill whole blocks. With an
// AEAD a block is one byte and the padding empty (RFC 5282 3).
size_t pad_size(const Layout& layout, size_t plaintext_size) {
  const size_t block = layout.cipher.block_size;
  return (block - (plaintext_size + 1) % block) % block;
}

SecretBytes pad(const Layout& layout, ByteView plaintext) {
  const size_t padding = pad_size(layout, plaintext.size());
  SecretBytes padded(plaintext.size() + padding + 1);
  std::copy(plaintext.begin(), plaintext.end(), padded.data());
  padded.span().back() = static_cast<uint8_t>(padding);
  return padded;
}

// RFC 7296 3.14: receivers accept any padding; only its length must fit.
std::optional<Bytes> unpad(std::optional<Bytes> padded) {
  if (!padded || padded->empty()) return std::nullopt;
  const size_t trailer = size_t{padded->back()} + 1;
  if (trailer > padded->size()) {
    wipe(*padded);
    return std::nullopt;
  }
  padded->resize(padded->size() - trailer);
  return padded;
}

Bytes make_iv(Provider& provider, const Layout& layout, uint64_t iv_counter) {
  Bytes iv(layout.cipher.iv_size);
  if (layout.cipher.is_aead()) {
    CHECK(iv.size() == sizeof(iv_counter));
    store_be64(iv.data(), iv_counter);
  } else {
    provider.fill(iv);
  }
  return iv;
}

}  // namespace

size_t sk_body_size(const SkKeys& keys, size_t plaintext_size) {
  const Layout layout = layout_of(keys);
  return layout.cipher.iv_size + plaintext_size + pad_size(layout, plaintext_size) + 1 +
         layout.icv_size;
}

// IV | ciphertext | ICV; the padding and its length are inside the ciphertext.
Bytes seal_sk(Provider& provider, const SkKeys& keys, uint64_t iv_counter, ByteView prefix,
              ByteView plaintext) {
  const Layout layout = layout_of(keys);
  const SecretBytes padded = pad(layout, plaintext);
  Bytes body = make_iv(provider, layout, iv_counter);
  // RFC 5282 5.1: the AAD is the message up to the SK body. CBC ignores it.
  const Bytes ciphertext = provider.encrypt(keys.encryption, keys.key, body, prefix, padded.view());
  body.insert(body.end(), ciphertext.begin(), ciphertext.end());
  if (!layout.cipher.is_aead()) {
    // RFC 7296 3.14: the ICV covers the whole message up to itself.
    const Bytes icv = provider.hmac(keys.integrity, keys.integrity_key, {prefix, body});
    body.insert(body.end(), icv.begin(), icv.end());
  }
  CHECK(body.size() == sk_body_size(keys, plaintext.size()));
  return body;
}

std::optional<Bytes> open_sk(Provider& provider, const SkKeys& keys, ByteView prefix,
                             ByteView body) {
  const Layout layout = layout_of(keys);
  if (body.size() < sk_body_size(keys, 0)) return std::nullopt;
  const ByteView iv = body.first(layout.cipher.iv_size);
  const ByteView rest = body.subspan(iv.size());
  if (layout.cipher.is_aead()) {
    return unpad(provider.decrypt(keys.encryption, keys.key, iv, prefix, rest));
  }
  const ByteView ciphertext = rest.first(rest.size() - layout.icv_size);
  if (ciphertext.size() % layout.cipher.block_size != 0) return std::nullopt;
  // The ICV comes first: nothing about padding may be learned from a message that is not the
  // peer's.
  const ByteView covered = body.first(body.size() - layout.icv_size);
  const Bytes icv = provider.hmac(keys.integrity, keys.integrity_key, {prefix, covered});
  if (!constant_time_equal(icv, rest.last(layout.icv_size))) return std::nullopt;
  return unpad(provider.decrypt(keys.encryption, keys.key, iv, prefix, ciphertext));
}

}  // namespace twinspan::ike
