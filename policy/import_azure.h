// An Azure template, or what `az ... -o json` prints of virtual networks, their gateways, local
// network gateways, connections, peerings and public addresses, to a model.
//
// Objects stand in one file, alone or in lists (`jq -s . a.json b.json` joins several outputs),
// with their "properties" or with what is in there lifted to the top. Fields have Azure's names; of
// expressions, those that name things are understood (policy/azure_template.h).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/config_error.h"
#include "policy/import.h"

namespace twinspan::policy {

// Errors: no JSON, a field of the wrong kind, nothing to import.
Result<Import, ConfigErrors> import_azure(std::string_view text, std::string file_name,
                                          ImportFor purpose = ImportFor::Estate);

}  // namespace twinspan::policy
