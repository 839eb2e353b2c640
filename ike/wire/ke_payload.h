// The Key Exchange payload (RFC 7296 3.4). Whether the value fits its group is for ike/crypto to
// say.
#pragma once

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

Result<KePayload, WireError> parse_ke(ByteView body);
void write_body(const KePayload& ke, ByteWriter& out);

}  // namespace twinspan::ike
