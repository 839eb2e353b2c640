// Estates as files: from a path to the model, whatever kind of file it is.
#pragma once

#include <string>

#include "base/result.h"
#include "policy/config_error.h"
#include "policy/model.h"

namespace twinspan::tools {

// The errors name the file. Refused: a directory, and more bytes than the estate format has.
Result<std::string, policy::ConfigErrors> read_estate_text(const std::string& path);

// The model of a file, by its kind. Estate files are all that is read here; each further kind is
// one row of the table in estate_file.cc: how to tell it, and how to read it.
Result<policy::Model, policy::ConfigErrors> read_model(const std::string& path);

}  // namespace twinspan::tools
