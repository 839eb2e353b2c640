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

void WastedKeyExchanges::note(Instant now, const IpAddress& sender) {
  const bool is_over = !entries_.empty() && entries_.front().until <= now;
  if (is_over || entries_.size() == kHalfOpenMaxCount) entries_.pop_front();
  entries_.push_back({now + kRemembered, prefix_of(sender)});
}

void WastedKeyExchanges::add_to(HalfOpenLoad& load, Instant now, const IpAddress& sender) const {
  for (const Entry& entry : entries_) {
    if (entry.until <= now) continue;
    ++load.total;
    if (entry.network.contains(sender)) ++load.of_prefix;
  }
}

}  // namespace twinspan::ike
