// Who may open another half-open IKE SA (RFC 7296 2.6): bounded memory and no Diffie-Hellman for
// senders who have not shown that they receive at their address. Pure decisions.
//
// Off the path, an attacker forges any source but never sees an answer: past the threshold only a
// returned cookie opens the door, and a real peer brings one at the cost of a round trip. On a path
// of its own, it has one network: what its prefix may hold is bounded, and the rest stays free.
#pragma once

#include <cstddef>
#include <deque>

#include "base/ip_prefix.h"
#include "base/time.h"

namespace twinspan::ike {

inline constexpr size_t kHalfOpenMaxCount = 256;
// Of one /24 or /56. Leaves room above the default threshold for those who bring cookies.
inline constexpr size_t kHalfOpenPerPrefixMax = 64;

struct HalfOpenLoad {
  size_t total = 0;
  size_t of_prefix = 0;  // With the sender's prefix_of().
};

enum class CookieState : uint8_t { Absent, Wrong, Right };
enum class Admission : uint8_t {
  Admit,
  Challenge,  // Answer with a cookie and forget.
  Refuse,     // Drop: no room.
};

// `cookie_threshold`: half-open SAs from which on a cookie is asked for; 0: always.
Admission admit(const HalfOpenLoad& load, size_t cookie_threshold, CookieState cookie);

// What one network is taken to be: /24 or /56.
IpPrefix prefix_of(const IpAddress& address);

// Diffie-Hellmans that were computed for public values which are none. No half-open SA is left of
// them, so each counts as one for a while, or they would cost a stranger nothing.
class WastedKeyExchanges {
 public:
  static constexpr Duration kRemembered = 10s;

  void note(Instant now, const IpAddress& sender);  // At most kHalfOpenMaxCount are remembered.
  void add_to(HalfOpenLoad& load, Instant now, const IpAddress& sender) const;

 private:
  struct Entry {
    Instant until;
    IpPrefix network;
  };
  std::deque<Entry> entries_;  // Oldest first.
};

}  // namespace twinspan::ike
