#include "ike/wire/delete_payload.h"

#include "ike/wire/wire_reader.h"

namespace twinspan::ike {

namespace {

// RFC 7296 3.11: "It MUST be zero for IKE (SPI is in message header) or four for AH and ESP."
Result<uint8_t, WireError> spi_size_of(ProtocolId protocol) {
  switch (protocol) {
    case ProtocolId::Ike:
      return uint8_t{0};
    case ProtocolId::Ah:
    case ProtocolId::Esp:
      return uint8_t{4};
    case ProtocolId::None:
      break;
  }
  return Err<WireError>(WireError::BadProtocol);
}

}  // namespace

Result<DeletePayload, WireError> parse_delete(ByteView body) {
  WireReader in(body);
  DeletePayload deletion;
  TRY_ASSIGN(const uint8_t protocol, in.u8());
  TRY_ASSIGN(const uint8_t spi_size, in.u8());
  TRY_ASSIGN(const uint16_t count, in.u16());
  deletion.protocol = ProtocolId{protocol};
  TRY_ASSIGN(const uint8_t expected_spi_size, spi_size_of(deletion.protocol));
  if (spi_size != expected_spi_size) return Err<WireError>(WireError::BadSpiSize);
  if (spi_size == 0 && count != 0) return Err<WireError>(WireError::BadLength);
  if (count > kDeleteSpisMax) return Err<WireError>(WireError::TooMany);
  for (uint16_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const uint32_t spi, in.u32());
    deletion.spis.push_back(Spi{spi});
  }
  if (!in.empty()) return Err<WireError>(WireError::TrailingBytes);
  return deletion;
}

void write_body(const DeletePayload& deletion, ByteWriter& out) {
  const auto spi_size = spi_size_of(deletion.protocol);
  CHECK(spi_size.has_value());
  CHECK(*spi_size != 0 || deletion.spis.empty());
  CHECK(deletion.spis.size() <= kDeleteSpisMax);
  out.u8(static_cast<uint8_t>(deletion.protocol));
  out.u8(*spi_size);
  out.u16(static_cast<uint16_t>(deletion.spis.size()));
  for (const Spi spi : deletion.spis) out.u32(spi.value);
}

}  // namespace twinspan::ike
