#include "ike/core/resources.h"

#include <gtest/gtest.h>

#include "ike/exchange/child_options.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/payloads.h"
#include "tests/support/sim_peers.h"

namespace twinspan::ike {
namespace {

const std::string kName = "a-to-b";

struct Made {
  explicit Made(uint16_t resources, size_t children = 1) {
    PeerConfig peer = peer_config(kA);
    peer.resources = resources;
    while (peer.children.size() < children) {
      peer.children.push_back(peer.children.front());
      peer.children.back().name += "-x";
    }
    sa.emplace(Role::Initiator, std::make_shared<const PeerConfig>(std::move(peer)), Log{});
    sa->has_resources = true;
    sa->origin_is_ours = true;
  }
  ChildSa& add(uint16_t resource) {
    ChildSa child;
    child.id = ChildId{++last_id};
    child.config = kName;
    child.resource = resource;
    child.origin.id = child.id;
    child.local = child.remote = sa->peer->children.front().local;
    sa->children.push_back(std::move(child));
    return sa->children.back();
  }
  std::optional<ChildSlot> missing() { return missing_slot(*sa, sa->peer->children.front()); }

  std::optional<IkeSa> sa;
  uint64_t last_id = 0;
};

std::optional<ChildSlot> slot(uint16_t resource) {
  return ChildSlot{.config = kName, .resource = resource};
}

TEST(Resources, AreWantedOnlyWithOneChildConfig) {
  EXPECT_TRUE(wants_resources(*Made(2).sa->peer));
  EXPECT_FALSE(wants_resources(*Made(1).sa->peer));
  EXPECT_FALSE(wants_resources(*Made(2, 2).sa->peer));
}

TEST(Resources, AResponderAcceptsItsNumberOrTwiceItsWorkers) {
  EXPECT_EQ(resources_accepted(*Made(4).sa->peer, 1), 4u);
  EXPECT_EQ(resources_accepted(*Made(4).sa->peer, 3), 6u);
  EXPECT_EQ(resources_accepted(*Made(2).sa->peer, 1000), kResourcesMax);
}

TEST(Resources, TheLowestFreeNumberIsGiven) {
  Made made(4);
  EXPECT_EQ(free_resource(*made.sa, kName, 4), 0u);
  made.add(0);
  made.add(2);
  EXPECT_EQ(free_resource(*made.sa, kName, 4), 1u);
  // A replacement has the number of what it replaces.
  made.add(2);
  EXPECT_EQ(free_resource(*made.sa, kName, 3), 1u);
  EXPECT_EQ(free_resource(*made.sa, kName, 2), std::nullopt);
  made.add(1).is_deleting = true;
  EXPECT_EQ(free_resource(*made.sa, kName, 4), 1u);
}

TEST(Resources, TheLowestMissingOneIsWantedByWhoBegan) {
  Made made(3);
  EXPECT_EQ(made.missing(), slot(0));
  made.add(0);
  EXPECT_EQ(made.missing(), slot(1));
  made.add(1);
  made.add(2).is_redundant = true;
  EXPECT_EQ(made.missing(), slot(2));
  made.sa->origin_is_ours = false;
  EXPECT_EQ(made.missing(), std::nullopt);
  made.sa->origin_is_ours = true;
  made.sa->has_resources = false;
  EXPECT_EQ(made.missing(), std::nullopt);
  made.sa->has_resources = true;
  made.sa->resources_max = 2;
  EXPECT_EQ(made.missing(), std::nullopt);
  made.sa->children.erase(made.sa->children.begin());
  EXPECT_EQ(made.missing(), std::nullopt) << "the peer may count the redundant one still";
  made.sa->children.pop_back();
  EXPECT_EQ(made.missing(), slot(0));
  made.sa->children.clear();
  made.sa->resources_max = 0;
  EXPECT_EQ(made.missing(), slot(0)) << "the first child is always wanted";
}

TEST(Resources, AChildAndWhatItWasRekeyedIntoTakeOnePlace) {
  Made made(3);
  EXPECT_EQ(places_taken(*made.sa, kName), 0u);
  const ChildOrigin origin = made.add(0).origin;
  made.add(0).origin = origin;
  EXPECT_EQ(places_taken(*made.sa, kName), 1u);
  made.add(0).is_redundant = true;
  EXPECT_EQ(places_taken(*made.sa, kName), 2u);
  EXPECT_EQ(places_taken(*made.sa, "another"), 0u);
}

TEST(Resources, ChildrenOfDifferentOnesAreNoDuplicates) {
  Made made(3);
  const ChildSa first = made.add(0), second = made.add(1), again = made.add(1);
  EXPECT_FALSE(is_same_traffic(first.traffic(), second.traffic()));
  EXPECT_TRUE(is_same_traffic(again.traffic(), second.traffic()));
  EXPECT_EQ(made.sa->current_child(second.traffic())->id, again.id);
  EXPECT_EQ(made.sa->current_child(first.traffic())->id, first.id);
}

TEST(SameTraffic, OfOtherNamesOnlyWithTheVerySelectors) {
  const std::string present = "a", former = "b";
  const TrafficSelectors wide = selectors({"10.1.0.0/16", "10.9.0.0/16"});
  const TrafficSelectors narrow = selectors({"10.1.0.0/16"});
  EXPECT_TRUE(is_same_traffic({present, wide, wide}, {present, narrow, narrow}));
  EXPECT_TRUE(is_same_traffic({present, wide, wide}, {former, wide, wide}));
  EXPECT_FALSE(is_same_traffic({present, wide, wide}, {former, narrow, narrow}))
      << "the data plane has an entry for each";
}

// --- The notifies ---

std::vector<Payload> offer_of(const PeerConfig& peer, std::vector<Payload> extra) {
  const ChildConfig& child = peer.children.front();
  std::vector<Payload> payloads = {offer_esp(child.proposals, Spi{0x1234}, ChildDh::Without),
                                   TsPayload{.of_initiator = true, .selectors = child.remote},
                                   TsPayload{.of_initiator = false, .selectors = child.local}};
  payloads.insert(payloads.end(), extra.begin(), extra.end());
  return payloads;
}

Payload resource_info(Bytes value) {
  return NotifyPayload{.protocol = ProtocolId::None,
                       .spi = {},
                       .type = NotifyType::SaResourceInfo,
                       .value = std::move(value)};
}

bool shows_resource(const IkeSa& sa, const std::vector<Payload>& payloads,
                    const std::optional<std::string>& rekeyed = std::nullopt) {
  const auto terms = agree_child(sa, payloads, ChildDh::Without, rekeyed);
  EXPECT_TRUE(terms.has_value());
  return terms && terms->shows_resource;
}

TEST(ResourceInfo, CountsWithAnyDataAndNotWithoutTheFirst) {
  Made made(4);
  made.sa->has_resources = false;
  const auto with = offer_of(*made.sa->peer, {resource_info({})});
  EXPECT_FALSE(shows_resource(*made.sa, offer_of(*made.sa->peer, {})));
  EXPECT_TRUE(shows_resource(*made.sa, with));
  EXPECT_TRUE(shows_resource(*made.sa, offer_of(*made.sa->peer, {resource_info(Bytes(999, 7))})));
  // The first child was made without: this is no additional one.
  made.add(0);
  EXPECT_FALSE(shows_resource(*made.sa, with));
  made.sa->has_resources = true;
  EXPECT_TRUE(shows_resource(*made.sa, with));
  EXPECT_TRUE(shows_resource(*made.sa, with, kName));
  EXPECT_FALSE(shows_resource(*Made(1).sa, with));
}

TEST(ResourceInfo, MeansTheSameSelectors) {
  Made made(4);
  made.add(0);
  auto narrower = offer_of(*made.sa->peer, {resource_info({})});
  std::get<TsPayload>(narrower[1]).selectors = selectors({"10.2.0.0/16"});
  EXPECT_FALSE(shows_resource(*made.sa, narrower));
  made.sa->children.clear();
  EXPECT_TRUE(shows_resource(*made.sa, narrower)) << "narrowing the first is no matter";
}

TEST(ResourceInfo, IsAShortTextWithoutProtocolAndSpi) {
  const auto notifies = option_notifies(false, 12);
  ASSERT_EQ(notifies.size(), 1u);
  EXPECT_EQ(notifies[0], resource_info({'1', '2'}));
  EXPECT_TRUE(option_notifies(false, std::nullopt).empty());
}

TEST(Aggfrag, AFlagThatCannotBeMetIsNotAgreedTo) {
  const auto demand = [](Bytes value) {
    return read_aggfrag({NotifyPayload{.protocol = ProtocolId::None,
                                       .spi = {},
                                       .type = NotifyType::UseAggfrag,
                                       .value = std::move(value)}});
  };
  EXPECT_EQ(read_aggfrag({}), AggfragDemand::None);
  EXPECT_EQ(read_aggfrag(option_notifies(true, std::nullopt)), AggfragDemand::Met);
  EXPECT_EQ(demand({0}), AggfragDemand::Met);
  EXPECT_EQ(demand({1}), AggfragDemand::Met);
  for (unsigned bit = 1; bit < 8; ++bit)
    EXPECT_EQ(demand({static_cast<uint8_t>(1u << bit)}), AggfragDemand::Unsupported);
  EXPECT_EQ(demand({}), AggfragDemand::Unsupported);
  EXPECT_EQ(demand({1, 0}), AggfragDemand::Unsupported);
}

TEST(SourcePorts, AreAnnouncedOverUdpWithoutANat) {
  Made made(4);
  IkeSa& sa = *made.sa;
  EXPECT_TRUE(announces_source_ports(sa));
  sa.nat.local_behind_nat = true;
  EXPECT_FALSE(announces_source_ports(sa));
  sa.nat = {};
  sa.nat.remote_behind_nat = true;
  EXPECT_FALSE(announces_source_ports(sa));
  sa.nat = {};
  sa.encapsulation = Encapsulation::Esp;
  EXPECT_FALSE(announces_source_ports(sa));
  EXPECT_FALSE(announces_source_ports(*Made(1).sa));
  EXPECT_TRUE(has_announcement({announcement(Ability::SourcePorts)}, Ability::SourcePorts));
  EXPECT_FALSE(has_announcement({VendorIdPayload{{1, 2, 3}}}, Ability::SourcePorts));
}

}  // namespace
}  // namespace twinspan::ike
