// strongSwan's words and ours: algorithms, identities, times, secrets. What is read here is what
// is written here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "policy/plan.h"

namespace twinspan::policy {

// "aes256gcm16-prfsha384-ecp384"
std::string swanctl_proposal(const IkeProposal& proposal);
// "aes256gcm16-ecp384-esn-noesn": ours offers ESN and does without.
std::string swanctl_proposal(const EspProposal& proposal);

// One word of a list, "default" among them: every combination of its algorithms, the first of each
// kind first. None: an algorithm is missing or not spoken here; `unknown` says which ("3des").
std::vector<IkeProposal> read_ike_proposals(std::string_view word, std::string& unknown);
std::vector<EspProposal> read_esp_proposals(std::string_view word, std::string& unknown);

// An identity such that strongSwan takes its type for what it is.
std::string swanctl_identity(const Identity& identity);
// In the estate's words ("keyid:site-a"); nullopt: of a type that the estate has no words for
// (distinguished names, wildcards, binary ones).
std::optional<std::string> read_swanctl_identity(std::string_view text);

// Whether strongSwan takes it for every identity: "%any", "*", "0.0.0.0".
bool is_any_identity(std::string_view text);

// "4h", "3600", "90m" to seconds; "5g" to bytes. nullopt: no such number, or too large.
std::optional<uint64_t> read_seconds(std::string_view text);
std::optional<uint64_t> read_bytes(std::string_view text);

// "0x..." in hexadecimal, "0s..." in base64, or the text itself.
std::optional<SecretBytes> read_secret(std::string_view text);
std::string swanctl_secret(ByteView secret);  // Quoted where it can be read, else "0x...".

std::string in_double_quotes(std::string_view text);

// Parts of a comma-separated list, without blanks around them and without empty ones.
std::vector<std::string_view> comma_separated(std::string_view text);

}  // namespace twinspan::policy
