// The model to the text of an estate file, the inverse of policy/config_parse.h: what was written
// in a file is written again, defaults are not.
//
// Keys stand in the schema's order and objects in that of their names, so equal models give equal
// texts. Comments and places are not part of a model and are lost.
#pragma once

#include <map>
#include <string>

#include "policy/model.h"

namespace twinspan::policy {

// parse_config() of the result yields the same model. Names and texts must be such as
// parse_config() takes: one line of UTF-8 without control characters.
std::string write_estate(const Model& model);

// Of each object what it says, by how findings name it ("connections.a-to-b").
std::map<std::string, std::string> object_texts(const Model& model);

}  // namespace twinspan::policy
