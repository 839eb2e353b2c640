// A peer that is configured by name: who is called, and who may call.
#include <algorithm>

#include "ike/core/remote_name.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

constexpr TunnelId kOther{8};
const IpAddress kAddressA = *IpAddress::parse("192.0.2.1");
const IpAddress kAddressB = *IpAddress::parse("192.0.2.2");
const IpAddress kNobody = *IpAddress::parse("192.0.2.99");
const IpAddress kFarV6 = *IpAddress::parse("2001:db8::1");

// A knows B by the name b.example.net.
class Named : public SimPair {
 public:
  explicit Named(uint64_t seed = 1) : SimPair(seed) {
    config[kA].remote_address = {};
    config[kA].remote_name = "b.example.net";
    world.name_service = [this](const EventResolve& asked) -> std::optional<CommandResolved> {
      asked_at.push_back(world.now());
      if (is_silent) return std::nullopt;
      return CommandResolved{
          .tunnel = asked.tunnel, .name = asked.name, .addresses = addresses, .error = error};
    };
    world.keeps_sent = true;
  }
  bool is_a_up() { return a().tunnel_state[kTunnel] == TunnelState::Established; }
  const Diagnosis& last() { return a().diagnoses.back(); }
  // Whom A sent an IKE_SA_INIT, in order, repetitions left out.
  std::vector<IpAddress> called() {
    std::vector<IpAddress> found;
    for (const Datagram& stray : world.stray) found.push_back(stray.remote.address);
    return found;
  }

  std::vector<IpAddress> addresses{kAddressB};
  std::string error;
  bool is_silent = false;
  std::vector<Instant> asked_at;
};

TEST(Named, IsLookedUpAndCalled) {
  Named pair;
  pair.establish();
  EXPECT_EQ(pair.asked_at.size(), 1u);
  pair.world.run_for(300s);
  EXPECT_EQ(pair.asked_at.size(), 1u);  // While it stands the name does not matter.
  pair.expect_at_rest();
}

TEST(Named, IsLookedUpAnewBeforeEachAttempt) {
  Named pair;
  pair.establish();
  pair.addresses = {kNobody};
  pair.world.run_for(60s);
  EXPECT_TRUE(pair.is_a_up());  // What the name says now is for the next time.
  pair.b().is_alive = false;
  ASSERT_TRUE(pair.world.run_until([&] { return !pair.world.stray.empty(); }, 60s));
  EXPECT_EQ(pair.called().front(), kNobody);
  pair.b().is_alive = true;
  pair.addresses = {kAddressB};
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 90s)) << pair.world.picture();
  EXPECT_GE(pair.asked_at.size(), 3u);
  pair.settle();
  pair.expect_at_rest();
}

TEST(Named, WithoutAnswerIsAReasonAndIsTriedAgainWithBackOff) {
  Named pair;
  pair.error = "no such name";
  pair.addresses.clear();
  pair.start();
  pair.world.run_for(1ms);
  EXPECT_EQ(pair.last().cause, "name-unresolved");
  EXPECT_EQ(pair.last().message,
            "the peer's name leads to no address that can be tried (b.example.net: no such name)");
  EXPECT_NE(pair.last().remedy, "");
  pair.world.run_for(120s);
  EXPECT_GE(pair.asked_at.size(), 6u);
  EXPECT_LE(pair.asked_at.size(), 12u);
  pair.error.clear();
  pair.addresses = {kAddressB};
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 40s)) << pair.world.picture();
}

TEST(Named, ThatHasNoAddressOfOurFamilySaysSo) {
  Named pair;
  pair.addresses = {kFarV6, *IpAddress::parse("127.0.0.1"), kAddressA};
  pair.start();
  pair.world.run_for(1ms);
  EXPECT_EQ(pair.last().cause, "name-unresolved");
  EXPECT_NE(pair.last().message.find("2001:db8::1, 127.0.0.1, 192.0.2.1, which cannot be reached"),
            std::string::npos)
      << pair.last().message;
  EXPECT_TRUE(pair.world.stray.empty());
}

