// The schema table (policy/schema.h) as text: a JSON Schema for editors, and the reference part of
// docs/model.md, which a test compares with the page.
#pragma once

#include <string>

namespace twinspan::policy {

// JSON Schema, draft 2020-12, of one estate file.
std::string json_schema();

// Markdown: one table of fields per object.
std::string schema_reference();

}  // namespace twinspan::policy
