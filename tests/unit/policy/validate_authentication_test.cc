// Rules about how the two ends prove who they are, and what they exchange keys with.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/named_policies.h"
#include "policy/validate.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kBranchKey = "    shared_key: { file: a-branch.psk }\n";

TEST(ValidateAuthentication, AConnectionHasWhatItsAuthenticationTypeNeedsAlone) {
  const auto with = [](std::string_view text) { return findings_with({{kBranchKey, text}}); };
  const std::string certificate =
      "    certificate_authentication: { outbound_auth_certificate: a.pem, "
      "outbound_auth_private_key: a.key, inbound_auth_certificate_chain: [root.pem] }\n";
  const std::string raw_key =
      "    raw_public_key_authentication: { private_key: a.key, peer_public_key: b.pub }\n";
  const std::string key(kBranchKey), by_certificate = "    authentication_type: certificate\n",
                                     by_raw_key = "    authentication_type: raw-public-key\n";
  EXPECT_THAT(with(by_certificate + certificate), IsEmpty());
  EXPECT_THAT(with(by_raw_key + raw_key), IsEmpty());
  const auto is_refused = ElementsAre("error connection.authentication");
  EXPECT_THAT(with(""), is_refused);
  EXPECT_THAT(with(by_certificate), is_refused);
  EXPECT_THAT(with(by_raw_key), is_refused);
  EXPECT_THAT(with(key + certificate), is_refused);
  EXPECT_THAT(with(key + raw_key), is_refused);
  EXPECT_THAT(with(by_certificate + certificate + key), is_refused);
  EXPECT_THAT(with(by_raw_key + raw_key + key), is_refused);
}

TEST(ValidateAuthentication, CertificatesHaveCasAKeyFileAndNamesThatTheyCanHold) {
  const auto with = [](std::string_view key, std::string_view chain, std::string_view id) {
    return findings_with(
        {{kBranchKey, fmt::format("    authentication_type: certificate\n"
                                  "    certificate_authentication: {{ outbound_auth_certificate: "
                                  "a.pem, outbound_auth_private_key: {}, "
                                  "inbound_auth_certificate_chain: [{}] }}\n    remote_id: {}\n",
                                  key, chain, id)}});
  };
  EXPECT_THAT(with("a.key", "root.pem", "branch.example.net"), IsEmpty());
  const auto is_refused = ElementsAre("error connection.authentication");
  EXPECT_THAT(with("a.key", "", "branch.example.net"), is_refused);
  EXPECT_THAT(with("a.pem", "root.pem", "branch.example.net"), is_refused);
  EXPECT_THAT(with("a.key", "root.pem", "keyid:branch"), is_refused);
}

TEST(ValidateAuthentication, BothDirectionsAuthenticateInTheSameWay) {
  EXPECT_THAT(
      findings_with({{"gw-a, shared_key: { file: a-b.psk },",
                      "gw-a, authentication_type: raw-public-key, "
                      "raw_public_key_authentication: { private_key: b.key, peer_public_key: "
                      "a.pub },"}}),
      ElementsAre("error connection.authentication-reverse"));
}

constexpr std::string_view kThere = "shared_key: { file: a-b.psk }\n    local_id";
constexpr std::string_view kBack = "gw-a, shared_key: { file: a-b.psk },";

TEST(ValidateAuthentication, APostQuantumKeyIsTheSameAtBothEndsAndNotTheSharedKey) {
  const auto both = [](std::string_view there, std::string_view back) {
    const std::string a = fmt::format("shared_key: {{ file: a-b.psk }}\n{}    local_id", there);
    const std::string b = fmt::format("gw-a, shared_key: {{ file: a-b.psk }},{}", back);
    return findings_with({{kThere, a}, {kBack, b}});
  };
  const std::string_view there = "    ppk: { id: one, file: a-b.ppk }\n";
  EXPECT_THAT(both(there, " ppk: { id: one, file: a-b.ppk },"), IsEmpty());
  EXPECT_THAT(both(there, " ppk: { id: one, file: b.ppk, required: false },"), IsEmpty());
  EXPECT_THAT(both("    ppk: { id: one, file: a-b.ppk, required: false }\n", ""), IsEmpty());
  EXPECT_THAT(both(there, " ppk: { id: two, file: a-b.ppk },"),
              ElementsAre("error connection.ppk"));
  EXPECT_THAT(both(there, ""), ElementsAre("error connection.ppk"));
  EXPECT_THAT(both("", " ppk: { id: one, file: a-b.ppk },"), ElementsAre("error connection.ppk"));
  EXPECT_THAT(both("    ppk: { id: one, file: a-b.psk }\n", " ppk: { id: one, file: a-b.ppk },"),
              ElementsAre("error connection.ppk"));
}

