#include "policy/config_parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

TEST(ConfigParse, ReadsEveryKeyOfTheFormat) {
  const Model model = model_of(kGoodEstate);
  const VirtualNetwork& network = model.virtual_networks.at("vnet-a");
  EXPECT_EQ(*network.region, "west");
  EXPECT_EQ(network.address_space->at(0)->to_string(), "10.1.0.0/16");
  EXPECT_EQ(network.subnets.at(1).name, "GatewaySubnet");
  EXPECT_EQ(*network.interfaces->at(0), "lan0");
  const VirtualNetworkGateway& gateway = model.gateways.at("gw-a");
  EXPECT_EQ(gateway.ip_configurations.at(0).public_ip_address->to_string(), "192.0.2.1");
  EXPECT_EQ(*gateway.bgp_settings.asn, 65010u);
  EXPECT_EQ(gateway.bgp_settings.peering_addresses->at(0)->to_string(), "10.1.255.30");
  const LocalNetworkGateway& branch = model.local_network_gateways.at("branch");
  EXPECT_EQ(branch.bgp_settings.peering_addresses->at(0)->to_string(), "10.9.255.1");
  const Connection& connection = model.connections.at("a-to-branch");
  EXPECT_EQ(*connection.connection_type, ConnectionType::Ipsec);
  EXPECT_EQ(*connection.encapsulation, Encapsulation::Esp);
  EXPECT_EQ(*connection.connection_mode, ConnectionMode::InitiatorOnly);
  EXPECT_EQ(*connection.dpd_timeout_seconds, 30u);
  ASSERT_TRUE(connection.ipsec_policy.has_value());
  EXPECT_EQ(*connection.ipsec_policy->pfs_group, "None");
  EXPECT_EQ(*model.ipsec_policies.at("named").dh_group, "CURVE25519");
}

TEST(ConfigParse, AbsentFieldsHaveTheSchemasDefaultsAndAreNotSet) {
  const Model model = model_of(kGoodEstate);
  const VirtualNetworkGateway& gateway = model.gateways.at("gw-b");
  EXPECT_EQ(*gateway.vpn_type, VpnType::RouteBased);
  EXPECT_EQ(*gateway.sku, "Native");
  EXPECT_FALSE(gateway.sku.is_set);
  EXPECT_EQ(*gateway.ip_configurations.at(0).name, "default");
  EXPECT_FALSE(gateway.bgp_settings.is_set);
  const Connection& connection = model.connections.at("b-to-a");
  EXPECT_EQ(*connection.dpd_timeout_seconds, 45u);
  EXPECT_EQ(*connection.encapsulation, Encapsulation::Udp);
  EXPECT_EQ(*connection.ipsec_policy_name, "strong");
}

TEST(ConfigParse, ObjectsAndFieldsRememberTheirPlaces) {
  const Model model = model_of(kGoodEstate);
  const VirtualNetwork& network = model.virtual_networks.at("vnet-a");
  EXPECT_EQ(network.mark, (SourceMark{.line = 3, .column = 3}));
  EXPECT_EQ(network.region.mark, (SourceMark{.line = 4, .column = 13}));
  EXPECT_EQ(network.address_space->at(0).mark, (SourceMark{.line = 6, .column = 21}));
  EXPECT_EQ(model.files, std::vector<std::string>{"e.yaml"});
}

TEST(ConfigParse, AnUnknownKeyIsReportedAtItsPlaceWithTheNearestOne) {
  EXPECT_THAT(
      errors_of(estate_with({{"    region: west", "    regoin: west"}})),
      ElementsAre(
          "e.yaml:4:5: virtual_networks.vnet-a.regoin: unknown key 'regoin' in a virtual network; "
          "did you mean 'region'?"));
}

TEST(ConfigParse, AnAzureSpellingFindsOurs) {
  EXPECT_THAT(errors_of(estate_with({{"    address_space: [10.1", "    addressSpace: [10.1"}})),
              testing::Contains(HasSubstr("did you mean 'address_space'?")));
}

TEST(ConfigParse, AnUnknownKeyFarFromAllListsThem) {
  EXPECT_THAT(errors_of("version: 1\nzzzzzz: 2\n"),
              ElementsAre(StartsWith(
                  "e.yaml:2:1: zzzzzz: unknown key 'zzzzzz' in an estate; known here: version, ")));
}

