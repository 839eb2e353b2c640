// The host's table as it is read, and in which order it is changed and removed.
#include "tools/twinspand/isolation.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/tools/twinspand/fake_host.h"
#include "tun/unique_fd.h"

namespace twinspan::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// As libnftables 1.0.6 prints it: another instance beside ours.
const char* const kTwoInstances = R"({"nftables": [
  {"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
  {"table": {"family": "inet", "name": "twinspan", "handle": 1}},
  {"set": {"family": "inet", "name": "attached", "table": "twinspan", "type": "ifname",
           "elem": ["lan0", "lan9"]}},
  {"set": {"name": "i54000012.gw-a-0.if", "type": "ifname", "elem": ["lan0"]}},
  {"set": {"name": "i54000099.gw-z-0.if", "type": "ifname", "elem": ["lan9"]}},
  {"set": {"name": "i54000099.gw-z-0.open4", "type": ["ifname", "ipv4_addr", "ifname"],
           "elem": [{"concat": ["lan9", {"prefix": {"addr": "0.0.0.0", "len": 0}}, "lan9"]}]}},
  {"chain": {"name": "i54000012.gw-a-0.forward"}},
  {"chain": {"name": "i54000099.gw-z-0.forward"}},
  {"rule": {"chain": "i54000099.gw-z-0.forward", "expr": []}}]})";

class IsolationTest : public testing::Test {
 protected:
  IsolationTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("twinspan-isolation-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_ / "run");
  }
  ~IsolationTest() override { std::filesystem::remove_all(folder_); }

  std::string run_dir() const { return (folder_ / "run").string(); }

  static policy::Plan plan() {
    policy::Plan plan;
    plan.gateway = "gw-a";
    plan.networks.attached = {
        {"hub", {"lan0"}, {*IpPrefix::parse("10.1.0.0/16")}, policy::GatewayUse::Own}};
    return plan;
  }

  std::filesystem::path folder_;
  FakeHost host_;
  Log log_;
};

TEST_F(IsolationTest, AnInstanceIsReplacedBesideTheOthers) {
  host_.firewall_json = kTwoInstances;
  ASSERT_TRUE(isolate(host_, plan(), run_dir(), log_).has_value());
  ASSERT_EQ(host_.firewall_changes.size(), 1u);
  const std::string& text = host_.firewall_changes[0];
  EXPECT_THAT(text, HasSubstr("delete chain inet twinspan i54000012.gw-a-0.forward\n"));
  EXPECT_THAT(text, HasSubstr("delete set inet twinspan i54000012.gw-a-0.if\n"));
  EXPECT_THAT(text, HasSubstr("add element inet twinspan attached { \"lan0\", \"lan9\" }\n"));
  EXPECT_THAT(text, Not(HasSubstr("54000099")));
}

TEST_F(IsolationTest, WhatIsGoneFromTheTableIsAFaultAndWhatWasNeverPutUpIsUnknown) {
  host_.firewall_json = kTwoInstances;
  const auto installed = isolate(host_, plan(), run_dir(), log_);
  ASSERT_TRUE(installed.has_value());
  const std::vector<std::string> none;
  EXPECT_EQ(isolation_faults(host_, *installed), none);
  host_.firewall_json = "";
  EXPECT_THAT(isolation_faults(host_, *installed).value_or(none),
              ElementsAre("table inet twinspan is missing"));
  EXPECT_EQ(isolation_faults(host_, {}), std::nullopt);
}

TEST_F(IsolationTest, ARefusalIsAnErrorWhereThereIsSomethingToKeepApart) {
  host_.refusal = "Operation not permitted";
  EXPECT_TRUE(isolate(host_, plan(), run_dir(), log_).has_value());
  policy::Plan two = plan();
  two.networks.attached.push_back(
      {"spoke", {"lan1"}, {*IpPrefix::parse("10.2.0.0/16")}, policy::GatewayUse::None});
  const auto isolated = isolate(host_, two, run_dir(), log_);
  ASSERT_FALSE(isolated.has_value());
  EXPECT_EQ(isolated.error().why, "Operation not permitted");
}

TEST_F(IsolationTest, AddressesThatAnotherInstanceHasAttachedAreRefused) {
  host_.firewall_json = R"({"nftables": [{"table": {"name": "twinspan"}},
    {"chain": {"name": "i54000099.gw-z-0.forward"}},
    {"set": {"name": "i54000099.gw-z-0.space4",
             "elem": ["10.9.9.9", {"prefix": {"addr": "10.1.128.0", "len": 17}}]}}]})";
  const auto refused = isolate(host_, plan(), run_dir(), log_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().why,
            "10.1.0.0/16 of hub overlaps 10.1.128.0/17, which instance gw-z-0 has attached to this "
            "host");
  EXPECT_THAT(host_.firewall_changes, IsEmpty());
}

TEST_F(IsolationTest, AFlushRemovesTheRulesLast) {
  host_.firewall_json = kTwoInstances;
  ASSERT_TRUE(flush_host(host_, run_dir()).has_value());
  EXPECT_THAT(host_.calls, ElementsAre("flush", "change_firewall"));
  EXPECT_THAT(host_.firewall_changes[0],
              HasSubstr("add element inet twinspan attached { \"lan9\" }\n"));
}

TEST_F(IsolationTest, AFlushOfAHostWithoutRulesChangesNone) {
  ASSERT_TRUE(flush_host(host_, run_dir()).has_value());
  EXPECT_THAT(host_.calls, ElementsAre("flush"));
}

TEST_F(IsolationTest, TheLockLiesBesideTheRunDirectoryAndFollowsNoLink) {
  const auto lock = folder_ / kFirewallLockName;
  ASSERT_TRUE(isolate(host_, plan(), run_dir(), log_).has_value());
  EXPECT_TRUE(std::filesystem::exists(lock));
  std::filesystem::remove(lock);
  std::filesystem::create_symlink(folder_ / "elsewhere", lock);
  const auto refused = isolate(host_, plan(), run_dir(), log_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().what, HasSubstr(kFirewallLockName));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
}

TEST_F(IsolationTest, WhatIsTooLargeIsRefusedBeforeTheHostIsAsked) {
  policy::Plan large = plan();
  auto& own = large.networks.attached[0];
  for (int i = 0; i < 300; ++i) own.interfaces.push_back("v" + std::to_string(i));
  const auto refused = isolate(host_, large, run_dir(), log_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().why, HasSubstr("more than 32768"));
  EXPECT_THAT(host_.firewall_changes, IsEmpty());
}

}  // namespace
}  // namespace twinspan::tools
