// Digital signatures of IKE_AUTH by OpenSSL: RFC 7427 with RSA and ECDSA, RFC 8420 with Ed25519.
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"
#include "ike/crypto/provider_openssl_pkey.h"

namespace twinspan::ike {
namespace {

constexpr std::string_view kPemBegin = "-----BEGIN ";
constexpr unsigned kRsaExponentMin = 65537;

enum class KeyType : uint8_t { Rsa, Ecdsa, Ed25519 };
enum class Scheme : uint8_t { Pss, Pkcs1, Ecdsa, Ed25519 };

KeyType key_type_of(Scheme scheme) {
  switch (scheme) {
    case Scheme::Pss:
    case Scheme::Pkcs1:
      return KeyType::Rsa;
    case Scheme::Ecdsa:
      return KeyType::Ecdsa;
    case Scheme::Ed25519:
      return KeyType::Ed25519;
  }
  CHECK(false);
}

// nullptr: Ed25519 hashes by itself (RFC 8420 2).
const char* digest_name(SignatureHash hash) {
  switch (hash) {
    case SignatureHash::Sha256:
      return "SHA256";
    case SignatureHash::Sha384:
      return "SHA384";
    case SignatureHash::Sha512:
      return "SHA512";
    case SignatureHash::Identity:
      return nullptr;
  }
  CHECK(false);
}

int digest_size(SignatureHash hash) {
  switch (hash) {
    case SignatureHash::Sha256:
      return 32;
    case SignatureHash::Sha384:
      return 48;
    case SignatureHash::Sha512:
      return 64;
    case SignatureHash::Identity:
      break;
  }
  CHECK(false);
}

struct Algorithm {
  Scheme scheme;
  SignatureHash hash;
  bool operator==(const Algorithm&) const = default;
};

// --- AlgorithmIdentifiers that we write (RFC 7427 A.3, A.4; RFC 8420 A) ---

// `last` is the last byte of the hash's object identifier, `salt` the length of the digest.
Bytes pss_identifier(uint8_t last, uint8_t salt) {
  return {0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30,
          0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
          0x02, last, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
          0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
          0x03, 0x04, 0x02, last, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, salt};
}

Bytes ecdsa_identifier(uint8_t last) {
  return {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last};
}

Bytes identifier_of(const Algorithm& algorithm) {
  if (algorithm.scheme == Scheme::Ed25519) return {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};
  // 2.16.840.1.101.3.4.2.{1,2,3} and 1.2.840.10045.4.3.{2,3,4}: in the order of SignatureHash.
  const auto number = static_cast<uint8_t>(algorithm.hash);
  if (algorithm.scheme == Scheme::Ecdsa) return ecdsa_identifier(number);
  CHECK(algorithm.scheme == Scheme::Pss);
  return pss_identifier(static_cast<uint8_t>(number - 1),
                        static_cast<uint8_t>(digest_size(algorithm.hash)));
}

// --- AlgorithmIdentifiers that a peer writes ---

std::optional<SignatureHash> hash_of(int nid) {
  switch (nid) {
    case NID_sha256:
      return SignatureHash::Sha256;
    case NID_sha384:
      return SignatureHash::Sha384;
    case NID_sha512:
      return SignatureHash::Sha512;
    default:
      return std::nullopt;
  }
}

// RFC 4055 2.1: the parameters of a hash are NULL or absent.
std::optional<SignatureHash> hash_of(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  int type = 0;
  X509_ALGOR_get0(&object, &type, nullptr, algorithm);
  if (type != V_ASN1_UNDEF && type != V_ASN1_NULL) return std::nullopt;
  return hash_of(OBJ_obj2nid(object));
}

int nid_of(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return OBJ_obj2nid(object);
}

struct PssFree {
  void operator()(RSA_PSS_PARAMS* parameters) const { RSA_PSS_PARAMS_free(parameters); }
};

// RFC 4055 3.1: what is left out means SHA-1, which is not admitted. One hash for both uses, a salt
// of its length, and trailer 1: what RFC 7427 A.4 shows and everybody sends.
std::optional<Algorithm> read_pss(const ASN1_STRING* sequence) {
  const std::unique_ptr<RSA_PSS_PARAMS, PssFree> pss(
      static_cast<RSA_PSS_PARAMS*>(ASN1_item_unpack(sequence, ASN1_ITEM_rptr(RSA_PSS_PARAMS))));
  if (pss == nullptr || pss->hashAlgorithm == nullptr || pss->maskGenAlgorithm == nullptr ||
      pss->saltLength == nullptr || nid_of(pss->maskGenAlgorithm) != NID_mgf1) {
    return std::nullopt;
  }
  int type = 0;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, pss->maskGenAlgorithm);
  if (type != V_ASN1_SEQUENCE) return std::nullopt;
  const OpenSslHandle<X509_ALGOR> mask_hash(static_cast<X509_ALGOR*>(
      ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), ASN1_ITEM_rptr(X509_ALGOR))));
  const auto hash = hash_of(pss->hashAlgorithm);
  if (!hash || mask_hash == nullptr || hash_of(mask_hash.get()) != hash) return std::nullopt;
  if (ASN1_INTEGER_get(pss->saltLength) != digest_size(*hash)) return std::nullopt;
  if (pss->trailerField != nullptr && ASN1_INTEGER_get(pss->trailerField) != 1) return std::nullopt;
  return Algorithm{Scheme::Pss, *hash};
}

