// Azure's templates and az's output to a model, field by field, and what is not carried.
#include "policy/import_azure.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/estate_writer.h"
#include "policy/import_json.h"
#include "policy/schema.h"
#include "tests/unit/policy/azure_imports.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// As `az network ... list -o json` prints them, joined with `jq -s`: fields lifted to the top.
constexpr const char* kAz = R"([
  [ { "name": "vnet-a", "type": "Microsoft.Network/virtualNetworks", "location": "westeurope",
      "id": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/vnet-a",
      "addressSpace": { "addressPrefixes": [ "10.1.0.0/16" ] }, "provisioningState": "Succeeded",
      "subnets": [ { "name": "hosts", "addressPrefix": "10.1.0.0/24" },
                   { "name": "GatewaySubnet", "addressPrefixes": [ "10.1.255.0/27" ] } ],
      "virtualNetworkPeerings": [ { "name": "a-to-spoke", "allowGatewayTransit": true,
        "allowVirtualNetworkAccess": true, "allowForwardedTraffic": false,
        "remoteVirtualNetwork": { "id": "/x/virtualNetworks/spoke" }, "useRemoteGateways": false,
        "peeringState": "Connected" } ] },
    { "name": "spoke", "type": "Microsoft.Network/virtualNetworks",
      "addressSpace": { "addressPrefixes": [ "10.3.0.0/16" ] }, "subnets": [] } ],
  { "name": "gw-a", "type": "Microsoft.Network/virtualNetworkGateways", "gatewayType": "Vpn",
    "vpnType": "RouteBased", "sku": { "name": "VpnGw1", "tier": "VpnGw1" }, "activeActive": false,
    "enableBgp": false,
    "bgpSettings": { "asn": 65010, "bgpPeeringAddress": "10.1.255.30", "peerWeight": 0,
      "bgpPeeringAddresses": [ { "ipconfigurationId": "/x/ipConfigurations/default",
        "tunnelIpAddresses": [ "192.0.2.1" ], "customBgpIpAddresses": [] } ] },
    "ipConfigurations": [ { "name": "default", "privateIPAllocationMethod": "Dynamic",
      "publicIPAddress": { "id": "/x/publicIPAddresses/pip" },
      "subnet": { "id": "/x/virtualNetworks/vnet-a/subnets/GatewaySubnet" } } ] },
  [ { "name": "branch", "type": "Microsoft.Network/localNetworkGateways",
      "gatewayIpAddress": "203.0.113.9",
      "localNetworkAddressSpace": { "addressPrefixes": [ "10.9.0.0/16" ] },
      "bgpSettings": { "asn": 65090, "bgpPeeringAddress": "10.9.255.1", "peerWeight": 0 } } ],
  [ { "name": "a-to-branch", "type": "Microsoft.Network/connections", "connectionType": "IPsec",
      "virtualNetworkGateway1": { "id": "/x/virtualNetworkGateways/gw-a" },
      "localNetworkGateway2": { "id": "/x/localNetworkGateways/branch" },
      "connectionProtocol": "IKEv2", "connectionMode": "InitiatorOnly", "sharedKey": "Abc123",
      "dpdTimeoutSeconds": 30, "enableBgp": false, "usePolicyBasedTrafficSelectors": true,
      "routingWeight": 0, "connectionStatus": "Connected", "egressBytesTransferred": 5,
      "trafficSelectorPolicies": [ { "localAddressRanges": [ "10.1.0.0/24" ],
                                     "remoteAddressRanges": [ "10.9.0.0/24" ] } ],
      "ipsecPolicies": [ { "saLifeTimeSeconds": 27000, "saDataSizeKilobytes": 102400000,
        "ipsecEncryption": "GCMAES256", "ipsecIntegrity": "GCMAES256", "ikeEncryption": "GCMAES256",
        "ikeIntegrity": "SHA384", "dhGroup": "DHGroup2048", "pfsGroup": "PFS24" } ] } ]
])";

std::vector<std::string> errors_in(std::string_view text) {
  std::vector<std::string> lines;
  const auto import = import_azure(text, "a.json");
  EXPECT_FALSE(import.has_value()) << "imported: " << text;
  if (import) return lines;
  for (const ConfigError& error : import.error()) lines.push_back(error.to_string());
  return lines;
}

