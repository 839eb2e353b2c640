// Stateless cookies (RFC 7296 2.6), the initiator's half: taking one out of an answer and putting
// it first into the next request. A responder's half belongs here too.
#pragma once

#include <optional>
#include <vector>

#include "ike/wire/payload.h"

namespace twinspan::ike {

inline constexpr size_t kCookieSizeMax = 64;

// RFC 7296 2.6: 1 to 64 bytes; anything else is no cookie.
std::optional<Bytes> find_cookie(const std::vector<Payload>& payloads);
Payload cookie_payload(const Bytes& cookie);

}  // namespace twinspan::ike
