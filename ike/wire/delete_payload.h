// The Delete payload (RFC 7296 3.11).
#pragma once

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

Result<DeletePayload, WireError> parse_delete(ByteView body);
void write_body(const DeletePayload& deletion, ByteWriter& out);

}  // namespace twinspan::ike
