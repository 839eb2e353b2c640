// Which connections a checklist's steps about BGP look at, what the rules refuse about a peering,
// and overlaps of what several connections lead to.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/pairing.h"
#include "policy/validate.h"
#include "policy/way_checklist.h"
#include "tests/unit/policy/checklists.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kBgp = "enable_bgp: true, ";

//   n1 ==== n2 ==== n3 ==== n4: BGP on every gateway and connection
std::string row() {
  std::string networks, gateways, connections;
  const auto connect = [&](int from, int to) {
    connections += fmt::format(
        "  c{0}{1}: {{ {2}connection_type: vnet-to-vnet, virtual_network_gateway1: g{0}, "
        "virtual_network_gateway2: g{1}, shared_key: {{ file: k }} }}\n",
        from, to, kBgp);
  };
  for (int n = 1; n <= 4; ++n) {
    networks += fmt::format(
        "  n{0}: {{ address_space: [10.{0}.0.0/16], subnets: {{ GatewaySubnet: 10.{0}.255.0/27 }} "
        "}}\n",
        n);
    gateways += fmt::format(
        "  g{0}: {{ virtual_network: n{0}, {1}bgp_settings: {{ asn: 6500{0} }}, ip_configurations: "
        "[ {{ public_ip_address: 192.0.2.{0} }} ] }}\n",
        n, kBgp);
    if (n == 1) continue;
    connect(n - 1, n);
    connect(n, n - 1);
  }
  return "version: 1\nvirtual_networks:\n" + networks + "virtual_network_gateways:\n" + gateways +
         "connections:\n" + connections;
}

std::string without_bgp(std::string text, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    text = replaced(std::move(text), name + ": { " + kBgp, name + ": { ");
  return text;
}

std::vector<std::string> transit_steps(const std::string& text, std::string_view name) {
  const auto all = lines(walked(model_of(text), name));
  EXPECT_GE(all.size(), 6u);
  return {all.begin() + 6, all.end()};
}

TEST(TransitSteps, ConnectionsOfBothGatewaysAreLookedAt) {
  EXPECT_THAT(transit_steps(row(), "c12"), ElementsAre("7 pass connections.c12 enable_bgp"));
  const auto list = walked(model_of(row()), "c12");
  EXPECT_THAT(list.back().message, AllOf(HasSubstr("connections.c21"), HasSubstr("connections.c23"),
                                         HasSubstr("connections.c32")));
}

TEST(TransitSteps, BgpOfTheOtherDirectionAloneIsBgpThatIsWanted) {
  const auto steps = transit_steps(without_bgp(row(), {"c12"}), "c12");
  EXPECT_THAT(steps, Contains("7 fail connections.c12 enable_bgp"));
}

TEST(TransitSteps, WithBgpAConnectionFurtherAwayWithoutItFails) {
  const auto steps = transit_steps(without_bgp(row(), {"c34", "c43"}), "c12");
  EXPECT_THAT(steps, Contains(HasSubstr(" fail connections.c43 enable_bgp")));
}

// -- what the rules refuse about a peering

std::string peered(const std::string& spoke, const std::string& hub_half,
                   const std::string& spoke_half) {
  return estate_with(
      {{"virtual_networks:\n", "virtual_networks:\n  spoke: { " + spoke + " }\n"},
       {"peerings: {}",
        "peerings:\n  hub: { virtual_network: vnet-a, remote_virtual_network: spoke" + hub_half +
            " }\n" +
            (spoke_half == "none"
                 ? ""
                 : "  leaf: { virtual_network: spoke, remote_virtual_network: vnet-a" + spoke_half +
                       " }\n")}});
}

const char* const kOverlapping = "address_space: [10.1.128.0/17]";

TEST(PeeringList, EachFaultIsAStep) {
  const std::string closed =
      peered(kOverlapping, ", allow_virtual_network_access: false", ", use_remote_gateways: true");
  const auto steps = lines(walked(model_of(closed), "hub"));
  EXPECT_THAT(steps, AllOf(Contains("1 fail peerings.hub allow_virtual_network_access"),
                           Contains(HasSubstr(" fail peerings.hub "))));
  const Checklist list = walked(model_of(closed), "hub");
  EXPECT_TRUE(std::ranges::any_of(list, [](const CheckItem& item) {
    return item.result == CheckResult::Fail && item.message.contains("overlaps");
  }));
}

