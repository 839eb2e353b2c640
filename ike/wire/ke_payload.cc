#include "ike/wire/ke_payload.h"

#include "ike/wire/wire_reader.h"

namespace twinspan::ike {

Result<KePayload, WireError> parse_ke(ByteView body) {
  WireReader in(body);
  KePayload ke;
  TRY_ASSIGN(ke.group, in.u16());
  TRY(in.u16());  // RESERVED
  ke.public_value = to_bytes(in.take_rest());
  return ke;
}

void write_body(const KePayload& ke, ByteWriter& out) {
  out.u16(ke.group);
  out.u16(0);
  out.append(ke.public_value);
}

}  // namespace twinspan::ike
