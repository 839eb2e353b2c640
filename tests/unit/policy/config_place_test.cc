#include "policy/config_place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

// The text of the line that a setting of a connection stands on.
std::string line_of(std::string_view text, std::string_view connection, std::string_view field) {
  const Model model = model_of(text);
  const ConfigPlaces places = places_of(model, model.connections.find(connection)->second);
  const ConfigPlace* const place = find_place(places, field);
  if (place == nullptr) return "no place";
  EXPECT_EQ(place->file, "e.yaml");
  size_t begin = 0;
  for (uint32_t line = 1; line < place->line; ++line) begin = text.find('\n', begin) + 1;
  return std::string(text.substr(begin, text.find('\n', begin) - begin));
}

std::string path_of_place(std::string_view text, std::string_view connection,
                          std::string_view field) {
  const Model model = model_of(text);
  const ConfigPlaces places = places_of(model, model.connections.find(connection)->second);
  const ConfigPlace* const place = find_place(places, field);
  return place == nullptr ? "no place" : place->path;
}

using testing::HasSubstr;

TEST(ConfigPlace, AMappingsFieldsStandInTheConnection) {
  const std::pair<const char*, const char*> kLines[] = {
      {"ipsec_policy.ike_encryption", "ike_encryption: AES256"},
      {"ipsec_policy.ike_integrity", "ike_integrity: SHA256"},
      {"ipsec_policy.ike_prf", "ike_prf: SHA512"},
      {"ipsec_policy.dh_group", "dh_group: DHGroup14"},
      {"ipsec_policy.ipsec_encryption", "ipsec_encryption: GCMAES128"},
      {"ipsec_policy.ipsec_integrity", "ipsec_integrity: GCMAES128"},
      {"ipsec_policy.pfs_group", "pfs_group: None"},
      {"ipsec_policy.esn", "esn: false"},
      {"shared_key", "shared_key: { file: a-branch.psk }"},
      {"connection_mode", "connection_mode: initiator-only"},
      {"remote_address", "gateway_ip_address: 203.0.113.9"},
      {"remote_selectors", "address_prefixes: [10.9.0.0/16]"},
      {"local_selectors", "address_space: [10.1.0.0/16]"},
  };
  for (const auto& [field, line] : kLines)
    EXPECT_THAT(line_of(kGoodEstate, "a-to-branch", field), HasSubstr(line)) << field;
  EXPECT_EQ(path_of_place(kGoodEstate, "a-to-branch", "ipsec_policy.dh_group"),
            "connections.a-to-branch.ipsec_policy.dh_group");
  EXPECT_EQ(path_of_place(kGoodEstate, "a-to-branch", "remote_address"),
            "local_network_gateways.branch.gateway_ip_address");
}

TEST(ConfigPlace, ABuiltInPolicysFieldsStandWhereItIsNamed) {
  EXPECT_THAT(line_of(kGoodEstate, "a-to-b", "ipsec_policy.dh_group"),
              HasSubstr("ipsec_policy: strong"));
  EXPECT_EQ(path_of_place(kGoodEstate, "a-to-b", "ipsec_policy.dh_group"),
            "connections.a-to-b.ipsec_policy");
}

TEST(ConfigPlace, ANamedPolicysFieldsStandInThePolicy) {
  const std::string text = estate_with({{"ipsec_policy: strong", "ipsec_policy: named"}});
  EXPECT_THAT(line_of(text, "a-to-b", "ipsec_policy.dh_group"), HasSubstr("dh_group: CURVE25519"));
  EXPECT_EQ(path_of_place(text, "a-to-b", "ipsec_policy.dh_group"),
            "ipsec_policies.named.dh_group");
}

TEST(ConfigPlace, TheOtherGatewayOfTheEstateHoldsTheRemoteSide) {
  EXPECT_THAT(line_of(kGoodEstate, "a-to-b", "remote_address"), HasSubstr("gw-b:"));
  EXPECT_THAT(line_of(kGoodEstate, "a-to-b", "remote_selectors"), HasSubstr("vnet-b:"));
  EXPECT_THAT(line_of(kGoodEstate, "a-to-b", "remote_id"),
              HasSubstr("remote_id: gw-b.example.net"));
}

TEST(ConfigPlace, WhatIsNotWrittenStandsAtItsConnection) {
  EXPECT_THAT(line_of(kGoodEstate, "a-to-branch", "remote_id"), HasSubstr("a-to-branch:"));
  EXPECT_EQ(find_place({}, "remote_id"), nullptr);
}

TEST(ConfigPlace, SelectorPoliciesTakeThePlaceOfPrefixes) {
  const std::string text = estate_with(
      {{"use_policy_based_traffic_selectors: false", "use_policy_based_traffic_selectors: true"},
       {"traffic_selector_policies: []",
        "traffic_selector_policies: [ { local_address_ranges: [10.1.0.0/24], "
        "remote_address_ranges: [10.9.0.0/24] } ]"}});
  for (const char* const field : {"local_selectors", "remote_selectors"})
    EXPECT_THAT(line_of(text, "a-to-branch", field), HasSubstr("traffic_selector_policies"))
        << field;
}

}  // namespace
}  // namespace twinspan::policy