TEST(ConfigParse, AMissingFieldIsReportedAtItsObject) {
  EXPECT_THAT(errors_of(estate_with({{"    virtual_network: vnet-a\n", ""}})),
              ElementsAre("e.yaml:11:3: virtual_network_gateways.gw-a: virtual_network is missing; "
                          "add what is missing"));
}

TEST(ConfigParse, AnIncompleteIpsecPolicyNamesAllThatIsMissing) {
  EXPECT_THAT(
      errors_of(estate_with({{"      pfs_group: None\n", ""}, {"      esn: false\n", ""}})),
      ElementsAre("e.yaml:49:5: connections.a-to-branch.ipsec_policy: pfs_group, esn are missing; "
                  "a policy is complete or absent: give all fields or none"));
}

TEST(ConfigParse, AWrongTypeSaysWhatWasExpected) {
  EXPECT_THAT(
      errors_of(estate_with({{"address_space: [10.1.0.0/16]", "address_space: 10.1.0.0/16"}})),
      ElementsAre(
          "e.yaml:6:20: virtual_networks.vnet-a.address_space: expected a list, each item a prefix "
          "like 10.1.0.0/16 or 2001:db8::/32, not a text"));
  EXPECT_THAT(
      errors_of(estate_with({{"    region: west", "    region: [west]"}})),
      ElementsAre("e.yaml:4:13: virtual_networks.vnet-a.region: expected a text, not a list"));
  EXPECT_THAT(
      errors_of(estate_with({{"shared_key: { file: a-branch.psk }", "shared_key: a-branch.psk"}})),
      ElementsAre(
          "e.yaml:42:17: connections.a-to-branch.shared_key: expected a mapping with the keys of a "
          "shared key, not a text"));
  EXPECT_THAT(
      errors_of("version: 1\nconnections: [a]\n"),
      ElementsAre(
          "e.yaml:2:14: connections: expected a mapping from names to connections, not a list"));
  EXPECT_THAT(errors_of("version: 1\nipsec_policies: x\n"),
              ElementsAre("e.yaml:2:17: ipsec_policies: expected a mapping from names to IPsec "
                          "policies, not a text"));
}

TEST(ConfigParse, ABadPrefixSaysWhyAndWhatWasMeant) {
  EXPECT_THAT(
      errors_of(estate_with({{"[10.1.0.0/16]", "[10.1.2.0/16]"}})),
      ElementsAre("e.yaml:6:21: virtual_networks.vnet-a.address_space[0]: expected a prefix like "
                  "10.1.0.0/16 "
                  "or 2001:db8::/32, not '10.1.2.0/16'; it has bits set behind /16: did you mean "
                  "10.1.0.0/16?"));
  EXPECT_THAT(errors_of(estate_with({{"hosts: 10.1.0.0/24", "hosts: 10.1.0.0/33"}})),
              ElementsAre("e.yaml:7:23: virtual_networks.vnet-a.subnets.hosts: expected a prefix "
                          "like 10.1.0.0/16 or "
                          "2001:db8::/32, not '10.1.0.0/33'"));
}

TEST(ConfigParse, ABadAddressIsReportedAtItsValue) {
  EXPECT_THAT(errors_of(estate_with(
                  {{"gateway_ip_address: 203.0.113.9", "gateway_ip_address: 203.0.113.900"}})),
              ElementsAre("e.yaml:22:25: local_network_gateways.branch.gateway_ip_address: "
                          "expected an address like "
                          "192.0.2.1 or 2001:db8::1, not '203.0.113.900'"));
}

TEST(ConfigParse, NumbersAreDecimalAndInRange) {
  const auto with_dpd = [](std::string_view value) {
    return errors_of(
        estate_with({{"dpd_timeout_seconds: 30", "dpd_timeout_seconds: " + std::string(value)}}));
  };
  for (const char* const value : {"8", "3601", "-30", "+30", "030", "0x1e", "30s", "3e1", "30.0",
                                  "1:30", "30 30", "99999999999999999999", "'30 '"}) {
    EXPECT_THAT(with_dpd(value),
                ElementsAre(StartsWith("e.yaml:46:26: connections.a-to-branch.dpd_timeout_seconds: "
                                       "expected a whole number from 9 to 3600, not ")))
        << value;
  }
}

