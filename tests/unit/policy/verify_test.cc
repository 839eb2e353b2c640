// What `twinspan verify` says of a connection: each check passing, failing, and where it cannot
// say.
#include "policy/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

IpPrefix prefix(std::string_view text) {
  return *IpPrefix::parse(text);
}
TrafficSelectors selectors(std::string_view text) {
  return {TrafficSelector::from_prefix(prefix(text))};
}

// Everything is as it should be.
struct Verified {
  Verified() {
    plan.own_prefixes = {prefix("10.1.0.0/16")};
    tunnel.connection = "to-site";
    tunnel.device = "ts0";
    tunnel.remote_address = *IpAddress::parse("203.0.113.9");
    tunnel.remote_prefixes = {prefix("10.9.0.0/16"), prefix("10.8.0.0/16")};
    facts = {.tunnel = {.is_connected = true,
                        .remote = "203.0.113.9:4500",
                        .selectors = "0.0.0.0/0 === 0.0.0.0/0"},
             .outer_route = {.kind = FoundRoute::Kind::Device, .device = "wan0"},
             .children = {{"net", selectors("0.0.0.0/0"), selectors("0.0.0.0/0")}},
             .packets_in = 3,
             .packets_out = 4,
             .present_routes = tunnel.remote_prefixes,
             .device = {.exists = true, .is_up = true, .has_carrier = true, .mtu = 1400},
             .device_mtu = 1400,
             .firewall_faults = std::vector<std::string>{}};
  }

  VerifyItem of(std::string_view check) const {
    for (VerifyItem& item : verify(plan, tunnel, facts)) {
      EXPECT_FALSE(item.message.empty());
      EXPECT_EQ(item.remedy.empty(), item.result == CheckResult::Pass) << item.check;
      if (item.check == check) return item;
    }
    ADD_FAILURE() << check;
    return {};
  }
  CheckResult result(std::string_view check) const { return of(check).result; }

  Plan plan;
  TunnelPlan tunnel;
  VerifyFacts facts;
};

TEST(Verify, AConnectionThatWorksPassesEveryCheck) {
  const Verified verified;
  std::vector<std::string> checks;
  for (const VerifyItem& item : verify(verified.plan, verified.tunnel, verified.facts)) {
    EXPECT_EQ(item.result, CheckResult::Pass) << item.check << ": " << item.message;
    checks.push_back(item.check);
  }
  EXPECT_THAT(checks, ElementsAre("remote-address", "negotiation", "selectors", "counters",
                                  "routes", "device", "reverse-path", "mtu", "clock", "isolation"));
}

TEST(Verify, APeerThatCannotBeReachedOrDoesNotAnswerFails) {
  Verified verified;
  verified.facts.outer_route = {.text = "Network is unreachable"};
  EXPECT_THAT(verified.of("remote-address").remedy, HasSubstr("a route to 203.0.113.9"));

  verified = {};
  verified.facts.tunnel = {.reason = "the peer did not answer", .remedy = "look there"};
  EXPECT_EQ(verified.result("remote-address"), CheckResult::Unknown) << "nothing was tried yet";
  verified.facts.cause = "no-answer";
  EXPECT_EQ(verified.of("remote-address").remedy, "look there");
  EXPECT_EQ(verified.result("negotiation"), CheckResult::Fail);
  verified.facts.cause = "wrong-psk";
  EXPECT_EQ(verified.result("remote-address"), CheckResult::Pass) << "it did answer";
  verified.facts.cause = "name-unresolved";
  EXPECT_EQ(verified.result("remote-address"), CheckResult::Fail);
}

TEST(Verify, AChildThatIsMissingFailsTheNegotiation) {
  Verified verified;
  verified.facts.tunnel.trouble = "child two: refused";
  verified.facts.tunnel.trouble_remedy = "compare";
  EXPECT_EQ(verified.of("negotiation").remedy, "compare");
}

TEST(Verify, NarrowedSelectorsFailWhereTheyLeaveOutWhatIsRouted) {
  Verified verified;
  verified.facts.children = {{"net", selectors("10.1.0.0/16"), selectors("10.8.0.0/15")}};
  EXPECT_EQ(verified.result("selectors"), CheckResult::Pass) << "all that is routed is in it";
  verified.facts.children = {{"net", selectors("10.1.0.0/16"), selectors("10.9.0.0/16")}};
  EXPECT_THAT(verified.of("selectors").message, HasSubstr("10.1.0.0/16 === 10.8.0.0/16"));
  verified.facts.children.push_back({"two", selectors("10.1.0.0/16"), selectors("10.8.0.0/16")});
  EXPECT_EQ(verified.result("selectors"), CheckResult::Pass);
  verified.facts.children.clear();
  EXPECT_EQ(verified.result("selectors"), CheckResult::Unknown);
}

TEST(Verify, SelectorsOfOnesOwnAreThoseThatCount) {
  Verified verified;
  verified.tunnel.any_to_any = false;
  verified.tunnel.children = {{"net", selectors("10.1.4.0/24"), selectors("10.9.0.0/16")}};
  verified.facts.children = {{"net", selectors("10.1.4.0/24"), selectors("10.9.0.0/16")}};
  EXPECT_EQ(verified.result("selectors"), CheckResult::Pass);
  verified.facts.children[0].remote = selectors("10.9.7.0/24");
  EXPECT_EQ(verified.result("selectors"), CheckResult::Fail);
}

