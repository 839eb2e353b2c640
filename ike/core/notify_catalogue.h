// What each error notify of IKEv2 means when a peer answers with it: RFC 7296 3.10.1 and the later
// RFCs of the IANA registry. Pure.
#pragma once

#include <span>

#include "ike/core/diagnosis.h"

namespace twinspan::ike {

struct NotifyMeaning {
  NotifyType type;
  Cause ike;    // In an exchange that concerns the IKE SA.
  Cause child;  // In one that concerns a Child SA.
  const char* meaning;
};

std::span<const NotifyMeaning> all_meanings();
const NotifyMeaning* find_meaning(NotifyType type);  // nullptr: not an error that anybody defined.

}  // namespace twinspan::ike