TEST(PeeringList, OfOneHalfItHasTheFaultsToo) {
  const Checklist list = walked(model_of(peered(kOverlapping, "", "none")), "hub");
  EXPECT_THAT(list.back().message, HasSubstr("overlaps"));
  EXPECT_EQ(list.back().result, CheckResult::Fail);
}

TEST(PeeringList, AWarningFailsNothing) {
  const std::string far = peered("region: far, address_space: [10.20.0.0/16]",
                                 ", allow_gateway_transit: true", ", use_remote_gateways: true");
  EXPECT_THAT(findings_of(far), Contains("warning peering.region"));
  EXPECT_THAT(lines(walked(model_of(far), "hub")), Not(Contains(HasSubstr(" fail "))));
}

// -- overlaps

TEST(OverlapStep, ItIsTheSameFromEveryConnectionThatHasAPart) {
  const std::string text = replaced(replaced(row(), "[10.3.0.0/16]", "[10.1.0.0/16]"),
                                    "GatewaySubnet: 10.3.255.0/27", "GatewaySubnet: 10.1.254.0/27");
  for (const char* const name : {"c12", "c21", "c23", "c32"})
    EXPECT_EQ(walked(model_of(text), name).front().result, CheckResult::Fail) << name;
}

TEST(OverlapStep, AnOverlapOfTheRemoteNetworkWithAPeerOfItFails) {
  const std::string text = estate_with(
      {{"virtual_networks:\n", "virtual_networks:\n  spoke: { address_space: [10.2.4.0/24] }\n"},
       {"peerings: {}",
        "peerings:\n  one: { virtual_network: vnet-b, remote_virtual_network: spoke }\n"
        "  two: { virtual_network: spoke, remote_virtual_network: vnet-b }\n"}});
  EXPECT_THAT(findings_of(text), Contains("error peering.overlap"));
  EXPECT_EQ(walked(model_of(text), "a-to-b").front().result, CheckResult::Fail);
}

TEST(OverlapBetweenConnections, WithBgpTwoWaysToOnePlaceAreMeant) {
  std::string text = R"(version: 1
virtual_networks:
  hub: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 } }
virtual_network_gateways:
  gw: { virtual_network: hub, enable_bgp: true, bgp_settings: { asn: 65001 },
        ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
local_network_gateways:
  one: { gateway_ip_address: 203.0.113.1, address_prefixes: [10.9.0.0/16],
         bgp_settings: { asn: 65009, bgp_peering_address: 10.9.255.1 } }
  two: { gateway_ip_address: 203.0.113.2, address_prefixes: [10.9.0.0/16],
         bgp_settings: { asn: 65009, bgp_peering_address: 10.9.255.2 } }
connections:
  to-one: { enable_bgp: true, connection_type: ipsec, virtual_network_gateway1: gw,
            local_network_gateway2: one, shared_key: { file: k } }
  to-two: { enable_bgp: true, connection_type: ipsec, virtual_network_gateway1: gw,
            local_network_gateway2: two, shared_key: { file: k } }
)";
  EXPECT_THAT(findings_of(text), Not(Contains(HasSubstr("overlap"))));
  EXPECT_THAT(findings_of(without_bgp(text, {"to-two"})),
              Contains("error connection.overlap-between"));
}

// -- prefixes in halves

TEST(Halves, AWayGoesByThemAsByTheWhole) {
  const std::string whole = replaced(
      replaced(read_source_file("examples/classic-to-resource-manager.yaml"),
               "address_prefixes: [10.2.0.0/16] }",
               "address_prefixes: [10.2.0.0/16] }\n"
               "  branch: { gateway_ip_address: 203.0.113.9, address_prefixes: [10.2.4.0/24] }"),
      "connections:\n",
      "connections:\n  old-to-branch: { connection_type: ipsec, virtual_network_gateway1: gw-old,\n"
      "    local_network_gateway2: branch, shared_key: { file: k } }\n");
  const auto way = [](const std::string& text) {
    const Model model = model_of(text);
    return lines(*way_checklist({.model = model, .from = "vnet-old", .to = "vnet-new"}));
  };
  EXPECT_THAT(way(whole), ElementsAre("1 pass connections.old-to-new local_network_gateway2"));
  EXPECT_EQ(
      way(replaced(whole, "[10.2.0.0/16] }\n  branch", "[10.2.0.0/17, 10.2.128.0/17] }\n  branch")),
      way(whole));
}

}  // namespace
}  // namespace twinspan::policy
