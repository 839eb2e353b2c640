// Invariants of a simulated run.
#pragma once

#include <string>
#include <vector>

namespace twinspan::ike {

class SimWorld;

// At any time: the two ends of an SPI hold equal keys and mirrored selectors.
std::vector<std::string> check_keys(SimWorld& world);

// At rest (no faults, no grace time running): every host sends on exactly one pair per selector
// set, at least one per tunnel, its peer receives it, and neither holds another one.
std::vector<std::string> check_at_rest(SimWorld& world);

// At rest: every host has exactly one IKE SA per tunnel, and its peer has the same one.
std::vector<std::string> check_ike_sas(SimWorld& world);

}  // namespace twinspan::ike
