// Any text as Azure's JSON. What is imported must be written as an estate that parses.
#include "base/check.h"
#include "policy/config_parse.h"
#include "policy/estate_writer.h"
#include "policy/import_azure.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto imported = twinspan::policy::import_azure(text, "a.json");
  if (!imported) {
    CHECK(!imported.error().empty());
    return 0;
  }
  const std::string estate = twinspan::policy::write_estate(imported->model);
  const auto again = twinspan::policy::parse_config(estate, "e.yaml");
  CHECK(again.has_value());
  CHECK(twinspan::policy::write_estate(*again) == estate);
  return 0;
}
