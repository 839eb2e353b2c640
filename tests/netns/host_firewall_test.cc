// LinuxHost: nftables. What the rules mean is test_peering.py's question.
#include <poll.h>

#include "tests/netns/host_fixture.h"
#include "tun/firewall_watch.h"
#include "tun/interface_names.h"

namespace twinspan::tun {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

const char* const kTable =
    "add table inet twinspan\n"
    "add set inet twinspan attached { type ifname; }\n"
    "add element inet twinspan attached { \"lan0\" }\n";

bool has_news(int watch) {
  pollfd event{.fd = watch, .events = POLLIN, .revents = 0};
  return ::poll(&event, 1, 5000) == 1;
}

TEST_F(HostTest, AHostWithoutTheTableHasAnEmptyOne) {
  const auto host = claimed_host();
  run("nft add table inet other");
  EXPECT_EQ(host->read_firewall().value_or("refused"), "");
}

TEST_F(HostTest, CommandsHoldAllOrNone) {
  const auto host = claimed_host();
  const auto refused =
      host->change_firewall(std::string(kTable) + "add rule inet twinspan nowhere drop\n");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().to_string(), HasSubstr("No such file or directory"));
  EXPECT_THAT(output_of("nft list ruleset"), IsEmpty());
  ASSERT_TRUE(host->change_firewall(kTable).has_value());
  EXPECT_THAT(host->read_firewall().value_or(""), HasSubstr("\"elem\": [\"lan0\"]"));
}

TEST_F(HostTest, NonsenseIsRefusedWithTheLibrarysWords) {
  const auto refused = claimed_host()->change_firewall("nonsense");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().why, HasSubstr("syntax error"));
}

TEST_F(HostTest, AFlushedRulesetIsHeardOf) {
  const auto host = claimed_host();
  ASSERT_TRUE(host->change_firewall(kTable).has_value());
  const auto watch = host->watch_firewall();
  ASSERT_TRUE(watch.has_value());
  EXPECT_FALSE(take_firewall_deletions(watch->get())) << "nothing happened yet";
  run("nft add table inet other; nft delete table inet other");
  ASSERT_TRUE(has_news(watch->get()));
  EXPECT_FALSE(take_firewall_deletions(watch->get())) << "that was another table";
  run("nft delete element inet twinspan attached '{ \"lan0\" }'");
  ASSERT_TRUE(has_news(watch->get()));
  EXPECT_TRUE(take_firewall_deletions(watch->get()));
  run("nft flush ruleset");
  ASSERT_TRUE(has_news(watch->get()));
  EXPECT_TRUE(take_firewall_deletions(watch->get()));
}

TEST_F(HostTest, FlushOfTheHostLeavesTheFirewall) {
  const auto host = claimed_host();
  ASSERT_TRUE(host->change_firewall(kTable).has_value());
  host->flush();
  EXPECT_THAT(output_of("nft list ruleset"), HasSubstr("lan0"));
}

TEST_F(HostTest, InterfacesAreKnownByName) {
  EXPECT_THAT(interface_names(), Contains("lan0"));
  EXPECT_THAT(interface_names(), Contains("up0"));
  EXPECT_THAT(interface_names(), Contains("lo"));
}

}  // namespace
}  // namespace twinspan::tun
