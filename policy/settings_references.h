// Sections that inherit from others, unfolded (strongswan.conf(5), "referencing other sections").
#pragma once

#include "policy/settings_text.h"

namespace twinspan::policy {

// What a section does not say itself comes from the sections that it refers to, the first one
// first, subsection by subsection. Errors: a section that is not there, one that inherits from
// itself, more than kSettingsNodesMax nodes in all.
Result<Settings, ConfigErrors> resolve_references(Settings settings);

}  // namespace twinspan::policy
