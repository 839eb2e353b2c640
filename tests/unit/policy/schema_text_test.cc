// The generated texts: docs/model.md holds the reference, and the JSON Schema fits the table.
#include "policy/schema_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/schema.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::HasSubstr;

constexpr std::string_view kBegin = "<!-- generated: twinspan schema --reference -->\n\n";
constexpr std::string_view kEnd = "<!-- end of the generated part -->";

TEST(SchemaText, TheReferenceInDocsModelIsTheGeneratedOne) {
  const std::string page = read_source_file("docs/model.md");
  const size_t begin = page.find(kBegin);
  ASSERT_NE(begin, std::string::npos);
  const size_t end = page.find(kEnd, begin);
  ASSERT_NE(end, std::string::npos);
  EXPECT_EQ(page.substr(begin + kBegin.size(), end - begin - kBegin.size()), schema_reference())
      << "put the output of `twinspan schema --reference` between the two marks";
}

TEST(SchemaText, EveryFieldHasARowOfTheReference) {
  const std::string reference = schema_reference();
  for (const ObjectSchema* const schema :
       {&kEstateSchema, &kConnectionSchema, &kIpsecPolicySchema, &kPeeringSchema}) {
    for (const FieldSchema& field : schema->fields)
      EXPECT_THAT(reference, HasSubstr("| `" + std::string(field.name) + "` | ")) << field.name;
  }
}

TEST(SchemaText, TheJsonSchemaIsStrictAndHasTheTablesLimits) {
  const std::string schema = json_schema();
  EXPECT_THAT(schema, HasSubstr("\"$schema\": \"https://json-schema.org/draft/2020-12/schema\""));
  EXPECT_THAT(schema, HasSubstr("\"required\": [\"version\"]"));
  EXPECT_THAT(schema, HasSubstr("\"additionalProperties\": false"));
  EXPECT_THAT(schema, HasSubstr("\"enum\": [\"route-based\", \"policy-based\"]"));
  EXPECT_THAT(schema, HasSubstr("\"minimum\": 9,"));
  EXPECT_THAT(schema, HasSubstr("\"maximum\": 3600,"));
  EXPECT_THAT(schema, HasSubstr("\"remote-bgp-speaker\": {"));
}

TEST(SchemaText, EveryReferenceInTheJsonSchemaLeadsToADefinition) {
  const std::string schema = json_schema();
  const std::string mark = "\"#/$defs/";
  size_t references = 0;
  for (size_t place = schema.find(mark); place != std::string::npos;
       place = schema.find(mark, place + 1)) {
    const size_t begin = place + mark.size();
    const std::string name = schema.substr(begin, schema.find('"', begin) - begin);
    EXPECT_THAT(schema, HasSubstr("\n    \"" + name + "\": {")) << name;
    ++references;
  }
  EXPECT_GE(references, 15u);
}

TEST(SchemaText, BracketsOfTheJsonSchemaAreBalancedOutsideStrings) {
  int depth = 0;
  bool is_string = false;
  for (const std::string text = json_schema(); const char letter : text) {
    if (letter == '"') is_string = !is_string;  // No text of the table holds a quote.
    if (is_string) continue;
    depth += letter == '{' || letter == '[' ? 1 : letter == '}' || letter == ']' ? -1 : 0;
    ASSERT_GE(depth, 0);
  }
  EXPECT_EQ(depth, 0);
  EXPECT_FALSE(is_string);
}

}  // namespace
}  // namespace twinspan::policy
