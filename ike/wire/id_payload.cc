#include "ike/wire/id_payload.h"

#include "ike/wire/wire_reader.h"

namespace twinspan::ike {

namespace {

constexpr uint32_t kReservedMask = 0x00ffffff;

}  // namespace

Result<IdPayload, WireError> parse_id(bool of_initiator, ByteView body) {
  WireReader in(body);
  IdPayload id;
  TRY_ASSIGN(const uint32_t type_and_reserved, in.u32());
  id.of_initiator = of_initiator;
  id.type = IdType{static_cast<uint8_t>(type_and_reserved >> 24)};
  id.reserved = type_and_reserved & kReservedMask;
  id.value = to_bytes(in.take_rest());
  return id;
}

void write_body(const IdPayload& id, ByteWriter& out) {
  out.u32((uint32_t{static_cast<uint8_t>(id.type)} << 24) | (id.reserved & kReservedMask));
  out.append(id.value);
}

}  // namespace twinspan::ike
