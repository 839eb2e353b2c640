#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tun/linux_host_instance.h"

namespace twinspan::tun {
namespace {

TEST(HostInstance, IdsDependOnTheKeyAndTheRunDirectoryAndTheProbe) {
  std::set<uint32_t> groups;
  for (const char* key : {"gw-a-0", "gw-a-1", "gw-b-0"}) {
    for (const char* run_dir : {"/run/twinspan/x", "/run/twinspan/y"}) {
      for (unsigned probe = 0; probe < 3; ++probe) {
        groups.insert(derive_instance_ids(key, run_dir, probe).link_group);
      }
    }
  }
  EXPECT_EQ(groups.size(), 18U);
}

TEST(HostInstance, IdsOfDifferentInstancesShareNoTable) {
  std::set<uint32_t> tables;
  for (unsigned probe = 0; probe < kIdProbesMax; ++probe) {
    const InstanceIds ids = derive_instance_ids("gw-a-0", "/run/x", probe);
    EXPECT_TRUE(tables.insert(ids.tables.a).second);
    EXPECT_TRUE(tables.insert(ids.tables.b).second);
  }
}

TEST(HostInstance, TheStateFileReadsBackAsItWasWritten) {
  const InstanceState state{"gw-a-0", derive_instance_ids("gw-a-0", "/run/x", 2)};
  const auto read = parse_instance_state(format_instance_state(state));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->key, state.key);
  EXPECT_EQ(read->ids.tables.a, state.ids.tables.a);
  EXPECT_EQ(read->ids.tables.b, state.ids.tables.b);
  EXPECT_EQ(read->ids.link_group, state.ids.link_group);
}

TEST(HostInstance, ADamagedStateFileIsNotBelieved) {
  const std::string good =
      format_instance_state({"gw-a-0", derive_instance_ids("gw-a-0", "/run/x", 0)});
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(parse_instance_state(good.substr(0, length))) << length;
  }
  EXPECT_FALSE(parse_instance_state(good + "more 1\n"));
  EXPECT_FALSE(parse_instance_state("twinspan-host-state 2" + good.substr(good.find('\n'))));
}

TEST(HostInstance, AStateFileThatNamesForeignTablesIsNotBelieved) {
  const char* head = "twinspan-host-state 1\ninstance gw-a-0\n";
  for (const char* ids : {"table_a 254\ntable_b 255\nlink_group 1409286144\n",
                          "table_a 1409286144\ntable_b 254\nlink_group 1409286144\n",
                          "table_a 1409286144\ntable_b 1409286145\nlink_group 0\n",
                          "table_a 1409286144\ntable_b 1409286145\nlink_group 1409286145\n"}) {
    EXPECT_FALSE(parse_instance_state(std::string(head) + ids)) << ids;
  }
  EXPECT_TRUE(parse_instance_state(
      std::string(head) + "table_a 1409286144\ntable_b 1409286145\nlink_group 1409286144\n"));
}

TEST(HostInstance, TheSharedRuleStandsBetweenTheInstancesOwn) {
  const auto rules = own_rules(derive_instance_ids("gw-a-0", "/run/x", 0), IpFamily::V4);
  const Rule shared = shared_rule(IpFamily::V4);
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_LT(rules[0].priority, shared.priority);
  EXPECT_LT(shared.priority, rules[1].priority);
  EXPECT_EQ(shared.suppressed_prefix_length, 0U);
  EXPECT_FALSE(any_own_rule({shared}));
  EXPECT_TRUE(any_own_rule({shared, rules[1]}));
}

TEST(HostInstance, SomebodyElsesRuleAtOurPriorityDoesNotKeepTheSharedOne) {
  Rule foreign = own_rules(derive_instance_ids("gw-a-0", "/run/x", 0), IpFamily::V4)[0];
  foreign.protocol = 3;  // RTPROT_BOOT, as `ip rule add` sets it.
  EXPECT_FALSE(any_own_rule({foreign}));
  EXPECT_TRUE(uses_tables({foreign}, derive_instance_ids("gw-a-0", "/run/x", 0).tables));
}

}  // namespace
}  // namespace twinspan::tun
