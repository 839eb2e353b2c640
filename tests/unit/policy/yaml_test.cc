// What the strict reader refuses before any schema is asked: hostile, broken and ambiguous YAML.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/schema.h"
#include "policy/yaml_text.h"
#include "policy/yaml_tree.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

std::string repeated(std::string_view text, size_t count) {
  std::string result;
  for (size_t index = 0; index < count; ++index) result += text;
  return result;
}

TEST(Yaml, DuplicateKeysAreRefusedAtEveryLevel) {
  EXPECT_THAT(
      errors_of("version: 1\nversion: 1\n"),
      ElementsAre("e.yaml:2:1: 'version' is written twice, first in line 1; keep one of them"));
  EXPECT_THAT(errors_of(estate_with({{"  vnet-b:", "  vnet-a:"}})),
              ElementsAre(StartsWith("e.yaml:9:3: 'vnet-a' is written twice")));
  EXPECT_THAT(errors_of(estate_with({{"    sku: Native\n", "    sku: Native\n    sku: Native\n"}})),
              ElementsAre(StartsWith("e.yaml:15:5: 'sku' is written twice, first in line 14")));
  EXPECT_THAT(errors_of(estate_with({{"{ file: a-b.psk }", "{ file: a-b.psk, 'file': x }"}})),
              ElementsAre(StartsWith("e.yaml:30:34: 'file' is written twice")));
}

TEST(Yaml, SeveralDuplicatesAreReportedTogether) {
  EXPECT_THAT(errors_of("version: 1\nversion: 1\nconnections: {a: 1, a: 2}\n"), SizeIs(2));
}

TEST(Yaml, UnclosedQuotesAreReportedWhereTheyOpen) {
  EXPECT_THAT(errors_of("version: \"1\n"),
              ElementsAre("e.yaml:1:10: this quote is never closed; close it"));
  EXPECT_THAT(errors_of("version: '1\n"), ElementsAre(StartsWith("e.yaml:1:10: this quote")));
  EXPECT_THAT(errors_of("version: '1''\n"), ElementsAre(StartsWith("e.yaml:1:10: this quote")));
  EXPECT_THAT(errors_of("version: \"1\\\"\n"), ElementsAre(StartsWith("e.yaml:1:10: this quote")));
  EXPECT_THAT(errors_of("version: !!str \"1\n"),
              ElementsAre(StartsWith("e.yaml:1:10: this quote")));
  EXPECT_THAT(errors_of("version: 1\nx: [\"a\", 'b', \"c\n"),
              ElementsAre(StartsWith("e.yaml:2:15: this quote")));
  EXPECT_THAT(errors_of("version: 1\nx: don't # \"\ny: \"c\n"),
              ElementsAre(StartsWith("e.yaml:3:4: this quote")));
  EXPECT_THAT(errors_of("\"version: 1\n"), ElementsAre(StartsWith("e.yaml:1:1: this quote")));
}

TEST(Yaml, ApostrophesInsidePlainTextsOpenNothing) {
  const Model model = model_of(
      estate_with({{"region: west", "region: don't"}, {"region: east", "region: 'it''s'"}}));
  EXPECT_EQ(*model.virtual_networks.at("vnet-a").region, "don't");
  EXPECT_EQ(*model.virtual_networks.at("vnet-b").region, "it's");
}

TEST(Yaml, ASecondDocumentIsRefusedAndMarkersOfOneAreNot) {
  EXPECT_THAT(errors_of("version: 1\n---\nversion: 1\n"),
              ElementsAre(StartsWith("e.yaml:2:1: a second document begins here")));
  EXPECT_THAT(errors_of("---\nversion: 1\n---\n"), SizeIs(1));
  EXPECT_TRUE(parse_config("%YAML 1.2\n---\nversion: 1\n...\n", "e.yaml").has_value());
}

TEST(Yaml, TabsInIndentationAreNamed) {
  EXPECT_THAT(errors_of("version: 1\nconnections:\n\ta: {}\n"),
              ElementsAre(HasSubstr("a tab in the indentation; indent with spaces")));
}

TEST(Yaml, NulAndControlCharactersAreRefused) {
  using namespace std::string_literals;
  EXPECT_THAT(errors_of("version: 1\0\n"s), ElementsAre(StartsWith("e.yaml:1:11: a NUL byte")));
  EXPECT_THAT(errors_of("version: 1\nx: \x1b[0m\n"),
              ElementsAre("e.yaml:2:4: control character 0x1b; remove it"));
  EXPECT_THAT(errors_of("version: \"\\0\"\n"),
              testing::Contains(HasSubstr("has a control character")));
  EXPECT_THAT(errors_of("version: |\n  1\n"),
              testing::Contains(HasSubstr("has a control character or a line break")));
}

