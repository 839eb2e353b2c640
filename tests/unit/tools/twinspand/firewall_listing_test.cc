// What nftables says of the table, read.
#include "tools/twinspand/firewall_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/firewall_faults.h"

namespace twinspan::tools {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// As libnftables 1.0.6 prints it: another instance beside ours.
const char* const kTwoInstances = R"({"nftables": [
  {"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
  {"table": {"family": "inet", "name": "twinspan", "handle": 1}},
  {"set": {"family": "inet", "name": "attached", "table": "twinspan", "type": "ifname",
           "elem": ["lan0", "lan9"]}},
  {"set": {"name": "i54000012.gw-a-0.if", "type": "ifname", "handle": 2, "elem": ["lan0"]}},
  {"set": {"name": "i54000099.gw-z-0.if", "type": "ifname", "elem": ["lan9"]}},
  {"set": {"name": "i54000012.gw-a-0.open4", "type": ["ifname", "ipv4_addr", "ifname"],
           "elem": [{"concat": ["lan0", {"prefix": {"addr": "0.0.0.0", "len": 0}}, "lan0"]}]}},
  {"chain": {"name": "i54000012.gw-a-0.forward", "hook": "forward"}},
  {"chain": {"name": "i54000099.gw-z-0.forward"}},
  {"rule": {"chain": "i54000012.gw-a-0.forward", "handle": 7, "expr": [{"accept": null}]}},
  {"rule": {"chain": "i54000012.gw-a-0.forward", "handle": 8, "comment": "another network",
            "expr": [{"counter": {"packets": 5, "bytes": 420}}, {"drop": null}]}}]})";

std::string with(std::string_view from, std::string_view to) {
  std::string text = kTwoInstances;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::vector<std::string> faults(const std::string& text) {
  return policy::firewall_faults(0x54000012, parse_firewall_table(kTwoInstances),
                                 parse_firewall_table(text));
}

TEST(FirewallListing, TheTableIsReadWithTheInterfacesOfAllInstances) {
  const policy::FirewallTable table = parse_firewall_table(kTwoInstances);
  EXPECT_TRUE(table.exists);
  EXPECT_THAT(table.chains, ElementsAre("i54000012.gw-a-0.forward", "i54000099.gw-z-0.forward"));
  EXPECT_THAT(table.sets.at("i54000099.gw-z-0.if"), ElementsAre("lan9"));
  EXPECT_THAT(table.sets.at("i54000012.gw-a-0.open4"), IsEmpty());
}

TEST(FirewallListing, NoTableAndNonsenseAreAnEmptyTable) {
  for (const char* const text :
       {"", "[]", "{}", "{\"nftables\": 1}", "{\"nftables\": [1, {}]}", "x",
        "{\"nftables\": [{\"rule\": {\"expr\": 1}}, {\"set\": {\"elem\": {\"a\": 1}}}]}"})
    EXPECT_FALSE(parse_firewall_table(text).exists) << text;
}

TEST(FirewallListing, CountersAndHandlesAreNoChange) {
  EXPECT_THAT(faults(with("\"packets\": 5, \"bytes\": 420", "\"packets\": 9, \"bytes\": 999")),
              IsEmpty());
  EXPECT_THAT(faults(with("\"handle\": 8", "\"handle\": 88")), IsEmpty());
}

// As libnftables 1.0.6 prints what packets have put into a set.
const char* const kNotes = R"({"nftables": [{"table": {"name": "twinspan"}},
  {"set": {"name": "i54000012.gw.network.seen4", "size": 16, "timeout": 600, "elem": [
    {"elem": {"val": {"concat": ["lan1", "10.11.0.2", "10.12.0.2", "icmp"]}, "expires": 599,
              "counter": {"packets": 3, "bytes": 252}}},
    {"elem": {"val": {"concat": ["lan1", "10.11.0.2", "10.12.0.3", 99]}, "expires": 599}},
    {"elem": {"val": {"concat": ["lan1", "10.11.0.2", "2001:db8::1", "tcp"]}}},
    {"elem": {"val": {"concat": ["lan1", "nonsense", 7, "tcp"]}}}, "x", 7]}},
  {"rule": {"chain": "i54000012.gw.network",
            "expr": [{"counter": {"packets": 8, "bytes": 672}}, {"drop": null}]}}]})";

TEST(FirewallListing, WhatWasDroppedIsReadAndIsNoPartOfTheRules) {
  const policy::FirewallTable table = parse_firewall_table(kNotes);
  const policy::FirewallDrops& drops = table.drops.at("i54000012.gw.network");
  EXPECT_EQ(drops.packets, 8u);
  EXPECT_EQ(drops.bytes, 672u);
  ASSERT_EQ(drops.notes.size(), 2u);
  EXPECT_EQ(drops.notes[0].input, "lan1");
  EXPECT_EQ(drops.notes[0].source.to_string(), "10.11.0.2");
  EXPECT_EQ(drops.notes[0].destination.to_string(), "10.12.0.2");
  EXPECT_EQ(drops.notes[0].protocol, 1);
  EXPECT_EQ(drops.notes[0].packets, 3u);
  EXPECT_EQ(drops.notes[1].protocol, 99);
  EXPECT_EQ(table.items.size(), 3u) << "the table, the set and the rule";
}

TEST(FirewallListing, AnElementOrARuleThatIsGoneOrAnotherOneIsNamed) {
  EXPECT_THAT(
      faults(with("\"addr\": \"0.0.0.0\", \"len\": 0", "\"addr\": \"10.0.0.0\", \"len\": 8")),
      ElementsAre("element lan0 . 0.0.0.0/0 . lan0 of set i54000012.gw-a-0.open4 is missing",
                  "element lan0 . 10.0.0.0/8 . lan0 of set i54000012.gw-a-0.open4 is not ours"));
  EXPECT_THAT(faults(with("{\"drop\": null}", "{\"accept\": null}")),
              ElementsAre("rule 2 (\"another network\") of chain i54000012.gw-a-0.forward is "
                          "missing",
                          "rule 2 (\"another network\") of chain i54000012.gw-a-0.forward is not "
                          "ours"));
  EXPECT_THAT(faults(with("\"name\": \"twinspan\", ",
                          "\"name\": \"twinspan\", \"flags\": "
                          "[\"dormant\"], ")),
              testing::SizeIs(2));
}

}  // namespace
}  // namespace twinspan::tools
