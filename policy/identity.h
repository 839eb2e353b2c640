// The identity forms of the configuration to an Identity.
#pragma once

#include <optional>
#include <string_view>

#include "policy/plan.h"

namespace twinspan::policy {

inline constexpr size_t kIdentityMax = 255;  // Bytes; every peer known takes as many.

// An address is IPv4/IPv6; "keyid:TEXT" a key id; with @ an e-mail; else an FQDN. nullopt: none of
// them in good form (RFC 7296 3.5 wants printable names without terminators).
std::optional<Identity> parse_identity(std::string_view text);

// A name that can be resolved: labels of 1 to 63 letters, digits, hyphens and underscores, at most
// 253 characters (RFC 1035 2.3.4), and no address in dotted form.
bool is_host_name(std::string_view text);

Identity identity_of(const IpAddress& address);

}  // namespace twinspan::policy
