// Bytes as text: hexadecimal and base64 (RFC 4648), for keys and identities that no text can name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace twinspan::policy {

// White space anywhere is skipped, as the lines of `base64` and `openssl rand`. nullopt: nothing
// else, or what is no such text: another letter, half a byte, wrong padding. Base64 may do without
// its padding.
std::optional<SecretBytes> read_hex(std::string_view text);
std::optional<SecretBytes> read_base64(std::string_view text);

std::string base64_of(ByteView bytes);  // With padding, in one line. to_hex() is in base/bytes.h.

}  // namespace twinspan::policy
