// The Identification payloads IDi and IDr (RFC 7296 3.5). The value is not interpreted.
#pragma once

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

Result<IdPayload, WireError> parse_id(bool of_initiator, ByteView body);
void write_body(const IdPayload& id, ByteWriter& out);

}  // namespace twinspan::ike
