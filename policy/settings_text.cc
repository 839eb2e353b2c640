#include "policy/settings_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "policy/import.h"
#include "policy/settings_references.h"
#include "policy/yaml_text.h"

namespace twinspan::policy {
namespace {

constexpr std::string_view kEndsOfName = "#{}\"=:, \t\r\n";
constexpr std::string_view kEndsOfWord = "#}\" \t\r\n";  // Of a value's words.

// What all files of one configuration share.
struct Reading {
  const IncludeReader& include;
  std::vector<std::string> files;
  size_t bytes = 0;
  size_t nodes = 0;
  size_t include_depth = 0;
  size_t includes = 0;
  std::vector<SettingsReference> empty_includes{};
};

// One file into a section of the tree. Recursive, no deeper than kSettingsDepthMax.
class SettingsParser {
 public:
  SettingsParser(std::string_view text, Reading& reading)
      : text_(text), reading_(reading), file_(static_cast<uint32_t>(reading.files.size() - 1)) {}

  // False: there is an error.
  bool read_all(SettingsSection& into, size_t depth) {
    if (!read_body(into, depth)) return false;
    return at_end() || fail(mark(), "there is no section that this '}' closes", "remove it");
  }
  std::optional<ConfigError> take_error() { return std::move(error_); }

 private:
  bool at_end() const { return next_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[next_]; }
  SourceMark mark() const {
    return {.file = file_, .line = line_, .column = static_cast<uint32_t>(next_ - line_begin_ + 1)};
  }
  void advance() {
    if (text_[next_++] != '\n') return;
    ++line_;
    line_begin_ = next_;
  }
  void skip(std::string_view letters) {
    while (!at_end() && letters.find(peek()) != std::string_view::npos) advance();
  }
  void skip_comment() {
    while (!at_end() && peek() != '\n') advance();
  }
  // Blanks, lines and comments.
  void skip_to_token() {
    for (skip(" \t\r\n"); peek() == '#'; skip(" \t\r\n")) skip_comment();
  }
  std::string_view take_until(std::string_view ends) {
    const size_t begin = next_;
    next_ = std::min(text_.find_first_of(ends, next_), text_.size());
    return text_.substr(begin, next_ - begin);
  }

  bool fail(SourceMark place, std::string message, std::string remedy) {
    if (!error_)
      error_ = ConfigError{reading_.files[place.file], place.line,       place.column, "",
                           std::move(message),         std::move(remedy)};
    return false;
  }
  bool count_node(SourceMark place) {
    return ++reading_.nodes <= kSettingsNodesMax ||
           fail(place, fmt::format("more than {} sections and values", kSettingsNodesMax),
                "split the file");
  }

  bool read_body(SettingsSection& section, size_t depth);
  bool read_statement(SettingsSection& section, size_t depth);
  bool read_section(SettingsSection& parent, SettingsSection head, size_t depth);
  bool read_references(SettingsSection& section);
  bool read_value(SettingsValue& value);
  bool read_quoted(std::string& text);
  bool read_include(SettingsSection& section, size_t depth);

