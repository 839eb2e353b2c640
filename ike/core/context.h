// What every step of the core may touch besides the IKE SA at hand. Lives for one handle_*() call.
#pragma once

#include "ike/core/endpoint.h"
#include "ike/core/outbox.h"

namespace twinspan::ike {

class CookieMint;
class SaRegistry;
class Supervisor;
class WastedKeyExchanges;

struct Context {
  Instant now;
  WallTime wall_time;  // For the dates of certificates; 1970 until CommandWallTime has told it.
  Provider& provider;
  const EndpointOptions& options;
  EndpointCounters& counters;
  Outbox& outbox;
  SaRegistry& sas;
  Supervisor& supervisor;
  CookieMint& cookies;
  WastedKeyExchanges& wasted;
};

}  // namespace twinspan::ike
