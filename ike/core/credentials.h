// New keys and certificates for a tunnel that runs (CommandSetCredentials).
//
// Nothing is negotiated and no SA ends: what stands has been authenticated, and what is being
// negotiated goes on with the new ones. Thread: control.
#pragma once

#include "ike/core/command.h"
#include "ike/core/context.h"

namespace twinspan::ike {

// `fresh` with what it has to remember of `former`: a pre-shared key that was replaced, accepted
// for `fresh`'s overlap.
Authentication succeed(const Authentication& former, Authentication fresh, Instant now);

void set_credentials(Context& context, CommandSetCredentials command);

}  // namespace twinspan::ike
