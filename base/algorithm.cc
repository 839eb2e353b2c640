#include "base/algorithm.h"

#include <algorithm>
#include <iterator>

namespace twinspan {
namespace {

constexpr EncryptionProperties kEncryptions[] = {
    {{EncryptionId::AesGcm16, 256}, "GCMAES256", 32, 4, 8, 1, 16},
    {{EncryptionId::AesGcm16, 192}, "GCMAES192", 24, 4, 8, 1, 16},
    {{EncryptionId::AesGcm16, 128}, "GCMAES128", 16, 4, 8, 1, 16},
    {{EncryptionId::ChaCha20Poly1305, 256}, "CHACHA20POLY1305", 32, 4, 8, 1, 16},
    {{EncryptionId::AesCbc, 256}, "AES256", 32, 0, 16, 16, 0},
    {{EncryptionId::AesCbc, 192}, "AES192", 24, 0, 16, 16, 0},
    {{EncryptionId::AesCbc, 128}, "AES128", 16, 0, 16, 16, 0},
};

constexpr IntegrityProperties kIntegrities[] = {
    {IntegrityId::HmacSha256_128, "SHA256", 32, 16},
    {IntegrityId::HmacSha384_192, "SHA384", 48, 24},
    {IntegrityId::HmacSha512_256, "SHA512", 64, 32},
    {IntegrityId::HmacSha1_96, "SHA1", 20, 12, true},  // RFC 8221 6: MUST-.
};

constexpr PrfProperties kPrfs[] = {
    {PrfId::HmacSha256, "SHA256", 32},
    {PrfId::HmacSha384, "SHA384", 48},
    {PrfId::HmacSha512, "SHA512", 64},
    {PrfId::HmacSha1, "SHA1", 20, true},  // RFC 8247 2.2: MUST-.
};

// Elliptic curve public values are x and y without a leading octet (RFC 5903 7).
constexpr DhGroupProperties kDhGroups[] = {
    {DhGroupId::Modp2048, "DHGroup14", 256},
    {DhGroupId::Modp3072, "DHGroup15", 384},
    {DhGroupId::Modp4096, "DHGroup16", 512},
    {DhGroupId::Ecp256, "ECP256", 64},
    {DhGroupId::Ecp384, "ECP384", 96},
    {DhGroupId::Ecp521, "ECP521", 132},
    {DhGroupId::Curve25519, "CURVE25519", 32},
    {DhGroupId::Modp1024, "DHGroup2", 128, true},       // RFC 8247 2.4: SHOULD NOT.
    {DhGroupId::Modp2048_256, "DHGroup24", 256, true},  // RFC 8247 2.4: SHOULD NOT.
};

// FIPS 203, table 3.
constexpr KemProperties kKems[] = {
    {DhGroupId::MlKem512, "MLKEM512", 800, 768},
    {DhGroupId::MlKem768, "MLKEM768", 1184, 1088},
    {DhGroupId::MlKem1024, "MLKEM1024", 1568, 1568},
};

template <class Table, class Matches>
auto find_in(const Table& table, Matches matches) -> decltype(std::begin(table)) {
  const auto found = std::find_if(std::begin(table), std::end(table), matches);
  return found == std::end(table) ? nullptr : found;
}

}  // namespace

const EncryptionProperties* find_encryption(Encryption encryption) {
  return find_in(kEncryptions, [&](const auto& row) { return row.encryption == encryption; });
}
const EncryptionProperties* find_encryption(std::string_view name) {
  return find_in(kEncryptions, [&](const auto& row) { return row.name == name; });
}
const IntegrityProperties* find_integrity(IntegrityId id) {
  return find_in(kIntegrities, [&](const auto& row) { return row.id == id; });
}
const IntegrityProperties* find_integrity(std::string_view name) {
  return find_in(kIntegrities, [&](const auto& row) { return row.name == name; });
}
const PrfProperties* find_prf(PrfId id) {
  return find_in(kPrfs, [&](const auto& row) { return row.id == id; });
}
const DhGroupProperties* find_dh_group(DhGroupId id) {
  return find_in(kDhGroups, [&](const auto& row) { return row.id == id; });
}
const DhGroupProperties* find_dh_group(std::string_view name) {
  return find_in(kDhGroups, [&](const auto& row) { return row.name == name; });
}

const KemProperties* find_kem(DhGroupId id) {
  return find_in(kKems, [&](const auto& row) { return row.id == id; });
}
const KemProperties* find_kem(std::string_view name) {
  return find_in(kKems, [&](const auto& row) { return row.name == name; });
}

const char* key_exchange_name(DhGroupId id) {
  if (const DhGroupProperties* const group = find_dh_group(id)) return group->name;
  const KemProperties* const kem = find_kem(id);
  return kem == nullptr ? nullptr : kem->name;
}

std::span<const KemProperties> all_kems() {
  return kKems;
}
std::span<const EncryptionProperties> all_encryptions() {
  return kEncryptions;
}
std::span<const IntegrityProperties> all_integrities() {
  return kIntegrities;
}
std::span<const PrfProperties> all_prfs() {
  return kPrfs;
}
std::span<const DhGroupProperties> all_dh_groups() {
  return kDhGroups;
}

}  // namespace twinspan
