#include "ike/core/admission.h"

namespace twinspan::ike {

Admission admit(const HalfOpenLoad& load, size_t cookie_threshold, CookieState cookie) {
  if (cookie != CookieState::Right && load.total >= cookie_threshold) return Admission::Challenge;
  const bool has_room = load.total < kHalfOpenMaxCount && load.of_prefix < kHalfOpenPerPrefixMax;
  return has_room ? Admission::Admit : Admission::Refuse;
}

IpPrefix prefix_of(const IpAddress& address) {
  constexpr unsigned kBitsV4 = 24, kBitsV6 = 56;
  return {address, address.is_v4() ? kBitsV4 : kBitsV6};
}

}  // namespace twinspan::ike
