// The whole state as text: what dump_state() returns. Secrets appear as short keyed hashes only.
#pragma once

#include <string>

#include "ike/core/context.h"

namespace twinspan::ike {

std::string dump_endpoint(Provider& provider, const SaRegistry& sas, const Supervisor& supervisor);

}  // namespace twinspan::ike
