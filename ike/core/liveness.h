// Is the peer still there? (RFC 7296 2.4) Dead peer detection and what unanswered requests mean.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

// SaTimer::Liveness: probes when nothing authenticated came in for PeerConfig::dpd_interval.
void handle_liveness(Context& context, IkeSa& sa);
// SaTimer::HalfOpen: the IKE_AUTH of whoever began did not come.
void handle_half_open(Context& context, IkeSa& sa);
// The request in flight was given up.
void handle_no_answer(Context& context, IkeSa& sa);

}  // namespace twinspan::ike
