// The Notify payload (RFC 7296 3.10). SPI and value are not interpreted.
#pragma once

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

Result<NotifyPayload, WireError> parse_notify(ByteView body);
void write_body(const NotifyPayload& notify, ByteWriter& out);

}  // namespace twinspan::ike