  std::string_view text_;
  Reading& reading_;
  uint32_t file_;
  size_t next_ = 0;
  size_t line_begin_ = 0;
  uint32_t line_ = 1;
  std::optional<ConfigError> error_;
};

// Up to '}' or the end of the file.
bool SettingsParser::read_body(SettingsSection& section, size_t depth) {
  for (skip_to_token(); !at_end() && peek() != '}'; skip_to_token()) {
    if (!read_statement(section, depth)) return false;
  }
  return true;
}

bool SettingsParser::read_statement(SettingsSection& section, size_t depth) {
  const SourceMark place = mark();
  const std::string name(take_until(kEndsOfName));
  if (name.empty()) {
    return fail(place, "expected a key or a section", "write key = value, or name { ... }");
  }
  skip(" \t\r");
  if (name == "include" && peek() != '=' && peek() != '{' && peek() != ':')
    return read_include(section, depth);
  if (peek() == '=') {
    SettingsValue value{.key = name, .mark = place};
    if (!count_node(place) || !read_value(value)) return false;
    std::erase_if(section.values,
                  [&](const SettingsValue& earlier) { return earlier.key == name; });
    section.values.push_back(std::move(value));
    return section.values.size() <= kSettingsValuesMax ||
           fail(place, fmt::format("more than {} values in one section", kSettingsValuesMax), "");
  }
  SettingsSection head{.name = name, .mark = place};
  if (peek() == ':' && !read_references(head)) return false;
  skip_to_token();
  if (peek() != '{') {
    return fail(mark(), "expected '=' or '{' behind the name before",
                "write key = value, or name { ... }; values with braces stand in quotes");
  }
  advance();
  return read_section(section, std::move(head), depth);
}

bool SettingsParser::read_section(SettingsSection& parent, SettingsSection head, size_t depth) {
  if (depth >= kSettingsDepthMax)
    return fail(head.mark, fmt::format("nested deeper than {} levels", kSettingsDepthMax), "");
  if (!count_node(head.mark)) return false;
  const SourceMark place = head.mark;
  auto found = std::ranges::find(parent.sections, head.name, &SettingsSection::name);
  if (found == parent.sections.end()) {
    if (parent.sections.size() >= kSettingsSectionsMax)
      return fail(place, fmt::format("more than {} sections in one section", kSettingsSectionsMax),
                  "");
    parent.sections.push_back(std::move(head));
    found = parent.sections.end() - 1;
  } else {
    std::ranges::move(head.references, std::back_inserter(found->references));
  }
  if (!read_body(*found, depth + 1)) return false;
  if (at_end()) return fail(place, "this section is never closed", "close it with '}'");
  advance();
  return true;
}

bool SettingsParser::read_references(SettingsSection& section) {
  do {
    advance();  // The colon, or a comma.
    skip_to_token();
    const SourceMark place = mark();
    const std::string name(take_until(kEndsOfName));
    if (name.empty()) return fail(place, "expected the name of a section behind ':' or ','", "");
    if (!count_node(place)) return false;
    section.references.push_back({name, place});
    skip_to_token();
  } while (peek() == ',');
  return true;
}

// To the end of the line, a comment, or '}'. Words are joined by one blank; quotes keep theirs.
bool SettingsParser::read_value(SettingsValue& value) {
  advance();
  skip(" \t\r");
  value.text_mark = mark();
  bool is_first = true;
  for (skip(" \t\r"); !at_end() && std::string_view("#}\n").find(peek()) == std::string_view::npos;
       skip(" \t\r")) {
    if (!is_first) value.text += ' ';
    is_first = false;
    if (peek() == '"') {
      if (!read_quoted(value.text)) return false;
    } else if (text_.substr(next_).starts_with("@#")) {
      // An identity in hexadecimal: no comment.
      value.text += "@#";
      next_ += 2;
      value.text += take_until(kEndsOfWord);
    } else {
      value.text += take_until(kEndsOfWord);
    }
    if (value.text.size() > kSettingsValueMax)
      return fail(value.text_mark, fmt::format("a value of more than {} bytes", kSettingsValueMax),
                  "is a quote missing?");
  }
  return true;
}

bool SettingsParser::read_quoted(std::string& text) {
  const SourceMark place = mark();
  for (advance(); !at_end() && peek() != '"'; advance()) {
    if (peek() != '\\') {
      text += peek();
      continue;
    }
    advance();
    switch (peek()) {
      case 'n':
        text += '\n';
        break;
      case 'r':
        text += '\r';
        break;
      case 't':
        text += '\t';
        break;
      case 'b':
        text += '\b';
        break;
      case 'f':
        text += '\f';
        break;
      case '\n':
        break;  // The text goes on in the next line.
      default:
        if (!at_end()) text += peek();
    }
    if (at_end()) break;
  }
  if (at_end()) return fail(place, "this quote is never closed", "close it");
  advance();
  return true;
}

bool SettingsParser::read_include(SettingsSection& section, size_t depth) {
  const SourceMark place = mark();
  std::string pattern;
  if (peek() == '"') {
    if (!read_quoted(pattern)) return false;
  } else {
    pattern = take_until("#}\" \t\r\n");
  }
  if (pattern.empty()) return fail(place, "expected a file name behind include", "");
  if (++reading_.includes > kIncludesMax)
    return fail(place, fmt::format("more than {} include statements", kIncludesMax), "");
  if (reading_.include_depth >= kIncludeDepthMax)
    return fail(place, fmt::format("files include files deeper than {} levels", kIncludeDepthMax),
                "does one include itself?");
  auto included = reading_.include(pattern, reading_.files[file_]);
  if (!included)
    return fail(place, fmt::format("{} is not included: {}", in_quotes(pattern), included.error()),
                "put what it says into this file");
  if (included->empty()) reading_.empty_includes.push_back({pattern, place});
  for (const IncludedFile& file : *included) {
    reading_.bytes += file.text.size();
    if (reading_.bytes > kImportTextMax || reading_.files.size() >= kSettingsFilesMax)
      return fail(place, "too many files, or too large ones, are included", "");
    reading_.files.push_back(file.name);
    const uint32_t number = static_cast<uint32_t>(reading_.files.size() - 1);
    if (const auto bad = check_yaml_text(file.text, number)) {
      error_ =
          ConfigError{file.name, bad->mark.line, bad->mark.column, "", bad->message, bad->remedy};
      return false;
    }
    ++reading_.include_depth;
    SettingsParser parser(file.text, reading_);
    const bool is_good = parser.read_all(section, depth);
    --reading_.include_depth;
    if (!is_good) {
      error_ = parser.take_error();
      return false;
    }
  }
  return true;
}

}  // namespace

const SettingsValue* SettingsSection::value(std::string_view key) const {
  const auto found = std::ranges::find(values, key, &SettingsValue::key);
  return found == values.end() || found->text.empty() ? nullptr : &*found;
}

const SettingsSection* SettingsSection::section(std::string_view wanted) const {
  const auto found = std::ranges::find(sections, wanted, &SettingsSection::name);
  return found == sections.end() ? nullptr : &*found;
}

Result<std::vector<IncludedFile>, std::string> refuse_includes(std::string_view, std::string_view) {
  return Err<std::string>("include statements are not followed here");
}

Result<Settings, ConfigErrors> read_settings(std::string_view text, const std::string& file_name,
                                             const IncludeReader& include) {
  if (text.size() > kImportTextMax) {
    return Err(
        ConfigErrors{{file_name, 0, 0, "", fmt::format("larger than {} MiB", kImportTextMax >> 20),
                      "leave out the connections that are not in question"}});
  }
  if (const auto bad = check_yaml_text(text, 0)) {
    return Err(
        ConfigErrors{{file_name, bad->mark.line, bad->mark.column, "", bad->message, bad->remedy}});
  }
  Reading reading{.include = include, .files = {file_name}, .bytes = text.size()};
  SettingsParser parser(text, reading);
  Settings settings;
  if (!parser.read_all(settings.root, 0)) {
    auto error = parser.take_error();
    CHECK(error.has_value());
    return Err(ConfigErrors{*std::move(error)});
  }
  settings.files = std::move(reading.files);
  settings.empty_includes = std::move(reading.empty_includes);
  return resolve_references(std::move(settings));
}

}  // namespace twinspan::policy
