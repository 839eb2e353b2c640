#include "ike/wire/notify_payload.h"

#include "ike/wire/wire_reader.h"

namespace twinspan::ike {

Result<NotifyPayload, WireError> parse_notify(ByteView body) {
  WireReader in(body);
  NotifyPayload notify;
  TRY_ASSIGN(const uint8_t protocol, in.u8());
  TRY_ASSIGN(const uint8_t spi_size, in.u8());
  TRY_ASSIGN(const uint16_t type, in.u16());
  TRY_ASSIGN(const ByteView spi, in.take(spi_size));
  notify.protocol = ProtocolId{protocol};
  notify.spi = to_bytes(spi);
  notify.type = NotifyType{type};
  notify.value = to_bytes(in.take_rest());
  return notify;
}

void write_body(const NotifyPayload& notify, ByteWriter& out) {
  CHECK(notify.spi.size() <= UINT8_MAX);
  out.u8(static_cast<uint8_t>(notify.protocol));
  out.u8(static_cast<uint8_t>(notify.spi.size()));
  out.u16(static_cast<uint16_t>(notify.type));
  out.append(notify.spi);
  out.append(notify.value);
}

}  // namespace twinspan::ike