struct PlainIdentifier {
  int nid;
  Algorithm algorithm;
};
constexpr PlainIdentifier kPlainIdentifiers[] = {
    {NID_sha256WithRSAEncryption, {Scheme::Pkcs1, SignatureHash::Sha256}},
    {NID_sha384WithRSAEncryption, {Scheme::Pkcs1, SignatureHash::Sha384}},
    {NID_sha512WithRSAEncryption, {Scheme::Pkcs1, SignatureHash::Sha512}},
    {NID_ecdsa_with_SHA256, {Scheme::Ecdsa, SignatureHash::Sha256}},
    {NID_ecdsa_with_SHA384, {Scheme::Ecdsa, SignatureHash::Sha384}},
    {NID_ecdsa_with_SHA512, {Scheme::Ecdsa, SignatureHash::Sha512}},
    {NID_ED25519, {Scheme::Ed25519, SignatureHash::Identity}},
};

std::optional<Algorithm> read_algorithm(const X509_ALGOR* identifier) {
  const ASN1_OBJECT* object = nullptr;
  int type = 0;
  const void* value = nullptr;
  X509_ALGOR_get0(&object, &type, &value, identifier);
  const int nid = OBJ_obj2nid(object);
  if (nid == NID_rsassaPss) {
    return type == V_ASN1_SEQUENCE ? read_pss(static_cast<const ASN1_STRING*>(value))
                                   : std::nullopt;
  }
  if (type != V_ASN1_UNDEF && type != V_ASN1_NULL) return std::nullopt;
  const auto found = std::ranges::find(kPlainIdentifiers, nid, &PlainIdentifier::nid);
  if (found == std::end(kPlainIdentifiers)) return std::nullopt;
  return found->algorithm;
}

// RFC 7427 3: one byte of length, the AlgorithmIdentifier, the signature.
struct SignatureParts {
  ByteView identifier, signature;
};
std::optional<SignatureParts> split(ByteView value) {
  if (value.empty() || value.size() < size_t{1} + value[0] + 1) return std::nullopt;
  return SignatureParts{value.subspan(1, value[0]), value.subspan(size_t{1} + value[0])};
}

OpenSslHandle<X509_ALGOR> parse_identifier(ByteView identifier) {
  const uint8_t* position = identifier.data();
  OpenSslHandle<X509_ALGOR> algorithm(
      d2i_X509_ALGOR(nullptr, &position, static_cast<long>(identifier.size())));
  if (position != identifier.data() + identifier.size()) return nullptr;
  return algorithm;
}

