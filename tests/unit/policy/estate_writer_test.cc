// What is written parses back to what was written. The random estates come from the schema's own
// table, so a field that the writer forgets is found whichever it is.
#include "policy/estate_writer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/compile.h"
#include "policy/schema.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

constexpr uint64_t kEstates = 400;

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t below(uint64_t bound) {  // splitmix64: the same numbers everywhere.
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (mixed ^ (mixed >> 31)) % bound;
  }

 private:
  uint64_t state_;
};

using Lines = std::vector<std::string>;

// A random estate in the very form that the writer has, from the schema.
class EstateMaker {
 public:
  explicit EstateMaker(uint64_t seed) : random_(seed) {}

  std::string make() {
    std::string text;
    for (const std::string& line : object(kEstateSchema)) text += line + "\n";
    return text;
  }

 private:
  Lines object(const ObjectSchema& schema) {
    Lines lines;
    for (const FieldSchema& field : schema.fields) {
      if (!field.is_required && random_.below(3) == 0) continue;
      const Lines more = value_of(field);
      lines.insert(lines.end(), more.begin(), more.end());
    }
    return lines;
  }

  Lines value_of(const FieldSchema& field) {
    const bool is_object = field.type == FieldType::Object ||
                           (field.type == FieldType::NameOrObject && random_.below(2) == 0);
    if (field.shape == FieldShape::ByName) return named(field);
    if (field.shape == FieldShape::List && is_object) return list_of_objects(field);
    if (field.shape == FieldShape::List) return {list(field)};
    if (is_object) {
      const Lines inner = object(*field.object);
      return under(fmt::format("{}:{}", field.name, inner.empty() ? " {}" : ""), inner);
    }
    return {fmt::format("{}: {}", field.name, scalar(field))};
  }

  static Lines under(std::string head, const Lines& body) {
    Lines lines = {std::move(head)};
    for (const std::string& line : body) lines.push_back("  " + line);
    return lines;
  }

  Lines named(const FieldSchema& field) {
    Lines body;
    const uint64_t count = 1 + random_.below(3);
    for (uint64_t i = 0; i < count; ++i) {
      const std::string name = fmt::format("{}{}", "abc"[i], random_.below(1000));
      if (field.type != FieldType::Object) {
        body.push_back(fmt::format("{}: {}", name, scalar(field)));
        continue;
      }
      const Lines inner = object(*field.object);
      const Lines lines = under(name + ":" + (inner.empty() ? " {}" : ""), inner);
      body.insert(body.end(), lines.begin(), lines.end());
    }
    return under(fmt::format("{}:", field.name), body);
  }

  Lines list_of_objects(const FieldSchema& field) {
    Lines body;
    const uint64_t count = 1 + random_.below(3);
    for (uint64_t i = 0; i < count; ++i) {
      const Lines inner = object(*field.object);
      for (size_t line = 0; line < inner.size(); ++line)
        body.push_back((line == 0 ? "- " : "  ") + inner[line]);
    }
    return under(fmt::format("{}:", field.name), body);
  }

  std::string list(const FieldSchema& field) {
    std::vector<std::string> items;
    for (uint64_t count = random_.below(4); count > 0; --count) items.push_back(scalar(field));
    return fmt::format("{}: [{}]", field.name, fmt::join(items, ", "));
  }

  std::string scalar(const FieldSchema& field) {
    static constexpr const char* kTexts[] = {
        "plain",    "a b",        "\"with \\\"quotes\\\" and \\\\\"",
        "\"null\"", "\"- x: y\"", "a-1.psk",
        "true",     "\"@x\"",     "x@example.net",
        "\"#\"",    "\"ä\"",      "\"~\"",
        "\"a, b\"", "12",         "\"'\"",
        "\"[x]\"",  "\"::\""};
    switch (field.type) {
      case FieldType::Text:
      case FieldType::ObjectName:
      case FieldType::NameOrObject: {
        const std::string text = kTexts[random_.below(std::size(kTexts))];
        return text == "a b" ? "\"a b\"" : text;
      }
      case FieldType::Word:
        return std::string(field.choices[random_.below(field.choices.size())]);
      case FieldType::Flag:
        return random_.below(2) == 0 ? "true" : "false";
      case FieldType::Number: {
        const uint64_t span = std::min(field.max - field.min, UINT64_MAX - 1);
        return fmt::format("{}", field.min + random_.below(span + 1));
      }
      case FieldType::Address:
        return random_.below(2) == 0 ? fmt::format("192.0.2.{}", random_.below(256))
                                     : fmt::format("2001:db8::{:x}", 1 + random_.below(0xffff));
      case FieldType::Prefix:
        return random_.below(2) == 0 ? fmt::format("10.{}.0.0/16", random_.below(256))
                                     : fmt::format("2001:db8:{:x}::/48", 1 + random_.below(0xffff));
      case FieldType::AddressRange:
        return random_.below(2) == 0 ? fmt::format("10.{}.0.0/16", random_.below(256))
                                     : fmt::format("10.0.0.1-10.0.1.{}", random_.below(256));
      case FieldType::Object:
        break;
    }
    return "";
  }

  Random random_;
};

TEST(EstateWriter, WritesEveryFieldOfTheSchemaAsItParses) {
  for (uint64_t seed = 1; seed <= kEstates; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const std::string text = EstateMaker(seed).make();
    const auto model = parse_config(text, "e.yaml");
    ASSERT_TRUE(model.has_value()) << model.error().front().to_string() << "\n" << text;
    ASSERT_EQ(write_estate(*model), text);
  }
}

std::string plans_of(const Model& model) {
  std::string all;
  for (const auto& [name, gateway] : model.gateways) {
    const auto plan = compile(model, name, 0, "/etc");
    all += plan ? plan->to_string() : plan.error().front().to_string();
  }
  for (const Finding& finding : validate(model)) all += finding.id + " " + finding.message + "\n";
  return all;
}

TEST(EstateWriter, AnyFormOfAnEstateKeepsItsMeaning) {
  std::vector<std::string> texts = {kGoodEstate};
  for (const char* const name : {"vnet-to-vnet", "site-to-site", "policy-based"})
    texts.push_back(read_source_file(fmt::format("examples/{}.yaml", name)));
  for (const std::string& text : texts) {
    const Model model = model_of(text);
    const std::string written = write_estate(model);
    const Model again = model_of(written);
    EXPECT_EQ(plans_of(again), plans_of(model)) << written;
    EXPECT_EQ(write_estate(again), written);
  }
}

}  // namespace
}  // namespace twinspan::policy