TEST(ValidateAuthentication, APostQuantumKeyHasAVisibleNameOfAGoodLength) {
  const auto with_id = [](std::string_view id) {
    const std::string text =
        fmt::format("    encapsulation: esp\n    ppk: {{ id: \"{}\", file: x.ppk }}\n", id);
    return findings_with({{"    encapsulation: esp\n", text}});
  };
  EXPECT_THAT(with_id("branch-2026.example"), IsEmpty());
  EXPECT_THAT(with_id(std::string(128, 'x')), IsEmpty());
  EXPECT_THAT(with_id(std::string(129, 'x')), ElementsAre("error connection.ppk"));
  EXPECT_THAT(with_id("two words"), ElementsAre("error connection.ppk"));
  EXPECT_THAT(with_id("\u00e9"), ElementsAre("error connection.ppk"));
}

TEST(ValidateAuthentication, AdditionalKeyExchangesAreOneToSevenThatDifferAndThatWeHave) {
  const auto with = [](std::string_view methods) {
    const std::string text = fmt::format(
        "    encapsulation: esp\n    additional_key_exchanges: {{ methods: [{}] }}\n", methods);
    return findings_with({{"    encapsulation: esp\n", text}});
  };
  const auto kFault = ElementsAre("error connection.additional-key-exchanges");
  EXPECT_THAT(with("CURVE25519"), IsEmpty());
  EXPECT_THAT(with("CURVE25519, ECP521, ECP384"), IsEmpty());
  EXPECT_THAT(with(""), kFault);
  EXPECT_THAT(with("CURVE25519, ECP521, CURVE25519"), kFault);
  EXPECT_THAT(with("DHGroup14"), kFault);  // That of its policy.
  for (const KemProperties& kem : all_kems()) {
    if (kHasMlKem) {
      EXPECT_THAT(with(kem.name), IsEmpty());
    } else {
      EXPECT_THAT(with(kem.name), kFault);
    }
  }
}

TEST(ValidateAuthentication, AnOfferWithAndWithoutAdditionalKeyExchangesFitsIntoOnePayload) {
  for (const NamedPolicy& named : named_policies()) {
    SCOPED_TRACE(named.name);
    const auto& suite = named.suite;
    const bool fits = 2 * std::max(suite.ike_proposals.size(), suite.esp_proposals.size()) <= 32;
    const std::string text = fmt::format(
        "additional_key_exchanges: {{ methods: [CURVE25519], required: false }}\n"
        "    legacy: {}\n    ipsec_policy: {}\n    local_id",
        !legacy_words(suite).empty(), named.name);
    const auto found = findings_with({{"local_id: gw-a.example.net", text + ": gw-a.example.net"},
                                      {"    ipsec_policy: strong\n", ""}});
    if (fits) {
      EXPECT_THAT(found, testing::Not(Contains("error connection.additional-key-exchanges")));
    } else {
      EXPECT_THAT(found, Contains("error connection.additional-key-exchanges"));
    }
  }
}

TEST(ValidateAuthentication, BothDirectionsHaveTheSameAdditionalKeyExchanges) {
  const auto both = [](std::string_view there, std::string_view back) {
    const std::string a = fmt::format("shared_key: {{ file: a-b.psk }}\n{}    local_id", there);
    const std::string b = fmt::format("gw-a, shared_key: {{ file: a-b.psk }},{}", back);
    return findings_with({{kThere, a}, {kBack, b}});
  };
  const std::string_view there =
      "    additional_key_exchanges: { methods: [ECP521, CURVE25519] }\n";
  const std::string_view free_there =
      "    additional_key_exchanges: { methods: [ECP521], required: false }\n";
  const auto kFault = ElementsAre("error connection.additional-key-exchanges");
  EXPECT_THAT(both(there, " additional_key_exchanges: { methods: [ECP521, CURVE25519] },"),
              IsEmpty());
  EXPECT_THAT(both(there, " additional_key_exchanges: { methods: [CURVE25519, ECP521] },"), kFault);
  EXPECT_THAT(both(there, ""), kFault);
  EXPECT_THAT(both("", " additional_key_exchanges: { methods: [ECP521] },"), kFault);
  EXPECT_THAT(both(free_there, ""), IsEmpty());
  EXPECT_THAT(
      both(free_there, " additional_key_exchanges: { methods: [CURVE25519], required: false },"),
      IsEmpty());
}

TEST(ValidateAuthentication, IdentitiesHaveAGoodForm) {
  EXPECT_THAT(
      findings_with(
          {{"    encapsulation: esp",
            "    local_id: keyid:a\n    remote_id: r@example.net\n    encapsulation: esp"}}),
      IsEmpty());
  EXPECT_THAT(only_finding({{"    encapsulation: esp",
                             "    local_id: 192.0.2.400\n    encapsulation: esp"}}),
              HasSubstr("local_id '192.0.2.400' is no identity"));
  EXPECT_THAT(
      findings_with({{"    encapsulation: esp", "    remote_id: '@x'\n    encapsulation: esp"}}),
      ElementsAre("error connection.identity"));
}

}  // namespace
}  // namespace twinspan::policy