// --- Keys ---

// A context for one signature by or under `key`; `init` is EVP_DigestSignInit_ex or its sibling.
template <class Init>
OpenSslHandle<EVP_MD_CTX> start(EVP_PKEY* key, const Algorithm& algorithm, Init init) {
  OpenSslHandle<EVP_MD_CTX> context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  EVP_PKEY_CTX* parameters = nullptr;  // Belongs to `context`.
  if (init(context.get(), &parameters, digest_name(algorithm.hash), nullptr, nullptr, key,
           nullptr) != 1) {
    return nullptr;
  }
  if (algorithm.scheme == Scheme::Pss &&
      (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return nullptr;
  }
  return context;
}

class OpenSslPublicKey final : public PublicKey {
 public:
  OpenSslPublicKey(OpenSslHandle<EVP_PKEY> key, KeyType type, std::string kind, Bytes info)
      : key_(std::move(key)), type_(type), kind_(std::move(kind)), info_(std::move(info)) {}

  const std::string& kind() const override { return kind_; }
  const Bytes& info() const override { return info_; }
  KeyType type() const { return type_; }
  EVP_PKEY* get() const { return key_.get(); }

  SignatureVerdict verify(ByteView value, ByteView octets) const override {
    const ErrorQueueGuard guard;
    const auto parts = split(value);
    if (!parts) return SignatureVerdict::Malformed;
    const auto identifier = parse_identifier(parts->identifier);
    if (identifier == nullptr) return SignatureVerdict::Malformed;
    const auto algorithm = read_algorithm(identifier.get());
    if (!algorithm) return SignatureVerdict::UnknownAlgorithm;
    if (key_type_of(algorithm->scheme) != type_) return SignatureVerdict::OtherKey;
    const auto context = start(key_.get(), *algorithm, EVP_DigestVerifyInit_ex);
    if (context == nullptr) return SignatureVerdict::UnknownAlgorithm;
    const int verified = EVP_DigestVerify(context.get(), parts->signature.data(),
                                          parts->signature.size(), octets.data(), octets.size());
    return verified == 1 ? SignatureVerdict::Verified : SignatureVerdict::Wrong;
  }

 private:
  OpenSslHandle<EVP_PKEY> key_;
  KeyType type_;
  std::string kind_;
  Bytes info_;
};

struct Admitted {
  KeyType type;
  std::string kind;
};

// e below 65537 has made sloppy verification forgeable, and nobody makes such keys any more.
Result<Admitted, std::string> admit_rsa(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  BIGNUM* raw = nullptr;
  EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &raw);
  const OpenSslHandle<BIGNUM> exponent(raw);
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) {
    return Err<std::string>(fmt::format("an RSA key of {} bits is not admitted, only {} to {}",
                                        bits, kRsaBitsMin, kRsaBitsMax));
  }
  if (exponent == nullptr || BN_is_odd(exponent.get()) == 0 || BN_num_bits(exponent.get()) > 64 ||
      BN_get_word(exponent.get()) < kRsaExponentMin) {
    return Err<std::string>("an RSA key with a public exponent below 65537 is not admitted");
  }
  return Admitted{KeyType::Rsa, fmt::format("RSA {}", bits)};
}

Result<Admitted, std::string> admit_ecdsa(EVP_PKEY* key) {
  std::array<char, 64> group{};
  size_t size = 0;
  EVP_PKEY_get_group_name(key, group.data(), group.size(), &size);
  const std::string_view name(group.data(), std::min(size, group.size()));
  for (const auto& [group_name, word] :
       {std::pair<std::string_view, const char*>{"prime256v1", "ECDSA P-256"},
        {"secp384r1", "ECDSA P-384"},
        {"secp521r1", "ECDSA P-521"}}) {
    if (name == group_name) return Admitted{KeyType::Ecdsa, word};
  }
  return Err<std::string>(
      fmt::format("a key on the curve {} is not admitted, only P-256, P-384 "
                  "and P-521",
                  name.empty() ? "without a name" : name));
}

