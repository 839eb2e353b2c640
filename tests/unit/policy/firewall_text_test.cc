// The nftables rules as text. What they do to packets is tests/netns/test_peering.py's question.
#include "policy/firewall_text.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/firewall_drops.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

const FirewallInstance kGateway{"gw-0", 0x54000012};

std::vector<IpPrefix> prefixes(const std::vector<std::string_view>& texts) {
  std::vector<IpPrefix> list;
  for (const std::string_view text : texts) list.push_back(*IpPrefix::parse(text));
  return list;
}

HostNetworks hub_and_spokes() {
  HostNetworks networks;
  networks.attached = {{"hub", {"lan0"}, prefixes({"10.1.0.0/16"}), GatewayUse::Own},
                       {"spoke1", {"lan1"}, prefixes({"10.11.0.0/16"}), GatewayUse::Transit},
                       {"spoke2", {"lan2"}, prefixes({"10.12.0.0/16"}), GatewayUse::None}};
  networks.ways = {
      {"hub", "spoke1"}, {"hub", "spoke2", true}, {"spoke1", "hub"}, {"spoke2", "hub"}};
  return networks;
}

std::string text_of(const HostNetworks& networks, const FirewallTable& present = {}) {
  const auto text = firewall_text(networks, kGateway, present);
  EXPECT_TRUE(text.has_value());
  return text.value_or("");
}

TEST(FirewallText, AHubWithSpokes) {
  EXPECT_EQ(text_of(hub_and_spokes()), read_source_file("tests/unit/policy/hub_and_spokes.nft"));
}

TEST(FirewallText, ForwardedTrafficReachesTheGatewayWhereTheHubAdmitsIt) {
  HostNetworks networks = hub_and_spokes();
  networks.ways[2].admits_forwarded = true;  // spoke1 to hub
  const std::string text = text_of(networks);
  EXPECT_THAT(text, HasSubstr("senders { type ifname; elements = { \"lan0\", \"lan1\" }; }\n"));
  EXPECT_THAT(text, Not(HasSubstr("into4")));
  EXPECT_THAT(text, HasSubstr("\"lan1\" . 0.0.0.0/0 . \"lan0\""));
  EXPECT_THAT(text, Not(HasSubstr("\"lan1\" . 10.11.0.0/16 . \"lan0\"")));
}

TEST(FirewallText, BothFamiliesHaveTheirSets) {
  HostNetworks networks = hub_and_spokes();
  networks.attached[1].prefixes = prefixes({"2001:db8:11::/48", "10.11.0.0/16"});
  networks.attached[0].prefixes = prefixes({"2001:db8:1::/48", "10.1.0.0/16"});
  const std::string text = text_of(networks);
  EXPECT_THAT(text, HasSubstr("\"lan1\" . 2001:db8:11::/48 . \"lan0\""));
  EXPECT_THAT(text, HasSubstr("set i54000012.gw-0.free6 { type ipv6_addr . ipv6_addr; flags "
                              "interval; elements = { 2001:db8:1::/48 . 2001:db8:1::/48, "
                              "2001:db8:11::/48 . 2001:db8:11::/48 }; }\n"));
}

TEST(FirewallText, EachReasonToDropIsAChainThatIsKnownByItsName) {
  const std::string text = text_of(hub_and_spokes());
  for (const FirewallReason& reason : firewall_reasons()) {
    const std::string chain = "i54000012.gw-0." + std::string(reason.name);
    EXPECT_THAT(text, HasSubstr(" jump " + chain + "\n"));
    EXPECT_THAT(text, HasSubstr("  chain " + chain + " {\n"));
    EXPECT_EQ(reason_of_chain(0x54000012, chain), &reason);
    EXPECT_EQ(reason_of_chain(0x54000013, chain), nullptr) << "another instance's";
  }
  EXPECT_EQ(reason_of_chain(0x54000012, "i54000012.gw-0.forward"), nullptr);
  EXPECT_EQ(reason_of_chain(0x54000012, "network"), nullptr);
}

