// RFC 6023: IKE_AUTH without a child, so that the first child shows what renewing it will need; and
// what stands in for it where the peer does not know it, or where the two sides' PFS differs.
#include <algorithm>

#include "ike/core/child_sa.h"
#include "ike/core/renewal.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

constexpr uint8_t kAuthType = static_cast<uint8_t>(ExchangeType::IkeAuth);
constexpr uint8_t kCreateType = static_cast<uint8_t>(ExchangeType::CreateChildSa);
// Past the latest moment of the probe.
constexpr Duration kProbed = kProbeAfterMin + kProbeAfterSpread + 10s;

size_t count_trace(const SimHost& host, const std::string& part) {
  return static_cast<size_t>(std::ranges::count_if(
      host.trace, [&](const std::string& line) { return line.find(part) != std::string::npos; }));
}

size_t count_requests(const SimPair& pair, uint8_t exchange) {
  return static_cast<size_t>(std::ranges::count_if(pair.world.sent, [&](const WireMessage& m) {
    return m.header.exchange == exchange && !m.header.is_response;
  }));
}

void set_pfs(SimPair& pair, size_t side, DhGroupId group) {
  for (ChildConfig& child : pair.config[side].children) child.proposals[0].pfs_group = group;
}

const Diagnosis* find_trouble(const SimHost& host, const std::string& cause) {
  const auto found = std::ranges::find_if(
      host.troubles, [&](const auto& trouble) { return trouble.diagnosis.cause == cause; });
  return found == host.troubles.end() ? nullptr : &found->diagnosis;
}

const ComparedItem& group_of(const Diagnosis& why) {
  return *std::ranges::find(why.compared.items, "dh_group", &ComparedItem::item);
}

TEST(Childless, TheFirstChildComesByCreateChildSaWithAGroupOfItsOwn) {
  SimPair pair;
  pair.world.keeps_sent = true;
  pair.establish();
  EXPECT_EQ(count_requests(pair, kAuthType), 1u);
  EXPECT_EQ(count_requests(pair, kCreateType), 1u);
  EXPECT_EQ(count_trace(pair.a(), "CHILDLESS_IKEV2_SUPPORTED"), 1u);
  EXPECT_EQ(count_trace(pair.b(), "IKE_AUTH request 1 [IDi, N(INITIAL_CONTACT), IDr, AUTH]"), 1u);
  EXPECT_EQ(count_trace(pair.b(), "CREATE_CHILD_SA request 2 [SA, Ni, KEi, TSi, TSr]"), 1u)
      << pair.world.picture();
  pair.world.run_for(kProbed);
  EXPECT_EQ(count_requests(pair, kCreateType), 1u) << "it is proven: nothing is probed";
  pair.expect_at_rest();
}

TEST(Childless, ASideThatDoesNotAdmitItHasTheFirstChildInIkeAuth) {
  for (const size_t without : {kA, kB}) {
    SimPair pair;
    pair.config[without].admits_childless = false;
    pair.world.keeps_sent = true;
    pair.establish();
    EXPECT_EQ(count_requests(pair, kCreateType), 0u);
    EXPECT_EQ(count_trace(pair.a(), "CHILDLESS_IKEV2_SUPPORTED"), without == kA ? 1u : 0u);
    EXPECT_EQ(count_trace(pair.b(), "AUTH, SA, TSi, TSr]"), 1u) << pair.world.picture();
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(Childless, AnIkeSaWithoutAChildStays) {
  SimPair pair;
  pair.config[kA].mode = ConnectionMode::InitiatorOnly;
  // Nothing in common but the IKE SA.
  pair.config[kA].children[0].local = selectors({"10.1.0.0/16"});
  pair.config[kB].children[0].remote = selectors({"10.7.0.0/16"});
  pair.start();
  pair.world.run_for(120s);
  EXPECT_EQ(pair.a().ike_gone.size(), 0u);
  EXPECT_EQ(pair.b().ike_gone.size(), 0u);
  EXPECT_EQ(pair.a().last_cause[kTunnel], "no-common-selectors");
  EXPECT_NE(pair.a().tunnel_state[kTunnel], TunnelState::Established);
  pair.expect_sound();
}

TEST(Childless, EveryLossOnTheWayToTheFirstChildIsMadeGood) {
  for (unsigned lost = 0; lost < 6; ++lost) {
    SimPair pair;
    unsigned seen = 0;
    pair.world.filter = [&](const WireMessage&) { return seen++ != lost; };
    pair.start();
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 30s)) << pair.world.picture();
    pair.world.filter = nullptr;
    pair.settle();
    pair.expect_at_rest();
    EXPECT_EQ(pair.a().ike_established.size(), 1u) << "message " << lost;
  }
}