Result<Admitted, std::string> admit(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA")) return admit_rsa(key);
  if (EVP_PKEY_is_a(key, "EC")) return admit_ecdsa(key);
  if (EVP_PKEY_is_a(key, "ED25519")) return Admitted{KeyType::Ed25519, "Ed25519"};
  const char* const name = EVP_PKEY_get0_type_name(key);
  return Err<std::string>(
      fmt::format("a key of type {} is not admitted, only RSA, ECDSA and Ed25519",
                  name == nullptr ? "unknown" : name));
}

// Its SubjectPublicKeyInfo; empty: none, for a key that a peer has shown may be anything.
Bytes info_of(EVP_PKEY* key) {
  uint8_t* encoded = nullptr;
  const int size = i2d_PUBKEY(key, &encoded);
  if (size <= 0) return {};
  const OpenSslHandle<uint8_t> owner(encoded);
  return Bytes(encoded, encoded + size);
}

Result<std::shared_ptr<const OpenSslPublicKey>, std::string> make_public_key(
    OpenSslHandle<EVP_PKEY> key) {
  TRY_ASSIGN(Admitted admitted, admit(key.get()));
  Bytes info = info_of(key.get());
  if (info.empty()) return Err<std::string>("a key that cannot be encoded is not admitted");
  return std::make_shared<const OpenSslPublicKey>(std::move(key), admitted.type,
                                                  std::move(admitted.kind), std::move(info));
}

// The hashes that a key can use, the best first: RFC 7427 has no rule, RFC 8247 3.2 wants SHA-2;
// for ECDSA the one as long as the curve, for RSA none weaker than the modulus.
std::vector<SignatureHash> hashes_of(const OpenSslPublicKey& key) {
  using enum SignatureHash;
  if (key.type() == KeyType::Ed25519) return {Identity};
  const int bits = EVP_PKEY_get_security_bits(key.get());
  if (bits <= 128) return {Sha256, Sha384, Sha512};
  if (bits <= 192) return {Sha384, Sha512, Sha256};
  return {Sha512, Sha384, Sha256};
}

class OpenSslPrivateKey final : public PrivateKey {
 public:
  OpenSslPrivateKey(OpenSslHandle<EVP_PKEY> key, std::shared_ptr<const OpenSslPublicKey> half)
      : key_(std::move(key)), public_(std::move(half)) {}

  const PublicKey& public_key() const override { return *public_; }

  std::optional<Bytes> sign(std::span<const SignatureHash> peer_hashes,
                            ByteView octets) const override {
    const ErrorQueueGuard guard;
    for (const SignatureHash hash : hashes_of(*public_)) {
      if (std::ranges::find(peer_hashes, hash) != peer_hashes.end())
        return sign_with({scheme(), hash}, octets);
    }
    return std::nullopt;
  }

 private:
  Scheme scheme() const {
    switch (public_->type()) {
      case KeyType::Rsa:
        return Scheme::Pss;
      case KeyType::Ecdsa:
        return Scheme::Ecdsa;
      case KeyType::Ed25519:
        return Scheme::Ed25519;
    }
    CHECK(false);
  }

  Bytes sign_with(const Algorithm& algorithm, ByteView octets) const {
    const auto context = start(key_.get(), algorithm, EVP_DigestSignInit_ex);
    CHECK(context != nullptr);
    size_t size = 0;
    CHECK(EVP_DigestSign(context.get(), nullptr, &size, octets.data(), octets.size()) == 1);
    Bytes signature(size);
    CHECK(EVP_DigestSign(context.get(), signature.data(), &size, octets.data(), octets.size()) ==
          1);
    signature.resize(size);
    Bytes value = identifier_of(algorithm);
    value.insert(value.begin(), static_cast<uint8_t>(value.size()));
    value.insert(value.end(), signature.begin(), signature.end());
    return value;
  }