TEST(FirewallText, NoElementLiesInAnotherOne) {
  HostNetworks networks = hub_and_spokes();
  // Two networks on one interface; what one of them admits covers the other's sources.
  networks.attached[2].interfaces = {"lan1"};
  networks.ways.push_back({"spoke2", "spoke1", true});
  const std::string text = text_of(networks);
  EXPECT_THAT(text, HasSubstr("\"lan1\" . 0.0.0.0/0 . \"lan1\""));
  EXPECT_THAT(text, Not(HasSubstr("\"lan1\" . 10.12.0.0/16 . \"lan1\"")));
  networks.attached[2].prefixes = prefixes({"10.12.0.0/16", "10.12.4.0/24", "10.12.0.0/16"});
  EXPECT_THAT(text_of(networks), Not(HasSubstr("10.12.4.0/24")));
}

TEST(FirewallText, AnotherGatewaysNetworkIsKnownByItsAddresses) {
  HostNetworks networks = hub_and_spokes();
  networks.neighbours = {{"far", prefixes({"10.4.0.0/16"})}};
  networks.ways.push_back({"hub", "far"});
  networks.ways.push_back({"far", "hub", true});
  networks.attached[2].gateway_use = GatewayUse::Elsewhere;
  const std::string text = text_of(networks);
  EXPECT_THAT(text, HasSubstr("across4 { type ifname . ipv4_addr . ipv4_addr; flags interval; "
                              "elements = { \"lan0\" . 10.1.0.0/16 . 10.4.0.0/16 }; }\n"));
  EXPECT_THAT(text, HasSubstr("arriving4 { type ipv4_addr . ifname; flags interval; elements = { "
                              "0.0.0.0/0 . \"lan0\" }; }\n"));
  EXPECT_THAT(text, HasSubstr("visiting4 { type ipv4_addr . ipv4_addr; flags interval; elements = "
                              "{ 10.4.0.0/16 . 10.1.0.0/16 }; }\n"));
  EXPECT_THAT(text, HasSubstr("    oifname @attached iifname . ip saddr . ip daddr "
                              "@i54000012.gw-0.across4 accept\n"
                              "    iifname @attached ip saddr . oifname "
                              "@i54000012.gw-0.arriving4 accept\n"));
  EXPECT_THAT(text, HasSubstr("    iifname @i54000012.gw-0.elsewhere oifgroup "
                              "0x54000000-0x547fffff accept\n"));
}

TEST(FirewallText, AnOwnNetworkWithoutInterfacesIsJudgedByItsAddresses) {
  HostNetworks networks = hub_and_spokes();
  networks.attached[0].interfaces.clear();
  const std::string text = text_of(networks);
  EXPECT_THAT(text, HasSubstr("free4 { type ipv4_addr . ipv4_addr; flags interval; elements = { "
                              "10.1.0.0/16 . 10.1.0.0/16, 10.1.0.0/16 . 10.11.0.0/16, "
                              "10.1.0.0/16 . 10.12.0.0/16, 10.11.0.0/16 . 10.1.0.0/16, "
                              "10.11.0.0/16 . 10.11.0.0/16, 10.12.0.0/16 . 10.1.0.0/16, "
                              "10.12.0.0/16 . 10.12.0.0/16 }; }\n"));
}

TEST(FirewallText, AHostWithNothingAttachedHasNoSets) {
  EXPECT_THAT(text_of({}), Not(HasSubstr("elements")));
  EXPECT_THAT(text_of({}), Not(HasSubstr("add element")));
}

FirewallTable two_instances() {
  return {.exists = true,
          .chains = {"i54000012.gw-0.forward", "i54000012.gw-0.input", "i54000099.other-0.forward",
                     "i54000099.other-0.input"},
          .sets = {{"attached", {"lan0", "lan9"}},
                   {"i54000012.gw-0.if", {"lan0"}},
                   {"i54000012.gw-0.open4", {}},
                   {"i54000099.other-0.if", {"lan9"}}},
          .drops = {},
          .items = {}};
}

