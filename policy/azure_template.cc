#include "policy/azure_template.h"

#include <algorithm>

namespace twinspan::policy {
namespace {

bool is_word_character(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '_';
}

// "{0}-{1}" with the arguments behind the first; braces are doubled where they mean themselves.
std::optional<std::string> formatted(const std::vector<const JsonNode*>& arguments) {
  std::string_view pattern = arguments.front()->text;
  std::string text;
  while (!pattern.empty()) {
    const char letter = pattern.front();
    const bool is_brace = letter == '{' || letter == '}';
    if (!is_brace || (pattern.size() > 1 && pattern[1] == letter)) {
      text += letter;
      pattern.remove_prefix(is_brace ? 2 : 1);
      continue;
    }
    const bool is_place = letter == '{' && pattern.find('}') == 2;
    if (!is_place || pattern[1] < '0' || pattern[1] > '9') return std::nullopt;
    const size_t number = static_cast<size_t>(pattern[1] - '0') + 1;
    if (number >= arguments.size()) return std::nullopt;
    text += arguments[number]->text;
    if (text.size() > kExpressionTextMax) return std::nullopt;
    pattern.remove_prefix(3);
  }
  return text;
}

// Subscription and group may stand before the type, which alone has slashes. Behind it each name
// belongs to one segment of the type: ".../virtualNetworks/NETWORK/subnets/SUBNET".
std::optional<std::string> resource_id(const std::vector<const JsonNode*>& arguments) {
  const auto type = std::ranges::find_if(arguments, [](const JsonNode* argument) {
    return argument->text.find('/') != std::string::npos;
  });
  if (type == arguments.end()) return std::nullopt;
  std::string_view segments = (*type)->text;
  std::string text(segments.substr(0, segments.find('/')));
  for (auto name = type + 1; name != arguments.end(); ++name) {
    segments.remove_prefix(std::min(segments.find('/'), segments.size() - 1) + 1);
    text += "/" + std::string(segments.substr(0, segments.find('/'))) + "/" + (*name)->text;
  }
  return text;
}

std::string joined(const std::vector<const JsonNode*>& arguments) {
  std::string text;
  for (const JsonNode* const argument : arguments) text += argument->text;
  return text;
}

}  // namespace

struct AzureTemplate::Cursor {
  std::string_view text;
  const JsonNode& origin;

  void skip_blanks() {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  }
  bool take(char letter) {
    skip_blanks();
    if (!text.starts_with(letter)) return false;
    text.remove_prefix(1);
    return true;
  }
  std::string take_word() {
    skip_blanks();
    const auto end = std::ranges::find_if_not(text, is_word_character);
    const std::string word(text.begin(), end);
    text.remove_prefix(word.size());
    return word;
  }
  // Behind the opening quote; a quote is doubled inside.
  std::optional<std::string> take_literal() {
    std::string literal;
    while (!text.empty()) {
      const char letter = text.front();
      text.remove_prefix(1);
      if (letter != '\'') {
        literal += letter;
      } else if (text.starts_with('\'')) {
        literal += letter;
        text.remove_prefix(1);
      } else {
        return literal;
      }
    }
    return std::nullopt;
  }
};

bool AzureTemplate::is_expression(const JsonNode& node) {
  return node.kind == JsonKind::Text && node.text.size() > 2 && node.text.front() == '[' &&
         node.text[1] != '[' && node.text.back() == ']';
}

const JsonNode* AzureTemplate::resolve(const JsonNode& node, size_t depth) {
  if (!is_expression(node)) return &node;
  if (node.text.size() > kExpressionTextMax) return nullptr;
  Cursor cursor{std::string_view(node.text).substr(1, node.text.size() - 2), node};
  const JsonNode* const value = evaluate(cursor, depth);
  cursor.skip_blanks();
  return value != nullptr && cursor.text.empty() && has_steps_for(*value) ? value : nullptr;
}

bool AzureTemplate::has_steps_for(const JsonNode& value) {
  steps_ += value.weight + value.text.size() / kExpressionBytesPerStep;
  return steps_ <= kExpressionStepsMax;
}

const JsonNode* AzureTemplate::evaluate(Cursor& cursor, size_t depth) {
  if (depth >= kExpressionDepthMax || ++steps_ > kExpressionStepsMax) return nullptr;
  if (cursor.take('\'')) {
    auto literal = cursor.take_literal();
    return literal ? make_text(*std::move(literal), cursor.origin) : nullptr;
  }
  const std::string function = cursor.take_word();
  if (function.empty() || !cursor.take('(')) return nullptr;
  std::vector<const JsonNode*> arguments;
  while (!cursor.take(')')) {
    if (!arguments.empty() && !cursor.take(',')) return nullptr;
    const JsonNode* const argument = evaluate(cursor, depth + 1);
    if (argument == nullptr) return nullptr;
    arguments.push_back(argument);
  }
  return call(function, arguments, cursor.origin, depth);
}

const JsonNode* AzureTemplate::call(const std::string& function,
                                    const std::vector<const JsonNode*>& arguments,
                                    const JsonNode& origin, size_t depth) {
  const bool are_texts = std::ranges::all_of(
      arguments, [](const JsonNode* argument) { return argument->kind == JsonKind::Text; });
  if (!are_texts || arguments.empty()) return nullptr;
  if (equal_without_case(function, "parameters") && arguments.size() == 1)
    return look_up("parameters", arguments[0]->text, depth);
  if (equal_without_case(function, "variables") && arguments.size() == 1)
    return look_up("variables", arguments[0]->text, depth);
  std::optional<std::string> text;
  if (equal_without_case(function, "concat")) text = joined(arguments);
  if (equal_without_case(function, "format")) text = formatted(arguments);
  if (equal_without_case(function, "resourceId")) text = resource_id(arguments);
  if (!text || text->size() > kExpressionTextMax) return nullptr;
  return make_text(*std::move(text), origin);
}

const JsonNode* AzureTemplate::look_up(const char* section, std::string_view name, size_t depth) {
  const JsonNode* const all = root_.find(section);
  const JsonNode* value = all == nullptr ? nullptr : all->find(name);
  if (value != nullptr && std::string_view(section) == "parameters")
    value = value->find("defaultValue");
  return value == nullptr ? nullptr : resolve(*value, depth + 1);
}

const JsonNode* AzureTemplate::make_text(std::string text, const JsonNode& origin) {
  made_.push_back({.kind = JsonKind::Text, .mark = origin.mark, .text = std::move(text)});
  return has_steps_for(made_.back()) ? &made_.back() : nullptr;
}

std::string_view last_segment(std::string_view id) {
  return id.substr(id.rfind('/') + 1);  // npos + 1 is 0.
}

std::string_view segment_after(std::string_view id, std::string_view segment) {
  while (!id.empty()) {
    const std::string_view head = id.substr(0, id.find('/'));
    id.remove_prefix(std::min(head.size() + 1, id.size()));
    if (equal_without_case(head, segment)) return id.substr(0, id.find('/'));
  }
  return "";
}

}  // namespace twinspan::policy
