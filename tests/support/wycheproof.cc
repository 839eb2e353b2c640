#include "tests/support/wycheproof.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/support/vector_file.h"

namespace twinspan {
namespace {

using nlohmann::json;

WycheproofResult parse_result(const std::string& word) {
  if (word == "valid") return WycheproofResult::Valid;
  if (word == "invalid") return WycheproofResult::Invalid;
  if (word == "acceptable") return WycheproofResult::Acceptable;
  throw std::runtime_error("unknown result: " + word);
}

WycheproofCase parse_case(const json& group, const json& test) {
  WycheproofCase result;
  result.id = test.at("tcId").get<size_t>();
  result.result = parse_result(test.at("result").get<std::string>());
  result.comment = test.at("comment").get<std::string>();
  result.flags = test.at("flags").get<std::vector<std::string>>();
  for (const auto& [name, value] : test.items()) {
    if (!value.is_string() || name == "comment" || name == "result") continue;
    result.bytes[name] = from_hex(value.get<std::string>());
  }
  for (const auto& [name, value] : group.items()) {
    if (value.is_number_unsigned()) result.sizes[name] = value.get<size_t>();
  }
  return result;
}

}  // namespace

bool WycheproofCase::has_flag(std::string_view flag) const {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

std::vector<WycheproofCase> read_wycheproof(std::string_view file_name) {
  const char* const folder = std::getenv("TWINSPAN_VECTORS");
  if (folder == nullptr) throw std::runtime_error("TWINSPAN_VECTORS is not set");
  const std::string path = std::string(folder) + "/" + std::string(file_name);
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  const json document = json::parse(file);
  std::vector<WycheproofCase> cases;
  for (const json& group : document.at("testGroups")) {
    for (const json& test : group.at("tests")) cases.push_back(parse_case(group, test));
  }
  if (cases.size() != document.at("numberOfTests").get<size_t>()) {
    throw std::runtime_error(path + ": the number of tests differs from numberOfTests");
  }
  return cases;
}

}  // namespace twinspan
