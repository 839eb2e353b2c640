#include "policy/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/algorithm.h"

namespace twinspan::policy {
namespace {

// Every object schema that the estate leads to.
void collect(const ObjectSchema& schema, std::set<const ObjectSchema*>& seen) {
  if (!seen.insert(&schema).second) return;
  for (const FieldSchema& field : schema.fields) {
    if (field.object != nullptr) collect(*field.object, seen);
  }
}

std::set<const ObjectSchema*> all_schemas() {
  std::set<const ObjectSchema*> seen;
  collect(kEstateSchema, seen);
  return seen;
}

TEST(Schema, EveryFieldIsExplainedAndWellFormed) {
  EXPECT_EQ(all_schemas().size(), 16u);
  std::set<std::string_view> objects;
  for (const ObjectSchema* const schema : all_schemas()) {
    EXPECT_TRUE(objects.insert(schema->name).second) << schema->name;
    std::set<std::string_view> names;
    for (const FieldSchema& field : schema->fields) {
      EXPECT_TRUE(names.insert(field.name).second) << field.name;
      EXPECT_FALSE(field.doc.empty()) << field.name;
      EXPECT_LE(field.min, field.max) << field.name;
      EXPECT_EQ(field.type == FieldType::Word, !field.choices.empty()) << field.name;
      const bool has_object =
          field.type == FieldType::Object || field.type == FieldType::NameOrObject;
      EXPECT_EQ(has_object, field.object != nullptr) << field.name;
      EXPECT_FALSE(field.is_required && !field.default_text.empty()) << field.name;
    }
  }
}

TEST(Schema, WordsOfAlgorithmsAreThoseOfTheAlgorithmTables) {
  for (const std::string_view word : kIpsecPolicySchema.find("ipsec_encryption")->choices) {
    EXPECT_NE(find_encryption(word), nullptr) << word;
  }
  EXPECT_EQ(kIpsecPolicySchema.find("ipsec_encryption")->choices.size(), all_encryptions().size());
  for (const std::string_view word : kIpsecPolicySchema.find("dh_group")->choices) {
    EXPECT_NE(find_dh_group(word), nullptr) << word;
  }
  EXPECT_EQ(kIpsecPolicySchema.find("dh_group")->choices.size(), all_dh_groups().size());
  const auto methods = kAdditionalKeyExchangesSchema.find("methods")->choices;
  for (const std::string_view word : methods) {
    const DhGroupProperties* const group = find_dh_group(word);
    EXPECT_TRUE(group != nullptr ? !group->is_legacy : find_kem(word) != nullptr) << word;
  }
  const auto legacy = std::ranges::count_if(
      all_dh_groups(), [](const DhGroupProperties& group) { return group.is_legacy; });
  EXPECT_EQ(methods.size() + static_cast<size_t>(legacy),
            all_dh_groups().size() + all_kems().size());
  EXPECT_EQ(kIpsecPolicySchema.find("ike_prf")->choices.size(), all_prfs().size());
}

TEST(Schema, AnUnknownFieldIsNotFound) {
  EXPECT_EQ(kConnectionSchema.find("nothing"), nullptr);
  EXPECT_NE(kConnectionSchema.find("encapsulation"), nullptr);
}

}  // namespace
}  // namespace twinspan::policy
