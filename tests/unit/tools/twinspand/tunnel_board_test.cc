#include "tools/twinspand/tunnel_board.h"

#include <gtest/gtest.h>

namespace twinspan::tools {
namespace {

constexpr TunnelId kTunnel{0};

ike::EventChildEstablished child(uint64_t id, bool by_rekey) {
  ike::EventChildEstablished event;
  event.tunnel = kTunnel;
  event.child = {id};
  event.inbound_spi = {static_cast<uint32_t>(id)};
  event.by_rekey = by_rekey;
  return event;
}

class Board : public testing::Test {
 protected:
  Board() {
    policy::TunnelPlan plan;
    plan.connection = "a-to-b";
    board_.add(kTunnel, plan, 1400);
  }
  TunnelView& tunnel() { return *board_.find(kTunnel); }

  TunnelBoard board_;
};

TEST_F(Board, TunnelThatWasNeverTriedIsThereWithItsReason) {
  EXPECT_EQ(tunnel().status(), ConnectionStatus::NotConnected);
  EXPECT_EQ(tunnel().reason, "not tried yet");
}

TEST_F(Board, TunnelsComeAndGoAndStandInTheOrderTheyAreGiven) {
  policy::TunnelPlan plan;
  for (const uint32_t id : {1, 2}) {
    plan.connection = "c" + std::to_string(id);
    board_.add(TunnelId{id}, plan, 1400);
  }
  board_.remove(TunnelId{1});
  EXPECT_EQ(board_.find(TunnelId{1}), nullptr);
  board_.arrange({TunnelId{2}, kTunnel});
  ASSERT_EQ(board_.tunnels().size(), 2u);
  EXPECT_EQ(board_.tunnels()[0].plan.connection, "c2");
  EXPECT_EQ(board_.find(kTunnel)->plan.connection, "a-to-b");
}

TEST_F(Board, OfTwoIkeSasTheOneThatStaysIsShown) {
  ike::EventIkeEstablished first;
  first.tunnel = kTunnel;
  first.initiator_spi = {1};
  ike::EventIkeEstablished second = first;
  second.initiator_spi = {2};
  board_.apply(first);
  board_.apply(second);
  ike::EventIkeGone gone;
  gone.tunnel = kTunnel;
  gone.initiator_spi = {2};
  board_.apply(gone);
  ASSERT_TRUE(tunnel().ike);
  EXPECT_EQ(tunnel().ike->initiator_spi, IkeSpi{1});
  gone.initiator_spi = {1};
  board_.apply(gone);
  EXPECT_FALSE(tunnel().ike);
}

TEST_F(Board, RekeyKeepsTheTimeOfEstablishment) {
  board_.apply(child(1, false), "T1");
  board_.apply(child(2, true), "T2");
  board_.apply(ike::EventChildGone{kTunnel, {1}, "rekeyed"});
  EXPECT_EQ(tunnel().status(), ConnectionStatus::Connected);
  EXPECT_EQ(tunnel().established_since, "T1");
  EXPECT_EQ(tunnel().children.back().inbound_spi, Spi{2});
  EXPECT_EQ(tunnel().child_rekeys, 1u);
}

TEST_F(Board, LosingTheLastChildDisconnectsWithItsReason) {
  board_.apply(child(1, false), "T1");
  board_.apply(ike::EventChildGone{kTunnel, {1}, "the peer deleted it"});
  EXPECT_FALSE(tunnel().is_usable());
  EXPECT_EQ(tunnel().reason, "the peer deleted it");
  EXPECT_EQ(tunnel().established_since, "");
}

TEST_F(Board, FailureKeepsItsDiagnosisUntilConnected) {
  ike::EventTunnelState failed{
      kTunnel, ike::TunnelState::Connecting, "wrong key", {"wrong-psk", "m", "r"}};
  board_.apply(failed);
  EXPECT_EQ(tunnel().status(), ConnectionStatus::Connecting);
  EXPECT_EQ(tunnel().diagnosis.cause, "wrong-psk");
  board_.apply(child(1, false), "T1");
  EXPECT_EQ(tunnel().diagnosis.cause, "");
}

TEST_F(Board, AMoveOfThePeerChangesTheEndpointOfTheIkeSaThatMoved) {
  const Endpoint home{*IpAddress::parse("192.0.2.2"), 4500};
  const Endpoint away{*IpAddress::parse("192.0.2.77"), 61000};
  board_.apply(ike::EventIkeEstablished{.tunnel = kTunnel, .initiator_spi = {7}, .remote = home});
  board_.apply(ike::EventIkeMoved{.tunnel = kTunnel, .initiator_spi = {8}, .remote = away});
  EXPECT_EQ(tunnel().ike->remote, home);
  board_.apply(ike::EventIkeMoved{.tunnel = kTunnel, .initiator_spi = {7}, .remote = away});
  EXPECT_EQ(tunnel().ike->remote, away);
}

TEST_F(Board, ATunnelIsConnectedWithOneChildAndTellsWhichAreMissing) {
  policy::TunnelPlan plan;
  plan.connection = "wide";
  plan.children = {{"wide/1", {}, {}}, {"wide/2", {}, {}}};
  board_.add(TunnelId{1}, plan, 1400);
  const auto established = [](uint64_t id, const char* name) {
    ike::EventChildEstablished event = child(id, false);
    event.tunnel = TunnelId{1};
    event.name = name;
    return event;
  };
  board_.apply(established(1, "wide/1"), "T1");
  board_.apply(ike::EventChildTrouble{TunnelId{1}, "wide/2", {"no-common-selectors", "m", "r"}});
  const TunnelView& wide = *board_.find("wide");
  EXPECT_EQ(wide.status(), ConnectionStatus::Connected);
  EXPECT_EQ(wide.children_up(), 1u);
  EXPECT_TRUE(wide.serves("wide/1"));
  EXPECT_FALSE(wide.serves("wide/2"));
  EXPECT_EQ(wide.child_troubles.at("wide/2").cause, "no-common-selectors");
  board_.apply(established(2, "wide/2"), "T2");
  EXPECT_EQ(wide.children_up(), 2u);
  EXPECT_TRUE(wide.child_troubles.empty());
}

TEST_F(Board, TheFirstOfSeveralChildrenForTheSameTrafficStandsForAll) {
  EXPECT_EQ(tunnel().first_child(), nullptr);
  const auto of = [](uint64_t id, uint16_t resource) {
    ike::EventChildEstablished event = child(id, false);
    event.resource = resource;
    return event;
  };
  board_.apply(of(1, 0), "T1");
  board_.apply(of(2, 1), "T1");
  EXPECT_EQ(tunnel().first_child()->child, ChildId{1});
  board_.apply(of(3, 0), "T2");
  board_.apply(of(4, 1), "T2");
  EXPECT_EQ(tunnel().first_child()->child, ChildId{3});
  board_.apply(ike::EventChildGone{kTunnel, {1}, ""});
  board_.apply(ike::EventChildGone{kTunnel, {3}, ""});
  EXPECT_EQ(tunnel().first_child()->child, ChildId{4});
}

TEST_F(Board, EventsOfUnknownTunnelsAreIgnored) {
  EXPECT_EQ(board_.apply(ike::EventChildGone{TunnelId{7}, {1}, ""}), nullptr);
  EXPECT_EQ(board_.find("nobody"), nullptr);
}

}  // namespace
}  // namespace twinspan::tools
