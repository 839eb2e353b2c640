#include "policy/import_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "policy/import.h"

namespace twinspan::policy {
namespace {

using nlohmann::json;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16Marks[] = {"\xFF\xFE", "\xFE\xFF"};

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char letter) { return lower(letter); });
  return result;
}

// Tells the reader's events how far the library has read.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator() = default;
  CountingIterator(const char* at, size_t* consumed) : at_(at), consumed_(consumed) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*consumed_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_ = nullptr;
  size_t* consumed_ = nullptr;
};

// Line and column of offsets that only grow.
class PlaceFinder {
 public:
  explicit PlaceFinder(std::string_view text) : text_(text) {}
  SourceMark at(size_t offset) {
    for (; next_ < std::min(offset, text_.size()); ++next_) {
      if (text_[next_] != '\n') continue;
      ++line_;
      line_begin_ = next_ + 1;
    }
    const size_t in_line = offset < line_begin_ ? 0 : offset - line_begin_;
    return {.line = line_, .column = static_cast<uint32_t>(in_line + 1)};
  }

 private:
  std::string_view text_;
  size_t next_ = 0;
  size_t line_begin_ = 0;
  uint32_t line_ = 1;
};

// The library's events to a tree. Each event comes when its token has been read, so a token begins
// after the white space and separators behind the one before.
class TreeBuilder : public nlohmann::json_sax<json> {
 public:
  TreeBuilder(std::string_view text, const size_t& consumed, const std::string& file_name)
      : text_(text), consumed_(consumed), file_name_(file_name), places_(text) {}