std::string az_with(std::string_view from, std::string_view to) {
  return replaced(kAz, from, to);
}

constexpr const char* kAzEstate = R"(version: 1
virtual_networks:
  spoke:
    address_space: [10.3.0.0/16]
  vnet-a:
    region: westeurope
    address_space: [10.1.0.0/16]
    subnets:
      hosts: 10.1.0.0/24
      GatewaySubnet: 10.1.255.0/27
virtual_network_gateways:
  gw-a:
    virtual_network: vnet-a
    vpn_type: route-based
    sku: VpnGw1
    active_active: false
    ip_configurations:
      - name: default
        public_ip_address: 192.0.2.1
    enable_bgp: false
    bgp_settings:
      asn: 65010
      peer_weight: 0
      bgp_peering_addresses: [10.1.255.30]
local_network_gateways:
  branch:
    gateway_ip_address: 203.0.113.9
    address_prefixes: [10.9.0.0/16]
    bgp_settings:
      asn: 65090
      bgp_peering_address: 10.9.255.1
      peer_weight: 0
connections:
  a-to-branch:
    connection_type: ipsec
    virtual_network_gateway1: gw-a
    local_network_gateway2: branch
    shared_key:
      file: a-to-branch.psk
    ipsec_policy:
      ike_encryption: GCMAES256
      ike_integrity: GCMAES256
      ike_prf: SHA384
      dh_group: DHGroup14
      ipsec_encryption: GCMAES256
      ipsec_integrity: GCMAES256
      pfs_group: DHGroup24
      esn: false
      ike_life_time_seconds: 28800
      sa_life_time_seconds: 27000
      sa_data_size_kilobytes: 102400000
    legacy: true
    enable_bgp: false
    connection_mode: initiator-only
    dpd_timeout_seconds: 30
    use_policy_based_traffic_selectors: true
    traffic_selector_policies:
      - local_address_ranges: [10.1.0.0/24]
        remote_address_ranges: [10.9.0.0/24]
peerings:
  a-to-spoke:
    virtual_network: vnet-a
    remote_virtual_network: spoke
    allow_virtual_network_access: true
    allow_forwarded_traffic: false
    allow_gateway_transit: true
    use_remote_gateways: false
)";

TEST(ImportAzure, OutputOfAzBecomesAnEstate) {
  const Import import = imported(kAz);
  EXPECT_EQ(write_estate(import.model), kAzEstate);
  EXPECT_THAT(notes_of(import), Not(Contains(HasSubstr("error"))));
  EXPECT_THAT(notes_of(import), Contains(HasSubstr("DHGroup24 is weak; legacy: true admits it")));
}

TEST(ImportAzure, TheKeyIsBesideTheModelAndNotInIt) {
  const Import import = imported(kAz);
  ASSERT_EQ(import.keys.size(), 1u);
  EXPECT_EQ(import.keys[0].file, "a-to-branch.psk");
  EXPECT_TRUE(import.keys[0].bytes.equals(ByteView(reinterpret_cast<const uint8_t*>("Abc123"), 6)));
  EXPECT_THAT(write_estate(import.model), Not(HasSubstr("Abc123")));
  const Import without = imported(az_with("\"Abc123\"", "null"));
  EXPECT_THAT(without.keys, IsEmpty());
  EXPECT_THAT(notes_of(without), Contains(HasSubstr("the key is not in the file")));
}

TEST(ImportAzure, MarksPointIntoTheFile) {
  const Import import = imported(kAz);
  const SourceMark mark = import.model.local_network_gateways.at("branch").gateway_ip_address.mark;
  EXPECT_EQ(mark, (SourceMark{.file = 0, .line = 23, .column = 27}));
}

struct Lost {
  const char* name;
  const char* from;
  const char* to;
  const char* note;
  bool is_left_out;
};

