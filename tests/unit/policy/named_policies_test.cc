// What the built-in policies offer, and that docs/model.md says exactly that.
#include "policy/named_policies.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

std::string words(const Encryption& encryption, IntegrityId integrity) {
  std::string text = find_encryption(encryption)->name;
  if (const IntegrityProperties* const found = find_integrity(integrity))
    text += fmt::format(" {}", found->name);
  return text;
}

std::string cell(const std::vector<std::string>& lines) {
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i)
    text += fmt::format("{}{}. {}", i == 0 ? "" : "<br>", i + 1, lines[i]);
  return text;
}

// One row of the table of docs/model.md.
std::string row_of(const NamedPolicy& named) {
  std::vector<std::string> ike, esp;
  for (const IkeProposal& p : named.suite.ike_proposals) {
    ike.push_back(fmt::format("{} prf {} {}", words(p.encryption, p.integrity),
                              find_prf(p.prf)->name, find_dh_group(p.group)->name));
  }
  for (const EspProposal& p : named.suite.esp_proposals) {
    const DhGroupProperties* const group = find_dh_group(p.pfs_group);
    esp.push_back(fmt::format("{} pfs {}{}", words(p.encryption, p.integrity),
                              group == nullptr ? "None" : group->name, p.esn ? " esn" : ""));
  }
  const IpsecSuite& suite = named.suite;
  return fmt::format("| `{}` | {} | {} | {} | {} s / {} s / {} | {} |\n", named.name, named.doc,
                     cell(ike), cell(esp), suite.ike_lifetime_seconds, suite.sa_lifetime_seconds,
                     suite.sa_data_size_kilobytes == 0
                         ? "no limit"
                         : fmt::format("{} KB", suite.sa_data_size_kilobytes),
                     legacy_words(suite).empty() ? "no" : "needed");
}

TEST(NamedPolicies, AreWhatTheDocumentationSays) {
  std::string table =
      "| name | meets | IKE, in order | ESP, in order | lifetimes: IKE / SA / data | legacy: true "
      "|\n"
      "|---|---|---|---|---|---|\n";
  for (const NamedPolicy& named : named_policies()) table += row_of(named);
  EXPECT_THAT(read_source_file("docs/model.md"), testing::HasSubstr(table));
}

TEST(NamedPolicies, AreTheFourOfTheModelAndStrongComesFirst) {
  std::vector<std::string_view> names;
  for (const NamedPolicy& named : named_policies()) names.push_back(named.name);
  EXPECT_THAT(names, testing::ElementsAre("strong", "azure-default", "azure-custom", "aws"));
}

TEST(NamedPolicies, HoldNoCombinationTwiceAndFitIntoOnePayload) {
  for (const NamedPolicy& named : named_policies()) {
    SCOPED_TRACE(named.name);
    const auto is_unique = [](const auto& list) {
      for (size_t i = 0; i < list.size(); ++i) {
        for (size_t j = i + 1; j < list.size(); ++j) {
          if (list[i] == list[j]) return false;
        }
      }
      return true;
    };
    EXPECT_TRUE(is_unique(named.suite.ike_proposals));
    EXPECT_TRUE(is_unique(named.suite.esp_proposals));
    // A datagram of 1,280 bytes still has room for KE, nonce and notifies.
    EXPECT_LE(named.suite.ike_proposals.size(), 12u);
    EXPECT_LE(named.suite.esp_proposals.size(), 12u);
    for (const IkeProposal& p : named.suite.ike_proposals) {
      EXPECT_EQ(find_encryption(p.encryption)->is_aead(), p.integrity == IntegrityId::None);
    }
    for (const EspProposal& p : named.suite.esp_proposals) {
      EXPECT_EQ(find_encryption(p.encryption)->is_aead(), p.integrity == IntegrityId::None);
    }
  }
}

TEST(NamedPolicies, OnlyTheCloudsDefaultIsLegacy) {
  for (const NamedPolicy& named : named_policies()) {
    EXPECT_EQ(!legacy_words(named.suite).empty(), named.name == "azure-default") << named.name;
  }
  EXPECT_THAT(legacy_words(find_named_policy("azure-default")->suite),
              testing::ElementsAre("DHGroup2", "SHA1"));
}

}  // namespace
}  // namespace twinspan::policy
