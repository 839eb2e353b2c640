// What the two ends of a connection offer each other: identities, algorithms, keys, and who begins.
// Each comparison reports what `there` has to change, or what does not fit `back`.
#pragma once

#include "policy/two_ends.h"

namespace twinspan::policy {

void compare_identities(const TwoEnds& ends, RuleReport& report);
void compare_policies(const TwoEnds& ends, RuleReport& report);
void compare_key_exchanges(const TwoEnds& ends, RuleReport& report);
// What the estates say of them; the bytes are for a CompareKeys.
void compare_ppks(const TwoEnds& ends, RuleReport& report);
void compare_modes(const TwoEnds& ends, RuleReport& report);
void compare_encapsulation(const TwoEnds& ends, RuleReport& report);
void compare_aggfrag(const TwoEnds& ends, RuleReport& report);
void compare_selector_kinds(const TwoEnds& ends, RuleReport& report);

}  // namespace twinspan::policy
