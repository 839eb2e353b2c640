#include "policy/swanctl_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/binary_text.h"
#include "policy/identity.h"

namespace twinspan::policy {
namespace {

template <class Id>
struct Word {
  std::string_view text;
  Id id;
};

// The first of several words of one algorithm is the one that is written.
constexpr Word<Encryption> kEncryptions[] = {
    {"aes128", {EncryptionId::AesCbc, 128}},
    {"aes192", {EncryptionId::AesCbc, 192}},
    {"aes256", {EncryptionId::AesCbc, 256}},
    {"aes128gcm16", {EncryptionId::AesGcm16, 128}},
    {"aes192gcm16", {EncryptionId::AesGcm16, 192}},
    {"aes256gcm16", {EncryptionId::AesGcm16, 256}},
    {"chacha20poly1305", {EncryptionId::ChaCha20Poly1305, 256}},
    {"aes", {EncryptionId::AesCbc, 128}},
    {"aes128gcm", {EncryptionId::AesGcm16, 128}},
    {"aes192gcm", {EncryptionId::AesGcm16, 192}},
    {"aes256gcm", {EncryptionId::AesGcm16, 256}},
    {"aes128gcm128", {EncryptionId::AesGcm16, 128}},
    {"aes192gcm128", {EncryptionId::AesGcm16, 192}},
    {"aes256gcm128", {EncryptionId::AesGcm16, 256}},
};
constexpr Word<IntegrityId> kIntegrities[] = {
    {"sha1", IntegrityId::HmacSha1_96},        {"sha256", IntegrityId::HmacSha256_128},
    {"sha384", IntegrityId::HmacSha384_192},   {"sha512", IntegrityId::HmacSha512_256},
    {"sha", IntegrityId::HmacSha1_96},         {"sha2_256", IntegrityId::HmacSha256_128},
    {"sha2_384", IntegrityId::HmacSha384_192}, {"sha2_512", IntegrityId::HmacSha512_256},
};
constexpr Word<PrfId> kPrfs[] = {
    {"prfsha1", PrfId::HmacSha1},
    {"prfsha256", PrfId::HmacSha256},
    {"prfsha384", PrfId::HmacSha384},
    {"prfsha512", PrfId::HmacSha512},
};
constexpr Word<DhGroupId> kGroups[] = {
    {"modp1024", DhGroupId::Modp1024},
    {"modp2048", DhGroupId::Modp2048},
    {"modp3072", DhGroupId::Modp3072},
    {"modp4096", DhGroupId::Modp4096},
    {"modp2048s256", DhGroupId::Modp2048_256},
    {"ecp256", DhGroupId::Ecp256},
    {"ecp384", DhGroupId::Ecp384},
    {"ecp521", DhGroupId::Ecp521},
    {"curve25519", DhGroupId::Curve25519},
    {"mlkem512", DhGroupId::MlKem512},
    {"mlkem768", DhGroupId::MlKem768},
    {"mlkem1024", DhGroupId::MlKem1024},
    {"x25519", DhGroupId::Curve25519},
};

template <class Id, size_t N>
std::string_view word_of(const Word<Id> (&words)[N], const Id& id) {
  const auto found = std::ranges::find(words, id, &Word<Id>::id);
  return found == std::end(words) ? std::string_view() : found->text;
}

template <class Id, size_t N>
std::optional<Id> id_of(const Word<Id> (&words)[N], std::string_view text) {
  const auto found = std::ranges::find(words, text, &Word<Id>::text);
  return found == std::end(words) ? std::nullopt : std::optional<Id>(found->id);
}

// RFC 9370's exchanges in strongSwan's words: "-ke1_mlkem768".
std::string more_exchanges(const std::vector<DhGroupId>& additional) {
  std::string text;
  for (size_t i = 0; i < additional.size(); ++i)
    text += fmt::format("-ke{}_{}", i + 1, word_of(kGroups, additional[i]));
  return text;
}

// The algorithms of one proposal by kind.
struct Algorithms {
  std::vector<Encryption> encryptions;
  std::vector<IntegrityId> integrities;
  std::vector<PrfId> prfs;
  std::vector<DhGroupId> groups;
  std::vector<DhGroupId> additional;
  bool esn = false;
};

template <class Value>
void add_new(std::vector<Value>& values, const Value& value) {
  if (std::ranges::find(values, value) == values.end()) values.push_back(value);
}

// What strongSwan 5.9 makes of the word "default", of what is spoken here; what comes first is what
// both ends like best. It has no PFS.
constexpr std::string_view kDefaultIke[] = {
    "aes256gcm16-aes192gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-prfsha512-ecp384-"
    "ecp256-ecp521-curve25519-modp4096-modp3072-modp2048",
    "aes256-aes192-aes128-sha384-sha256-sha512-sha1-prfsha384-prfsha256-prfsha512-prfsha1-ecp384-"
    "ecp256-ecp521-curve25519-modp4096-modp3072-modp2048"};
constexpr std::string_view kDefaultEsp[] = {"aes256gcm16-aes192gcm16-aes128gcm16",
                                            "aes256-aes192-aes128-sha384-sha256-sha512-sha1"};

std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> all;
  while (!text.empty()) {
    std::string_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    part.remove_prefix(std::min(part.find_first_not_of(" \t\r\n"), part.size()));
    part = part.substr(0, part.find_last_not_of(" \t\r\n") + 1);
    if (!part.empty()) all.push_back(part);
  }
  return all;
}

// "ke1_mlkem768": the group, when the number is the next one.
std::optional<DhGroupId> additional_exchange(std::string_view word, size_t number) {
  const std::string prefix = fmt::format("ke{}_", number);
  if (!word.starts_with(prefix)) return std::nullopt;
  return id_of(kGroups, word.substr(prefix.size()));
}

// What is not spoken here is one alternative less, and `unknown` is its first. nullopt: it was the
// only PRF, or an exchange that is not optional.
std::optional<Algorithms> algorithms_of(std::string_view text, std::string& unknown) {
  Algorithms all;
  bool has_unknown_prf = false;
  for (const std::string_view word : parts(text, '-')) {
    if (const auto encryption = id_of(kEncryptions, word)) {
      add_new(all.encryptions, *encryption);
    } else if (const auto integrity = id_of(kIntegrities, word)) {
      add_new(all.integrities, *integrity);
    } else if (const auto prf = id_of(kPrfs, word)) {
      add_new(all.prfs, *prf);
    } else if (const auto group = id_of(kGroups, word)) {
      add_new(all.groups, *group);
    } else if (const auto more = additional_exchange(word, all.additional.size() + 1)) {
      all.additional.push_back(*more);
    } else if (word == "esn") {
      all.esn = true;
    } else if (word != "noesn" && word != "modpnone") {
      if (unknown.empty()) unknown = word;
      if (word.starts_with("ke")) return std::nullopt;
      has_unknown_prf |= word.starts_with("prf");
    }
  }
  return has_unknown_prf && all.prfs.empty() ? std::nullopt : std::optional(std::move(all));
}

void name_unknown(std::string& unknown, const char* what) {
  if (unknown.empty()) unknown = what;
}

bool is_aead(const Encryption& encryption) {
  return find_encryption(encryption)->is_aead();
}

// Those that go with the encryption.
std::vector<IntegrityId> integrities_for(const Encryption& encryption, const Algorithms& all) {
  return is_aead(encryption) ? std::vector<IntegrityId>{IntegrityId::None} : all.integrities;
}

// False: an encryption is missing, or the first one's integrity.
bool can_encrypt(const Algorithms& all, std::string& unknown) {
  if (all.encryptions.empty()) {
    name_unknown(unknown, "no encryption");
  } else if (integrities_for(all.encryptions.front(), all).empty()) {
    name_unknown(unknown, "no integrity");
  } else {
    return true;
  }
  return false;
}

// strongSwan takes the integrity's hash where no PRF is written.
PrfId implied_prf(IntegrityId integrity) {
  switch (integrity) {
    case IntegrityId::HmacSha1_96:
      return PrfId::HmacSha1;
    case IntegrityId::HmacSha384_192:
      return PrfId::HmacSha384;
    case IntegrityId::HmacSha512_256:
      return PrfId::HmacSha512;
    case IntegrityId::None:
    case IntegrityId::HmacSha256_128:
      break;
  }
  return PrfId::HmacSha256;
}

std::vector<PrfId> prfs_of(const Algorithms& all) {
  std::vector<PrfId> prfs = all.prfs;
  if (prfs.empty()) {
    for (const IntegrityId integrity : all.integrities) add_new(prfs, implied_prf(integrity));
  }
  return prfs;
}

template <class Proposal, class Read>
std::vector<Proposal> read_all(std::span<const std::string_view> words, Read read,
                               std::string& unknown) {
  std::vector<Proposal> all;
  for (const std::string_view word : words) {
    for (const Proposal& proposal : read(word, unknown)) all.push_back(proposal);
  }
  return all;
}

struct Unit {
  char letter;
  uint64_t factor;
};

std::optional<uint64_t> read_number(std::string_view text, std::initializer_list<Unit> units) {
  uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc()) return std::nullopt;
  const std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  if (rest.empty()) return number;
  for (const Unit& unit : units) {
    if (rest.size() != 1 || (rest[0] | 0x20) != unit.letter) continue;
    if (number > UINT64_MAX / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

// strongSwan takes colons between the digits, and half a byte in front.
std::optional<SecretBytes> read_colon_hex(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != ':'; });
  if (digits.size() % 2 != 0) digits.insert(0, "0");
  return read_hex(digits);
}

std::string characters(const SecretBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_printable(char letter) {
  return letter >= 0x20 && letter < 0x7F;
}

// "fqdn:NAME" and its like. Behind the colon, '#' begins hexadecimal.
std::string with_type(std::string_view type, std::string_view text) {
  if (std::ranges::all_of(text, is_printable) && !text.starts_with('#'))
    return in_double_quotes(fmt::format("{}:{}", type, text));
  const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data());
  return fmt::format("\"{}:#{}\"", type, to_hex({bytes, text.size()}));
}

constexpr std::string_view kNamePrefixes[] = {"fqdn:", "dns:"};
constexpr std::string_view kEmailPrefixes[] = {"rfc822:", "email:", "userfqdn:"};

std::optional<std::string> without_prefix(std::string_view text,
                                          std::span<const std::string_view> prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (!text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    if (!text.starts_with('#')) return std::string(text);
    const auto bytes = read_colon_hex(text.substr(1));
    return bytes ? characters(*bytes) : std::string();
  }
  return std::nullopt;
}

std::optional<std::string> of_type(std::string text, IdentityType type) {
  const auto identity = parse_identity(text);
  if (!identity || identity->type != type) return std::nullopt;
  const bool is_one_line = std::ranges::none_of(text, [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
  });
  return is_one_line ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace

std::string swanctl_proposal(const IkeProposal& proposal) {
  std::string text(word_of(kEncryptions, proposal.encryption));
  if (proposal.integrity != IntegrityId::None)
    text += fmt::format("-{}", word_of(kIntegrities, proposal.integrity));
  return text + fmt::format("-{}-{}{}", word_of(kPrfs, proposal.prf),
                            word_of(kGroups, proposal.group), more_exchanges(proposal.additional));
}

std::string swanctl_proposal(const EspProposal& proposal) {
  std::string text(word_of(kEncryptions, proposal.encryption));
  if (proposal.integrity != IntegrityId::None)
    text += fmt::format("-{}", word_of(kIntegrities, proposal.integrity));
  if (proposal.pfs_group != DhGroupId::None)
    text += fmt::format("-{}", word_of(kGroups, proposal.pfs_group));
  return text + more_exchanges(proposal.additional) + (proposal.esn ? "-esn-noesn" : "");
}

std::vector<IkeProposal> read_ike_proposals(std::string_view word, std::string& unknown) {
  if (word == "default") return read_all<IkeProposal>(kDefaultIke, read_ike_proposals, unknown);
  const auto all = algorithms_of(word, unknown);
  std::vector<IkeProposal> proposals;
  if (!all || !can_encrypt(*all, unknown)) return proposals;
  const std::vector<PrfId> prfs = prfs_of(*all);
  if (prfs.empty()) name_unknown(unknown, "no PRF");
  if (all->groups.empty() || find_dh_group(all->groups.front()) == nullptr) {
    name_unknown(unknown, "no key exchange");
    return proposals;
  }
  for (const Encryption& encryption : all->encryptions) {
    for (const IntegrityId integrity : integrities_for(encryption, *all)) {
      for (const PrfId prf : prfs) {
        for (const DhGroupId group : all->groups)
          proposals.push_back({encryption, integrity, prf, group, all->additional});
      }
    }
  }
  return proposals;
}

std::vector<EspProposal> read_esp_proposals(std::string_view word, std::string& unknown) {
  if (word == "default") return read_all<EspProposal>(kDefaultEsp, read_esp_proposals, unknown);
  const auto all = algorithms_of(word, unknown);
  std::vector<EspProposal> proposals;
  if (!all || !can_encrypt(*all, unknown)) return proposals;
  if (!unknown.empty() && all->groups.empty()) return proposals;  // It may be the only group.
  const std::vector<DhGroupId> groups =
      all->groups.empty() ? std::vector<DhGroupId>{DhGroupId::None} : all->groups;
  if (groups.front() != DhGroupId::None && find_dh_group(groups.front()) == nullptr) {
    name_unknown(unknown, "no key exchange before the additional ones");
    return proposals;
  }
  for (const Encryption& encryption : all->encryptions) {
    for (const IntegrityId integrity : integrities_for(encryption, *all)) {
      for (const DhGroupId group : groups)
        proposals.push_back({encryption, integrity, group, all->esn, all->additional});
    }
  }
  return proposals;
}

std::string swanctl_identity(const Identity& identity) {
  switch (identity.type) {
    case IdentityType::Ipv4:
    case IdentityType::Ipv6:
      return identity.text;
    case IdentityType::Fqdn:
      return with_type("fqdn", identity.text);
    case IdentityType::Email:
      return with_type("email", identity.text);
    case IdentityType::KeyId:
      return with_type("keyid", identity.text);
  }
  return "";
}

std::optional<std::string> read_swanctl_identity(std::string_view text) {
  if (const auto name = without_prefix(text, kNamePrefixes))
    return of_type(*name, IdentityType::Fqdn);
  if (const auto email = without_prefix(text, kEmailPrefixes))
    return of_type(*email, IdentityType::Email);
  static constexpr std::string_view kKeyIdPrefix[] = {"keyid:"};
  if (const auto key_id = without_prefix(text, kKeyIdPrefix))
    return of_type("keyid:" + *key_id, IdentityType::KeyId);
  if (text.starts_with("@#")) {
    const auto bytes = read_colon_hex(text.substr(2));
    if (!bytes) return std::nullopt;
    return of_type("keyid:" + characters(*bytes), IdentityType::KeyId);
  }
  if (text.starts_with("@@")) return of_type(std::string(text.substr(2)), IdentityType::Email);
  if (text.starts_with('@')) return of_type(std::string(text.substr(1)), IdentityType::Fqdn);
  // Distinguished names, wildcards, and types that only strongSwan has words for.
  if (text.find_first_of("=*%{") != std::string_view::npos) return std::nullopt;
  const size_t dash = text.find('-');
  const bool is_range = dash != std::string_view::npos && IpAddress::parse(text.substr(0, dash)) &&
                        IpAddress::parse(text.substr(dash + 1));
  if (is_range) return std::nullopt;
  const auto identity = parse_identity(text);
  return identity ? std::optional(std::string(text)) : std::nullopt;
}

bool is_any_identity(std::string_view text) {
  static constexpr std::string_view kWords[] = {"%any", "%any6", "*", "0.0.0.0", "::", "0::0"};
  return std::ranges::find(kWords, text) != std::end(kWords);
}

std::optional<uint64_t> read_seconds(std::string_view text) {
  return read_number(text, {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}});
}

std::optional<uint64_t> read_bytes(std::string_view text) {
  return read_number(text, {{'k', 1024}, {'m', 1024 * 1024}, {'g', 1024 * 1024 * 1024}});
}

std::optional<SecretBytes> read_secret(std::string_view text) {
  if (text.starts_with("0x")) return read_colon_hex(text.substr(2));
  if (text.starts_with("0s")) return read_base64(text.substr(2));
  if (text.empty()) return std::nullopt;
  return SecretBytes(ByteView(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

std::string swanctl_secret(ByteView secret) {
  const std::string text(secret.begin(), secret.end());
  const bool is_readable =
      std::ranges::all_of(text, is_printable) && !text.starts_with("0x") && !text.starts_with("0s");
  return is_readable ? in_double_quotes(text) : "0x" + to_hex(secret);
}

std::string in_double_quotes(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + '"';
}

std::vector<std::string_view> comma_separated(std::string_view text) {
  return parts(text, ',');
}

}  // namespace twinspan::policy