TEST(Yaml, BytesThatAreNotUtf8AreRefusedAtTheirPlace) {
  for (const char* const bytes : {"\xff", "\xc3(", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                                  "\xf4\x90\x80\x80", "\xf0\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_THAT(errors_of("version: 1\nx: " + std::string(bytes)),
                ElementsAre(AllOf(StartsWith("e.yaml:2:4: byte 0x"), HasSubstr("is not UTF-8"))));
  }
  EXPECT_TRUE(
      parse_config("\xEF\xBB\xBFversion: 1 # \xC3\xA4\xF0\x9F\x8C\x89\n", "e.yaml").has_value());
}

TEST(Yaml, UtfSixteenIsRefused) {
  using namespace std::string_literals;
  EXPECT_THAT(errors_of("\xff\xfev\0e\0"s), ElementsAre(StartsWith("e.yaml:1:1: byte 0xff")));
  EXPECT_THAT(errors_of("v\0e\0r\0"s), ElementsAre(StartsWith("e.yaml:1:2: a NUL byte")));
}

TEST(Yaml, SizeIsBoundedExactly) {
  const std::string head = "version: 1\n#";
  EXPECT_TRUE(
      parse_config(head + std::string(kYamlTextMax - head.size(), 'x'), "e.yaml").has_value());
  EXPECT_THAT(errors_of(head + std::string(kYamlTextMax - head.size() + 1, 'x')),
              ElementsAre(StartsWith("e.yaml:1:1: the file has 4194305 bytes")));
}

TEST(Yaml, DepthIsBoundedExactly) {
  const auto nested = [](size_t levels) {
    return "version: 1\nx: " + repeated("[", levels - 1) + repeated("]", levels - 1);
  };
  EXPECT_THAT(errors_of(nested(kYamlDepthMax)), ElementsAre(HasSubstr("unknown key 'x'")));
  EXPECT_THAT(errors_of(nested(kYamlDepthMax + 1)),
              ElementsAre(HasSubstr("nested deeper than 32 levels")));
  EXPECT_THAT(errors_of(repeated("[", 20000)), SizeIs(1));
  EXPECT_THAT(errors_of(repeated("- ", 20000)), SizeIs(1));
  EXPECT_THAT(errors_of(repeated("{a: ", 20000)), SizeIs(1));
}

TEST(Yaml, DepthThroughAliasesIsBounded) {
  std::string text = "a0: &a0 [x]\n";
  for (int index = 1; index < 40; ++index) {
    text += "a" + std::to_string(index) + ": &a" + std::to_string(index) + " [*a" +
            std::to_string(index - 1) + "]\n";
  }
  EXPECT_THAT(errors_of(text),
              ElementsAre(HasSubstr("nested deeper than 32 levels once aliases are expanded")));
}

TEST(Yaml, AliasesAreCounted) {
  const auto with_aliases = [](size_t count) {
    return "version: 1\nx: [&a b" + repeated(", *a", count) + "]\n";
  };
  EXPECT_THAT(errors_of(with_aliases(kYamlAliasesMax)), ElementsAre(HasSubstr("unknown key 'x'")));
  EXPECT_THAT(errors_of(with_aliases(kYamlAliasesMax + 1)),
              ElementsAre(HasSubstr("more than 64 aliases")));
}

TEST(Yaml, AnAliasBombIsRefusedByWhatItWouldUnfoldTo) {
  std::string text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char name = 'b'; name <= 'h'; ++name) {
    const char before = static_cast<char>(name - 1);
    text += std::string(1, name) + ": &" + name + " [" +
            repeated(std::string("*") + before + ",", 8) + "]\n";
  }
  EXPECT_THAT(errors_of(text),
              ElementsAre(HasSubstr("more than 500000 values once aliases are expanded")));
}

TEST(Yaml, AnAliasInsideItsOwnAnchorIsRefused) {
  EXPECT_THAT(errors_of("version: 1\nx: &a [*a]\n"),
              ElementsAre(StartsWith("e.yaml:2:8: this alias stands inside its own anchor")));
  EXPECT_THAT(errors_of("version: 1\nx: *nowhere\n"),
              ElementsAre(StartsWith("e.yaml:2:4: not valid YAML")));
}

