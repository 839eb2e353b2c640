// The control protocol's fixed words: varlink framing (a JSON object, then one NUL byte) on a UNIX
// stream socket. A request has `method`, `parameters` and perhaps `more`; a reply has `parameters`
// and perhaps `continues`, or `error`.
#pragma once

#include <cstddef>

namespace twinspan::tools {

inline constexpr const char* kInterface = "io.twinspan.gateway";
inline constexpr size_t kRequestSizeMax = 64 * 1024;
inline constexpr size_t kReplyQueueMax = 4 * 1024 * 1024;  // A client that reads slower is cut off.
inline constexpr size_t kSessionsMax = 64;
inline constexpr unsigned kConfirmSecondsMax = 3600;
inline constexpr size_t kDropsDefault = 20;
inline constexpr size_t kDropsMax = 256;  // Of one answer, each with a walk of its own.

inline constexpr const char* kMethodStatus = "io.twinspan.gateway.Status";
inline constexpr const char* kMethodShow = "io.twinspan.gateway.Show";  // parameters: connection
inline constexpr const char* kMethodUp = "io.twinspan.gateway.Up";      // parameters: connection
inline constexpr const char* kMethodDown = "io.twinspan.gateway.Down";  // parameters: connection
inline constexpr const char* kMethodRekey =
    "io.twinspan.gateway.Rekey";  // parameters: connection, ike
inline constexpr const char* kMethodEvents = "io.twinspan.gateway.Events";  // parameters: follow
inline constexpr const char* kMethodReloadCredentials = "io.twinspan.gateway.ReloadCredentials";
inline constexpr const char* kMethodRoutes =
    "io.twinspan.gateway.Routes";  // parameters: virtual_network, or all
inline constexpr const char* kMethodShowPeering =
    "io.twinspan.gateway.ShowPeering";  // parameters: name, or all
inline constexpr const char* kMethodShowGateway =
    "io.twinspan.gateway.ShowGateway";  // parameters: name, or all
// parameters: source, destination, and as far as it is said protocol, source_port,
// destination_port, length, dont_fragment, from
inline constexpr const char* kMethodExplain = "io.twinspan.gateway.Explain";
inline constexpr const char* kMethodDrops = "io.twinspan.gateway.Drops";  // parameters: last
inline constexpr const char* kMethodVerify =
    "io.twinspan.gateway.Verify";  // parameters: connection, or all
// parameters: file (absolute; empty: the daemon's own), replace (a gateway)
inline constexpr const char* kMethodPlan = "io.twinspan.gateway.Plan";
inline constexpr const char* kMethodApply =
    "io.twinspan.gateway.Apply";  // And confirm_within_seconds.
inline constexpr const char* kMethodConfirm = "io.twinspan.gateway.Confirm";
inline constexpr const char* kMethodDumpState = "io.twinspan.gateway.DumpState";

inline constexpr const char* kErrorUnknownConnection = "io.twinspan.gateway.UnknownConnection";
// parameters: kind ("peering"), name
inline constexpr const char* kErrorUnknownObject = "io.twinspan.gateway.UnknownObject";
inline constexpr const char* kErrorFailed = "io.twinspan.gateway.Failed";  // diagnosis_json.h
// parameters: errors, a line for each fault.
inline constexpr const char* kErrorBadCredentials = "io.twinspan.gateway.BadCredentials";
// parameters: errors, a line for each fault of an estate file or of what it names.
inline constexpr const char* kErrorBadEstate = "io.twinspan.gateway.BadEstate";
// parameters: changes, refusals
inline constexpr const char* kErrorRefused = "io.twinspan.gateway.Refused";
inline constexpr const char* kErrorMethodNotFound = "org.varlink.service.MethodNotFound";
inline constexpr const char* kErrorInvalidParameter = "org.varlink.service.InvalidParameter";

}  // namespace twinspan::tools
