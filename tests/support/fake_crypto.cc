#include "tests/support/fake_crypto.h"

#include <utility>

#include "base/check.h"

// Fake keys protect nothing and are not locked in memory: the two system calls for each took most
// of the time of a run. This one is found before that of the shared library.
extern "C" int sodium_mlock(void*, size_t) {
  return 0;
}

namespace twinspan::ike {
namespace {

constexpr size_t kNonceLength = 32;
constexpr uint64_t kPrime = (uint64_t{1} << 61) - 1;  // Mersenne, so a toy group is enough.
constexpr uint64_t kGenerator = 37;

uint64_t mix(uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9u;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

__extension__ using Wide = unsigned __int128;

uint64_t power(uint64_t base, uint64_t exponent) {
  uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = static_cast<uint64_t>(Wide{result} * base % kPrime);
    base = static_cast<uint64_t>(Wide{base} * base % kPrime);
  }
  return result;
}

class FakeDh : public DhExchange {
 public:
  FakeDh(DhGroupId group, uint64_t secret)
      : group_(group), secret_(secret % kPrime), public_value_(find_dh_group(group)->public_size) {
    store_be64(public_value_.data(), power(kGenerator, secret_));
  }
  DhGroupId group() const override { return group_; }
  const Bytes& public_value() const override { return public_value_; }
  std::optional<SecretBytes> compute(ByteView peer) override {
    if (peer.size() != public_value_.size()) return std::nullopt;
    const uint64_t value = load_be64(peer.data());
    if (value <= 1 || value >= kPrime) return std::nullopt;
    SecretBytes shared(8);
    store_be64(shared.data(), power(value, secret_));
    return shared;
  }

 private:
  DhGroupId group_;
  uint64_t secret_;
  Bytes public_value_;
};

// A KEM with the sizes of the real one, where only one side may begin: the marks tell a public key
// and a ciphertext apart.
constexpr size_t kMarkOffset = 8;
constexpr uint8_t kKeyMark = 0x4b, kCiphertextMark = 0x43;

Bytes kem_value(uint16_t size, uint8_t mark, uint64_t secret) {
  Bytes value(size);
  store_be64(value.data(), power(kGenerator, secret));
  value[kMarkOffset] = mark;
  return value;
}

std::optional<SecretBytes> kem_secret(ByteView value, size_t size, uint8_t mark, uint64_t secret) {
  if (value.size() != size || value[kMarkOffset] != mark) return std::nullopt;
  SecretBytes shared(8);
  store_be64(shared.data(), power(load_be64(value.data()) % kPrime, secret));
  return shared;
}

class FakeKem : public DhExchange {
 public:
  FakeKem(const KemProperties& kem, uint64_t secret)
      : kem_(kem), secret_(secret), public_value_(kem_value(kem.public_size, kKeyMark, secret)) {}
  DhGroupId group() const override { return kem_.id; }
  const Bytes& public_value() const override { return public_value_; }
  std::optional<SecretBytes> compute(ByteView ciphertext) override {
    return kem_secret(ciphertext, kem_.ciphertext_size, kCiphertextMark, secret_);
  }

 private:
  const KemProperties& kem_;
  uint64_t secret_;
  Bytes public_value_;
};

Bytes xored(ByteView key, ByteView iv, ByteView text) {
  Bytes out = fake_hash(key, {iv}, text.size());
  for (size_t i = 0; i < text.size(); ++i) out[i] ^= text[i];
  return out;
}

}  // namespace

Bytes fake_hash(ByteView key, std::initializer_list<ByteView> parts, size_t size) {
  uint64_t state = 0x9e3779b97f4a7c15u;
  const auto absorb = [&state](ByteView bytes) {
    for (const uint8_t byte : bytes) state = (state ^ byte) * 0x100000001b3u + 0x632be59bd9b4e019u;
    state = mix(state ^ bytes.size());
  };
  absorb(key);
  // The parts are concatenated, as in a real PRF: their borders do not count.
  for (const ByteView part : parts) {
    for (const uint8_t byte : part) {
      state = mix((state ^ byte) * 0x100000001b3u + 0x632be59bd9b4e019u);
    }
  }
  Bytes out(size);
  for (size_t i = 0; i < size; ++i) {
    if (i % 8 == 0) state = mix(state + 0x9e3779b97f4a7c15u);
    out[i] = static_cast<uint8_t>(state >> (8 * (i % 8)));
  }
  return out;
}

void FakeCrypto::fill(ByteSpan out) {
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random_());
  if (out.size() == kNonceLength && !forced_.empty()) {
    out[0] = forced_.front();
    forced_.pop_front();
  }
}

std::unique_ptr<DhExchange> FakeCrypto::make_dh(DhGroupId group) {
  if (const KemProperties* const kem = find_kem(group))
    return std::make_unique<FakeKem>(*kem, random_() % kPrime);
  if (find_dh_group(group) == nullptr) return nullptr;
  return std::make_unique<FakeDh>(group, random_() | 2);
}

std::optional<AnsweredDh> FakeCrypto::answer_dh(DhGroupId group, ByteView peer_public_value) {
  const KemProperties* const kem = find_kem(group);
  if (kem == nullptr) return Provider::answer_dh(group, peer_public_value);
  const uint64_t secret = random_() % kPrime;
  auto shared = kem_secret(peer_public_value, kem->public_size, kKeyMark, secret);
  if (!shared) return std::nullopt;
  return AnsweredDh{kem_value(kem->ciphertext_size, kCiphertextMark, secret), *std::move(shared)};
}

SecretBytes FakeCrypto::prf(PrfId id, ByteView key, std::initializer_list<ByteView> parts) {
  return SecretBytes(fake_hash(key, parts, find_prf(id)->key_size));
}

Bytes FakeCrypto::hmac(IntegrityId id, ByteView key, std::initializer_list<ByteView> parts) {
  return fake_hash(key, parts, find_integrity(id)->icv_size);
}

Bytes FakeCrypto::sha1(std::initializer_list<ByteView> parts) {
  return fake_hash({}, parts, 20);
}

Bytes FakeCrypto::encrypt(Encryption encryption, ByteView key, ByteView iv, ByteView aad,
                          ByteView plaintext) {
  const EncryptionProperties* properties = find_encryption(encryption);
  CHECK(properties != nullptr);
  Bytes out = xored(key, iv, plaintext);
  const Bytes tag = fake_hash(key, {iv, aad, out}, properties->icv_size);
  out.insert(out.end(), tag.begin(), tag.end());
  return out;
}

std::optional<Bytes> FakeCrypto::decrypt(Encryption encryption, ByteView key, ByteView iv,
                                         ByteView aad, ByteView ciphertext) {
  const EncryptionProperties* properties = find_encryption(encryption);
  CHECK(properties != nullptr);
  if (ciphertext.size() < properties->icv_size) return std::nullopt;
  const ByteView text = ciphertext.first(ciphertext.size() - properties->icv_size);
  const Bytes tag = fake_hash(key, {iv, aad, text}, properties->icv_size);
  if (!constant_time_equal(tag, ciphertext.subspan(text.size()))) return std::nullopt;
  return xored(key, iv, text);
}

}  // namespace twinspan::ike
