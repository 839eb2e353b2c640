// A packet as a question: the headers that SPD and selectors look at, for a flow that somebody asks
// about. Never sent.
#pragma once

#include "base/bytes.h"
#include "policy/live_tables.h"

namespace twinspan::tools {

// Both addresses are of one family. A flow without protocol is a ping.
Bytes probe_packet(const policy::Flow& flow);

}  // namespace twinspan::tools
