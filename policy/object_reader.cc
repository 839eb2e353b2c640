#include "policy/object_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/schema_text.h"
#include "policy/suggest.h"

namespace twinspan::policy {
namespace {

bool is_name_character(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
}

bool is_object_name(std::string_view name) {
  const bool has_good_start =
      !name.empty() && is_name_character(name[0]) && name[0] != '-' && name[0] != '.';
  return has_good_start && name.size() <= kNameMax && std::ranges::all_of(name, is_name_character);
}

std::string_view kind_word(YamlKind kind) {
  switch (kind) {
    case YamlKind::Empty:
      return "nothing";
    case YamlKind::Text:
      return "a text";
    case YamlKind::List:
      return "a list";
    case YamlKind::Mapping:
      return "a mapping";
  }
  return "";
}

std::string with_article(std::string_view noun) {
  const bool begins_with_vowel =
      std::string_view("aeiouAEIOU").find(noun[0]) != std::string_view::npos;
  return fmt::format("{} {}", begins_with_vowel ? "an" : "a", noun);
}

std::string plural(std::string_view noun) {
  if (!noun.ends_with('y')) return fmt::format("{}s", noun);
  return fmt::format("{}ies", noun.substr(0, noun.size() - 1));
}

std::vector<std::string_view> choices_of(const FieldSchema& schema) {
  return {schema.choices.begin(), schema.choices.end()};
}

std::string expected_value(const FieldSchema& schema) {
  if (schema.type == FieldType::Word)
    return fmt::format("one of {}", fmt::join(schema.choices, ", "));
  if (schema.type != FieldType::Number) return std::string(expected_form(schema.type));
  if (schema.min == schema.max) return fmt::format("{}", schema.min);
  return fmt::format("a whole number from {} to {}", schema.min, schema.max);
}

// What would mend a value of the right kind that the conversion refused.
std::string remedy_of(const FieldSchema& schema, std::string_view text) {
  if (schema.type == FieldType::Word) {
    const auto nearest = nearest_word(text, choices_of(schema));
    return nearest ? fmt::format("did you mean '{}'?", *nearest) : "";
  }
  const size_t slash = text.find('/');
  if (schema.type != FieldType::Prefix || slash == std::string_view::npos) return "";
  const auto address = IpAddress::parse(text.substr(0, slash));
  unsigned length = 0;
  const std::string_view digits = text.substr(slash + 1);
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (!address || fault != std::errc() || end != digits.data() + digits.size() ||
      length > address->bits())
    return "";
  return fmt::format("it has bits set behind /{}: did you mean {}?", length,
                     IpPrefix(*address, length).to_string());
}

template <class Integer>
bool convert_number(const FieldSchema& schema, std::string_view text, Integer& out) {
  uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_octal_looking = text.size() > 1 && text[0] == '0';
  if (fault != std::errc() || end != text.data() + text.size() || is_octal_looking) return false;
  if (number < schema.min || number > schema.max || number > std::numeric_limits<Integer>::max())
    return false;
  out = static_cast<Integer>(number);
  return true;
}

}  // namespace

void ErrorLog::add(SourceMark mark, std::string path, std::string message, std::string remedy) {
  if (errors_.size() >= kConfigErrorsMax) return;
  errors_.push_back(
      {file_name_, mark.line, mark.column, std::move(path), std::move(message), std::move(remedy)});
}

ObjectReader::ObjectReader(ErrorLog& log, FieldPlaces& fields, const ObjectSchema& schema,
                           Place place)
    : log_(log), fields_(fields), schema_(schema), place_(std::move(place)) {
  if (!expect_kind(*place_.node, YamlKind::Mapping, place_,
                   fmt::format("a mapping with the keys of {}", with_article(schema.name)))) {
    return;
  }
  report_unknown_keys();
  report_missing_fields();
}

void ObjectReader::report_unknown_keys() {
  for (const YamlEntry& present : place_.node->entries) {
    if (schema_.find(present.key) != nullptr) continue;
    log_.add(
        present.key_mark, path_of(present.key),
        fmt::format("unknown key {} in {}", in_quotes(present.key), with_article(schema_.name)),
        suggestion(present.key, schema_.field_names()));
  }
}

void ObjectReader::report_missing_fields() {
  std::vector<std::string_view> missing;
  for (const FieldSchema& field : schema_.fields) {
    if (field.is_required && entry(field.name) == nullptr) missing.push_back(field.name);
  }
  if (missing.empty()) return;
  log_.add(
      place_.mark, place_.path,
      fmt::format("{} {} missing", fmt::join(missing, ", "), missing.size() == 1 ? "is" : "are"),
      &schema_ == &kIpsecPolicySchema ? "a policy is complete or absent: give all fields or none"
                                      : "add what is missing");
}

SourceMark ObjectReader::mark_of(std::string_view field) const {
  const YamlEntry* const present = entry(field);
  return present == nullptr ? place_.mark : present->value->mark;
}

bool ObjectReader::holds_name(std::string_view field) const {
  const YamlEntry* const present = entry(field);
  return present == nullptr || present->value->kind != YamlKind::Mapping;
}

void ObjectReader::for_each_prefix(std::string_view field, const PrefixVisitor& visit) {
  const FieldSchema& schema = schema_of(field);
  const YamlEntry* const present = entry(field);
  if (present == nullptr) return;
  const Place place = place_of(*present, "");
  if (!expect_kind(*present->value, YamlKind::Mapping, place, "a mapping from names to prefixes"))
    return;
  if (is_too_long(*present->value, place, present->value->entries.size())) return;
  for (const YamlEntry& named : present->value->entries) {
    const std::string path = place.path + "." + named.key;
    if (!is_usable_name(named, path)) continue;
    if (!expect_kind(*named.value, YamlKind::Text, {named.value, named.key_mark, path},
                     expected_value(schema)))
      continue;
    Marked<IpPrefix> prefix;
    if (read_value(schema, {named.value->text, named.value->mark, true}, path, prefix)) {
      visit(named.key, named.key_mark, prefix);
    }
  }
}

void ObjectReader::for_each_object(std::string_view field, const ObjectVisitor& visit) {
  const FieldSchema& schema = schema_of(field);
  const YamlEntry* const present = entry(field);
  if (present == nullptr) return;
  const Place place = place_of(*present, "");
  if (schema.shape == FieldShape::One) {
    note(place.mark, place.path);
    ObjectReader reader(log_, fields_, *schema.object, place);
    return visit("", reader);
  }
  const bool is_list = schema.shape == FieldShape::List;
  if (!expect_kind(*present->value, is_list ? YamlKind::List : YamlKind::Mapping, place,
                   fmt::format("{} {}", is_list ? "a list of" : "a mapping from names to",
                               plural(schema.object->name)))) {
    return;
  }
  if (is_too_long(*present->value, place, present->value->items.size())) return;
  for (size_t index = 0; index < present->value->items.size(); ++index) {
    const YamlNode* const item = present->value->items[index];
    const std::string path = fmt::format("{}[{}]", place.path, index);
    note(item->mark, path);
    ObjectReader reader(log_, fields_, *schema.object, {item, item->mark, path});
    visit("", reader);
  }
  for (const YamlEntry& named : present->value->entries) {
    const Place object_place = place_of(named, field);
    if (!is_usable_name(named, object_place.path)) continue;
    ObjectReader reader(log_, fields_, *schema.object, object_place);
    visit(named.key, reader);
  }
}

template <class Value>
void ObjectReader::read_one(std::string_view field, Marked<Value>& out) {
  const FieldSchema& schema = schema_of(field);
  out.mark = place_.mark;
  const YamlEntry* const present = entry(field);
  if (present == nullptr) {
    if (schema.default_text.empty()) return;
    CHECK(convert(schema, schema.default_text, out.value));
    return;
  }
  const Place place = place_of(*present, "");
  if (!expect_kind(*present->value, YamlKind::Text, place, expected_value(schema))) return;
  read_value(schema, {present->value->text, present->value->mark, true}, place.path, out);
}

template <class Value>
void ObjectReader::read_list(std::string_view field, MarkedList<Value>& out) {
  const FieldSchema& schema = schema_of(field);
  out.mark = place_.mark;
  const YamlEntry* const present = entry(field);
  if (present == nullptr) return;
  const Place place = place_of(*present, "");
  if (!expect_kind(*present->value, YamlKind::List, place,
                   fmt::format("a list, each item {}", expected_value(schema)))) {
    return;
  }
  out.mark = present->value->mark;
  out.is_set = true;
  note(out.mark, place.path);
  if (is_too_long(*present->value, place, present->value->items.size())) return;
  for (size_t index = 0; index < present->value->items.size(); ++index) {
    const YamlNode& item = *present->value->items[index];
    const std::string path = fmt::format("{}[{}]", place.path, index);
    if (!expect_kind(item, YamlKind::Text, {&item, item.mark, path}, expected_value(schema)))
      continue;
    Marked<Value> value;
    if (read_value(schema, {item.text, item.mark, true}, path, value)) out.value.push_back(value);
  }
}

template <class Value>
bool ObjectReader::read_value(const FieldSchema& schema, const Scalar& scalar,
                              const std::string& path, Marked<Value>& out) {
  out.mark = scalar.mark;
  out.is_set = convert(schema, scalar.text, out.value);
  if (out.is_set) {
    note(scalar.mark, path);
    return true;
  }
  log_.add(scalar.mark, path,
           fmt::format("expected {}, not {}", expected_value(schema), in_quotes(scalar.text)),
           remedy_of(schema, scalar.text));
  return false;
}

const FieldSchema& ObjectReader::schema_of(std::string_view field) const {
  const FieldSchema* const schema = schema_.find(field);
  CHECK(schema != nullptr);
  return *schema;
}

const YamlEntry* ObjectReader::entry(std::string_view field) const {
  const auto found = std::ranges::find(place_.node->entries, field, &YamlEntry::key);
  return found == place_.node->entries.end() ? nullptr : &*found;
}

std::string ObjectReader::path_of(std::string_view field) const {
  return place_.path.empty() ? std::string(field) : fmt::format("{}.{}", place_.path, field);
}

// The place of a key of this mapping, or of an object named inside its field `within`.
Place ObjectReader::place_of(const YamlEntry& named, std::string_view within) const {
  const std::string path = within.empty() ? path_of(named.key) : path_of(within) + "." + named.key;
  return {named.value, named.key_mark, path};
}

bool ObjectReader::expect_kind(const YamlNode& node, YamlKind kind, const Place& place,
                               std::string_view expected) {
  if (node.kind == kind) return true;
  // What has no value is reported at its key: the place of nothing is somewhere in the lines below.
  const bool is_empty = node.kind == YamlKind::Empty;
  const char* remedy = is_empty ? "give a value or remove the key" : "";
  if (place.path.empty()) remedy = "`twinspan schema --reference` explains what an estate has";
  log_.add(
      is_empty ? place.mark : node.mark, place.path,
      fmt::format("expected {}, not {}", expected, is_empty ? "nothing" : kind_word(node.kind)),
      remedy);
  return false;
}

bool ObjectReader::is_too_long(const YamlNode& list, const Place& place, size_t count) {
  if (count <= kListItemsMax) return false;
  log_.add(list.mark, place.path,
           fmt::format("{} items, more than the {} of a list", count, kListItemsMax),
           "join neighbouring prefixes into larger ones");
  return true;
}

bool ObjectReader::is_usable_name(const YamlEntry& named, const std::string& path) {
  if (is_object_name(named.key)) return true;
  log_.add(named.key_mark, path, fmt::format("{} is not a name", in_quotes(named.key)),
           fmt::format("use letters, digits, '-', '_' and '.', at most {}, and neither '-' nor '.' "
                       "first",
                       kNameMax));
  return false;
}

bool ObjectReader::convert(const FieldSchema& schema, std::string_view text, std::string& out) {
  if (!schema.choices.empty() && std::ranges::find(schema.choices, text) == schema.choices.end())
    return false;
  out = text;
  return !text.empty();
}

bool ObjectReader::convert(const FieldSchema&, std::string_view text, bool& out) {
  out = text == "true";
  return out || text == "false";
}

bool ObjectReader::convert(const FieldSchema& schema, std::string_view text, uint32_t& out) {
  return convert_number(schema, text, out);
}

bool ObjectReader::convert(const FieldSchema& schema, std::string_view text, uint64_t& out) {
  return convert_number(schema, text, out);
}

bool ObjectReader::convert(const FieldSchema&, std::string_view text, IpAddress& out) {
  const auto address = IpAddress::parse(text);
  if (address) out = *address;
  return address.has_value();
}

bool ObjectReader::convert(const FieldSchema&, std::string_view text, IpPrefix& out) {
  const auto prefix = IpPrefix::parse(text);
  if (prefix) out = *prefix;
  return prefix.has_value();
}

bool ObjectReader::convert(const FieldSchema&, std::string_view text, AddressRange& out) {
  if (const auto prefix = IpPrefix::parse(text)) {
    out = {prefix->address(), prefix->last_address()};
    return true;
  }
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const auto first = IpAddress::parse(text.substr(0, dash));
  const auto last = IpAddress::parse(text.substr(dash + 1));
  if (!first || !last || first->family() != last->family() || *last < *first) return false;
  out = {*first, *last};
  return true;
}

bool ObjectReader::convert(const FieldSchema& schema, std::string_view text, ChoiceIndex& out) {
  const auto found = std::ranges::find(schema.choices, text);
  if (found == schema.choices.end()) return false;
  out.value = static_cast<size_t>(found - schema.choices.begin());
  return true;
}

template void ObjectReader::read_one(std::string_view, MarkedText&);
template void ObjectReader::read_one(std::string_view, Marked<bool>&);
template void ObjectReader::read_one(std::string_view, Marked<uint32_t>&);
template void ObjectReader::read_one(std::string_view, Marked<uint64_t>&);
template void ObjectReader::read_one(std::string_view, Marked<IpAddress>&);
template void ObjectReader::read_one(std::string_view, Marked<ObjectReader::ChoiceIndex>&);
template void ObjectReader::read_list(std::string_view, MarkedList<std::string>&);
template void ObjectReader::read_list(std::string_view, MarkedList<IpAddress>&);
template void ObjectReader::read_list(std::string_view, MarkedList<IpPrefix>&);
template void ObjectReader::read_list(std::string_view, MarkedList<AddressRange>&);

}  // namespace twinspan::policy
