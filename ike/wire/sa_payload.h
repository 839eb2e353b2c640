// The Security Association payload (RFC 7296 3.3): proposals, their transforms, their attributes.
#pragma once

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

Result<SaPayload, WireError> parse_sa(ByteView body);
void write_body(const SaPayload& sa, ByteWriter& out);

}  // namespace twinspan::ike
