// One inbound ESP SA. Cold part constant after creation; hot part (replay window, limits) has one writer:
// the thread that opens for the tunnel.
#pragma once

#include "base/sa_params.h"
#include "esp/outbound_sa.h"

namespace twinspan::esp {

class InboundSa;

}  // namespace twinspan::esp