TEST(ConfigParse, TheFragmentSizeHasALimit) {
  const auto with_size = [](std::string_view size) {
    return estate_with({{"dpd_timeout_seconds: 30",
                         "dpd_timeout_seconds: 30\n    ike_fragment_size: " + std::string(size)}});
  };
  for (const char* const size : {"9001", "-1", "all"}) {
    EXPECT_THAT(errors_of(with_size(size)),
                ElementsAre(StartsWith("e.yaml:47:24: connections.a-to-branch.ike_fragment_size: "
                                       "expected a whole number from 0 to 9000, not ")))
        << size;
  }
}

TEST(ConfigParse, FlagsAreTrueAndFalseOnly) {
  for (const char* const value : {"yes", "no", "on", "True", "FALSE", "1", "''"}) {
    EXPECT_THAT(
        errors_of(estate_with({{"active_active: false", "active_active: " + std::string(value)}})),
        ElementsAre(StartsWith(
            "e.yaml:15:20: virtual_network_gateways.gw-a.active_active: expected true or "
            "false, not ")))
        << value;
  }
}

TEST(ConfigParse, AWordOutsideItsListNamesTheNearest) {
  EXPECT_THAT(
      errors_of(estate_with({{"vpn_type: route-based", "vpn_type: RouteBased"}})),
      ElementsAre(
          "e.yaml:13:15: virtual_network_gateways.gw-a.vpn_type: expected one of route-based, "
          "policy-based, not 'RouteBased'; did you mean 'route-based'?"));
}

TEST(ConfigParse, WordsOfSkusAndAlgorithmsAreChecked) {
  EXPECT_THAT(errors_of(estate_with({{"sku: Native", "sku: VpnGw9"}})),
              ElementsAre(HasSubstr("expected one of Native, ")));
  EXPECT_THAT(errors_of(estate_with({{"dh_group: DHGroup14", "dh_group: DHGroup5"}})),
              ElementsAre(HasSubstr("dh_group: expected one of DHGroup14, DHGroup15, ")));
  EXPECT_THAT(errors_of(estate_with({{"dh_group: DHGroup14", "dh_group: None"}})), SizeIs(1));
  EXPECT_THAT(errors_of(estate_with({{"ike_encryption: AES256", "ike_encryption: AES"}})),
              SizeIs(1));
  EXPECT_THAT(errors_of(estate_with({{"ike_prf: SHA512", "ike_prf: MD5"}})), SizeIs(1));
}

TEST(ConfigParse, NorwayAndSexagesimalStayTexts) {
  const Model model =
      model_of(estate_with({{"region: west", "region: no"}, {"region: east", "region: 12:30:45"}}));
  EXPECT_EQ(*model.virtual_networks.at("vnet-a").region, "no");
  EXPECT_EQ(*model.virtual_networks.at("vnet-b").region, "12:30:45");
}

TEST(ConfigParse, AnEmptyValueIsReportedAtItsKey) {
  EXPECT_THAT(errors_of(estate_with({{"    region: west", "    region:"}})),
              ElementsAre("e.yaml:4:5: virtual_networks.vnet-a.region: expected a text, not "
                          "nothing; give a value or "
                          "remove the key"));
  EXPECT_THAT(errors_of("version: 1\nconnections:\n# none yet\n\n"),
              ElementsAre(StartsWith("e.yaml:2:1: connections: ")));
  EXPECT_THAT(errors_of("version: 1\nconnections: ~\n"),
              ElementsAre(StartsWith("e.yaml:2:1: connections: ")));
  EXPECT_THAT(errors_of(estate_with({{"region: west", "region: ''"}})),
              ElementsAre(StartsWith("e.yaml:4:13: ")));
}

TEST(ConfigParse, AnEmptyFileAndAFileThatIsNoMappingAreRefused) {
  EXPECT_THAT(errors_of(""),
              ElementsAre(HasSubstr(
                  "e.yaml:1:1: expected a mapping with the keys of an estate, not nothing")));
  EXPECT_THAT(errors_of("# only a comment\n"), SizeIs(1));
  EXPECT_THAT(errors_of("hello\n"), ElementsAre(StartsWith("e.yaml:1:1: expected a mapping")));
  EXPECT_THAT(errors_of("- version: 1\n"),
              ElementsAre(StartsWith("e.yaml:1:1: expected a mapping")));
}

