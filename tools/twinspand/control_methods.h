// The methods of the control socket, on top of one Gateway.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/twinspand/control_server.h"
#include "tools/twinspand/estate_changes.h"
#include "tools/twinspand/event_journal.h"
#include "tools/twinspand/gateway.h"

namespace twinspan::tools {

// All of them outlive the returned handler.
ControlHandler make_control_handler(Gateway& gateway, EstateChanges& changes,
                                    EventJournal& journal);

}  // namespace twinspan::tools
