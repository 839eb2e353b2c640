#include "tests/unit/ike/wire/payload_generator.h"

#include <algorithm>

namespace twinspan::ike {

namespace {

constexpr size_t kValueSizeMax = 300;

}  // namespace

size_t PayloadGenerator::size_up_to(size_t limit) {
  switch (up_to(7)) {
    case 0:
      return 0;
    case 1:
      return limit;
    default:
      return up_to(std::min<size_t>(limit, 9));
  }
}

Bytes PayloadGenerator::bytes(size_t size) {
  Bytes result(size);
  for (uint8_t& byte : result) byte = u8();
  return result;
}

Transform PayloadGenerator::transform() {
  Transform result{.type = TransformType{u8()}, .id = u16()};
  if (coin()) result.key_bits = u16();
  result.has_unknown_attribute = up_to(4) == 0;
  return result;
}

Proposal PayloadGenerator::proposal() {
  Proposal result{.number = u8(), .protocol = ProtocolId{u8()}, .spi = bytes(size_up_to(255))};
  const size_t count = size_up_to(kTransformsMax);
  for (size_t i = 0; i < count; ++i) result.transforms.push_back(transform());
  return result;
}

IpAddress PayloadGenerator::address(IpFamily family) {
  const Bytes raw = bytes(16);
  return family == IpFamily::V4 ? IpAddress::v4(raw.data()) : IpAddress::v6(raw.data());
}

TrafficSelector PayloadGenerator::selector() {
  const IpFamily family = coin() ? IpFamily::V4 : IpFamily::V6;
  const IpAddress a = address(family);
  const IpAddress b = up_to(3) == 0 ? a : address(family);
  TrafficSelector result;
  result.protocol = u8();
  const uint16_t port = u16(), other_port = u16();
  result.first_port = std::min(port, other_port);
  result.last_port = std::max(port, other_port);
  result.first_address = std::min(a, b);
  result.last_address = std::max(a, b);
  return result;
}

SaPayload PayloadGenerator::sa() {
  SaPayload result;
  const size_t count = std::max<size_t>(1, size_up_to(kProposalsMax));
  for (size_t i = 0; i < count; ++i) result.proposals.push_back(proposal());
  return result;
}

IdPayload PayloadGenerator::id() {
  return {.of_initiator = coin(),
          .type = IdType{u8()},
          .value = bytes(size_up_to(kValueSizeMax)),
          .reserved = coin() ? 0 : u32() & 0x00ffffff};
}

NotifyPayload PayloadGenerator::notify() {
  return {.protocol = ProtocolId{u8()},
          .spi = bytes(size_up_to(255)),
          .type = NotifyType{u16()},
          .value = bytes(size_up_to(kValueSizeMax))};
}

DeletePayload PayloadGenerator::deletion() {
  if (up_to(3) == 0) return {.protocol = ProtocolId::Ike};
  DeletePayload result{.protocol = coin() ? ProtocolId::Esp : ProtocolId::Ah};
  const size_t count = size_up_to(kDeleteSpisMax);
  for (size_t i = 0; i < count; ++i) result.spis.push_back(Spi{u32()});
  return result;
}

TsPayload PayloadGenerator::ts() {
  TsPayload result{.of_initiator = coin()};
  const size_t count = size_up_to(kSelectorsMax);
  for (size_t i = 0; i < count; ++i) result.selectors.push_back(selector());
  result.unknown_count = size_up_to(kSelectorsMax - count);
  return result;
}

OpaquePayload PayloadGenerator::opaque() {
  constexpr uint8_t kTypes[] = {1, 32, 47, 48, 49, 52, 54, 127, 128, 255};
  return {kTypes[up_to(std::size(kTypes) - 1)], bytes(size_up_to(kValueSizeMax))};
}

Payload PayloadGenerator::payload() {
  switch (up_to(11)) {
    case 0:
      return sa();
    case 1:
      return KePayload{u16(), bytes(size_up_to(kValueSizeMax))};
    case 2:
      return id();
    case 3:
      return AuthPayload{AuthMethod{u8()}, bytes(size_up_to(kValueSizeMax))};
    case 4:
      return NoncePayload{bytes(kNonceSizeMin + size_up_to(kNonceSizeMax - kNonceSizeMin))};
    case 5:
      return notify();
    case 6:
      return deletion();
    case 7:
      return ts();
    case 8:
      return VendorIdPayload{bytes(size_up_to(kValueSizeMax))};
    case 9:
      return CertPayload{CertEncoding{u8()}, bytes(size_up_to(kValueSizeMax))};
    case 10:
      return CertRequestPayload{CertEncoding{u8()}, bytes(size_up_to(kValueSizeMax))};
    default:
      return opaque();
  }
}

std::vector<Payload> PayloadGenerator::chain(size_t size_max) {
  std::vector<Payload> result;
  const size_t count = up_to(size_max);
  for (size_t i = 0; i < count; ++i) result.push_back(payload());
  return result;
}

}  // namespace twinspan::ike