TEST(Named, WithSeveralAddressesHasEachTriedInTurn) {
  Named pair;
  const IpAddress also_nobody = *IpAddress::parse("192.0.2.98");
  pair.addresses = {kNobody, also_nobody, kFarV6, kAddressB};
  pair.start();
  // The name service turns them round each time.
  const auto turn = [&] {
    std::rotate(pair.addresses.begin(), pair.addresses.begin() + 1, pair.addresses.end());
  };
  for (unsigned i = 0; i < 3 && !pair.is_up(); ++i) {
    pair.world.run_until([&] { return pair.is_up(); }, 20s);
    turn();
    pair.world.run_until([&] { return pair.is_up(); }, 20s);
  }
  EXPECT_TRUE(pair.is_up()) << pair.world.picture();
  EXPECT_LE(pair.asked_at.size(), 3u);
  pair.settle();
  pair.expect_at_rest();
}

TEST(Named, WithASilentNameServiceIsTriedAgain) {
  Named pair;
  pair.is_silent = true;
  pair.start();
  pair.world.run_for(kResolveMax + 1ms);
  EXPECT_EQ(pair.last().cause, "name-unresolved");
  pair.world.run_for(kResolveMax);
  EXPECT_GE(pair.asked_at.size(), 2u);
  pair.is_silent = false;
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 70s)) << pair.world.picture();
}

// The name service may be behind the tunnel.
TEST(Named, IsCalledAtItsLastAddressWhenTheNameServiceIsGone) {
  Named pair;
  pair.establish();
  pair.error = "no name server";
  pair.addresses.clear();
  pair.world.restart(kB);
  pair.start(kB);
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 90s)) << pair.world.picture();
}

TEST(Named, ThatIsHeldDownIsNotCalledByALateAnswer) {
  Named pair;
  pair.is_silent = true;
  pair.start();
  pair.world.run_for(1ms);
  pair.world.command(kA, CommandDown{kTunnel});
  pair.world.command(
      kA, CommandResolved{
              .tunnel = kTunnel, .name = "b.example.net", .addresses = {kAddressB}, .error = ""});
  pair.world.run_for(10s);
  EXPECT_FALSE(pair.is_up());
  EXPECT_EQ(pair.a().tunnel_state[kTunnel], TunnelState::Down);
  pair.is_silent = false;
  pair.world.command(kA, CommandUp{kTunnel});
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 10s)) << pair.world.picture();
}

// --- Who may call ---

// B, which only answers, knows A by name; the name leads nowhere, or not there yet.
class Caller : public SimPair {
 public:
  Caller() {
    config[kB].remote_address = {};
    config[kB].remote_name = "a.example.net";
    world.name_service = [this](const EventResolve& asked) -> std::optional<CommandResolved> {
      ++asked_count;
      return CommandResolved{.tunnel = asked.tunnel,
                             .name = asked.name,
                             .addresses = addresses,
                             .error = addresses.empty() ? "no such name" : ""};
    };
  }
  std::vector<IpAddress> addresses;
  unsigned asked_count = 0;
};

TEST(Caller, WithANameMayComeFromAnyAddress) {
  Caller pair;
  pair.establish();
  EXPECT_EQ(pair.b().diagnoses.size(), 0u);  // That the name leads nowhere is no failure here.
  pair.settle();
  pair.expect_at_rest();
}

TEST(Caller, IsLookedUpNowAndThenUntilItComes) {
  Caller pair;
  pair.addresses = {kAddressA};
  pair.start(kB);
  pair.world.run_for(310s);
  EXPECT_EQ(pair.asked_count, 6u);
  pair.start(kA);
  ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 10s));
  pair.world.run_for(300s);
  EXPECT_EQ(pair.asked_count, 6u);
}

TEST(Caller, ThatIsExpectedIsToldOfAnSpiThatWeLost) {
  Caller pair;
  pair.addresses = {kAddressA};
  pair.establish();
  pair.world.restart(kB);
  pair.start(kB);
  pair.world.run_for(1ms);
  pair.world.exchange_esp();
  pair.world.run_for(2s);
  EXPECT_EQ(pair.a().endpoint().counters().hints, 1u);
  EXPECT_TRUE(pair.is_up()) << pair.world.picture();
}

