// RFC 9611: several Child SAs for the same traffic, each end with its own number of workers.
#include <algorithm>
#include <set>

#include "ike/core/child_sa.h"
#include "ike/exchange/child_options.h"
#include "ike/exchange/payloads.h"
#include "tests/sim/changing_pair.h"
#include "tests/support/scripted_peer.h"

namespace twinspan::ike {
namespace {

using Resources = std::multiset<uint16_t>;

class ResourcePair : public ChangingPair {
 public:
  // `workers`: of A and of B.
  ResourcePair(uint16_t of_a, uint16_t of_b, std::pair<uint32_t, uint32_t> workers,
               uint64_t seed = 1)
      : ChangingPair(seed) {
    config[kA].resources = of_a;
    config[kB].resources = of_b;
    world.host(kA).options.spi_modulus = workers.first;
    world.host(kB).options.spi_modulus = workers.second;
    for (const size_t side : {kA, kB}) world.restart(side);
  }

  Resources sent_on(size_t side) {
    Resources found;
    for (const SimHost::Pair* pair : world.host(side).all_outbound(kTunnel))
      found.insert(pair->params.resource);
    return found;
  }
  // The pair of `side` that carries this resource.
  const SimHost::Pair* pair_of(size_t side, uint16_t resource) {
    for (const SimHost::Pair* pair : world.host(side).all_outbound(kTunnel)) {
      if (pair->params.resource == resource) return pair;
    }
    return nullptr;
  }
  uint64_t lost() { return lost_packets() + a().departures + b().departures; }
  // All of its children come to their hard limit.
  void use_up(size_t side) {
    std::vector<Spi> all;
    for (const SimHost::Pair* pair : world.host(side).all_outbound(kTunnel))
      all.push_back(pair->params.inbound_spi);
    for (const Spi inbound : all) world.command(side, CommandHardLimit{inbound});
  }
  size_t created() {
    return static_cast<size_t>(std::ranges::count_if(world.sent, [](const WireMessage& m) {
      return m.is_request(ExchangeType::CreateChildSa);
    }));
  }
};

const Resources kFour = {0, 1, 2, 3};

TEST(Resources, BothRolesAndBothWaysOfTheFirstChildComeToTheSameNumbers) {
  for (const bool childless : {true, false}) {
    ResourcePair pair(4, 4, {4, 4});
    pair.config[kB].admits_childless = childless;
    pair.establish();
    pair.world.run_for(3s);
    for (const size_t side : {kA, kB}) EXPECT_EQ(pair.sent_on(side), kFour) << pair.world.picture();
    for (uint16_t i = 0; i < 4; ++i) {
      const SaPairParams& of_a = pair.pair_of(kA, i)->params;
      EXPECT_EQ(of_a.outbound_spi, pair.pair_of(kB, i)->params.inbound_spi);
      EXPECT_EQ(of_a.inbound_spi.value % 4, (kTunnel.value + i) % 4);
      EXPECT_EQ(of_a.own_source_port, i > 0);
      EXPECT_EQ(pair.pair_of(kB, i)->params.own_source_port, i > 0);
    }
    EXPECT_EQ(pair.a().troubles.size() + pair.b().troubles.size(), 0u);
    pair.settle();
    pair.expect_at_rest();
  }
}

// B hears ESP on an SPI that it does not have, from a port that
// is A's own for one child.
TEST(Resources, UnknownEspFromAnyPortOfThePeerIsThePeers) {
  ResourcePair pair(2, 2, {2, 2});
  pair.establish();
  pair.world.run_for(3s);
  for (int i = 0; i < 60; ++i) {
    pair.world.command(kB, CommandUnknownSpi{.local = {pair.b().address(), 4500},
                                             .remote = {pair.a().address(), 61000},
                                             .spi = Spi{0x7777}});
    pair.world.run_for(100ms);
  }
  const auto told = std::ranges::count_if(pair.a().trace, [](const auto& line) {
    return line.find("INVALID_SPI") != std::string::npos;
  });
  EXPECT_GT(told, 0) << pair.world.picture();
  pair.settle();
  pair.expect_at_rest();
}

// Only the group can be what the peer refuses: the child that stands has all else.
TEST(Resources, PfsThatDiffersLeavesOneAndIsNamed) {
  ResourcePair pair(4, 4, {4, 4});
  pair.config[kB].children[0].proposals[0].pfs_group = DhGroupId::None;
  pair.config[kB].mode = ConnectionMode::ResponderOnly;
  pair.establish();
  pair.world.keeps_sent = true;
  pair.world.run_for(100s);
  EXPECT_EQ(pair.sent_on(kA), Resources{0});
  EXPECT_EQ(pair.created(), 0u) << pair.world.picture();
  ASSERT_FALSE(pair.a().troubles.empty());
  for (const auto& trouble : pair.a().troubles) {
    EXPECT_EQ(trouble.diagnosis.cause, "pfs-mismatch");
  }
}

TEST(Resources, UpIsAnsweredWhenTheFirstChildStands) {
  ResourcePair pair(4, 4, {4, 4});
  pair.start();
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_until([&] { return !pair.a().done.empty(); }, 10s);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_TRUE(pair.a().done[0].ok);
  EXPECT_LT(pair.sent_on(kA).size(), 4u);
}

TEST(Resources, TheSideThatBeganHasItsNumberWithinWhatTheOtherOneAccepts) {
  struct Row {
    uint16_t of_a, of_b;
    std::pair<uint32_t, uint32_t> workers;
    size_t expected;
  };
  // B accepts max(its own number, twice its workers).
  static constexpr Row kRows[] = {{2, 8, {2, 8}, 2},   {8, 2, {8, 2}, 4}, {8, 8, {8, 1}, 8},
                                  {3, 2, {3, 1}, 2},   {4, 1, {4, 1}, 1}, {1, 4, {1, 4}, 1},
                                  {64, 64, {3, 5}, 64}};
  for (const Row& row : kRows) {
    ResourcePair pair(row.of_a, row.of_b, row.workers);
    pair.establish();
    pair.world.run_for(60s);
    for (const size_t side : {kA, kB})
      EXPECT_EQ(pair.sent_on(side).size(), row.expected) << row.of_a << "/" << row.of_b;
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(Resources, AfterTsMaxQueueNoMoreIsAskedForAndTheTunnelGoesOn) {
  ResourcePair pair(8, 2, {8, 1});
  pair.world.keeps_sent = true;
  pair.establish();
  pair.world.run_for(10s);
  EXPECT_EQ(pair.sent_on(kA), (Resources{0, 1}));
  const size_t asked = pair.created();
  EXPECT_EQ(asked, 3u) << "the first, the second and the one that is too many";
  pair.world.run_for(600s);
  EXPECT_EQ(pair.created(), asked);
  EXPECT_EQ(pair.a().troubles.size(), 0u);
  ASSERT_EQ(pair.b().failures.size(), 1u);
  EXPECT_EQ(pair.b().failures[0].cause, "limit-reached");
  EXPECT_EQ(pair.lost(), 0u);
  pair.expect_at_rest();
}

TEST(Resources, APlaceThatBecomesFreeAgainIsAskedFor) {
  ResourcePair pair(8, 2, {8, 1});
  pair.establish();
  pair.world.run_for(10s);
  pair.world.command(kB, CommandHardLimit{pair.pair_of(kB, 1)->params.inbound_spi});
  pair.world.run_for(20s);
  EXPECT_EQ(pair.sent_on(kA), (Resources{0, 1})) << pair.world.picture();
  pair.settle();
  pair.expect_at_rest();
}

TEST(Resources, AnExistingPeerWithoutRfc9611KeepsOneChild) {
  for (const size_t side : {kA, kB}) {
    ResourcePair pair(4, 4, {4, 4});
    pair.config[side].resources = 1;
    pair.world.keeps_sent = true;
    pair.establish();
    pair.settle();
    EXPECT_EQ(pair.created(), 1u);
    EXPECT_EQ(pair.sent_on(kA), Resources{0});
    EXPECT_FALSE(pair.pair_of(kA, 0)->params.own_source_port);
    pair.expect_at_rest();
  }
}

TEST(Resources, SeveralPairsOfPrefixesHaveNone) {
  ResourcePair pair(4, 4, {4, 4});
  for (const size_t side : {kA, kB}) {
    auto& children = pair.config[side].children;
    children.push_back(children.front());
    children.back().name += "-2";
    children.back().local = selectors({side == kA ? "10.1.0.0/16" : "10.2.0.0/16"});
    children.back().remote = selectors({side == kA ? "10.2.0.0/16" : "10.1.0.0/16"});
  }
  pair.establish();
  pair.settle();
  EXPECT_EQ(pair.sent_on(kA), (Resources{0, 0}));
  pair.expect_at_rest();
}

TEST(Resources, ANatOnTheWayLeavesThePortsAlone) {
  ResourcePair pair(4, 4, {4, 4});
  pair.config[kB].remote_address = *IpAddress::parse(kOutsideAddress);
  pair.world.nats[kA] = {
      .address = *IpAddress::parse(kOutsideAddress), .port_500 = 40000, .port_4500 = 40001};
  pair.establish();
  pair.world.run_for(3s);
  for (const size_t side : {kA, kB}) {
    EXPECT_EQ(pair.sent_on(side), kFour);
    for (uint16_t i = 0; i < 4; ++i) EXPECT_FALSE(pair.pair_of(side, i)->params.own_source_port);
  }
}

TEST(Resources, RawEspHasNoPorts) {
  ResourcePair pair(2, 2, {2, 2});
  for (PeerConfig& peer : pair.config) peer.encapsulation = Encapsulation::Esp;
  pair.establish();
  pair.world.run_for(3s);
  EXPECT_EQ(pair.sent_on(kA), (Resources{0, 1}));
  EXPECT_FALSE(pair.pair_of(kA, 1)->params.own_source_port);
}

TEST(Resources, APacketFromAPortOfItsOwnIsNoMove) {
  ResourcePair pair(2, 2, {2, 2});
  pair.establish();
  pair.world.run_for(3s);
  const Spi inbound = pair.pair_of(kB, 1)->params.inbound_spi;
  const IpAddress a_address = pair.a().address();
  pair.world.command(kB, CommandRemoteMoved{.inbound_spi = inbound, .remote = {a_address, 40123}});
  pair.world.run_for(5s);
  EXPECT_EQ(pair.b().endpoint().counters().path_probes, 0u);
  // Another address is looked into, at the port of IKE.
  pair.world.command(kB, CommandRemoteMoved{.inbound_spi = inbound,
                                            .remote = {*IpAddress::parse("192.0.2.77"), 40123}});
  EXPECT_EQ(pair.b().endpoint().counters().path_probes, 1u);
  EXPECT_NE(pair.b().endpoint().dump_state().find("candidate=192.0.2.77:4500"), std::string::npos);
}

// --- Rekeys ---

TEST(Resources, EachRekeyKeepsItsResourceOnBothEnds) {
  for (const size_t side : {kA, kB}) {
    ResourcePair pair(4, 4, {4, 2});
    pair.world.esp_interval = 20ms;
    pair.establish();
    pair.world.run_for(3s);
    std::vector<Spi> before;
    for (uint16_t i = 0; i < 4; ++i) before.push_back(pair.pair_of(kA, i)->params.inbound_spi);
    pair.rekey_child(side);
    pair.world.run_for(30s);
    for (uint16_t i = 0; i < 4; ++i) {
      ASSERT_NE(pair.pair_of(kA, i), nullptr) << pair.world.picture();
      const SaPairParams& of_a = pair.pair_of(kA, i)->params;
      EXPECT_NE(of_a.inbound_spi, before[i]);
      EXPECT_EQ(of_a.outbound_spi, pair.pair_of(kB, i)->params.inbound_spi);
    }
    EXPECT_EQ(pair.lost(), 0u);
    pair.world.esp_interval.reset();
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(Resources, CrossingRekeysOfAllLeaveOneOfEach) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    ResourcePair pair(3, 3, {3, 3}, seed);
    pair.world.esp_interval = 20ms;
    pair.establish();
    pair.world.run_for(3s);
    pair.rekey_child(kA);
    pair.rekey_child(kB);
    pair.world.run_for(60s);
    for (const size_t side : {kA, kB})
      EXPECT_EQ(pair.sent_on(side), (Resources{0, 1, 2})) << pair.world.picture();
    EXPECT_EQ(pair.lost(), 0u) << pair.world.picture();
    pair.world.esp_interval.reset();
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(Resources, ARekeyedIkeSaInheritsThemAndWhoBeganGoesOn) {
  for (const size_t side : {kA, kB}) {
    ResourcePair pair(4, 4, {4, 4});
    pair.establish();
    pair.world.run_for(3s);
    const Spi kept = pair.pair_of(kA, 2)->params.inbound_spi;
    pair.rekey_ike(side);
    pair.world.run_for(20s);
    EXPECT_EQ(pair.sent_on(kA), kFour);
    EXPECT_EQ(pair.pair_of(kA, 2)->params.inbound_spi, kept);
    pair.world.command(kB, CommandHardLimit{pair.pair_of(kB, 2)->params.inbound_spi});
    pair.world.run_for(20s);
    for (const size_t end : {kA, kB}) EXPECT_EQ(pair.sent_on(end), kFour) << pair.world.picture();
    pair.settle();
    pair.expect_at_rest();
  }
}

// --- What goes ---

TEST(Resources, OneThatThePeerDeletesComesBackAndTheOthersStay) {
  for (const uint16_t gone : {uint16_t{0}, uint16_t{2}}) {
    ResourcePair pair(4, 4, {4, 4});
    pair.world.esp_interval = 20ms;
    pair.establish();
    pair.world.run_for(3s);
    pair.world.command(kB, CommandHardLimit{pair.pair_of(kB, gone)->params.inbound_spi});
    pair.world.run_for(20s);
    for (const size_t side : {kA, kB}) EXPECT_EQ(pair.sent_on(side), kFour) << pair.world.picture();
    EXPECT_EQ(pair.a().departures + pair.b().departures + pair.a().gaps + pair.b().gaps, 0u);
    pair.world.esp_interval.reset();
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(Resources, ANewIkeSaBesideALostOneMakesItsOwn) {
  ResourcePair pair(4, 4, {4, 4});
  pair.establish();
  pair.world.run_for(3s);
  pair.world.restart(kB);
  pair.start(kB);
  pair.world.esp_interval = 100ms;
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up() && pair.sent_on(kB) == kFour; }, 60s))
      << pair.world.picture();
  pair.world.esp_interval.reset();
  pair.settle();
  EXPECT_EQ(pair.sent_on(kA), kFour);
  pair.expect_at_rest();
}

// Both have two children, and A makes another IKE SA with two on a wire held by hand.
class SuccessionPair : public ResourcePair {
 public:
  explicit SuccessionPair(uint64_t seed = 1) : ResourcePair(2, 2, {2, 2}, seed) {
    establish_and_hold(3s);
    change(kB, Effect::Reauth);
    succeed();
  }
  // A begins with another IKE SA, and B answers its IKE_AUTH.
  void succeed() {
    change(kA, Effect::Reauth);
    world.run_for(1ms);
    deliver_request(ExchangeType::IkeSaInit);
    deliver_response(ExchangeType::IkeSaInit);
    deliver_request(ExchangeType::IkeAuth);
  }
  // A has the first child and asks for the second one; B makes it, and its answer is late.
  void make_second() {
    deliver_response(ExchangeType::IkeAuth);
    world.run_for(1ms);
    world.exchange_esp();
    deliver_request(ExchangeType::CreateChildSa);
  }
};

TEST(Resources, OneThatThePeerMayNotHoldDoesNotStandIn) {
  SuccessionPair pair;
  const Spi before = pair.pair_of(kB, 1)->params.inbound_spi;
  pair.make_second();
  ASSERT_EQ(pair.b().children.size(), 4u) << pair.world.picture();
  pair.world.command(kB, CommandHardLimit{before});
  EXPECT_EQ(pair.sent_on(kB), Resources{0}) << pair.world.picture();
  pair.world.release_wire();
  pair.settle();
  EXPECT_EQ(pair.sent_on(kB), (Resources{0, 1})) << pair.world.picture();
  EXPECT_EQ(pair.a().esp_unknown, 0u);
  pair.expect_at_rest();
}

TEST(Resources, AnIkeSaStaysUntilAllOfItsSuccessorStandWhateverElseBegins) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SuccessionPair pair(seed);
    pair.make_second();
    pair.succeed();
    pair.world.run_for(14s);
    EXPECT_EQ(pair.b().ike_gone.size(), 0u) << "seed " << seed << pair.world.picture();
    pair.world.exchange_esp();
    pair.world.release_wire();
    pair.settle();
    for (const size_t side : {kA, kB})
      EXPECT_EQ(pair.sent_on(side), (Resources{0, 1})) << pair.world.picture();
    EXPECT_EQ(pair.lost(), 0u) << pair.world.picture();
    pair.expect_at_rest();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(Resources, CrossingConnectsKeepOneIkeSaWithAllOfThem) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    ResourcePair pair(3, 3, {3, 3}, seed);
    pair.config[kB].mode = ConnectionMode::Default;
    pair.start();
    pair.world.run_for(30s);
    for (const size_t side : {kA, kB})
      EXPECT_EQ(pair.sent_on(side), (Resources{0, 1, 2})) << pair.world.picture();
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(Resources, CrossingCreationsOfTheFirstAreDuplicates) {
  // Both have lost all of their children, and both make the first one again.
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    ResourcePair pair(3, 3, {3, 3}, seed);
    pair.config[kB].mode = ConnectionMode::Default;
    pair.establish_for(20s);
    pair.use_up(kA);
    pair.world.link.loss_percent = 40;
    pair.world.run_for(60s);
    pair.world.link.loss_percent = 0;
    pair.world.run_for(60s);
    for (const size_t side : {kA, kB})
      EXPECT_EQ(pair.sent_on(side).size(), 3u) << "seed " << seed << pair.world.picture();
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(Resources, ADuplicateThatIsAnAdditionalOneToThePeerIsMadeUpForWhenItIsGone) {
  // Both make the first one again. A's request comes when B's child stands, so it is B's second
  // one; to A both are the first, and B, which has two, accepts no more.
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    ResourcePair pair(2, 2, {1, 1}, seed);
    pair.config[kB].mode = ConnectionMode::Default;
    pair.establish_for(20s);
    const size_t before = pair.b().children.size();
    pair.world.filter = [&](const WireMessage& message) {
      return message.from != kA || !message.is_request(ExchangeType::CreateChildSa) ||
             pair.b().children.size() > before;
    };
    pair.use_up(kA);
    pair.world.run_for(100s);
    for (const size_t side : {kA, kB})
      EXPECT_EQ(pair.sent_on(side).size(), 2u) << "seed " << seed << pair.world.picture();
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(Resources, ARequestThatWasRefusedIsNotRepeatedWhenThePeerHasMadeWhatItAskedFor) {
  //   A: the first again --. .-- B: the first again
  //   A: makes it <---------' '-> B: another group, please
  //   A: <----------------------- B
  ResourcePair pair(2, 2, {2, 2});
  pair.differ_on_first_group();
  pair.establish_for(20s);
  ASSERT_EQ(pair.sent_on(kA), (Resources{0, 1})) << pair.world.picture();
  pair.config[kB].mode = ConnectionMode::Default;
  pair.change(kB);
  const auto asks = [](size_t side) {
    return [side](const WireMessage& message) {
      return message.from == side && message.is_request(ExchangeType::CreateChildSa);
    };
  };
  // B has A's DELETEs, and asks when A's request does not come.
  pair.world.filter = [&](const WireMessage& message) {
    if (asks(kA)(message)) pair.world.hold_wire();
    return true;
  };
  pair.use_up(kA);
  ASSERT_TRUE(pair.world.run_until([&] { return pair.world.find_held(asks(kB)).has_value(); }, 20s))
      << pair.world.picture();
  pair.world.filter = nullptr;
  pair.world.deliver(*pair.world.find_held(asks(kA)));
  pair.world.deliver(*pair.world.find_held(asks(kB)));
  while (const auto repeated = pair.world.find_held(asks(kA))) pair.world.drop(*repeated);
  const auto refusal = pair.world.find_held([](const WireMessage& message) {
    return message.from == kB && message.is_response(ExchangeType::CreateChildSa);
  });
  ASSERT_TRUE(refusal.has_value()) << pair.world.picture();
  pair.world.deliver(*refusal);
  EXPECT_FALSE(pair.world.find_held(asks(kA)).has_value()) << pair.world.picture();
  pair.world.release_wire();
  pair.settle();
  for (const size_t side : {kA, kB})
    EXPECT_EQ(pair.sent_on(side), (Resources{0, 1})) << pair.world.picture();
  pair.expect_at_rest();
}

// --- A peer that does otherwise ---

class ResourcePeer : public testing::Test {
 protected:
  void SetUp() override {
    ScriptedPeer::prepare(pair.world, kA);
    pair.config[kA].resources = 3;
    pair.config[kB].resources = 3;
    // Only the first child stands when the peer is taken over.
    pair.world.filter = [this](const WireMessage& message) {
      return message.from != kA || !message.is_request(ExchangeType::CreateChildSa) ||
             pair.a().children.empty();
    };
    pair.config[kB].admits_childless = false;
    pair.establish();
    peer.emplace(pair.world, kA);
    peer->config = pair.config[kB];
  }
  ScriptedPeer::Heard heard(ExchangeType exchange) {
    if (!peer->heard()) pair.world.run_until([this] { return peer->heard().has_value(); }, 60s);
    const auto request = peer->heard();
    EXPECT_TRUE(request.has_value()) << pair.world.picture();
    if (!request) return {};
    EXPECT_EQ(request->header.exchange, static_cast<uint8_t>(exchange));
    return *request;
  }
  size_t children() { return pair.a().all_outbound(kTunnel).size(); }

  SimPair pair;
  std::optional<ScriptedPeer> peer;
};

TEST_F(ResourcePeer, AnotherRefusalIsMetWithBackOffAndHarmsNothing) {
  unsigned refused = 0;
  const Instant end = pair.world.now() + 120s;
  while (pair.world.now() < end) {
    const auto request = peer->heard();
    if (request && find_payload<SaPayload>(request->payloads) != nullptr) {
      ++refused;
      EXPECT_NE(find_notify(request->payloads, NotifyType::SaResourceInfo), nullptr);
      peer->answer(*request, {error_notify(NotifyType::NoAdditionalSas)});
    } else if (request) {
      peer->answer_well(*request);
    } else {
      pair.world.run_until([this] { return peer->heard().has_value(); }, end - pair.world.now());
    }
  }
  EXPECT_GE(refused, 4u);
  EXPECT_LE(refused, 12u) << "1, 2, 4, ... 30 s";
  EXPECT_EQ(children(), 1u);
  EXPECT_EQ(pair.a().departures, 0u);
  EXPECT_EQ(pair.a().troubles.size(), refused);
  EXPECT_TRUE(std::ranges::all_of(pair.a().troubles, [](const EventChildTrouble& trouble) {
    return trouble.diagnosis.cause == "limit-reached";
  }));
}

TEST_F(ResourcePeer, AnAdditionalChildWithoutTheNotifyIsDeletedAndNoMoreAskedFor) {
  peer->answer_well(heard(ExchangeType::CreateChildSa));
  const auto gone = heard(ExchangeType::Informational);
  EXPECT_EQ(deleted_esp_spis(gone.payloads).size(), 1u);
  peer->behave_for(180s);
  EXPECT_EQ(children(), 1u);
  EXPECT_EQ(peer->disagreements(), std::vector<std::string>{}) << pair.world.picture();
  EXPECT_EQ(pair.a().troubles.size(), 1u);
}

TEST_F(ResourcePeer, EachRequestNamesItsResourceAndIsLikeTheFirst) {
  const auto request = heard(ExchangeType::CreateChildSa);
  const auto* info = find_notify(request.payloads, NotifyType::SaResourceInfo);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->protocol, ProtocolId::None);
  EXPECT_TRUE(info->spi.empty());
  EXPECT_EQ(info->value, to_bytes(as_bytes(std::string("1"))));
  EXPECT_EQ(find_selectors(request.payloads, true)->selectors, pair.config[kA].children[0].local);
}

}  // namespace
}  // namespace twinspan::ike