TEST(FirewallText, AnInstanceReplacesItsOwnAndKeepsTheOthersInterfaces) {
  EXPECT_THAT(text_of(hub_and_spokes(), two_instances()),
              HasSubstr("flush chain inet twinspan i54000012.gw-0.forward\n"
                        "flush chain inet twinspan i54000012.gw-0.input\n"
                        "delete chain inet twinspan i54000012.gw-0.forward\n"
                        "delete chain inet twinspan i54000012.gw-0.input\n"
                        "delete set inet twinspan i54000012.gw-0.if\n"
                        "delete set inet twinspan i54000012.gw-0.open4\n"
                        "flush set inet twinspan attached\n"
                        "add element inet twinspan attached { \"lan0\", \"lan1\", \"lan2\", "
                        "\"lan9\" }\n"
                        "table inet twinspan {\n"));
}

TEST(FirewallText, NetworksOfTwoInstancesMayBeTheSameButNotOverlap) {
  const auto overlap = [](std::vector<std::string> theirs) {
    const FirewallTable table{.exists = true,
                              .chains = {},
                              .sets = {{"i54000099.gw.z-0.space4", std::move(theirs)}},
                              .drops = {},
                              .items = {}};
    return overlap_with_others(hub_and_spokes(), 0x54000012, table).value_or("none");
  };
  EXPECT_EQ(overlap({"10.2.0.0/16", "10.11.0.0/16"}), "none");
  EXPECT_EQ(overlap({"10.1.0.0/16"}),
            "10.1.0.0/16 of hub overlaps 10.1.0.0/16, which instance gw.z-0 has attached to this "
            "host");
  EXPECT_THAT(overlap({"10.11.4.0/24"}), HasSubstr("10.11.0.0/16 of spoke1 overlaps"));
  EXPECT_THAT(overlap({"10.0.0.0/8"}), HasSubstr("overlaps 10.0.0.0/8"));
  FirewallTable own;
  own.sets["i54000012.gw-0.space4"] = {"10.1.0.0/16"};
  EXPECT_EQ(overlap_with_others(hub_and_spokes(), 0x54000012, own), std::nullopt);
}

TEST(FirewallText, ARemovalLeavesTheOthers) {
  EXPECT_EQ(firewall_removal_text(0x54000012, two_instances()),
            "flush chain inet twinspan i54000012.gw-0.forward\n"
            "flush chain inet twinspan i54000012.gw-0.input\n"
            "delete chain inet twinspan i54000012.gw-0.forward\n"
            "delete chain inet twinspan i54000012.gw-0.input\n"
            "delete set inet twinspan i54000012.gw-0.if\n"
            "delete set inet twinspan i54000012.gw-0.open4\n"
            "flush set inet twinspan attached\n"
            "add element inet twinspan attached { \"lan9\" }\n");
  EXPECT_EQ(firewall_removal_text(0x54000055, two_instances()), "");
}

TEST(FirewallText, TheLastInstanceTakesTheTableAlong) {
  FirewallTable table = two_instances();
  table.chains.resize(2);
  table.sets.erase("i54000099.other-0.if");
  EXPECT_EQ(firewall_removal_text(0x54000012, table), "delete table inet twinspan\n");
  EXPECT_EQ(firewall_removal_text(0x54000012, {}), "");
}

TEST(FirewallText, AHubWithAThousandSpokesFitsAndAMeshOfThemDoesNot) {
  HostNetworks networks;
  networks.attached = {{"hub", {"lan0"}, prefixes({"10.1.0.0/16"}), GatewayUse::Own}};
  for (int i = 0; i < 1000; ++i) {
    const std::string name = fmt::format("spoke{}", i);
    networks.attached.push_back({name,
                                 {fmt::format("v{}", i)},
                                 {IpPrefix(IpAddress::v4(0x0B000000u + (unsigned(i) << 8)), 24)},
                                 GatewayUse::Transit});
    networks.ways.push_back({"hub", name});
    networks.ways.push_back({name, "hub"});
  }
  EXPECT_TRUE(firewall_text(networks, kGateway, {}).has_value());
  for (int i = 0; i < 200; ++i) {
    for (int j = 0; j < 200; ++j) {
      if (i != j) networks.ways.push_back({fmt::format("spoke{}", i), fmt::format("spoke{}", j)});
    }
  }
  const auto refused = firewall_text(networks, kGateway, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error(), HasSubstr("more than 32768"));
}

}  // namespace
}  // namespace twinspan::policy
