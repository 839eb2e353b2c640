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

TEST(SharedKeys, NoneAndTooManyBytesAreErrors) {
  EXPECT_THAT(severities(""), ElementsAre(Severity::Error));
  EXPECT_THAT(severities(std::string(129, 'k')), ElementsAre(Severity::Error));
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

TEST(SharedKeys, AFileThatTheDaemonRefusesIsAWarning) {
  const Findings findings = checked({.state = KeyReading::State::Refused, .why = "mode 0644"});
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].severity, Severity::Warning);
  EXPECT_EQ(findings[0].message, "mode 0644");
}

TEST(SharedKeys, FaultsOfAKeyAreFindingsAndAGoodKeyIsNone) {
  EXPECT_THAT(checked({}), IsEmpty());
  const Findings findings = checked({.faults = faults_of_key(as_bytes("a b"))});
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[1].message, HasSubstr("'a-branch.psk': it has characters"));
}

}  // namespace
}  // namespace twinspan::policy
