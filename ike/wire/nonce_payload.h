// The Nonce payload (RFC 7296 3.9).
#pragma once

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

Result<NoncePayload, WireError> parse_nonce(ByteView body);
void write_body(const NoncePayload& nonce, ByteWriter& out);

}  // namespace twinspan::ike