TEST(Caller, FromAnywhereIsNobodyElse) {
  Caller pair;
  // The other tunnel's peer has an address of its own; A has its key and says it were it.
  PeerConfig other = peer_config(kB);
  other.tunnel = kOther;
  other.name = "b-to-x";
  other.remote_address = *IpAddress::parse("192.0.2.50");
  other.remote_identity = fqdn("x.example.net");
  other.mode = ConnectionMode::ResponderOnly;
  other.authentication = psk("the key of x");
  pair.config[kA].local_identity = fqdn("x.example.net");
  pair.config[kA].authentication = other.authentication;
  pair.world.command(kB, CommandAddPeer{.peer = other, .started = true});
  pair.start();
  pair.world.run_for(60s);
  EXPECT_EQ(pair.b().ike_established.size(), 0u);
  EXPECT_EQ(pair.a().last_cause[kTunnel], "auth-refused");
  // Nor has a connection failed: anybody may try.
  EXPECT_EQ(pair.b().diagnoses.size(), 0u) << pair.world.picture();
}

TEST(Caller, WithTheRightNameAndTheWrongKeyIsRefused) {
  Caller pair;
  pair.config[kA].authentication = psk("guess");
  pair.start();
  pair.world.run_for(60s);
  EXPECT_EQ(pair.b().ike_established.size(), 0u);
  EXPECT_EQ(pair.b().last_cause[kTunnel], "wrong-psk");
}

TEST(Caller, WhoseOfferDoesNotFitIsNoFailureUnlessItIsExpected) {
  for (const bool is_expected : {false, true}) {
    Caller pair;
    if (is_expected) pair.addresses = {kAddressA};
    pair.config[kA].ike_proposals = {
        {.encryption = {EncryptionId::AesGcm16, 128}, .group = DhGroupId::Modp2048}};
    pair.start();
    pair.world.run_for(5s);
    EXPECT_EQ(pair.a().last_cause[kTunnel], "no-ike-proposal");
    EXPECT_EQ(pair.b().diagnoses.size() > 0, is_expected);
  }
}

TEST(Caller, AtTheAddressOfAnotherPeerIsToldApartByIdentity) {
  for (const bool is_the_other : {false, true}) {
    Caller pair;
    PeerConfig other = peer_config(kB);
    other.tunnel = kOther;
    other.name = "b-to-x";
    other.remote_identity = fqdn("x.example.net");
    other.mode = ConnectionMode::ResponderOnly;
    other.authentication = psk("the key of x");
    if (is_the_other) {
      pair.config[kA].local_identity = fqdn("x.example.net");
      pair.config[kA].authentication = other.authentication;
    }
    pair.world.command(kB, CommandAddPeer{.peer = other, .started = true});
    pair.start();
    pair.world.run_for(5s);
    EXPECT_EQ(pair.b().tunnel_state[is_the_other ? kOther : kTunnel], TunnelState::Established);
    EXPECT_NE(pair.b().tunnel_state[is_the_other ? kTunnel : kOther], TunnelState::Established);
  }
}

// The caller's address changes, as on a dynamic line: it comes back from elsewhere, and what it
// left goes.
TEST(Caller, ThatComesBackFromElsewhereReplacesItself) {
  Caller pair;
  pair.world.nats[kA] = {
      .address = *IpAddress::parse("203.0.113.1"), .port_500 = 500, .port_4500 = 4500};
  pair.establish();
  pair.world.nats[kA].address = *IpAddress::parse("203.0.113.77");
  pair.world.restart(kA);
  pair.start(kA);
  ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 10s)) << pair.world.picture();
  EXPECT_EQ(pair.b().outbound(kTunnel)->params.remote,
            (Endpoint{*IpAddress::parse("203.0.113.77"), 4500}));
  pair.settle();
  pair.expect_at_rest();
}

}  // namespace
}  // namespace twinspan::ike
