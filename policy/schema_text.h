// The schema table (policy/schema.h) as text: a JSON Schema for editors, and the reference part of
// docs/model.md, which a test compares with the page.
#pragma once

#include <string>
#include <string_view>

#include "policy/schema.h"

namespace twinspan::policy {

// "a prefix like 10.1.0.0/16": what a field wants, for messages and documentation.
std::string_view expected_form(FieldType type);

// JSON Schema, draft 2020-12, of one estate file.
std::string json_schema();

// Markdown: one table of fields per object.
std::string schema_reference();

}  // namespace twinspan::policy
