// Several children in one IKE SA, and what narrowing leaves of them.
#include <algorithm>

#include "ike/core/sealed_message.h"
#include "ike/exchange/payloads.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

constexpr uint8_t kCreateType = static_cast<uint8_t>(ExchangeType::CreateChildSa);

// Children of both sides that mirror each other: 10.1.N.0/24 of A with 10.2.N.0/24 of B.
void add_pairs(SimPair& pair, unsigned count) {
  for (const size_t side : {kA, kB}) {
    auto& children = pair.config[side].children;
    const ChildConfig first = children.front();
    children.clear();
    for (unsigned n = 1; n <= count; ++n) {
      ChildConfig child = first;
      child.name += "/" + std::to_string(n);
      const std::string of_a = "10.1." + std::to_string(n) + ".0/24";
      const std::string of_b = "10.2." + std::to_string(n) + ".0/24";
      child.local = selectors({side == kA ? of_a : of_b});
      child.remote = selectors({side == kA ? of_b : of_a});
      children.push_back(std::move(child));
    }
  }
}

std::vector<Payload> open_request(SimPair& pair, const WireMessage& message) {
  const EventIkeKeys& session = pair.world.host(message.from).session_keys.back();
  const bool by_initiator = message.header.from_initiator;
  const SkKeys keys{session.suite.encryption, session.suite.integrity,
                    (by_initiator ? session.keys.ei : session.keys.er).view(),
                    (by_initiator ? session.keys.ai : session.keys.ar).view()};
  FakeCrypto crypto{99};
  const Bytes& bytes = message.datagram.bytes;
  auto payloads = open_message(crypto, keys, bytes, *parse_message(bytes));
  EXPECT_TRUE(payloads.has_value());
  return payloads ? *std::move(payloads) : std::vector<Payload>{};
}

// The selectors of `side`'s next CREATE_CHILD_SA request, its own first.
std::pair<TrafficSelectors, TrafficSelectors> proposed_in_rekey(SimPair& pair, size_t side) {
  pair.world.hold_wire();
  pair.rekey_child(side);
  const auto index = pair.world.find_held([&](const WireMessage& m) {
    return m.from == side && m.header.exchange == kCreateType && !m.header.is_response;
  });
  EXPECT_TRUE(index.has_value()) << pair.world.picture();
  if (!index) return {};
  const auto payloads = open_request(pair, pair.world.held()[*index]);
  pair.world.release_wire();
  const auto* const of_initiator = find_selectors(payloads, true);
  const auto* const of_responder = find_selectors(payloads, false);
  EXPECT_TRUE(of_initiator != nullptr && of_responder != nullptr);
  return {of_initiator->selectors, of_responder->selectors};
}

TEST(Children, EachPairComesUpInOneIkeSaAndRenewsByItself) {
  SimPair pair;
  add_pairs(pair, 4);
  for (const size_t side : {kA, kB}) {
    for (ChildConfig& child : pair.config[side].children)
      child.lifetime = {.soft_time = 100s, .hard_time = 140s};
  }
  pair.world.esp_interval = 50ms;
  pair.establish();
  pair.world.run_for(2s);
  EXPECT_EQ(pair.a().all_outbound(kTunnel).size(), 4u) << pair.world.picture();
  EXPECT_EQ(pair.a().ike_established.size(), 1u);
  pair.world.run_for(300s);
  EXPECT_GE(std::ranges::count_if(pair.a().children, &EventChildEstablished::by_rekey), 8);
  EXPECT_EQ(pair.a().gaps + pair.b().gaps + pair.a().esp_unknown + pair.b().esp_unknown, 0u);
  pair.world.esp_interval.reset();
  pair.settle();
  pair.expect_at_rest();
}

