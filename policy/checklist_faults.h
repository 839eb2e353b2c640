// What the rules refuse about the objects of a checklist, and no step of it has said.
#pragma once

#include <span>

#include "policy/checklist.h"
#include "policy/faults.h"

namespace twinspan::policy {

// Without numbers. A step that has passed at that very field fails instead, with the rule's words.
// `backs`: the objects of the other direction, of `own`'s estate or another one.
void add_fault_steps(const Faults& faults, const End& own, std::span<const End> backs,
                     Checklist& list);

}  // namespace twinspan::policy
