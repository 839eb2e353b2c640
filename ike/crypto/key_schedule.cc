#include "ike/crypto/key_schedule.h"

#include <algorithm>
#include <array>

#include "base/byte_writer.h"
#include "base/check.h"

namespace twinspan::ike {
namespace {

constexpr std::string_view kKeyPad = "Key Pad for IKEv2";  // RFC 7296 2.15, without a terminator.
constexpr size_t kPrfPlusRoundsMax = 255;                  // The round counter is one octet (2.13).

size_t encryption_key_size(Encryption encryption) {
  const EncryptionProperties* const properties = find_encryption(encryption);
  CHECK(properties != nullptr);
  return size_t{properties->key_size} + properties->salt_size;
}

size_t integrity_key_size(IntegrityId integrity) {
  if (integrity == IntegrityId::None) return 0;
  const IntegrityProperties* const properties = find_integrity(integrity);
  CHECK(properties != nullptr);
  return properties->key_size;
}

size_t prf_key_size(PrfId prf) {
  const PrfProperties* const properties = find_prf(prf);
  CHECK(properties != nullptr);
  return properties->key_size;
}

ByteView text_view(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

SecretBytes join(std::initializer_list<ByteView> parts) {
  size_t size = 0;
  for (const ByteView part : parts) size += part.size();
  SecretBytes joined(size);
  uint8_t* end = joined.data();
  for (const ByteView part : parts) end = std::copy(part.begin(), part.end(), end);
  return joined;
}

// Hands out the keys of one keying material in the order they are asked for.
class KeyCutter {
 public:
  explicit KeyCutter(ByteView material) : rest_(material) {}
  SecretBytes cut(size_t size) {
    CHECK(size <= rest_.size());
    SecretBytes key(rest_.first(size));
    rest_ = rest_.subspan(size);
    return key;
  }

 private:
  ByteView rest_;
};

// The second half of 2.14, after SKEYSEED is known.
IkeKeys expand_skeyseed(Provider& provider, const IkeSuite& suite, ByteView skeyseed,
                        ByteView nonces, const IkeSpiPair& spis) {
  ByteWriter seed;
  seed.append(nonces);
  seed.u64(spis.initiator.value);
  seed.u64(spis.responder.value);
  const size_t prf_size = prf_key_size(suite.prf);
  const size_t a_size = integrity_key_size(suite.integrity);
  const size_t e_size = encryption_key_size(suite.encryption);
  const SecretBytes material =
      prf_plus(provider, suite.prf, skeyseed, seed.bytes(), 3 * prf_size + 2 * a_size + 2 * e_size);
  // 2.14: {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr}.
  KeyCutter cutter(material.view());
  IkeKeys keys;
  keys.d = cutter.cut(prf_size);
  keys.ai = cutter.cut(a_size);
  keys.ar = cutter.cut(a_size);
  keys.ei = cutter.cut(e_size);
  keys.er = cutter.cut(e_size);
  keys.pi = cutter.cut(prf_size);
  keys.pr = cutter.cut(prf_size);
  return keys;
}

}  // namespace

SecretBytes prf_plus(Provider& provider, PrfId prf, ByteView key, ByteView seed, size_t length) {
  CHECK(length <= kPrfPlusRoundsMax * prf_key_size(prf));
  SecretBytes output(length);
  SecretBytes previous;
  size_t written = 0;
  for (uint8_t round = 1; written < length; ++round) {
    const std::array<uint8_t, 1> counter{round};
    previous = provider.prf(prf, key, {previous.view(), seed, counter});
    const size_t taken = std::min(previous.size(), length - written);
    std::copy_n(previous.data(), taken, output.data() + written);
    written += taken;
  }
  return output;
}

IkeKeys derive_ike_keys(Provider& provider, const IkeSuite& suite, const ExchangeSecrets& secrets,
                        const IkeSpiPair& spis) {
  const SecretBytes nonces = join({secrets.nonce_i, secrets.nonce_r});
  const SecretBytes skeyseed = provider.prf(suite.prf, nonces.view(), {secrets.shared_secret});
  return expand_skeyseed(provider, suite, skeyseed.view(), nonces.view(), spis);
}

PpkSubkeys derive_ppk_keys(Provider& provider, PrfId prf, ByteView ppk, const IkeKeys& keys) {
  const size_t size = prf_key_size(prf);
  return {.d = prf_plus(provider, prf, ppk, keys.d.view(), size),
          .pi = prf_plus(provider, prf, ppk, keys.pi.view(), size),
          .pr = prf_plus(provider, prf, ppk, keys.pr.view(), size)};
}

IkeKeys derive_rekeyed_ike_keys(Provider& provider, const IkeSuite& suite, const OldIkeSa& old,
                                const ExchangeSecrets& secrets, const IkeSpiPair& spis) {
  const SecretBytes nonces = join({secrets.nonce_i, secrets.nonce_r});
  // 2.18: the exchange belongs to the old IKE SA, so its PRF makes SKEYSEED; the new one expands
  // it.
  const SecretBytes skeyseed =
      provider.prf(old.prf, old.d, {secrets.shared_secret, nonces.view(), secrets.additional});
  return expand_skeyseed(provider, suite, skeyseed.view(), nonces.view(), spis);
}

ChildKeys derive_child_keys(Provider& provider, PrfId prf, ByteView sk_d,
                            const EspTransforms& transforms, const ExchangeSecrets& secrets) {
  const SecretBytes seed =
      join({secrets.shared_secret, secrets.nonce_i, secrets.nonce_r, secrets.additional});
  const size_t e_size = encryption_key_size(transforms.encryption);
  const size_t a_size = integrity_key_size(transforms.integrity);
  const SecretBytes keymat = prf_plus(provider, prf, sk_d, seed.view(), 2 * (e_size + a_size));
  // 2.17: all keys of the initiator's direction first; encryption before integrity.
  KeyCutter cutter(keymat.view());
  ChildKeys keys;
  keys.initiator_to_responder.encryption = cutter.cut(e_size);
  keys.initiator_to_responder.integrity = cutter.cut(a_size);
  keys.responder_to_initiator.encryption = cutter.cut(e_size);
  keys.responder_to_initiator.integrity = cutter.cut(a_size);
  return keys;
}

SecretBytes chain_int_auth(Provider& provider, PrfId prf, ByteView sk_p, ByteView previous,
                           ByteView octets) {
  return provider.prf(prf, sk_p, {previous, octets});
}

Bytes signed_octets(Provider& provider, PrfId prf, const SignedOctets& octets) {
  const SecretBytes maced_id = provider.prf(prf, octets.sk_p, {octets.id_body});
  ByteWriter out;
  out.append(octets.message);
  out.append(octets.peer_nonce);
  out.append(maced_id.view());
  out.append(octets.int_auth);
  return out.take();
}

SecretBytes psk_auth(Provider& provider, PrfId prf, ByteView psk, const SignedOctets& octets) {
  const SecretBytes padded_key = provider.prf(prf, psk, {text_view(kKeyPad)});
  return provider.prf(prf, padded_key.view(), {signed_octets(provider, prf, octets)});
}

}  // namespace twinspan::ike
