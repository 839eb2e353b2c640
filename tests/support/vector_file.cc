#include "tests/support/vector_file.h"

#include <charconv>
#include <fstream>
#include <stdexcept>

namespace twinspan {
namespace {

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

uint8_t digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<uint8_t>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<uint8_t>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F') return static_cast<uint8_t>(digit - 'A' + 10);
  throw std::runtime_error(std::string("not a hexadecimal digit: ") + digit);
}

void read_line(std::string_view line, std::vector<VectorCase>& cases) {
  const std::string_view text = trim(line);
  if (text.empty() || text.front() == '#') return;
  if (text.front() == '[' && text.back() == ']') {
    cases.emplace_back(std::string(text.substr(1, text.size() - 2)));
    return;
  }
  if (cases.empty()) throw std::runtime_error("a field before the first [case]");
  const size_t equals = text.find('=');
  if (line.front() == ' ' && equals == std::string_view::npos) {
    cases.back().continue_last(text);
    return;
  }
  if (equals == std::string_view::npos) throw std::runtime_error("neither field nor [case]");
  cases.back().add(std::string(trim(text.substr(0, equals))),
                   std::string(trim(text.substr(equals + 1))));
}

}  // namespace

Bytes from_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) throw std::runtime_error("odd number of hexadecimal digits");
  Bytes bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(
        static_cast<uint8_t>((digit_value(digits[i]) << 4) | digit_value(digits[i + 1])));
  }
  return bytes;
}

void VectorCase::fail(std::string_view why) const {
  throw std::runtime_error("[" + name_ + "]: " + std::string(why));
}

std::string VectorCase::word(std::string_view field) const {
  const auto found = fields_.find(field);
  if (found == fields_.end()) fail("no field " + std::string(field));
  return found->second;
}

Bytes VectorCase::bytes(std::string_view field) const {
  const std::string value = word(field);
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    return Bytes(value.begin() + 1, value.end() - 1);
  }
  return from_hex(value);
}

size_t VectorCase::number(std::string_view field) const {
  const std::string value = word(field);
  size_t result = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, result);
  if (error != std::errc{} || stop != end) fail(std::string(field) + " is not a number");
  return result;
}

void VectorCase::add(std::string field, std::string value) {
  if (!fields_.emplace(field, std::move(value)).second) fail("two fields " + field);
  last_field_ = std::move(field);
}

void VectorCase::continue_last(std::string_view more) {
  if (last_field_.empty()) fail("a continuation without a field");
  fields_[last_field_] += more;
}

std::vector<VectorCase> read_vectors(std::string_view file_name) {
  const std::string path = std::string(TWINSPAN_TEST_VECTOR_DIR) + "/" + std::string(file_name);
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::vector<VectorCase> cases;
  size_t line_number = 0;
  for (std::string line; std::getline(file, line);) {
    ++line_number;
    try {
      read_line(line, cases);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(path + ":" + std::to_string(line_number) + ": " + error.what());
    }
  }
  if (cases.empty()) throw std::runtime_error(path + ": no case");
  return cases;
}

}  // namespace twinspan
