// A failure record as JSON, with the line of the estate file that it points to: in `twinspan up`'s
// answer, in status, and as one line of the journal.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "ike/core/failure_record.h"
#include "policy/config_place.h"

namespace twinspan::tools {

// null when there was no failure.
nlohmann::json diagnosis_json(const ike::Diagnosis& diagnosis, const policy::ConfigPlaces& places);

}  // namespace twinspan::tools
