#include "ike/wire/ts_payload.h"

#include "ike/wire/wire_reader.h"

namespace twinspan::ike {

namespace {

// RFC 7296 3.13.1
constexpr uint8_t kIpv4AddressRange = 7;
constexpr uint8_t kIpv6AddressRange = 8;
constexpr uint8_t kPrivateUseSelector = 255;  // Of 241 to 255.
constexpr size_t kSelectorHeaderSize = 4;     // Type, protocol, length.
constexpr size_t kReservedSize = 3;

struct RawSelector {
  uint8_t type = 0;
  uint8_t protocol = 0;
  ByteView content;  // Ports and addresses, of a known type.
};

Result<RawSelector, WireError> take_selector(WireReader& in) {
  RawSelector raw;
  TRY_ASSIGN(raw.type, in.u8());
  TRY_ASSIGN(raw.protocol, in.u8());
  TRY_ASSIGN(const uint16_t length, in.u16());
  if (length < kSelectorHeaderSize) return Err<WireError>(WireError::BadTrafficSelector);
  TRY_ASSIGN(raw.content, in.take(length - kSelectorHeaderSize));
  return raw;
}

IpAddress address_from(ByteView bytes) {
  return bytes.size() == 4 ? IpAddress::v4(bytes.data()) : IpAddress::v6(bytes.data());
}

// RFC 7296 3.13.1: start port 65535 with end port 0 means OPAQUE; no other range runs backwards.
bool is_backwards(const TrafficSelector& selector) {
  const bool is_opaque = selector.first_port == UINT16_MAX && selector.last_port == 0;
  return selector.first_address > selector.last_address ||
         (selector.first_port > selector.last_port && !is_opaque);
}

Result<TrafficSelector, WireError> parse_selector(const RawSelector& raw) {
  const size_t address_size = raw.type == kIpv4AddressRange ? 4 : 16;
  if (raw.content.size() != 4 + 2 * address_size) {
    return Err<WireError>(WireError::BadTrafficSelector);
  }
  WireReader in(raw.content);
  TrafficSelector selector;
  selector.protocol = raw.protocol;
  TRY_ASSIGN(selector.first_port, in.u16());
  TRY_ASSIGN(selector.last_port, in.u16());
  TRY_ASSIGN(const ByteView first, in.take(address_size));
  TRY_ASSIGN(const ByteView last, in.take(address_size));
  selector.first_address = address_from(first);
  selector.last_address = address_from(last);
  if (is_backwards(selector)) return Err<WireError>(WireError::BadTrafficSelector);
  return selector;
}

void write_selector(const TrafficSelector& selector, ByteWriter& out) {
  CHECK(selector.first_address.family() == selector.last_address.family());
  CHECK(selector.first_address <= selector.last_address);
  const size_t length = kSelectorHeaderSize + 4 + 2 * selector.first_address.size();
  out.u8(selector.first_address.is_v4() ? kIpv4AddressRange : kIpv6AddressRange);
  out.u8(selector.protocol);
  out.u16(static_cast<uint16_t>(length));
  out.u16(selector.first_port);
  out.u16(selector.last_port);
  out.append(selector.first_address.bytes());
  out.append(selector.last_address.bytes());
}

void write_unknown_selector(ByteWriter& out) {
  out.u8(kPrivateUseSelector);
  out.u8(0);
  out.u16(kSelectorHeaderSize);
}

}  // namespace

Result<TsPayload, WireError> parse_ts(bool of_initiator, ByteView body) {
  WireReader in(body);
  TsPayload ts;
  ts.of_initiator = of_initiator;
  TRY_ASSIGN(const uint8_t count, in.u8());
  static_assert(UINT8_MAX <= kSelectorsMax);
  TRY(in.take(kReservedSize));
  for (uint8_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const RawSelector raw, take_selector(in));
    if (raw.type != kIpv4AddressRange && raw.type != kIpv6AddressRange) {
      ++ts.unknown_count;
      continue;
    }
    TRY_ASSIGN(const TrafficSelector selector, parse_selector(raw));
    ts.selectors.push_back(selector);
  }
  if (!in.empty()) return Err<WireError>(WireError::TrailingBytes);
  return ts;
}

void write_body(const TsPayload& ts, ByteWriter& out) {
  const size_t count = ts.selectors.size() + ts.unknown_count;
  CHECK(count <= kSelectorsMax);
  out.u8(static_cast<uint8_t>(count));
  out.zeros(kReservedSize);
  for (const TrafficSelector& selector : ts.selectors) write_selector(selector, out);
  for (size_t i = 0; i < ts.unknown_count; ++i) write_unknown_selector(out);
}

}  // namespace twinspan::ike