TEST(ImportAzure, LinkLocalSpeakersTheDefaultSiteAndTheGenerationAreCarried) {
  std::string text = az_with("\"customBgpIpAddresses\": []",
                             "\"customBgpIpAddresses\": [ \"169.254.21.1\", \"169.254.22.1\" ]");
  text = replaced(std::move(text), "\"10.1.255.30\"", "\"10.1.255.30,169.254.21.1\"");
  text = replaced(std::move(text), "\"activeActive\": false",
                  "\"activeActive\": false, \"vpnGatewayGeneration\": \"Generation1\",\n"
                  "\"gatewayDefaultSite\": { \"id\": \"/x/localNetworkGateways/branch\" }");
  text = replaced(std::move(text), "\"routingWeight\": 0",
                  "\"routingWeight\": 10, \"gatewayCustomBgpIpAddresses\": [ { "
                  "\"ipConfigurationId\": \"/x/ipConfigurations/default\", "
                  "\"customBgpIpAddress\": \"169.254.22.1\" } ]");
  const Import import = imported(text);
  const std::string estate = write_estate(import.model);
  for (const char* const line :
       {"custom_bgp_ip_addresses: [169.254.21.1, 169.254.22.1]\n",
        "bgp_peering_addresses: [10.1.255.30]\n", "default_local_network_gateway: branch\n",
        "generation: Generation1\n", "gateway_custom_bgp_ip_addresses: [169.254.22.1]\n",
        "routing_weight: 10\n"})
    EXPECT_THAT(estate, HasSubstr(line));
  EXPECT_THAT(notes_of(import), Not(Contains(HasSubstr("Bgp"))));
}

class NotCarried : public testing::TestWithParam<Lost> {};

TEST_P(NotCarried, IsNamedWithItsPlace) {
  const Lost& lost = GetParam();
  const Import import = imported(az_with(lost.from, lost.to));
  EXPECT_THAT(notes_of(import), Contains(HasSubstr(lost.note)));
  EXPECT_EQ(import.model.connections.empty(), lost.is_left_out);
}

INSTANTIATE_TEST_SUITE_P(
    ImportAzure, NotCarried,
    testing::Values(
        Lost{"IkeV1", "\"IKEv2\"", "\"IKEv1\"",
             "a.json:29:29: error: connections.a-to-branch.connectionProtocol: IKEv1 is not spoken "
             "here, for good; have the peer use IKEv2 [import.left-out]",
             true},
        Lost{"PolicyBased", "\"RouteBased\"", "\"PolicyBased\"",
             "warning: virtualNetworkGateways.gw-a.vpnType: a policy-based gateway of the cloud "
             "speaks IKEv1, ours speaks IKEv2; have the peer use IKEv2 [import.not-carried]",
             false},
        Lost{"NatRule", "\"routingWeight\": 0", "\"ingressNatRules\": [ { \"id\": \"/x/nat\" } ]",
             "connections.a-to-branch.ingressNatRules: NAT rules do not exist here", true},
        Lost{"GatewayNat", "\"activeActive\": false", "\"natRules\": [ { \"name\": \"n\" } ]",
             "virtualNetworkGateways.gw-a.natRules: NAT rules do not exist here", false},
        Lost{"WeakCipher", "\"ipsecEncryption\": \"GCMAES256\"", "\"ipsecEncryption\": \"DES3\"",
             "ipsecEncryption 'DES3' is not spoken here", true},
        Lost{"Md5", "\"ikeIntegrity\": \"SHA384\"", "\"ikeIntegrity\": \"MD5\"",
             "ikeIntegrity 'MD5' is not spoken here", true},
        Lost{"Group1", "\"DHGroup2048\"", "\"DHGroup1\"", "dhGroup 'DHGroup1' is not spoken here",
             true},
        Lost{"HalfAPolicy", "\"pfsGroup\": \"PFS24\"", "\"x\": 0",
             "pfsGroup is missing: a policy is complete or absent", true},
        Lost{"MixedAead", "\"ipsecIntegrity\": \"GCMAES256\"", "\"ipsecIntegrity\": \"SHA256\"",
             "the words of the policy do not fit together", true},
        Lost{"ExpressRoute", "\"connectionType\": \"IPsec\"",
             "\"connectionType\": \"ExpressRoute\"",
             "connections of type 'ExpressRoute' are not part of the model", true},
        Lost{"NoGateway", "/x/virtualNetworkGateways/gw-a", "/x/virtualNetworkGateways/gw-z",
             "'gw-z' is not in the file", true},
        Lost{"Certificates", "\"routingWeight\": 0", "\"authenticationType\": \"Certificate\"",
             "its certificates stay in the cloud's vault", true},
        Lost{"PointToSite", "\"activeActive\": false", "\"vpnClientConfiguration\": { \"a\": 1 }",
             "virtualNetworkGateways.gw-a.vpnClientConfiguration: is not part of the model", false},
        Lost{"Filter", "\"addressPrefix\": \"10.1.0.0/24\"",
             "\"addressPrefix\": \"10.1.0.0/24\", \"networkSecurityGroup\": { \"id\": \"/x/nsg\" }",
             "subnets.hosts.networkSecurityGroup: its rules are not part of the model", false},
        Lost{"Delegation", "\"addressPrefix\": \"10.1.0.0/24\"",
             "\"addressPrefix\": \"10.1.0.0/24\", \"natGateway\": { \"id\": \"/x/nat\" }",
             "subnets.hosts.natGateway: is not part of the model", false},
        Lost{"Copies", "\"location\": \"westeurope\",",
             "\"condition\": \"[x()]\", \"copy\": { \"count\": 3 }, \"properties\": {},",
             "error: virtualNetworks.vnet-a.copy: a loop makes what it says when", false},
        Lost{"OtherProvider", "\"Microsoft.Network/connections\"", "\"Microsoft.Web/connections\"",
             "resources.a-to-branch: a resource of this type is not part of the model", true},
        Lost{"PublicAddress", "\"tunnelIpAddresses\": [ \"192.0.2.1\" ]", "\"x\": 0",
             "ipConfigurations.default: its public address is not in the file", false},
        Lost{"UnknownSku", "\"name\": \"VpnGw1\"", "\"name\": \"HighPerformance\"",
             "'HighPerformance' is not an SKU here", false},
        Lost{"OwnBgpAddress",
             "/x/ipConfigurations/default\",\n        \"tunnelIpAddresses\": [ \"192.0.2.1\" ], "
             "\"customBgpIpAddresses\": []",
             "/x/ipConfigurations/other\", \"customBgpIpAddresses\": [ \"169.254.21.1\" ]",
             "customBgpIpAddresses: their IP configuration is not in the file", false},
        Lost{"DefaultSite", "\"activeActive\": false",
             "\"gatewayDefaultSite\": { \"id\": \"/x/localNetworkGateways/far\" }",
             "gatewayDefaultSite: 'far' is not in the file", false},
        Lost{"RemoteNetwork", "/x/virtualNetworks/spoke", "/x/virtualNetworks/elsewhere",
             "the virtual network 'elsewhere' is not in the file", false}),
    [](const auto& test) { return test.param.name; });

