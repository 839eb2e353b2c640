// IKE_AUTH with the first Child SA, both roles (RFC 7296 1.2, 2.15, 2.16, 2.21.2).
//
// The only way to Established for an SA that was not made by an IKE rekey. A Child SA that cannot
// be agreed does not take the IKE SA with it.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

void start_ike_auth(Context& context, IkeSa& sa);
void complete_ike_auth(Context& context, IkeSa& sa, const AuthExchange& own,
                       const std::vector<Payload>& payloads);
std::vector<Payload> answer_ike_auth(Context& context, IkeSa& sa,
                                     const std::vector<Payload>& payloads);

}  // namespace twinspan::ike