// Both sides begin at once: two IKE SAs without a child, and a child on each.
TEST(Childless, BothSidesConnectAtOnceAndKeepOneChild) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimPair pair(seed);
    pair.config[kB].mode = ConnectionMode::Default;
    pair.world.link = {.delay_min = 5ms, .delay_max = 60ms, .loss_percent = seed > 10 ? 20u : 0u};
    pair.start();
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 120s)) << pair.world.picture();
    pair.world.link = {};
    pair.settle();
    pair.expect_at_rest();
    EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u) << pair.world.picture();
  }
}

// The initiator of the IKE SA is not heard for so long that the responder makes the child, too:
// both requests are on the way. `lowest`: whose exchange has the lowest nonce.
void cross_creations(SimPair& pair, size_t lowest) {
  pair.config[kB].mode = ConnectionMode::Default;
  pair.config[kA].mode = ConnectionMode::InitiatorOnly;
  pair.world.filter = [](const WireMessage& m) {
    return m.from == kA || !m.is_request(ExchangeType::IkeSaInit);
  };
  pair.start(kB);
  pair.world.hold_wire();
  pair.start(kA);
  // IKE_SA_INIT and IKE_AUTH; A's CREATE_CHILD_SA stays on the way.
  for (unsigned message = 0; message < 4; ++message) {
    pair.world.run_for(1ms);
    ASSERT_FALSE(pair.world.held().empty()) << pair.world.picture();
    if (message == 3) {
      // Each side draws the nonce of its request first.
      pair.a().crypto().force_nonce(lowest == kA ? 0x00 : 0x80);
      pair.a().crypto().force_nonce(0x80);
      pair.b().crypto().force_nonce(lowest == kB ? 0x00 : 0x80);
      pair.b().crypto().force_nonce(0x80);
    }
    pair.world.deliver(0);
  }
  const auto asks = [](const WireMessage& m) {
    return m.from == kB && m.is_request(ExchangeType::CreateChildSa);
  };
  ASSERT_TRUE(pair.world.run_until([&] { return pair.world.find_held(asks).has_value(); }, 20s))
      << pair.world.picture();
}

TEST(Childless, CrossingCreationsOfTheFirstChildLeaveOne) {
  for (const size_t lowest : {kA, kB}) {
    SimPair pair;
    cross_creations(pair, lowest);
    pair.world.release_wire();
    pair.settle();
    pair.expect_at_rest();
    EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u) << pair.world.picture();
  }
}

// The side whose child loses has the other one already, and the peer does not: until the answer
// that makes it has arrived, the loser is all that the peer has.
TEST(Childless, OfCrossingCreationsTheLoserServesUntilThePeerHoldsTheWinner) {
  for (const size_t lowest : {kA, kB}) {
    for (const size_t late : {kA, kB}) {
      SimPair pair;
      cross_creations(pair, lowest);
      pair.world.filter = [late](const WireMessage& m) {
        return m.from != late || !m.is_response(ExchangeType::CreateChildSa);
      };
      pair.world.esp_interval = 100ms;
      pair.world.release_wire();
      pair.world.run_for(3s);
      EXPECT_TRUE(pair.is_up());
      pair.world.filter = nullptr;
      pair.settle();
      pair.expect_at_rest();
      EXPECT_EQ(pair.a().departures + pair.b().departures, 0u) << pair.world.picture();
      EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u) << pair.world.picture();
    }
  }
}

// A does not hear for a while that B has made what it asked for, and B rekeys its own child. Both
// sides still drop the same line of children.
TEST(Childless, CrossingCreationsOfWhichOneIsRekeyedMeanwhileLeaveOne) {
  for (uint64_t seed = 1; seed <= 16; ++seed) {
    SimPair pair(seed);
    cross_creations(pair, seed % 2);
    const auto is_on_time = [](const WireMessage& m) {
      return m.from == kA || !m.is_response(ExchangeType::CreateChildSa);
    };
    const auto deliver_on_time = [&] {
      while (const auto index = pair.world.find_held(is_on_time)) {
        pair.world.deliver(*index);
        pair.world.run_for(1ms);
      }
    };
    deliver_on_time();
    const size_t made = pair.a().children.size();
    pair.rekey_child(kB);
    deliver_on_time();
    ASSERT_GT(pair.a().children.size(), made) << pair.world.picture();
    pair.world.release_wire();
    pair.settle();
    pair.expect_at_rest();
    EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u) << "seed " << seed << pair.world.picture();
  }
}

