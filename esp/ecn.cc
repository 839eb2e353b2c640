#include "esp/ecn.h"

#include "esp/ip_checksum.h"

namespace twinspan::esp {
namespace {

void store_ecn(uint8_t* ip, Ecn ecn) {
  const auto bits = static_cast<uint8_t>(ecn);
  if (ip[0] >> 4 == 4) {
    const uint16_t before = load_be16(ip);
    ip[1] = static_cast<uint8_t>((ip[1] & ~kEcnMask) | bits);
    update_checksum(ip + 10, before, load_be16(ip));
  } else {
    ip[1] = static_cast<uint8_t>((ip[1] & ~(kEcnMask << 4)) | bits << 4);
  }
}

}  // namespace

std::optional<Ecn> combine_ecn(Ecn outer, Ecn inner) {
  switch (inner) {
    case Ecn::NotEct:
      // A router has marked what said that it does not understand marks. Dropping is the signal
      // that such a sender understands.
      if (outer == Ecn::Ce) return std::nullopt;
      return Ecn::NotEct;
    case Ecn::Ect0:
      return outer == Ecn::NotEct ? Ecn::Ect0 : outer;
    case Ecn::Ect1:
      return outer == Ecn::Ce ? Ecn::Ce : Ecn::Ect1;
    case Ecn::Ce:
      return Ecn::Ce;
  }
  return std::nullopt;
}

bool decapsulate_ecn(ByteSpan packet, Ecn outer) {
  const Ecn inner = ecn_of(traffic_class_of(packet.data()));
  const auto combined = combine_ecn(outer, inner);
  if (!combined) return false;
  if (*combined != inner) store_ecn(packet.data(), *combined);
  return true;
}

}  // namespace twinspan::esp
