// The BGP speakers of one connection seen from both of its ends: what each side has written of the
// other's, against what that one is.
#pragma once

#include "policy/two_ends.h"

namespace twinspan::policy {

struct SpeakerFault {
  FieldPlace place;  // In `there`'s estate.
  std::string message;
  std::string remedy;
};

// What `there` has wrong of the speaker of `back`'s gateway. Of a gateway with several instances
// the one counts that `there` leads to: a session ends at the instance at which its tunnel ends.
// None where one of the two has no settings.
std::vector<SpeakerFault> speaker_faults(const TwoEnds& ends);

void report_speakers(const TwoEnds& ends, RuleReport& report);

}  // namespace twinspan::policy
