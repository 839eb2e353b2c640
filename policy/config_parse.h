// An estate file's text to the model, strictly. The door to the YAML library: its exceptions end
// here.
//
// Pure: reads no file, `file_name` is only for messages. Every fault of form is found in one run,
// in the file's order, at most kConfigErrorsMax; what is well formed but cannot work is
// policy/validate.h's.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/config_error.h"
#include "policy/model.h"

namespace twinspan::policy {

Result<Model, ConfigErrors> parse_config(std::string_view text, std::string file_name);

}  // namespace twinspan::policy