TEST(Children, OneThatIsRefusedLeavesTheOthersAndIsTriedAgain) {
  SimPair pair;
  add_pairs(pair, 3);
  pair.config[kB].children.erase(pair.config[kB].children.begin());
  pair.start();
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_for(100s);
  EXPECT_TRUE(pair.is_up());
  EXPECT_EQ(pair.a().all_outbound(kTunnel).size(), 2u) << pair.world.picture();
  EXPECT_EQ(pair.a().ike_gone.size(), 0u) << "TS_UNACCEPTABLE does not end an IKE SA";
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_EQ(pair.a().done[0].diagnosis.cause, "no-common-selectors");
  // With back-off: 1, 2, 4, ... 30 s.
  EXPECT_GE(pair.a().troubles.size(), 4u);
  EXPECT_LE(pair.a().troubles.size(), 12u);
  EXPECT_TRUE(std::ranges::all_of(pair.a().troubles,
                                  [](const auto& trouble) { return trouble.name == "a-to-b/1"; }));
  EXPECT_EQ(pair.a().departures, 0u);
  pair.expect_sound();
}

TEST(Children, OneThatIsLostComesBackAndTheOthersStay) {
  SimPair pair;
  add_pairs(pair, 3);
  pair.establish();
  pair.world.run_for(2s);
  const Spi lost = pair.a().all_outbound(kTunnel)[1]->params.outbound_spi;
  pair.world.command(kA, CommandHardLimit{lost});
  pair.world.run_for(10s);
  const auto now = pair.a().all_outbound(kTunnel);
  EXPECT_EQ(now.size(), 3u);
  EXPECT_TRUE(std::ranges::none_of(
      now, [&](const auto* other) { return other->params.outbound_spi == lost; }));
  EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
  pair.settle();
  pair.expect_at_rest();
}

// --- Narrowing ---

TEST(Narrowing, ARekeyProposesWhatWasAgreedAndNotWhatIsConfigured) {
  for (const size_t wide : {kA, kB}) {
    SimPair pair;
    for (const size_t side : {kA, kB}) {
      pair.world.host(side).options.export_keys = true;
      pair.world.restart(side);
    }
    pair.config[kA].children[0].local = selectors({"10.1.0.0/16"});
    pair.config[kA].children[0].remote = selectors({"10.2.0.0/16"});
    pair.config[kB].children[0].local = selectors({"10.2.0.0/16"});
    pair.config[kB].children[0].remote = selectors({"10.1.0.0/16"});
    pair.config[wide].children[0].local = selectors({"10.0.0.0/8"});
    pair.config[wide].children[0].remote = selectors({"10.0.0.0/8", "192.168.0.0/16"});
    pair.establish();
    ASSERT_TRUE(pair.world.host(wide).children.at(0).narrowed);
    const auto [own, theirs] = proposed_in_rekey(pair, wide);
    EXPECT_EQ(own, selectors({wide == kA ? "10.1.0.0/16" : "10.2.0.0/16"}));
    EXPECT_EQ(theirs, selectors({wide == kA ? "10.2.0.0/16" : "10.1.0.0/16"}));
    pair.settle();
    pair.expect_at_rest();
  }
}

// The wide side has one child, the other one has pairs and never asks itself.
TEST(Narrowing, WhatAPeerWithPairsLeavesOutIsAskedForAgain) {
  for (const bool childless : {true, false}) {
    SimPair pair;
    add_pairs(pair, 3);
    ChildConfig all = pair.config[kA].children[0];
    all.local = selectors({"10.1.0.0/16"});
    all.remote = selectors({"10.2.0.0/16"});
    pair.config[kA].children = {all};
    pair.config[kB].admits_childless = childless;
    pair.establish();
    pair.world.run_for(2s);
    EXPECT_EQ(pair.a().all_outbound(kTunnel).size(), 3u) << pair.world.picture();
    EXPECT_EQ(pair.a().troubles.size(), 0u);
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(Narrowing, APeerThatHasNoMoreIsNotAskedAgain) {
  SimPair pair;
  pair.config[kB].children[0].local = selectors({"10.2.0.0/16"});
  pair.world.keeps_sent = true;
  pair.establish();
  pair.settle();
  const auto created = std::ranges::count_if(pair.world.sent, [](const WireMessage& m) {
    return m.header.exchange == kCreateType && !m.header.is_response;
  });
  EXPECT_EQ(created, 1);
  EXPECT_TRUE(pair.a().children.at(0).narrowed);
  pair.expect_at_rest();
}

}  // namespace
}  // namespace twinspan::ike
