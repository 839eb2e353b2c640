// INFORMATIONAL: liveness, DELETE and notifies (RFC 7296 1.4, 2.4), and the one-way hints outside
// of any IKE SA (1.5).
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

void start_liveness(Context& context, IkeSa& sa);
// Says that ESP comes in on an SPI that we do not have (RFC 7296 1.5); as good as a liveness probe.
void start_invalid_spi(Context& context, IkeSa& sa, Spi unknown);
std::vector<Payload> answer_informational(Context& context, IkeSa& sa,
                                          const std::vector<Payload>& payloads);

}  // namespace twinspan::ike