TEST(Yaml, TagsAndAnchorsAreFine) {
  const Model model = model_of(
      estate_with({{"region: west", "region: &r !!str west"}, {"region: east", "region: *r"}}));
  EXPECT_EQ(*model.virtual_networks.at("vnet-b").region, "west");
}

TEST(Yaml, AWholeObjectCanBeAnAlias) {
  const Model model =
      model_of("version: 1\nvirtual_networks:\n  a: &n { address_space: [10.0.0.0/8] }\n  b: *n\n");
  EXPECT_EQ(model.virtual_networks.at("b").address_space->size(), 1u);
}

TEST(Yaml, AnErrorInsideAnAliasIsReportedWhereTheValueStands) {
  EXPECT_THAT(errors_of("version: 1\nvirtual_networks:\n  a: &n { address_space: [x] }\n  b: *n\n"),
              ElementsAre(StartsWith("e.yaml:3:27: virtual_networks.a.address_space[0]"),
                          StartsWith("e.yaml:3:27: virtual_networks.b.address_space[0]")));
}

TEST(Yaml, MergeKeysAreNoKeysOfOurs) {
  EXPECT_THAT(errors_of("version: 1\n<<: { connections: {} }\n"),
              ElementsAre(StartsWith("e.yaml:2:1: <<: unknown key")));
}

TEST(Yaml, KeysAreTexts) {
  EXPECT_THAT(errors_of("? [version]\n: 1\n"), ElementsAre(HasSubstr("expected a key")));
  EXPECT_THAT(errors_of("? { a: b }\n: 1\n"), ElementsAre(HasSubstr("expected a key")));
  EXPECT_THAT(errors_of(": 1\n"), ElementsAre(HasSubstr("expected a key")));
}

TEST(Yaml, BrokenSyntaxIsReportedWithItsPlace) {
  EXPECT_THAT(errors_of("version: 1: 2\n"),
              ElementsAre(StartsWith("e.yaml:1:11: not valid YAML: ")));
  EXPECT_THAT(errors_of("version: [1\n"), ElementsAre(StartsWith("e.yaml:2:1: not valid YAML: ")));
  EXPECT_THAT(errors_of("version: `1\n"), ElementsAre(StartsWith("e.yaml:1:10: not valid YAML: ")));
  EXPECT_THAT(errors_of("version: 1\n connections: {}\n"), SizeIs(1));
}

TEST(Yaml, LongTextsAreRefused) {
  EXPECT_THAT(errors_of("version: 1\nx: " + std::string(kYamlScalarMax + 1, 'a')),
              ElementsAre(HasSubstr("more than the 4096 allowed")));
}

TEST(Yaml, ManyValuesAreRefused) {
  EXPECT_THAT(errors_of("x: [" + repeated("a,", kYamlExpandedSizeMax + 1) + "]"),
              ElementsAre(HasSubstr("more than 500000 values")));
}

TEST(Yaml, ListsAreBounded) {
  const auto with_prefixes = [](size_t count) {
    return "version: 1\nvirtual_networks:\n  n: { address_space: [" +
           repeated("10.0.0.0/8,", count) + "] }\n";
  };
  EXPECT_TRUE(parse_config(with_prefixes(kListItemsMax), "e.yaml").has_value());
  EXPECT_THAT(errors_of(with_prefixes(kListItemsMax + 1)),
              ElementsAre(HasSubstr("virtual_networks.n.address_space: 4097 items, more than the "
                                    "4096 of a list")));
  EXPECT_THAT(errors_of("version: 1\nconnections: { c: { connection_type: ipsec, "
                        "virtual_network_gateway1: g, traffic_selector_policies: [" +
                        repeated("{},", kListItemsMax + 1) + "] } }\n"),
              ElementsAre(HasSubstr("4097 items")));
}

TEST(YamlTreeBuilder, IgnoresEventsAfterAFatalError) {
  YamlTreeBuilder builder;
  builder.fail({{}, "first", ""});
  builder.open(YamlKind::List, {}, 0);
  builder.add_text({}, 0, "x");
  builder.close();
  builder.fail({{}, "second", ""});
  const auto tree = builder.finish();
  ASSERT_FALSE(tree.has_value());
  ASSERT_THAT(tree.error(), SizeIs(1));
  EXPECT_EQ(tree.error()[0].message, "first");
}

}  // namespace
}  // namespace twinspan::policy