  bool null() override { return add(JsonKind::Null, ""); }
  bool boolean(bool value) override { return add(JsonKind::Flag, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return add(JsonKind::Number, fmt::format("{}", value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return add(JsonKind::Number, fmt::format("{}", value));
  }
  bool number_float(number_float_t, const string_t& written) override {
    return add(JsonKind::Number, written);
  }
  bool string(string_t& value) override { return add(JsonKind::Text, value); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return open(JsonKind::Object); }
  bool key(string_t& value) override;
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(JsonKind::List); }
  bool end_array() override { return close(); }
  bool parse_error(size_t position, const std::string& token,
                   const nlohmann::detail::exception& why) override;

  std::optional<ConfigError> take_error() { return std::move(error_); }
  JsonNode take_root() { return std::move(root_); }

 private:
  struct Frame {
    JsonNode* node = nullptr;
    size_t values_before = 0;
    std::set<std::string> keys{};  // In small letters.
  };

  SourceMark begin_token();
  bool add(JsonKind kind, std::string text);
  bool open(JsonKind kind);
  bool close();
  JsonNode* place_for(JsonNode node);
  bool fail(SourceMark mark, std::string message, std::string remedy);

  std::string_view text_;
  const size_t& consumed_;
  const std::string& file_name_;
  PlaceFinder places_;
  size_t token_end_ = 0;
  size_t values_ = 0;
  JsonNode root_;
  std::vector<Frame> frames_;  // A node's parent does not grow while the node is open.
  std::optional<ConfigError> error_;
};

SourceMark TreeBuilder::begin_token() {
  const size_t begin = std::min(text_.find_first_not_of(" \t\r\n:,", token_end_), text_.size());
  token_end_ = consumed_;
  return places_.at(begin);
}

bool TreeBuilder::add(JsonKind kind, std::string text) {
  const SourceMark mark = begin_token();
  if (text.size() > kJsonTextMax) {
    return fail(
        mark,
        fmt::format("a text of {} bytes, more than the {} allowed", text.size(), kJsonTextMax),
        "is a quote missing?");
  }
  return place_for({.kind = kind, .mark = mark, .text = std::move(text)}) != nullptr;
}

bool TreeBuilder::open(JsonKind kind) {
  const SourceMark mark = begin_token();
  if (frames_.size() >= kJsonDepthMax)
    return fail(mark, fmt::format("nested deeper than {} levels", kJsonDepthMax), "");
  JsonNode* const node = place_for({.kind = kind, .mark = mark});
  if (node == nullptr) return false;
  frames_.push_back({.node = node, .values_before = values_ - 1});
  return true;
}

bool TreeBuilder::close() {
  token_end_ = consumed_;
  frames_.back().node->weight = values_ - frames_.back().values_before;
  frames_.pop_back();
  return true;
}

bool TreeBuilder::key(string_t& value) {
  const SourceMark mark = begin_token();
  if (!frames_.back().keys.insert(lower(value)).second)
    return fail(mark, fmt::format("{} is written twice", in_quotes(value)), "keep one of them");
  if (frames_.back().keys.size() > kJsonMembersMax)
    return fail(mark, fmt::format("more than {} keys in one object", kJsonMembersMax), "");
  frames_.back().node->members.push_back({value, mark, {}});
  return true;
}

// nullptr: too many.
JsonNode* TreeBuilder::place_for(JsonNode node) {
  if (++values_ > kJsonValuesMax) {
    fail(node.mark, fmt::format("more than {} values", kJsonValuesMax), "split the file");
    return nullptr;
  }
  if (frames_.empty()) {
    root_ = std::move(node);
    return &root_;
  }
  JsonNode& parent = *frames_.back().node;
  if (parent.kind == JsonKind::List) {
    parent.items.push_back(std::move(node));
    return &parent.items.back();
  }
  parent.members.back().value = std::move(node);
  return &parent.members.back().value;
}

// The library's message ends with what it has read, which may be a key: that part is cut off.
bool TreeBuilder::parse_error(size_t position, const std::string&,
                              const nlohmann::detail::exception& why) {
  std::string_view text = why.what();
  text = text.substr(0, text.find("; last read"));
  const size_t reason = text.find(" - ");
  const bool is_encoding = text.find("UTF-8") != std::string_view::npos;
  const SourceMark mark = places_.at(position == 0 ? 0 : position - 1);
  if (is_encoding) return fail(mark, "the text is not UTF-8", "save the file as UTF-8");
  if (reason == std::string_view::npos) return fail(mark, "a number that is too large", "");
  return fail(mark, fmt::format("not valid JSON: {}", text.substr(reason + 3)),
              "look at the commas, brackets and quotes of this line and the one before");
}

bool TreeBuilder::fail(SourceMark mark, std::string message, std::string remedy) {
  if (!error_)
    error_ =
        ConfigError{file_name_, mark.line, mark.column, "", std::move(message), std::move(remedy)};
  return false;
}

}  // namespace

const JsonNode* JsonNode::find(std::string_view key) const {
  const auto found = std::ranges::find_if(
      members, [&](const JsonMember& member) { return equal_without_case(member.key, key); });
  return found == members.end() ? nullptr : &found->value;
}

bool JsonNode::is_blank() const {
  switch (kind) {
    case JsonKind::Null:
      return true;
    case JsonKind::Flag:
      return text == "false";
    case JsonKind::Number:
      return text == "0";
    case JsonKind::Text:
      return text.empty();
    case JsonKind::List:
      return items.empty();
    case JsonKind::Object:
      return members.empty();
  }
  return true;
}

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

Result<JsonNode, ConfigError> read_json(std::string_view text, const std::string& file_name) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (std::ranges::any_of(kUtf16Marks, [&](auto mark) { return text.starts_with(mark); })) {
    return Err(ConfigError{file_name, 1, 1, "",
                           "the text is UTF-16, as `>` of Windows PowerShell writes it",
                           "save it as UTF-8, there with `| Out-File -Encoding utf8 FILE`"});
  }
  if (text.size() > kImportTextMax) {
    return Err(ConfigError{file_name, 0, 0, "",
                           fmt::format("larger than {} MiB", kImportTextMax >> 20),
                           "export the objects in question alone"});
  }
  size_t consumed = 0;
  TreeBuilder builder(text, consumed, file_name);
  const CountingIterator begin(text.data(), &consumed);
  const CountingIterator end(text.data() + text.size(), &consumed);
  const bool is_good = json::sax_parse(begin, end, &builder);
  if (auto error = builder.take_error()) return Err(*std::move(error));
  if (!is_good)
    return Err(ConfigError{file_name, 1, 1, "", "not valid JSON",
                           "look at its brackets, commas and quotes"});
  return builder.take_root();
}

}  // namespace twinspan::policy