// The side that has both rekeys the one that loses, and meanwhile the peer gets the other one: what
// replaces a loser loses, whatever the nonces of the rekey are.
TEST(Childless, OfCrossingCreationsOneIsLeftAlthoughTheLoserIsRekeyed) {
  for (const size_t late : {kA, kB}) {
    for (const uint8_t nonce : {uint8_t{0x00}, uint8_t{0xff}}) {
      SimPair pair;
      cross_creations(pair, late);
      pair.world.filter = [late](const WireMessage& m) {
        return m.from != late || !m.is_response(ExchangeType::CreateChildSa);
      };
      pair.world.release_wire();
      pair.world.run_for(3s);
      pair.world.filter = nullptr;
      SimHost& waiting = pair.world.host(1 - late);
      ASSERT_TRUE(pair.world.run_until([&] { return waiting.children.size() == 2; }, 10s))
          << pair.world.picture();
      for (const size_t side : {kA, kB}) pair.world.host(side).crypto().force_nonce(nonce);
      pair.rekey_child(late);
      pair.world.esp_interval = 100ms;
      pair.settle();
      pair.expect_at_rest();
      EXPECT_EQ(pair.a().departures + pair.b().departures, 0u) << pair.world.picture();
      EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u) << pair.world.picture();
    }
  }
}

// The answer to the IKE rekey proves the winner, so the loser is deleted by its side, on the IKE SA
// that has it from then on.
TEST(Childless, OfCrossingCreationsOneIsLeftAlthoughBothRekeyTheIkeSaNext) {
  //   one: create --.   .-- create :other      one's child loses
  //   one: rekey IKE ---.   .--- rekey IKE :other
  //   one: <--- agreed --- \ --- :other        which has a candidate
  //   one: delete child, on the new IKE SA --->
  for (const size_t one : {kA, kB}) {
    SimPair pair;
    cross_creations(pair, one);
    const auto deliver_from = [&](size_t side) {
      const auto index =
          pair.world.find_held([side](const WireMessage& m) { return m.from == side; });
      ASSERT_TRUE(index.has_value()) << pair.world.picture();
      pair.world.deliver(*index);
    };
    while (pair.world.held().size() > 2) pair.world.drop(0);  // Repetitions of A's request.
    for (const size_t side : {kA, kB}) pair.rekey_ike(side);
    // Both requests, then both answers.
    for (const size_t side : {kA, kB, kA, kB}) deliver_from(side);
    ASSERT_EQ(pair.world.held().size(), 2u) << pair.world.picture();
    deliver_from(one);
    pair.world.deliver(pair.world.held().size() - 1);
    pair.world.release_wire();
    pair.settle();
    pair.expect_at_rest();
    EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u) << pair.world.picture();
  }
}

// --- PFS that differs ---

TEST(PfsMismatch, IsSeenWhenConnectingAndTheTunnelComesUpWithAChildOfIkeAuth) {
  const DhGroupId groups[][2] = {{DhGroupId::Ecp384, DhGroupId::None},
                                 {DhGroupId::None, DhGroupId::Ecp384},
                                 {DhGroupId::Ecp384, DhGroupId::Ecp256}};
  for (const auto& [of_a, of_b] : groups) {
    SimPair pair;
    set_pfs(pair, kA, of_a);
    set_pfs(pair, kB, of_b);
    pair.start();
    pair.world.command(kA, CommandUp{kTunnel});
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 5s)) << pair.world.picture();
    pair.world.run_for(100ms);
    ASSERT_EQ(pair.a().done.size(), 1u);
    EXPECT_TRUE(pair.a().done[0].ok);
    const Diagnosis* const trouble = find_trouble(pair.a(), "pfs-mismatch");
    ASSERT_NE(trouble, nullptr) << pair.world.picture();
    EXPECT_EQ(trouble->config_field, "ipsec_policy.pfs_group");
    EXPECT_EQ(trouble->exchange, "CREATE_CHILD_SA");
    EXPECT_EQ(group_of(*trouble).ours, of_a == DhGroupId::None ? "None" : "ECP384");
    // The side that refuses knows both.
    const auto refused = std::ranges::find(pair.b().failures, "pfs-mismatch", &Diagnosis::cause);
    ASSERT_NE(refused, pair.b().failures.end());
    EXPECT_EQ(group_of(*refused).theirs, group_of(*trouble).ours);
    EXPECT_EQ(refused->config_field, "ipsec_policy.pfs_group");
    pair.settle();
    pair.expect_at_rest();
    EXPECT_EQ(pair.a().ike_gone.size(), 1u) << "it was tried without a child once";
  }
}

TEST(PfsMismatch, ComesToRestWhenBothSidesBegin) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SimPair pair(seed);
    pair.config[kB].mode = ConnectionMode::Default;
    set_pfs(pair, kB, DhGroupId::Ecp256);
    pair.world.link = {.delay_min = 5ms, .delay_max = 60ms};
    pair.start();
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 60s)) << pair.world.picture();
    pair.world.run_for(120s);
    EXPECT_TRUE(pair.is_up());
    pair.expect_at_rest();
    EXPECT_LE(pair.a().ike_established.size(), 6u) << pair.world.picture();
  }
}