TEST(Verify, CountersHaveToMoveBothWays) {
  Verified verified;
  verified.facts.packets_in = 0;
  EXPECT_THAT(verified.of("counters").message, HasSubstr("nothing comes back"));
  verified.facts.packets_out = 0;
  EXPECT_EQ(verified.result("counters"), CheckResult::Unknown);
  verified.facts.packets_in = 1;
  EXPECT_THAT(verified.of("counters").message, HasSubstr("nothing is answered"));
}

TEST(Verify, WhatSomebodyDidToRoutesAndDeviceFails) {
  Verified verified;
  verified.facts.present_routes.pop_back();
  EXPECT_THAT(verified.of("routes").message, HasSubstr("not in the kernel by ts0: 10.8.0.0/16"));

  verified.facts.device.mtu = 1200;
  EXPECT_EQ(verified.of("mtu").remedy, "`ip link set ts0 mtu 1400`");
  verified.facts.device.has_carrier = false;
  EXPECT_EQ(verified.result("device"), CheckResult::Fail);
  verified.facts.device.is_up = false;
  EXPECT_THAT(verified.of("device").remedy, HasSubstr("ip link set ts0 up"));
  verified.facts.device = {};
  EXPECT_THAT(verified.of("device").message, HasSubstr("gone"));
  EXPECT_EQ(verified.result("mtu"), CheckResult::Unknown);
}

TEST(Verify, APathTooNarrowForIpv6Fails) {
  Verified verified;
  verified.facts.tunnel.path_mtu = 1400;
  EXPECT_EQ(verified.result("mtu"), CheckResult::Pass);
  verified.facts.tunnel.path_mtu = 1279;
  EXPECT_EQ(verified.result("mtu"), CheckResult::Fail);
}

TEST(Verify, AClockThatJumpedOrIsYearsBehindFails) {
  Verified verified;
  verified.facts.clock_jump = std::chrono::seconds(-60);
  EXPECT_EQ(verified.result("clock"), CheckResult::Pass);
  verified.facts.clock_jump = std::chrono::seconds(-61);
  EXPECT_EQ(verified.result("clock"), CheckResult::Fail);
  verified.facts.clock_jump = {};
  verified.facts.credential_warning = "a.pem: certificate has expired";
  EXPECT_THAT(verified.of("clock").message, HasSubstr("a.pem"));
  verified.facts.is_clock_plausible = false;
  EXPECT_THAT(verified.of("clock").remedy, HasSubstr("NTP"));
}

TEST(Verify, IsolationThatIsGoneFailsWhereThereIsSomethingToKeepApart) {
  Verified verified;
  verified.facts.firewall_faults = {{"rule 7 of chain x is missing"}};
  EXPECT_EQ(verified.result("isolation"), CheckResult::Pass) << "one network alone";
  verified.plan.networks.attached = {{.name = "a"}, {.name = "b"}};
  EXPECT_EQ(verified.result("isolation"), CheckResult::Fail);
  EXPECT_THAT(verified.of("isolation").message, HasSubstr("rule 7 of chain x is missing"));
  verified.facts.firewall_faults = std::nullopt;
  EXPECT_EQ(verified.result("isolation"), CheckResult::Unknown);
}

TEST(Verify, AReversePathFilterHarmsWhereTwoTunnelsLeadToOneNetwork) {
  Verified verified;
  for (const int filter : {1, 2}) {
    verified.facts.device.reverse_path_filter = filter;
    verified.facts.shares_prefixes = false;
    EXPECT_EQ(verified.result("reverse-path"), CheckResult::Pass);
    verified.facts.shares_prefixes = true;
    const VerifyItem item = verified.of("reverse-path");
    EXPECT_EQ(item.result, CheckResult::Fail);
    EXPECT_THAT(item.remedy, HasSubstr("net.ipv4.conf.all.rp_filter=0"));
  }
  verified.facts.device.reverse_path_filter = 0;
  EXPECT_EQ(verified.result("reverse-path"), CheckResult::Pass);
  verified.facts.device.exists = false;
  EXPECT_EQ(verified.result("reverse-path"), CheckResult::Unknown);
}

TEST(Verify, TunnelsShareWhatMayComeOutOfOneAndIsAnsweredByAnother) {
  Plan plan;
  const auto add = [&](const char* name, std::vector<IpPrefix> prefixes, bool any_to_any = true) {
    TunnelPlan tunnel;
    tunnel.any_to_any = any_to_any;
    tunnel.connection = name;
    tunnel.remote_prefixes = std::move(prefixes);
    plan.tunnels.push_back(std::move(tunnel));
  };
  add("alone", {prefix("10.9.0.0/16"), prefix("10.9.1.0/24")});
  add("default", {prefix("0.0.0.0/0"), prefix("2001:db8::/32")});
  add("wide", {prefix("10.2.0.0/16")}, false);
  add("inside", {prefix("10.2.3.0/24"), prefix("10.4.0.0/16"), prefix("2001:db8::/32")});
  add("other", {prefix("10.5.0.0/16")});
  add("twin", {prefix("10.5.0.0/16")});
  EXPECT_THAT(sharing_tunnels(plan), ElementsAre("other", "twin", "wide"));
}

}  // namespace
}  // namespace twinspan::policy
