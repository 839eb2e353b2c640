// One outbound ESP SA. Cold part: constant after creation, except the remote endpoint, which the control
// thread replaces by making a new table. Hot part: sequence number and limits, one writer: the thread that
// seals for the tunnel.
#pragma once

#include <cstdint>

#include "base/endpoint.h"
#include "base/sa_params.h"
#include "esp/verdict.h"

namespace twinspan::esp {

// Bits of take_events(): each is reported once per SA.
inline constexpr uint8_t kEventFirstPacket = 1;  // Inbound only: the first authenticated packet.
inline constexpr uint8_t kEventSoftLimit = 2;
inline constexpr uint8_t kEventHardLimit = 4;

class OutboundSa;  // Completed below by its implementation; see seal.h for use.

}  // namespace twinspan::esp
