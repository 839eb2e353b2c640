// The catalogue is complete and said in docs/troubleshooting.md.
#include "ike/core/diagnosis.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "ike/core/notify_catalogue.h"

namespace twinspan::ike {
namespace {

// RFC 7296 3.10.1 and the IANA registry "IKEv2 Notify Message Error Types" without what belongs to
// IKEv2 extensions that RFC 7296 obsoletes.
constexpr uint16_t kErrors[] = {1,  4,  5,  7,  9,  11, 14, 17, 24, 34, 35, 36,
                                37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48};
constexpr uint16_t kErrorMax = 16383;

std::string documentation() {
  std::ifstream file(TWINSPAN_TROUBLESHOOTING);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Catalogue, HasEveryErrorNotifyWithAMeaning) {
  for (const uint16_t number : kErrors) {
    const auto type = NotifyType{number};
    ASSERT_NE(find_meaning(type), nullptr) << number;
    ASSERT_NE(notify_name(type), nullptr) << number;
    for (const NotifyScope scope : {NotifyScope::IkeSa, NotifyScope::Child}) {
      const Diagnosis why = diagnose(type, scope, "a-to-b");
      EXPECT_NE(why.message.find(notify_name(type)), std::string::npos) << number;
      EXPECT_EQ(why.likely_cause, find_meaning(type)->meaning);
      EXPECT_NE(why.likely_cause.find("RFC "), std::string::npos) << why.likely_cause;
      EXPECT_FALSE(why.remedy.empty()) << number;
    }
  }
}

TEST(Catalogue, EveryErrorThatHasANameIsInIt) {
  size_t named = 0;
  for (uint16_t number = 1; number <= kErrorMax; ++number) {
    const auto type = NotifyType{number};
    EXPECT_EQ(find_meaning(type) != nullptr, notify_name(type) != nullptr) << number;
    if (notify_name(type) != nullptr) ++named;
  }
  EXPECT_EQ(named, std::size(kErrors));
}

TEST(Catalogue, AnErrorThatNobodyDefinedIsStillSaid) {
  const Diagnosis why = diagnose(NotifyType{8192}, NotifyScope::Child, "a-to-b");
  EXPECT_EQ(why.cause, "child-refused");
  EXPECT_NE(why.message.find("8192"), std::string::npos);
  EXPECT_FALSE(why.likely_cause.empty());
}

TEST(Catalogue, EveryCauseHasAllItsWords) {
  std::set<std::string> ids;
  for (const CauseWords& words : all_causes()) {
    EXPECT_TRUE(ids.insert(words.id).second) << words.id;
    EXPECT_STREQ(cause_id(words.cause), words.id);
    for (const char* const text : {words.message, words.remedy, words.likely})
      EXPECT_TRUE(text != nullptr && *text != '\0') << words.id;
    EXPECT_NE(words.field, nullptr) << words.id;
    EXPECT_NE(std::string(words.remedy).find('{'), std::string::npos) << words.id;
  }
}

TEST(Catalogue, TellsNoAnswerOnOnePortFromNoAnswerOnTheOther) {
  const Diagnosis on_500 = diagnose(Cause::NoAnswer, "a-to-b");
  const Diagnosis on_4500 = diagnose(Cause::NoAnswerNat, "a-to-b");
  EXPECT_NE(on_500.cause, on_4500.cause);
  EXPECT_NE(on_500.remedy.find("UDP port 500 "), std::string::npos);
  EXPECT_NE(on_4500.remedy.find("UDP port 4500 "), std::string::npos);
}

TEST(Catalogue, IsTheOneOfTheDocumentation) {
  const std::string text = documentation();
  for (const CauseWords& words : all_causes()) {
    const std::string remedy = fmt::format(fmt::runtime(words.remedy), "NAME");
    const std::string row =
        fmt::format("| `{}` | {} | {} | {} |\n", words.id, words.message, words.likely, remedy);
    EXPECT_NE(text.find(row), std::string::npos) << "missing:\n" << row;
  }
  for (const NotifyMeaning& notify : all_meanings()) {
    const std::string row = fmt::format(
        "| {} | {} | {} | `{}` | `{}` |\n", static_cast<unsigned>(notify.type),
        notify_name(notify.type), notify.meaning, cause_id(notify.ike), cause_id(notify.child));
    EXPECT_NE(text.find(row), std::string::npos) << "missing:\n" << row;
  }
}

}  // namespace
}  // namespace twinspan::ike
