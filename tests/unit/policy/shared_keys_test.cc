#include "policy/shared_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Severity> severities(const std::string& key) {
  std::vector<Severity> found;
  for (const KeyFault& fault : faults_of_key(as_bytes(key))) found.push_back(fault.severity);
  return found;
}

TEST(SharedKeys, OneTo128BytesOfPrintableAsciiAreGood) {
  EXPECT_THAT(severities("k"), IsEmpty());
  EXPECT_THAT(severities("Correct!Horse_Battery}Staple"), IsEmpty());
  EXPECT_THAT(severities(std::string(128, 'k')), IsEmpty());
}

TEST(SharedKeys, WhatTheCloudDoesNotTakeIsAWarning) {
  for (const char* const key : {"two words", "a-b", "a~b", "tab\there", "\x7f", "\xC3\xA4"})
    EXPECT_THAT(severities(key), ElementsAre(Severity::Warning)) << key;
  EXPECT_THAT(severities(std::string(1, '\0')), ElementsAre(Severity::Warning));
}

Findings checked(const KeyReading& reading, std::multiset<std::string>* read = nullptr) {
  return check_shared_keys(model_of(kGoodEstate), [&](const std::string& file) {
    if (read != nullptr) read->insert(file);
    return reading;
  });
}

TEST(SharedKeys, EachFileIsReadOnceAndNamesItsUsers) {
  std::multiset<std::string> read;
  const Findings findings = checked({.state = KeyReading::State::Missing, .why = "gone"}, &read);
  EXPECT_THAT(read, ElementsAre("a-b.psk", "a-branch.psk"));
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[0].objects, ElementsAre("connections.a-to-b", "connections.b-to-a"));
  EXPECT_EQ(findings[0].severity, Severity::Info);
  EXPECT_EQ(findings[0].id, kSharedKeyRule);
}

TEST(SharedKeys, WhatNobodyCanUseIsAnErrorAndWhatAModeOrAUserMendsAWarning) {
  using State = KeyReading::State;
  for (const auto& [state, severity] :
       {std::pair(State::Refused, Severity::Error), std::pair(State::Exposed, Severity::Warning),
        std::pair(State::Forbidden, Severity::Warning)}) {
    const Findings findings = checked({.state = state, .why = "reason"});
    ASSERT_EQ(findings.size(), 2u);
    EXPECT_EQ(findings[0].severity, severity);
    EXPECT_EQ(findings[0].message, "reason");
    EXPECT_FALSE(findings[0].remedy.empty());
  }
}

TEST(SharedKeys, FaultsOfAKeyAreFindingsAndAGoodKeyIsNone) {
  EXPECT_THAT(checked({}), IsEmpty());
  const Findings findings = checked({.faults = faults_of_key(as_bytes("a b"))});
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[1].message, HasSubstr("'a-branch.psk': it has characters"));
}

TEST(SharedKeys, APostQuantumKeyIsReadTooAndMayHaveAnyBytes) {
  const Model model = model_of(estate_with(
      {{"    encapsulation: esp\n", "    encapsulation: esp\n    ppk: { id: k, file: p.ppk }\n"}}));
  const auto with = [&](const KeyReading& of_ppk) {
    return check_shared_keys(
        model, [&](const std::string& file) { return file == "p.ppk" ? of_ppk : KeyReading{}; });
  };
  EXPECT_THAT(with({.faults = faults_of_key(as_bytes("a b"))}), IsEmpty());
  const Findings findings = with({.state = KeyReading::State::Refused, .why = "empty"});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].objects, ElementsAre("connections.a-to-branch"));
}

TEST(SharedKeys, APostQuantumKeyOfFewerThan32BytesIsAWarning) {
  EXPECT_THAT(faults_of_ppk(32), IsEmpty());
  EXPECT_THAT(faults_of_ppk(128), IsEmpty());
  const Model model = model_of(estate_with(
      {{"    encapsulation: esp\n", "    encapsulation: esp\n    ppk: { id: k, file: p.ppk }\n"}}));
  const Findings findings = check_shared_keys(
      model, [](const std::string&) { return KeyReading{.ppk_faults = faults_of_ppk(31)}; });
  ASSERT_EQ(findings.size(), 1u) << "pre-shared keys may be shorter";
  EXPECT_EQ(findings[0].id, "connection.ppk");
  EXPECT_EQ(findings[0].severity, Severity::Warning);
  EXPECT_THAT(findings[0].message, HasSubstr("the key in 'p.ppk': 31 bytes are too few"));
  EXPECT_THAT(findings[0].remedy, HasSubstr("32"));
}

}  // namespace
}  // namespace twinspan::policy
