#include "tests/unit/policy/checklists.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/schema.h"

namespace twinspan::policy {
namespace {

// The field stands in the schema of the object's kind: what is named can be looked up.
bool is_in_schema(const CheckItem& item) {
  const std::string path = item.object.substr(item.object.find(':') + 1);
  const FieldSchema* field = kEstateSchema.find(path.substr(0, path.find('.')));
  for (size_t at = 0; at < item.field.size() && field != nullptr;) {
    const size_t end = std::min(item.field.find('.', at), item.field.size());
    field =
        field->object == nullptr ? nullptr : field->object->find(item.field.substr(at, end - at));
    at = end + 1;
  }
  return field != nullptr;
}

}  // namespace

Verdict same_file_only(const End& a, const End& b, KeyKind) {
  return *a.connection.shared_key_file == *b.connection.shared_key_file ? Verdict::Right
                                                                        : Verdict::Unknown;
}

Checklist walked(const Model& model, std::string_view name, const Model* peer,
                 CompareKeys compare) {
  const auto list = checklist({model, peer, name, std::move(compare)});
  EXPECT_TRUE(list.has_value());
  return list ? *list : Checklist{};
}

std::vector<std::string> lines(const Checklist& list) {
  std::vector<std::string> texts;
  for (const CheckItem& item : list) {
    EXPECT_FALSE(item.message.empty()) << item.number;
    EXPECT_TRUE(is_in_schema(item)) << item.object << " " << item.field;
    texts.push_back(
        fmt::format("{} {} {} {}", item.number, name_of(item.result), item.object, item.field));
  }
  return texts;
}

}  // namespace twinspan::policy
