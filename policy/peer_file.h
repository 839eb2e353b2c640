// Any file that describes the other side, as a model: an estate, a swanctl.conf, or Azure JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/config_error.h"
#include "policy/import.h"
#include "policy/settings_text.h"

namespace twinspan::policy {

enum class PeerFileKind : uint8_t { Estate, Swanctl, Azure };

// By content: JSON with an estate's keys, other JSON, strongSwan's sections, else YAML. Never
// fails: whoever reads the text as what it is taken for says what is wrong with it.
PeerFileKind kind_of_text(std::string_view text);

// With the notes of an import; those of an estate are none, and it has no keys. Of a swanctl.conf,
// `include` reads what it includes. Errors: the file cannot be read as what it is.
Result<Import, ConfigErrors> import_file(std::string_view text, std::string file_name,
                                         PeerFileKind kind,
                                         const IncludeReader& include = refuse_includes,
                                         ImportFor purpose = ImportFor::Comparison);

}  // namespace twinspan::policy
