// Transform identifiers of RFC 7296 3.3.2 (IANA "IKEv2 Parameters") that Twinspan knows, and their
// sizes, in one table. Values are the numbers on the wire.
//
// A legacy row is one that RFC 8247 or RFC 8221 tells not to use and that peers in the field still
// ask for: policy/ hands it out only to a connection that says `legacy: true`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace twinspan {

enum class EncryptionId : uint16_t {
  AesCbc = 12,            // RFC 3602
  AesGcm16 = 20,          // RFC 4106, RFC 5282
  ChaCha20Poly1305 = 28,  // RFC 7634
};

enum class PrfId : uint16_t {
  HmacSha1 = 2,  // RFC 2404; legacy.
  HmacSha256 = 5,
  HmacSha384 = 6,
  HmacSha512 = 7,  // RFC 4868
};

enum class IntegrityId : uint16_t {
  None = 0,         // With an AEAD.
  HmacSha1_96 = 2,  // RFC 2404; legacy.
  HmacSha256_128 = 12,
  HmacSha384_192 = 13,
  HmacSha512_256 = 14,
};

// Key exchange methods (RFC 9370 renames the registry): groups, and key encapsulation mechanisms,
// which stand only behind a first exchange with a group.
enum class DhGroupId : uint16_t {
  None = 0,
  Modp1024 = 2,  // RFC 2409 6.2; legacy.
  Modp2048 = 14,
  Modp3072 = 15,
  Modp4096 = 16,
  Ecp256 = 19,
  Ecp384 = 20,
  Ecp521 = 21,
  Modp2048_256 = 24,  // RFC 5114 2.3, with a subgroup of 256 bits; legacy.
  Curve25519 = 31,
  MlKem512 = 35,  // FIPS 203
  MlKem768 = 36,
  MlKem1024 = 37,
};

// Whether this build has ML-KEM: OpenSSL 3.5 or later (cmake/MlKem.cmake).
#ifdef TWINSPAN_HAS_ML_KEM
inline constexpr bool kHasMlKem = true;
#else
inline constexpr bool kHasMlKem = false;
#endif

// An encryption transform with its key length attribute.
struct Encryption {
  EncryptionId id = EncryptionId::AesGcm16;
  uint16_t key_bits = 256;  // ChaCha20-Poly1305 carries no attribute on the wire; 256 here.
  bool operator==(const Encryption&) const = default;
};

struct EncryptionProperties {
  Encryption encryption;
  const char* name;    // As the configuration writes it: GCMAES256, CHACHA20POLY1305, AES128.
  uint8_t key_size;    // Bytes, without the salt.
  uint8_t salt_size;   // Bytes of KEYMAT after the key; 0 when not an AEAD.
  uint8_t iv_size;     // Bytes of explicit IV in each packet or SK payload.
  uint8_t block_size;  // Plaintext is padded to a multiple of this.
  uint8_t icv_size;    // Of the AEAD itself; 0 when integrity is a transform of its own.
  bool is_aead() const { return icv_size != 0; }
};

struct IntegrityProperties {
  IntegrityId id;
  const char* name;  // SHA256, SHA384, SHA512
  uint8_t key_size;
  uint8_t icv_size;
  bool is_legacy = false;
};

struct PrfProperties {
  PrfId id;
  const char* name;
  uint8_t key_size;  // Preferred key size, equal to the output size.
  bool is_legacy = false;
};

struct DhGroupProperties {
  DhGroupId id;
  const char* name;      // DHGroup14, ECP384, CURVE25519
  uint16_t public_size;  // Bytes of the KE payload's data, exactly.
  bool is_legacy = false;
};

// Whoever begins sends a public key, the other side a ciphertext.
struct KemProperties {
  DhGroupId id;
  const char* name;  // MLKEM768
  uint16_t public_size;
  uint16_t ciphertext_size;
};

// nullptr when unknown.
const EncryptionProperties* find_encryption(Encryption encryption);
const EncryptionProperties* find_encryption(std::string_view name);
const IntegrityProperties* find_integrity(IntegrityId id);
const IntegrityProperties* find_integrity(std::string_view name);
const PrfProperties* find_prf(PrfId id);
const DhGroupProperties* find_dh_group(DhGroupId id);  // Not for None.
const DhGroupProperties* find_dh_group(std::string_view name);

const KemProperties* find_kem(DhGroupId id);
const KemProperties* find_kem(std::string_view name);
// Of a group or a KEM; nullptr when unknown or None.
const char* key_exchange_name(DhGroupId id);

std::span<const KemProperties> all_kems();
std::span<const EncryptionProperties> all_encryptions();
std::span<const IntegrityProperties> all_integrities();
std::span<const PrfProperties> all_prfs();
std::span<const DhGroupProperties> all_dh_groups();

}  // namespace twinspan
