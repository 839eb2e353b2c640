#include "policy/schema_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace twinspan::policy {
namespace {

// Every object of the format, each once, in the order in which a reader meets them.
void collect(const ObjectSchema& schema, std::vector<const ObjectSchema*>& found) {
  if (std::ranges::find(found, &schema) != found.end()) return;
  found.push_back(&schema);
  for (const FieldSchema& field : schema.fields) {
    if (field.object != nullptr) collect(*field.object, found);
  }
}

std::vector<const ObjectSchema*> all_objects() {
  std::vector<const ObjectSchema*> found;
  collect(kEstateSchema, found);
  return found;
}

// "virtual-network-gateway"
std::string key_of(const ObjectSchema& schema) {
  std::string key;
  for (const char letter : schema.name)
    key +=
        letter == ' ' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return key;
}

// -- JSON, which the table's texts need no more of than this

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') result += '\\';
    result += letter;
  }
  return result + '"';
}

using Members = std::vector<std::pair<std::string, std::string>>;

std::string indented(std::string text) {
  for (size_t line = text.find('\n'); line != std::string::npos; line = text.find('\n', line + 1))
    text.insert(line + 1, "  ");
  return text;
}

std::string object(const Members& members) {
  if (members.empty()) return "{}";
  std::string text = "{";
  for (const auto& [key, value] : members) {
    text += fmt::format("{}\n  {}: {}", text == "{" ? "" : ",", quoted(key), indented(value));
  }
  return text + "\n}";
}

std::string array(const std::vector<std::string>& items) {
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string reference_to(const ObjectSchema& schema) {
  return object({{"$ref", quoted("#/$defs/" + key_of(schema))}});
}

std::string default_of(const FieldSchema& field) {
  const bool is_literal = field.type == FieldType::Flag || field.type == FieldType::Number;
  return is_literal ? std::string(field.default_text) : quoted(field.default_text);
}

Members name_rules() {
  return {{"type", quoted("string")},
          {"pattern", quoted("^[A-Za-z0-9_][A-Za-z0-9_.-]*$")},
          {"maxLength", std::to_string(kNameMax)}};
}

// One value of the field, whatever its shape.
Members value_of(const FieldSchema& field) {
  switch (field.type) {
    case FieldType::Flag:
      return {{"type", quoted("boolean")}};
    case FieldType::Number: {
      Members members = {{"type", quoted("integer")}, {"minimum", std::to_string(field.min)}};
      if (field.max != UINT64_MAX) members.emplace_back("maximum", std::to_string(field.max));
      return members;
    }
    case FieldType::Word: {
      std::vector<std::string> words;
      for (const std::string_view word : field.choices) words.push_back(quoted(word));
      return {{"enum", array(words)}};
    }
    case FieldType::Object:
      return {{"$ref", quoted("#/$defs/" + key_of(*field.object))}};
    case FieldType::NameOrObject:
      return {{"anyOf", array({object(name_rules()), reference_to(*field.object)})}};
    case FieldType::ObjectName:
      return name_rules();
    case FieldType::Text:
    case FieldType::Address:
    case FieldType::Prefix:
    case FieldType::AddressRange:
      return {{"type", quoted("string")}, {"minLength", "1"}};
  }
  return {};
}

std::string property_of(const FieldSchema& field) {
  Members members;
  switch (field.shape) {
    case FieldShape::One:
      members = value_of(field);
      break;
    case FieldShape::List:
      members = {{"type", quoted("array")},
                 {"items", object(value_of(field))},
                 {"maxItems", std::to_string(kListItemsMax)}};
      break;
    case FieldShape::ByName:
      members = {{"type", quoted("object")},
                 {"propertyNames", object(name_rules())},
                 {"additionalProperties", object(value_of(field))}};
      if (field.object == nullptr)
        members.emplace_back("maxProperties", std::to_string(kListItemsMax));
      break;
  }
  members.emplace_back("description", quoted(field.doc));
  if (!field.default_text.empty()) members.emplace_back("default", default_of(field));
  return object(members);
}

Members definition_of(const ObjectSchema& schema) {
  Members properties;
  std::vector<std::string> required;
  for (const FieldSchema& field : schema.fields) {
    properties.emplace_back(std::string(field.name), property_of(field));
    if (field.is_required) required.push_back(quoted(field.name));
  }
  Members members = {{"type", quoted("object")},
                     {"description", quoted(schema.doc)},
                     {"properties", object(properties)},
                     {"additionalProperties", "false"}};
  if (!required.empty()) members.emplace_back("required", array(required));
  return members;
}

// -- Markdown

// "a list of prefixes like ..." in the words of the parser's messages.
std::string value_text(const FieldSchema& field) {
  std::string text;
  switch (field.type) {
    case FieldType::Word: {
      std::vector<std::string> words;
      for (const std::string_view word : field.choices) words.push_back(fmt::format("`{}`", word));
      text = fmt::format("{}", fmt::join(words, ", "));
      break;
    }
    case FieldType::Number:
      text = field.min == field.max    ? fmt::format("{}", field.min)
             : field.max == UINT64_MAX ? fmt::format("a number from {}", field.min)
                                       : fmt::format("{} to {}", field.min, field.max);
      break;
    case FieldType::Object:
      text = fmt::format("{}", field.object->name);
      break;
    case FieldType::NameOrObject:
      text = fmt::format("a name, or {}", field.object->name);
      break;
    default:
      text = expected_form(field.type);
  }
  if (field.shape == FieldShape::List) return "list: " + text;
  return field.shape == FieldShape::ByName ? "by name: " + text : text;
}

std::string row_of(const FieldSchema& field) {
  std::string fallback = field.is_required ? "required" : "";
  if (!field.default_text.empty()) fallback = fmt::format("`{}`", field.default_text);
  return fmt::format("| `{}` | {} | {} | {} |\n", field.name, value_text(field), fallback,
                     field.doc);
}

}  // namespace