TEST(ImportAzure, WhatIsMalformedIsAnErrorWithItsPlace) {
  EXPECT_THAT(errors_in("{ \"a\": 1,\n  \"A\": 2 }"),
              ElementsAre("a.json:2:3: 'A' is written twice; keep one of them"));
  EXPECT_THAT(errors_in("[1, 2"), ElementsAre(HasSubstr("a.json:1:")));
  EXPECT_THAT(errors_in("[\"\xff\"]"), ElementsAre(HasSubstr("the text is not UTF-8")));
  for (const std::string_view mark : {"\xff\xfe", "\xfe\xff"}) {
    EXPECT_THAT(errors_in(std::string(mark) + "[]"),
                ElementsAre(HasSubstr("a.json:1:1: the text is UTF-16")));
  }
  EXPECT_THAT(errors_in(""), ElementsAre(HasSubstr("not valid JSON")));
  EXPECT_THAT(errors_in(std::string(100, '[') + std::string(100, ']')),
              ElementsAre("a.json:1:65: nested deeper than 64 levels"));
  EXPECT_THAT(errors_in("[\"" + std::string(kJsonTextMax + 1, 'x') + "\"]"),
              ElementsAre(HasSubstr("more than the 65536 allowed")));
  EXPECT_THAT(errors_in(std::string(kImportTextMax + 1, ' ')),
              ElementsAre(HasSubstr("larger than 4 MiB")));
  std::string many = "[0";
  for (size_t i = 0; i < kJsonValuesMax; ++i) many += ",0";
  EXPECT_THAT(errors_in(many + "]"), ElementsAre(HasSubstr("more than 500000 values")));
  EXPECT_THAT(errors_in("[{}]"), Contains(HasSubstr("expected a resource with a name")));
  for (const char* const text : {"{}", "{ \"version\": 1 }", "{ \"resources\": [] }"}) {
    EXPECT_THAT(errors_in(text),
                ElementsAre(HasSubstr("there is no virtual network, gateway or connection in it")));
  }
  EXPECT_THAT(errors_in("[]"), ElementsAre(HasSubstr("no virtual network, gateway or connection")));
  EXPECT_THAT(errors_in(az_with("\"10.1.0.0/16\"", "5")),
              ElementsAre(HasSubstr("a.json:4:46: virtualNetworks.vnet-a.addressSpace.address"
                                    "Prefixes: expected a prefix like 10.1.0.0/16, not '5'")));
  EXPECT_THAT(errors_in(az_with("\"dpdTimeoutSeconds\": 30", "\"dpdTimeoutSeconds\": 3.5")),
              ElementsAre(HasSubstr("expected a whole number from 0 to 3600, not '3.5'")));
  EXPECT_THAT(errors_in(az_with("\"enableBgp\": false, \"use", "\"enableBgp\": \"no\", \"use")),
              ElementsAre(HasSubstr("expected true or false, not 'no'")));
}