TEST(ConfigParse, AnotherVersionIsRefused) {
  EXPECT_THAT(errors_of("version: 2\n"), ElementsAre("e.yaml:1:10: version: expected 1, not '2'"));
  EXPECT_THAT(errors_of("connections: {}\n"),
              ElementsAre("e.yaml:1:1: version is missing; add what is missing"));
}

TEST(ConfigParse, NamesThatCannotBePartOfAFileNameAreRefused) {
  for (const char* const name : {"../x", "'a b'", ".hidden", "-x", "\xC3\xA4", "a/b"}) {
    EXPECT_THAT(errors_of("version: 1\nvirtual_networks:\n  " + std::string(name) +
                          ": { address_space: [10.0.0.0/8] }\n"),
                ElementsAre(testing::AllOf(StartsWith("e.yaml:3:3: "), HasSubstr("is not a name"))))
        << name;
  }
  const std::string long_name(81, 'x');
  EXPECT_THAT(errors_of("version: 1\nconnections: { " + long_name + ": {} }\n"),
              testing::Contains(HasSubstr("is not a name")));
}

TEST(ConfigParse, AddressRangesArePrefixesOrRanges) {
  const auto with_range = [](std::string_view range) {
    return estate_with({{"traffic_selector_policies: []",
                         "traffic_selector_policies: [ { local_address_ranges: [" +
                             std::string(range) + "], remote_address_ranges: [10.9.0.0/24] } ]"}});
  };
  const Model model = model_of(with_range("10.1.0.1-10.1.0.9, 2001:db8::/64"));
  const auto& ranges =
      *model.connections.at("a-to-branch").traffic_selector_policies.at(0).local_address_ranges;
  EXPECT_EQ(ranges.at(0)->last.to_string(), "10.1.0.9");
  EXPECT_EQ(ranges.at(1)->first.to_string(), "2001:db8::");
  for (const char* const range : {"10.1.0.9-10.1.0.1", "10.1.0.1-::1", "10.1.0.1-", "-", "x-y"}) {
    EXPECT_THAT(errors_of(with_range(range)), ElementsAre(HasSubstr("or a range like"))) << range;
  }
}

TEST(ConfigParse, CollectsAllErrorsInTheFilesOrder) {
  EXPECT_THAT(
      errors_of(estate_with(
          {{"region: west", "region: []"}, {"asn: 65010", "asn: x"}, {"file: a-b.psk", "fil: a"}})),
      ElementsAre(StartsWith("e.yaml:4:13: "), StartsWith("e.yaml:18:26: "),
                  StartsWith("e.yaml:30:5: "), StartsWith("e.yaml:30:19: ")));
}

TEST(ConfigParse, ReportsNoMoreErrorsThanItsBound) {
  std::string text = "version: 1\n";
  for (int index = 0; index < 500; ++index) text += "unknown" + std::to_string(index) + ": x\n";
  EXPECT_THAT(errors_of(text), SizeIs(kConfigErrorsMax));
}

TEST(ConfigParse, JsonIsReadAsTheSubsetItIs) {
  const Model model = model_of(
      "{\n\t\"version\": 1,\n\t\"virtual_networks\": { \"n\": { \"address_space\": "
      "[\"10.0.0.0/8\"] } }\n}\n");
  EXPECT_EQ(model.virtual_networks.size(), 1u);
}

TEST(ConfigParse, MessagesShowNoControlCharactersAndCutLongTexts) {
  const auto errors = errors_of("version: \"" + std::string(300, 'x') + "\"\n");
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_THAT(errors[0], HasSubstr("xxx...'"));
  EXPECT_LT(errors[0].size(), 150u);
  EXPECT_EQ(in_quotes("a\x1b[0m"), "'a?[0m'");
  EXPECT_EQ(in_quotes(std::string(59, 'x') + "\xC3\xA4\xC3\xA4"),
            "'" + std::string(59, 'x') + "...'");
}

}  // namespace
}  // namespace twinspan::policy