  OpenSslHandle<EVP_PKEY> key_;
  std::shared_ptr<const OpenSslPublicKey> public_;
};

// --- Files ---

OpenSslHandle<EVP_PKEY> read_private_key(ByteView file, bool& is_locked) {
  if (is_pem(file)) {
    const auto bio = read_only(file);
    return OpenSslHandle<EVP_PKEY>(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, &is_locked));
  }
  const uint8_t* position = file.data();
  return OpenSslHandle<EVP_PKEY>(
      d2i_AutoPrivateKey(nullptr, &position, static_cast<long>(file.size())));
}

OpenSslHandle<EVP_PKEY> read_public_key(ByteView file) {
  if (is_pem(file)) {
    const auto bio = read_only(file);
    bool is_locked = false;
    return OpenSslHandle<EVP_PKEY>(
        PEM_read_bio_PUBKEY(bio.get(), nullptr, refuse_passphrase, &is_locked));
  }
  const uint8_t* position = file.data();
  OpenSslHandle<EVP_PKEY> key(d2i_PUBKEY(nullptr, &position, static_cast<long>(file.size())));
  if (position != file.data() + file.size()) return nullptr;
  return key;
}

OpenSslHandle<EVP_PKEY> public_half(EVP_PKEY* key) {
  uint8_t* encoded = nullptr;
  const int size = i2d_PUBKEY(key, &encoded);
  if (size <= 0) return nullptr;
  const OpenSslHandle<uint8_t> owner(encoded);
  const uint8_t* position = encoded;
  return OpenSslHandle<EVP_PKEY>(d2i_PUBKEY(nullptr, &position, size));
}

}  // namespace

int refuse_passphrase(char*, int, int, void* was_asked) {
  if (was_asked != nullptr) *static_cast<bool*>(was_asked) = true;
  return -1;
}

bool is_pem(ByteView file) {
  return std::string_view(reinterpret_cast<const char*>(file.data()), file.size())
             .find(kPemBegin) != std::string_view::npos;
}

OpenSslHandle<BIO> read_only(ByteView bytes) {
  OpenSslHandle<BIO> bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  CHECK(bio != nullptr);
  return bio;
}

Result<std::shared_ptr<const PublicKey>, std::string> admit_public_key(
    OpenSslHandle<EVP_PKEY> key) {
  if (key == nullptr) return Err<std::string>("a key of a type that is not known");
  return make_public_key(std::move(key));
}

Result<std::shared_ptr<const PublicKey>, std::string> load_public_key(ByteView file) {
  const ErrorQueueGuard guard;
  auto key = read_public_key(file);
  if (key == nullptr)
    return Err<std::string>("holds no public key (PEM \"PUBLIC KEY\", or its DER)");
  return make_public_key(std::move(key));
}

Result<std::shared_ptr<const PrivateKey>, std::string> load_private_key(ByteView file) {
  const ErrorQueueGuard guard;
  bool is_locked = false;
  auto key = read_private_key(file, is_locked);
  if (is_locked)
    return Err<std::string>("the key is under a passphrase; store it without one, mode 0600");
  if (key == nullptr) return Err<std::string>("holds no private key (PEM \"PRIVATE KEY\", or DER)");
  auto half = public_half(key.get());
  if (half == nullptr) return Err<std::string>("the private key has no public half");
  TRY_ASSIGN(auto public_key, make_public_key(std::move(half)));
  const OpenSslHandle<EVP_PKEY_CTX> check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  CHECK(check != nullptr);
  if (EVP_PKEY_pairwise_check(check.get()) != 1)
    return Err<std::string>("the private key does not fit its public half");
  return std::make_shared<const OpenSslPrivateKey>(std::move(key), std::move(public_key));
}

}  // namespace twinspan::ike
