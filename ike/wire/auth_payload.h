// The Authentication payload (RFC 7296 3.8).
#pragma once

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

Result<AuthPayload, WireError> parse_auth(ByteView body);
void write_body(const AuthPayload& auth, ByteWriter& out);

}  // namespace twinspan::ike