TEST(ImportAzure, NumbersThatOverflowAreErrors) {
  for (const char* const number : {"1e999", "-1", "18446744073709551616", "3601"}) {
    SCOPED_TRACE(number);
    EXPECT_THAT(errors_in(az_with("\"dpdTimeoutSeconds\": 30",
                                  fmt::format("\"dpdTimeoutSeconds\": {}", number))),
                ElementsAre(HasSubstr("a.json:30:")));
  }
  EXPECT_THAT(errors_in("[1e999]"), ElementsAre("a.json:1:6: a number that is too large"));
}

TEST(ImportAzure, NoMessageShowsAByteOfAKey) {
  constexpr const char* kKey = "\"Abc123\"";
  const std::string wrong[] = {"\"Abc123\\n\\u0001\"",
                               "12345678",
                               "[ \"Abc123\" ]",
                               "\"[unknown('Abc123')]\"",
                               "\"[concat('Abc', reference('123'))]\"",
                               "\"Abc123",  // Not closed.
                               "Abc123",
                               "\"Abc123\xff\"",
                               "\"Abc123\" x",
                               "\"Abc\t123\"",
                               "\"Abc\\q123\"",
                               "\"; expected Abc123",
                               "\"Abc123\" : 5",
                               fmt::format("\"{}\"", std::string(129, 'A'))};
  for (const std::string& key : wrong) {
    SCOPED_TRACE(key);
    const auto import = import_azure(az_with(kKey, key), "a.json");
    std::string said = import ? write_estate(import->model) : "";
    if (import) {
      for (const std::string& note : notes_of(*import)) said += note + "\n";
    } else {
      for (const ConfigError& error : import.error()) said += error.to_string() + "\n";
    }
    EXPECT_THAT(said, Not(HasSubstr("Abc")));
    EXPECT_THAT(said, Not(HasSubstr("123")));
    EXPECT_THAT(said, Not(HasSubstr("AAA")));
  }
}

TEST(ImportAzure, WhatAzPrintsOfNothingOrOfAKeyAloneIsNoResource) {
  EXPECT_EQ(imported(az_with("[", "[ null, ")).model.connections.size(), 1u);
  const Import key = imported(az_with("[", "[ { \"value\": \"KeyOfNothing\" }, "));
  EXPECT_THAT(notes_of(key), Contains(HasSubstr("write a shared key as sharedKey into its")));
  EXPECT_THAT(notes_of(key), Not(Contains(HasSubstr("KeyOf"))));
  EXPECT_THAT(errors_in("[ \"KeyOfNothing\" ]"), Not(Contains(HasSubstr("KeyOf"))));
}

TEST(ImportAzure, AConnectionOfAnotherTypeIsCalledSoWhateverItLeadsTo) {
  const std::string text =
      replaced(az_with("\"connectionType\": \"IPsec\"", "\"connectionType\": \"ExpressRoute\""),
               "/x/virtualNetworkGateways/gw-a", "/x/virtualNetworkGateways/gw-express");
  EXPECT_THAT(notes_of(imported(text)),
              Contains(HasSubstr("connections of type 'ExpressRoute' are not part of the model")));
}

TEST(ImportAzure, EachFurtherPrefixOfASubnetIsNamed) {
  const auto notes = notes_of(imported(
      az_with("\"addressPrefix\": \"10.1.0.0/24\"",
              "\"addressPrefixes\": [ \"10.1.0.0/24\", \"fd00::/64\",\n \"fd01::/64\" ]")));
  EXPECT_EQ(std::ranges::count_if(notes,
                                  [](const std::string& note) {
                                    return note.find("a subnet has one prefix here") !=
                                           std::string::npos;
                                  }),
            2);
}

