// Any text as swanctl.conf; an include statement finds the text itself. What is imported must be
// written as an estate that parses.
#include "base/check.h"
#include "policy/config_parse.h"
#include "policy/estate_writer.h"
#include "policy/import_swanctl.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace twinspan::policy;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const IncludeReader itself =
      [&](std::string_view,
          std::string_view) -> twinspan::Result<std::vector<IncludedFile>, std::string> {
    return std::vector<IncludedFile>{{"s.conf", text}};
  };
  const auto imported = import_swanctl(text, "s.conf", itself);
  if (!imported) {
    CHECK(!imported.error().empty());
    return 0;
  }
  const std::string estate = write_estate(imported->model);
  const auto again = parse_config(estate, "e.yaml");
  CHECK(again.has_value());
  CHECK(write_estate(*again) == estate);
  return 0;
}
