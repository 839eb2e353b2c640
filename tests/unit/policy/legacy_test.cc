// Weak algorithms: never without `legacy: true` on the connection, and never unnoticed with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/compile.h"
#include "policy/ipsec_suite.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::pair<std::string_view, std::string_view> kAdmitted = {
    "    enable_bgp: false\n    connection_mode", "    legacy: true\n    connection_mode"};

// One weak word each, in the mapping of a-to-branch.
const Changes kWeakWords = {
    {"ike_integrity: SHA256", "ike_integrity: SHA1"},
    {"ike_prf: SHA512", "ike_prf: SHA1"},
    {"dh_group: DHGroup14", "dh_group: DHGroup2"},
    {"dh_group: DHGroup14", "dh_group: DHGroup24"},
    {"pfs_group: None", "pfs_group: DHGroup2"},
    {"pfs_group: None", "pfs_group: DHGroup24"},
    {"ipsec_encryption: GCMAES128\n      ipsec_integrity: GCMAES128",
     "ipsec_encryption: AES192\n      ipsec_integrity: SHA1"},
};

TEST(Legacy, EachWeakWordIsAnErrorAtItsPlaceWithoutTheSwitch) {
  for (const auto& change : kWeakWords) {
    SCOPED_TRACE(change.second);
    const std::string text = estate_with({change});
    const Findings findings = validate(model_of(text));
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].id, "ipsec-policy.legacy");
    EXPECT_EQ(findings[0].severity, Severity::Error);
    EXPECT_THAT(findings[0].objects, ElementsAre("connections.a-to-branch"));
    EXPECT_THAT(findings[0].remedy, HasSubstr("legacy: true"));
    const auto before = std::string_view(text).substr(0, text.find(change.second));
    EXPECT_GT(findings[0].line, std::ranges::count(before, '\n'));
    EXPECT_FALSE(compile(model_of(text), "gw-a", 0, "").has_value());
  }
}

TEST(Legacy, WithTheSwitchEachWeakWordIsAWarningAndMarksThePlan) {
  for (const auto& change : kWeakWords) {
    SCOPED_TRACE(change.second);
    const std::string text = estate_with({change, kAdmitted});
    EXPECT_THAT(findings_of(text), ElementsAre("warning ipsec-policy.legacy"));
    const auto plan = compile(model_of(text), "gw-a", 0, "");
    ASSERT_TRUE(plan.has_value());
    EXPECT_THAT(plan->tunnels[0].legacy_words, IsEmpty());
    ASSERT_EQ(plan->tunnels[1].legacy_words.size(), 1u);
    EXPECT_THAT(std::string(change.second), HasSubstr(plan->tunnels[1].legacy_words[0]));
    EXPECT_THAT(plan->to_string(), HasSubstr("  legacy      " + plan->tunnels[1].legacy_words[0]));
  }
}

TEST(Legacy, ANamedPolicyOfTheFileIsJudgedWhereItIsUsed) {
  const std::pair<std::string_view, std::string_view> weak = {"dh_group: CURVE25519",
                                                              "dh_group: DHGroup2"};
  EXPECT_THAT(findings_of(estate_with({weak})), IsEmpty());
  EXPECT_THAT(findings_of(estate_with({weak, {"ipsec_policy: strong", "ipsec_policy: named"}})),
              testing::Contains("error ipsec-policy.legacy"));
  EXPECT_THAT(findings_of(estate_with(
                  {weak, {"ipsec_policy: strong", "ipsec_policy: named\n    legacy: true"}})),
              testing::Contains("warning ipsec-policy.legacy"));
}

TEST(Legacy, TheCloudsDefaultNeedsTheSwitchAndItsCustomPolicyDoesNot) {
  const Findings findings =
      validate(model_of(estate_with({{"ipsec_policy: strong", "ipsec_policy: azure-default"}})));
  ASSERT_FALSE(findings.empty());
  const auto found = std::ranges::find(findings, "ipsec-policy.legacy", &Finding::id);
  ASSERT_NE(found, findings.end());
  EXPECT_EQ(found->severity, Severity::Error);
  EXPECT_THAT(found->remedy, HasSubstr("azure-custom"));
  for (const char* const name : {"strong", "azure-custom", "aws"}) {
    const std::string wanted = std::string("ipsec_policy: ") + name;
    EXPECT_THAT(findings_of(estate_with({{"ipsec_policy: strong", wanted}})),
                testing::Not(testing::Contains(HasSubstr("legacy"))))
        << name;
  }
}

TEST(Legacy, ASwitchThatAdmitsNothingIsPointedOut) {
  EXPECT_THAT(findings_of(estate_with({kAdmitted})), ElementsAre("warning ipsec-policy.legacy"));
}

TEST(Legacy, WhatIsBrokenIsNoWordAtAll) {
  for (const char* const word : {"DHGroup1", "DHGroup5"}) {
    const std::string wanted = std::string("dh_group: ") + word;
    EXPECT_THAT(errors_of(estate_with({{"dh_group: DHGroup14", wanted}, kAdmitted})),
                ElementsAre(HasSubstr(word)));
  }
  EXPECT_THAT(errors_of(estate_with({{"ike_integrity: SHA256", "ike_integrity: MD5"}, kAdmitted})),
              ElementsAre(HasSubstr("MD5")));
  EXPECT_THAT(
      errors_of(estate_with({{"ike_encryption: AES256", "ike_encryption: 3DES"}, kAdmitted})),
      ElementsAre(HasSubstr("3DES")));
}

TEST(Legacy, AKeyOf192BitsIsNotWeak) {
  EXPECT_THAT(findings_of(estate_with({{"ike_encryption: AES256", "ike_encryption: AES192"}})),
              IsEmpty());
}

}  // namespace
}  // namespace twinspan::policy
