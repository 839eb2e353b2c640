// The steps of a checklist about what the two ends are: a gateway's type, or an IKE version, that
// cannot carry the connection at all. There is one only where something is refused.
#pragma once

#include <span>

#include "policy/checklist.h"

namespace twinspan::policy {

// Without numbers. `backs`: the objects of the other direction, of `own`'s estate or another one.
void add_kind_steps(const End& own, std::span<const End> backs, Checklist& list);

}  // namespace twinspan::policy