std::string json_schema() {
  Members definitions;
  for (const ObjectSchema* const schema : all_objects()) {
    if (schema != &kEstateSchema)
      definitions.emplace_back(key_of(*schema), object(definition_of(*schema)));
  }
  Members members = {{"$schema", quoted("https://json-schema.org/draft/2020-12/schema")},
                     {"title", quoted("Twinspan estate")}};
  const Members estate = definition_of(kEstateSchema);
  members.insert(members.end(), estate.begin(), estate.end());
  members.emplace_back("$defs", object(definitions));
  return object(members) + "\n";
}

std::string schema_reference() {
  std::string text;
  for (const ObjectSchema* const schema : all_objects()) {
    text +=
        fmt::format("### {}\n\n{}\n\n| field | value | default | meaning |\n|---|---|---|---|\n",
                    key_of(*schema), schema->doc);
    for (const FieldSchema& field : schema->fields) text += row_of(field);
    text += "\n";
  }
  return text;
}

std::string_view expected_form(FieldType type) {
  switch (type) {
    case FieldType::Text:
      return "a text";
    case FieldType::ObjectName:
      return "the name of an object";
    case FieldType::Word:
      return "a word";
    case FieldType::Flag:
      return "true or false";
    case FieldType::Number:
      return "a whole number";
    case FieldType::Address:
      return "an address like 192.0.2.1 or 2001:db8::1";
    case FieldType::Prefix:
      return "a prefix like 10.1.0.0/16 or 2001:db8::/32";
    case FieldType::AddressRange:
      return "a prefix like 10.1.0.0/16 or a range like 10.1.0.1-10.1.0.9";
    case FieldType::Object:
      return "a mapping";
    case FieldType::NameOrObject:
      return "a name or a mapping";
  }
  return "";
}

}  // namespace twinspan::policy
