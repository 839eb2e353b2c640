// The Certificate and Certificate Request payloads (RFC 7296 3.6, 3.7; RFC 7670 for raw keys).
#pragma once

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

// A body without even an encoding says nothing: it stays raw, as what is not interpreted does.
Payload parse_cert(ByteView body);
void write_body(const CertPayload& cert, ByteWriter& out);

Payload parse_cert_request(ByteView body);
void write_body(const CertRequestPayload& request, ByteWriter& out);

}  // namespace twinspan::ike
