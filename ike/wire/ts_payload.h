// The Traffic Selector payloads TSi and TSr (RFC 7296 3.13).
#pragma once

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

Result<TsPayload, WireError> parse_ts(bool of_initiator, ByteView body);
void write_body(const TsPayload& ts, ByteWriter& out);

}  // namespace twinspan::ike
