// Any text as swanctl.conf; an include statement finds the text itself.
#include "policy/import_swanctl.h"
#include "tests/fuzz/imported.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace twinspan::policy;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const IncludeReader itself =
      [&](std::string_view,
          std::string_view) -> twinspan::Result<std::vector<IncludedFile>, std::string> {
    return std::vector<IncludedFile>{{"s.conf", text}};
  };
  check_import(import_swanctl(text, "s.conf", itself));
  return 0;
}
