// Any text as Azure's JSON.
#include "policy/import_azure.h"
#include "tests/fuzz/imported.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  twinspan::policy::check_import(twinspan::policy::import_azure(text, "a.json"));
  return 0;
}
