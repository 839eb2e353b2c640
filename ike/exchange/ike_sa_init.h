// IKE_SA_INIT, both roles (RFC 7296 1.2, 2.6, 2.7, 2.23). Nothing here is authenticated: a
// responder adds at most one half-open SA, an initiator believes an error only as a hint.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

inline constexpr unsigned kInitRestartsMax = 5;  // Cookies and other groups, per attempt.

void start_ike_sa_init(Context& context, IkeSa& sa);
// A request with no responder SPI.
void answer_ike_sa_init(Context& context, const Datagram& datagram, const Message& message);
// An answer for an SA in InitSent.
void complete_ike_sa_init(Context& context, IkeSa& sa, const Datagram& datagram,
                          const Message& message);

}  // namespace twinspan::ike