TEST(ImportAzure, PartsThatStandInsideAndBesideTheirNetworkAreOne) {
  const Import import = imported(
      az_with("\n]",
              R"(, { "type": "Microsoft.Network/virtualNetworks/subnets", "name": "vnet-a/HOSTS",
             "addressPrefix": "10.1.0.0/24" },
           { "type": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
             "name": "vnet-a/a-to-spoke",
             "remoteVirtualNetwork": { "id": "/virtualNetworks/spoke" } }
      ])"));
  EXPECT_EQ(import.model.virtual_networks.at("vnet-a").subnets.size(), 2u);
  EXPECT_EQ(import.model.peerings.size(), 1u);
}

TEST(ImportAzure, APolicyThatIsComputedIsNotTakenForNone) {
  for (const char* const policies : {"\"[unknown()]\"", "[ \"[unknown()]\" ]"}) {
    std::string text = az_with("\"ipsecPolicies\": [", "\"x\": [");
    text = replaced(text, "\"routingWeight\": 0", fmt::format("\"ipsecPolicies\": {}", policies));
    const Import import = imported(text);
    EXPECT_THAT(import.model.connections, IsEmpty());
    EXPECT_THAT(notes_of(import), Contains(HasSubstr("its policy is not known before")));
  }
  const Import import =
      imported(az_with("\"routingWeight\": 0", "\"egressNatRules\": \"[unknown()]\""));
  EXPECT_THAT(import.model.connections, IsEmpty());
}

TEST(ImportAzure, WhatIsNotWrittenHasTheDefaultsOfAnEstate) {
  std::string text = az_with("\"allowVirtualNetworkAccess\": true, ", "");
  text = replaced(text, "\"dpdTimeoutSeconds\": 30, ", "");
  const Import import = imported(text);
  EXPECT_TRUE(*import.model.peerings.at("a-to-spoke").allow_virtual_network_access);
  EXPECT_EQ(*import.model.connections.at("a-to-branch").dpd_timeout_seconds, 45u);
}

TEST(ImportAzure, WhatIsImportedValidates) {
  EXPECT_FALSE(has_error(validate(imported(kAz).model)));
}

TEST(ImportAzure, NotesBeyondTheLimitAreCountedAndTheWorstCounts) {
  std::string text = R"([ { "type": "Microsoft.Network/virtualNetworks", "name": "n",
    "addressSpace": { "addressPrefixes": [ "10.0.0.0/8" ] })";
  for (size_t i = 0; i < kImportNotesMax; ++i) text += fmt::format(", \"k{}\": 1", i);
  const Import few = imported(text + "} ]");
  ASSERT_EQ(few.notes.size(), kImportNotesMax + 1);  // And that of the interfaces.
  EXPECT_EQ(few.notes.back().to_string(),
            "a.json:1:1: info: 1 more things are not carried over; import the file in parts "
            "[import.more]");
  EXPECT_FALSE(has_error(few.notes));
  const Import worse = imported(
      text + R"(}, { "type": "Microsoft.Network/virtualNetworks/subnets", "name": "x/y" } ])");
  EXPECT_EQ(worse.notes.back().to_string(),
            "a.json:1:1: error: 2 more things are not carried over; import the file in parts "
            "[import.more]");
}

TEST(ImportAzure, ListsAreAsLongAsAnEstateTakesThem) {
  std::string prefixes = "[ \"10.0.0.0/8\"";
  for (size_t i = 0; i < kListItemsMax; ++i) prefixes += ", \"10.0.0.0/8\"";
  EXPECT_THAT(errors_in(az_with("[ \"10.1.0.0/16\" ]", prefixes + "]")),
              ElementsAre(HasSubstr("expected a list of at most 4096 prefixes, not a list")));
  std::string members = "{ \"k\": 0";
  for (size_t i = 0; i < kJsonMembersMax; ++i) members += fmt::format(", \"k{}\": 0", i);
  EXPECT_THAT(errors_in(members + "}"), ElementsAre(HasSubstr("more than 2000 keys in one")));
}

}  // namespace
}  // namespace twinspan::policy
