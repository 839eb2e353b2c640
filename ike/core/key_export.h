// Session keys for whoever debugs with them (EndpointOptions::export_keys); nothing otherwise.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

// The keys of `sa` as they are: again after each IKE_INTERMEDIATE, which renews them.
void export_keys(Context& context, const IkeSa& sa);

}  // namespace twinspan::ike
