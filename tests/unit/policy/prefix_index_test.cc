// Prefixes in prefixes, against comparing each with each.
#include "policy/prefix_index.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

IpPrefix prefix(std::string_view text) {
  const auto parsed = IpPrefix::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpPrefix());
}

struct Item {
  IpPrefix prefix;
  size_t index = 0;
};

// Few addresses and all lengths, so that many lie in each other and some are equal.
std::vector<Item> random_items(std::mt19937& random, size_t count) {
  std::vector<Item> items;
  for (size_t index = 0; index < count; ++index) {
    const bool is_v4 = random() % 2 == 0;
    const std::string address = is_v4 ? fmt::format("{}.{}.0.0", random() % 4, random() % 4 * 64)
                                      : fmt::format("{:x}:{:x}::", random() % 4, random() % 4);
    const IpPrefix base = prefix(address);
    items.push_back(
        {IpPrefix(base.address(), static_cast<unsigned>(random() % (base.length() + 1))), index});
  }
  return items;
}

TEST(PrefixIndexTest, AnswersAsComparingEachWithEachDoes) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const auto items = random_items(random, round % 20);
    std::vector<IpPrefix> prefixes;
    for (const Item& item : items) prefixes.push_back(item.prefix);
    const PrefixIndex index(prefixes);
    for (const auto& [wanted, number] : random_items(random, 20)) {
      const auto any = [&](auto holds) { return std::ranges::any_of(prefixes, holds); };
      EXPECT_EQ(index.contains(wanted), any([&](const IpPrefix& p) { return p == wanted; }));
      EXPECT_EQ(index.covers(wanted), any([&](const IpPrefix& p) { return p.contains(wanted); }));
      const auto found = index.find_overlap(wanted);
      EXPECT_EQ(found.has_value(), any([&](const IpPrefix& p) { return p.overlaps(wanted); }));
      // The second half of it, and what follows as far again.
      const IpAddress first = wanted.last_address(),
                      last = IpPrefix(first, wanted.length() / 2).last_address();
      EXPECT_EQ(index.overlaps(first, last), any([&](const IpPrefix& p) {
                  return p.family() == first.family() && p.address() <= last &&
                         first <= p.last_address();
                }));
      if (found) {
        EXPECT_TRUE(found->overlaps(wanted) && index.contains(*found));
      }
    }
  }
}

TEST(PrefixIndexTest, VisitsEachTwoThatOverlapOnceTheWiderOneFirst) {
  std::mt19937 random(2);
  for (int round = 0; round < 100; ++round) {
    const auto items = random_items(random, round % 20);
    std::set<std::pair<size_t, size_t>> expected, visited;
    for (const Item& a : items) {
      for (const Item& b : items) {
        if (a.index < b.index && a.prefix.overlaps(b.prefix)) expected.emplace(a.index, b.index);
      }
    }
    visit_overlaps(items, [&](const Item& outer, const Item& inner) {
      EXPECT_TRUE(outer.prefix.contains(inner.prefix));
      EXPECT_TRUE(visited.insert(std::minmax(outer.index, inner.index)).second);
      return true;
    });
    EXPECT_EQ(visited, expected);
  }
}

TEST(PrefixIndexTest, EndsWhenToldTo) {
  size_t count = 0;
  const std::vector<Item> items = {
      {prefix("10.0.0.0/8"), 0}, {prefix("10.0.0.0/8"), 1}, {prefix("10.0.0.0/8"), 2}};
  visit_overlaps(items, [&](const Item&, const Item&) { return ++count < 2; });
  EXPECT_EQ(count, 2u);
}

// An estate of many prefixes is checked without comparing each with each, which takes minutes.
TEST(PrefixIndexTest, SixtyThousandRemotePrefixesAreCheckedLikeFew) {
  std::string sites, connections;
  for (unsigned site = 0; site < 200; ++site) {
    sites += fmt::format("  s{}: {{ gateway_ip_address: 198.51.100.{}, address_prefixes: [", site,
                         site + 1);
    for (unsigned number = 0; number < 300; ++number) {
      const unsigned index = site * 300 + number;
      sites += fmt::format("{}11.{}.{}.0/24", number == 0 ? "" : ", ", index / 256, index % 256);
    }
    sites += "] }\n";
    connections += fmt::format(
        "  c{}: {{ connection_type: ipsec, virtual_network_gateway1: gw-a, local_network_gateway2: "
        "s{}, shared_key: {{ file: k.psk }} }}\n",
        site, site);
  }
  const std::string text =
      estate_with({{"local_network_gateways:\n", "local_network_gateways:\n" + sites},
                   {"connections:\n", "connections:\n" + connections}});
  EXPECT_THAT(findings_of(text), testing::IsEmpty());
  // One of them lies in that of another site.
  EXPECT_THAT(findings_of(replaced(text, "11.9.7.0/24", "11.0.0.128/25")),
              testing::ElementsAre("error connection.overlap-between"));
}

}  // namespace
}  // namespace twinspan::policy
