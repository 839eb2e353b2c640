// Invariants of a simulated run.
#pragma once

#include <string>
#include <vector>

namespace twinspan::ike {

class SimWorld;

// At any time: the two ends of an SPI hold equal keys and mirrored selectors, and both or neither
// have AGGFRAG.
std::vector<std::string> check_keys(SimWorld& world);

// At rest (no faults, no grace time running): every host sends on exactly one pair per selector
// set and resource, at least one per tunnel, its peer receives it, and neither holds another one.
std::vector<std::string> check_at_rest(SimWorld& world);

// At rest: every host has exactly one IKE SA per tunnel, and its peer has the same one.
std::vector<std::string> check_ike_sas(SimWorld& world);

// Both, where lifetimes end all the time: a rekey may be under way at any moment, and until its
// DELETE arrives a side has two IKE SAs (RFC 7296 2.8), but not at each of several moments. Goes on
// in time; what is found is that of the last one.
std::vector<std::string> check_comes_to_rest(SimWorld& world);

}  // namespace twinspan::ike
