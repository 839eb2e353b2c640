// The methods of the control socket, on top of one Gateway.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/twinspand/control_server.h"
#include "tools/twinspand/event_journal.h"
#include "tools/twinspand/gateway.h"

namespace twinspan::tools {

// `gateway` and `journal` outlive the returned handler.
ControlHandler make_control_handler(Gateway& gateway, EventJournal& journal);

}  // namespace twinspan::tools
