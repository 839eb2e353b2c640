// strongSwan's swanctl.conf to a model.
//
// Each connection becomes a connection of type ipsec from a gateway that has its local address to a
// local network gateway of its own. A child that is any-to-any makes it route-based; other children
// become traffic_selector_policies, one each, so that what is negotiated stays as it was. What the
// model needs and the file does not have (what is behind an any-to-any tunnel) is noted.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/config_error.h"
#include "policy/import.h"
#include "policy/settings_text.h"

namespace twinspan::policy {

// Errors: not strongSwan's format, a value that its key cannot have, no connection.
Result<Import, ConfigErrors> import_swanctl(std::string_view text, std::string file_name,
                                            const IncludeReader& include = refuse_includes,
                                            ImportFor purpose = ImportFor::Estate);

}  // namespace twinspan::policy
