// Whole messages inside SK: header, generic SK header and sealed body in one buffer (RFC
// 7296 3.14).
#pragma once

#include "base/result.h"
#include "ike/crypto/sk_cipher.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

Bytes seal_message(Provider& provider, const SkKeys& keys, uint64_t iv_counter, Header header,
                   const std::vector<Payload>& payloads);

enum class OpenError : uint8_t {
  BadIntegrity,  // Not from the peer: nothing may change.
  BadPayloads,   // From the peer, but the inner payloads do not parse.
};
struct OpenFailure {
  OpenError error{};
  WireFailure wire{};  // With BadPayloads.
};
// `message` is what parse_message() made of `datagram` and has an SK payload.
Result<std::vector<Payload>, OpenFailure> open_message(Provider& provider, const SkKeys& keys,
                                                       ByteView datagram, const Message& message);

}  // namespace twinspan::ike
