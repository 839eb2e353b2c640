#include "policy/config_parse.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <tuple>

#include "policy/model_reader.h"
#include "policy/object_reader.h"
#include "policy/yaml_text.h"
#include "policy/yaml_tree.h"

namespace twinspan::policy {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

SourceMark to_source_mark(const YAML::Mark& mark, uint32_t file) {
  return {.file = file,
          .line = static_cast<uint32_t>(mark.line + 1),
          .column = static_cast<uint32_t>(mark.column + 1)};
}

YamlError open_quote_at(SourceMark mark) {
  return {mark, "this quote is never closed", "close it"};
}

// Hands yaml-cpp's events to the builder. yaml-cpp resolves nothing here but anchors; implicit
// types do not exist.
class EventAdapter : public YAML::EventHandler {
 public:
  EventAdapter(std::string_view text, uint32_t file) : text_(text), file_(file) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ < 2) return;
    builder_.fail({to_source_mark(mark, file_), "a second document begins here",
                   "one file holds one estate: remove '---'"});
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.add_empty(to_source_mark(mark, file_), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.add_alias(to_source_mark(mark, file_), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const SourceMark place = to_source_mark(mark, file_);
    refuse_tag(place, tag);
    last_scalar_ = static_cast<size_t>(mark.pos);
    // yaml-cpp takes the end of the file for the missing quote of a text that ends there.
    if (!has_closing_quote(text_, last_scalar_)) return builder_.fail(open_quote_at(place));
    builder_.add_text(place, anchor, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(to_source_mark(mark, file_), tag);
    builder_.open(YamlKind::List, to_source_mark(mark, file_), anchor);
  }
  void OnSequenceEnd() override { builder_.close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(to_source_mark(mark, file_), tag);
    builder_.open(YamlKind::Mapping, to_source_mark(mark, file_), anchor);
  }
  void OnMapEnd() override { builder_.close(); }

  YamlTreeBuilder& builder() { return builder_; }
  size_t last_scalar_offset() const { return last_scalar_; }

 private:
  // The parser's own marks are "?" for plain and "!" for quoted values; three more say what a value
  // is anyway.
  void refuse_tag(SourceMark place, const std::string& tag) {
    static constexpr std::string_view kHarmless[] = {
        "", "?", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"};
    if (std::ranges::find(kHarmless, tag) != std::end(kHarmless)) return;
    builder_.fail({place, fmt::format("a tag, {}", in_quotes(tag)),
                   "remove it: the key says of which type a value is"});
  }

  std::string_view text_;
  uint32_t file_;
  int documents_ = 0;
  size_t last_scalar_ = 0;
  YamlTreeBuilder builder_;
};

// What yaml-cpp's exception means; it tells the place of an open quote as the end of the file.
YamlError to_yaml_error(const YAML::Exception& exception, std::string_view text, size_t last_scalar,
                        uint32_t file) {
  const SourceMark mark = to_source_mark(exception.mark, file);
  if (exception.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
    if (const auto quote = find_open_quote(text, last_scalar))
      return open_quote_at(mark_of_offset(text, *quote, file));
  }
  if (is_indented_with_tab(text, mark.line))
    return {mark, "a tab in the indentation", "indent with spaces"};
  return {mark, "not valid YAML: " + exception.msg,
          "look at the indentation, brackets and quotes of this line and the one before"};
}

// yaml-cpp throws on bad syntax; nothing of it leaves this function.
Result<YamlTree, std::vector<YamlError>> read_yaml(std::string_view text, uint32_t file) {
  if (auto error = check_yaml_text(text, file))
    return Err<std::vector<YamlError>>({std::move(*error)});
  EventAdapter adapter(text, file);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (!adapter.builder().has_failed() && parser.HandleNextDocument(adapter)) {
    }
  } catch (const YAML::Exception& exception) {
    adapter.builder().fail(to_yaml_error(exception, text, adapter.last_scalar_offset(), file));
  }
  return adapter.builder().finish();
}

void sort_by_place(ConfigErrors& errors) {
  std::ranges::sort(errors, {}, [](const ConfigError& error) {
    return std::tie(error.line, error.column, error.path, error.message);
  });
}

}  // namespace

Result<Model, ConfigErrors> parse_config(std::string_view text, std::string file_name) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  ErrorLog log(file_name);
  Model model;
  model.files = {std::move(file_name)};
  if (const auto tree = read_yaml(text, 0)) {
    read_model(tree->root(), log, model);
  } else {
    for (const YamlError& error : tree.error())
      log.add(error.mark, "", error.message, error.remedy);
  }
  ConfigErrors errors = log.take();
  if (errors.empty()) return model;
  sort_by_place(errors);
  return Err<ConfigErrors>(std::move(errors));
}

}  // namespace twinspan::policy
