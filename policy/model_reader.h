// The tree of an estate file to the model: which key fills which field.
#pragma once

#include "policy/model.h"
#include "policy/object_reader.h"

namespace twinspan::policy {

// Adds to `model`; faults go to `log`, and a model with faults must not be used.
void read_model(const YamlNode& root, ErrorLog& log, Model& model);

}  // namespace twinspan::policy