TEST(PfsMismatch, AChildThatEndsBecauseOfItComesBackWithIkeAuth) {
  SimPair pair;
  set_pfs(pair, kB, DhGroupId::Ecp256);
  for (const size_t side : {kA, kB})
    pair.config[side].children[0].lifetime = {.soft_time = 200s, .hard_time = 240s};
  pair.establish();
  for (unsigned turn = 0; turn < 3; ++turn) {
    pair.world.run_for(250s);
    ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 20s)) << pair.world.picture();
  }
  pair.expect_sound();
}

TEST(PfsMismatch, OtherAlgorithmsThatDifferAreNotTakenForIt) {
  SimPair pair;
  for (EspProposal& proposal : pair.config[kB].children[0].proposals)
    proposal.encryption = {EncryptionId::AesGcm16, 128};
  pair.start();
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_for(60s);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_EQ(pair.a().done[0].diagnosis.cause, "no-esp-proposal");
  for (const size_t side : {kA, kB})
    EXPECT_EQ(find_trouble(pair.world.host(side), "pfs-mismatch"), nullptr);
  // It settles on one IKE SA and goes on asking there.
  EXPECT_LE(pair.a().ike_established.size(), 2u) << pair.world.picture();
  pair.expect_sound();
}

TEST(PfsMismatch, IsFoundByAnEarlyRekeyWhereThePeerIsNotChildless) {
  for (const size_t without : {kA, kB}) {
    SimPair pair;
    pair.config[without].admits_childless = false;
    set_pfs(pair, kB, DhGroupId::Ecp256);
    pair.establish();
    const Spi first = pair.a().outbound(kTunnel)->params.inbound_spi;
    EXPECT_EQ(find_trouble(pair.a(), "pfs-mismatch"), nullptr);
    pair.world.run_for(kProbed);
    const Diagnosis* const trouble = find_trouble(pair.a(), "pfs-mismatch");
    ASSERT_NE(trouble, nullptr) << pair.world.picture();
    EXPECT_EQ(trouble->config_field, "ipsec_policy.pfs_group");
    EXPECT_TRUE(pair.is_up());
    EXPECT_EQ(pair.a().outbound(kTunnel)->params.inbound_spi, first);
    EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
    pair.world.run_for(600s);
    EXPECT_LE(count_trace(pair.b(), "CREATE_CHILD_SA request"), 1u) << "asked once";
    pair.expect_at_rest();
  }
}

TEST(EarlyRekey, ProvesOnceThatRenewalWorksAndLosesNothing) {
  SimPair pair;
  pair.config[kB].admits_childless = false;
  pair.world.esp_interval = 20ms;
  pair.establish();
  const Spi first = pair.a().outbound(kTunnel)->params.inbound_spi;
  pair.world.run_for(kProbed);
  EXPECT_NE(pair.a().outbound(kTunnel)->params.inbound_spi, first);
  pair.settle();
  EXPECT_EQ(pair.a().gaps + pair.b().gaps + pair.a().esp_unknown + pair.b().esp_unknown, 0u);
  // The next IKE SA is trusted.
  pair.world.esp_interval.reset();
  pair.world.cuts = {{kA, kB}, {kB, kA}};
  ASSERT_TRUE(pair.world.run_until([&] { return !pair.is_up(); }, 300s));
  pair.world.run_for(200s);
  pair.world.cuts.clear();
  ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 120s)) << pair.world.picture();
  const auto count_rekeys = [&] {
    return std::ranges::count_if(pair.a().children, &EventChildEstablished::by_rekey);
  };
  const auto before = count_rekeys();
  pair.world.run_for(kProbed);
  EXPECT_EQ(count_rekeys(), before);
  pair.expect_at_rest();
}

TEST(RenewalRecord, DecidesHowTheFirstChildComes) {
  Renewal renewal;
  EXPECT_TRUE(renewal.goes_childless());
  EXPECT_TRUE(renewal.is_unknown());
  EXPECT_TRUE(renewal.may_come_with_auth());
  renewal.by_create_child = false;
  EXPECT_FALSE(renewal.goes_childless());
  renewal.by_ike_auth = false;  // Neither works: what was tried first is tried again.
  EXPECT_TRUE(renewal.goes_childless());
  EXPECT_FALSE(renewal.may_come_with_auth());
  renewal = {.by_create_child = true, .by_ike_auth = true, .refusal = std::nullopt};
  EXPECT_TRUE(renewal.goes_childless());
}

}  // namespace
}  // namespace twinspan::ike
