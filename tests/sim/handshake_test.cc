// IKE_SA_INIT and IKE_AUTH between two endpoints of ours: what must come up, and what must not.
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

// Childless, or with the first child in IKE_AUTH.
TEST(Handshake, ComesUpInThreeOrTwoRoundTripsAndInstallsOnePairOnEachSide) {
  for (const bool childless : {true, false}) {
    SimPair pair;
    pair.config[kB].admits_childless = childless;
    pair.establish();
    EXPECT_EQ(pair.a().inbound.size(), 1u);
    EXPECT_EQ(pair.b().inbound.size(), 1u);
    EXPECT_EQ(pair.world.now() - Instant{} - 1000s, childless ? 130ms : 120ms);
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(Handshake, ANarrowerResponderNarrowsAndBothSidesSaySo) {
  SimPair pair;
  pair.config[kA].children[0].local = selectors({"10.1.0.0/16", "10.5.0.0/16"});
  pair.config[kA].children[0].remote = selectors({"10.0.0.0/8"});
  pair.config[kB].children[0].local = selectors({"10.2.0.0/16"});
  pair.config[kB].children[0].remote = selectors({"10.1.0.0/16"});
  pair.establish();
  const auto& child = pair.a().children.at(0);
  EXPECT_TRUE(child.narrowed);
  EXPECT_EQ(child.local_selectors, selectors({"10.1.0.0/16"}));
  EXPECT_EQ(child.remote_selectors, selectors({"10.2.0.0/16"}));
  EXPECT_FALSE(pair.b().children.at(0).narrowed);
  pair.rekey_child(kA);
  pair.settle();
  EXPECT_EQ(pair.a().children.at(1).local_selectors, selectors({"10.1.0.0/16"}));
  pair.expect_at_rest();
}

TEST(Handshake, EsnIsChosenOnlyWhenBothOfferIt) {
  for (const bool a : {false, true}) {
    for (const bool b : {false, true}) {
      SimPair pair;
      pair.config[kA].children[0].proposals[0].esn = a;
      pair.config[kB].children[0].proposals[0].esn = b;
      pair.establish();
      EXPECT_EQ(pair.a().children.at(0).transforms.esn, a && b);
      EXPECT_EQ(pair.b().children.at(0).transforms.esn, a && b);
    }
  }
}

TEST(Handshake, WithoutNatAndRawEspEverythingStaysOnPort500) {
  SimPair pair;
  pair.config[kA].encapsulation = Encapsulation::Esp;
  pair.config[kB].encapsulation = Encapsulation::Esp;
  pair.establish();
  const auto& params = pair.a().outbound(kTunnel)->params;
  EXPECT_EQ(params.encapsulation, Encapsulation::Esp);
  EXPECT_EQ(pair.a().ike_established.at(0).remote.port, 500);
  EXPECT_FALSE(pair.a().ike_established.at(0).remote_behind_nat);
}

TEST(Handshake, OneSideThatWantsUdpIsEnough) {
  for (const size_t side : {kA, kB}) {
    SimPair pair;
    pair.config[side].encapsulation = Encapsulation::Esp;
    pair.establish();
    for (SimHost* host : {&pair.a(), &pair.b()}) {
      EXPECT_EQ(host->outbound(kTunnel)->params.encapsulation, Encapsulation::Udp);
      EXPECT_EQ(host->outbound(kTunnel)->params.remote.port, 4500);
      EXPECT_FALSE(host->ike_established.at(0).local_behind_nat);
      EXPECT_FALSE(host->ike_established.at(0).remote_behind_nat);
    }
  }
}

TEST(Handshake, TheGroupThatTheResponderWantsIsTriedNext) {
  SimPair pair;
  pair.config[kA].ike_proposals.push_back(pair.config[kA].ike_proposals[0]);
  pair.config[kA].ike_proposals[1].group = DhGroupId::Curve25519;
  pair.config[kB].ike_proposals[0].group = DhGroupId::Curve25519;
  pair.establish();
  EXPECT_EQ(pair.a().ike_established.at(0).suite.group, DhGroupId::Curve25519);
}

TEST(Handshake, ACookieIsBroughtBack) {
  SimPair pair;
  const Bytes cookie = {1, 2, 3, 4};
  unsigned asked = 0;
  bool brought = false;
  pair.world.filter = [&](const WireMessage& m) {
    if (!m.is_request(ExchangeType::IkeSaInit)) return true;
    const auto message = parse_message(m.datagram.bytes);
    const auto* first = std::get_if<NotifyPayload>(&message->payloads.front());
    if (first != nullptr && first->type == NotifyType::Cookie && first->value == cookie)
      brought = true;
    if (brought || ++asked > 1) return true;
    Header header = m.header;
    header.is_response = true;
    header.from_initiator = false;
    const NotifyPayload challenge{
        .protocol = ProtocolId::None, .spi = {}, .type = NotifyType::Cookie, .value = cookie};
    pair.a().endpoint().handle_datagram(pair.world.now(),
                                        {.local = m.datagram.remote,
                                         .remote = m.datagram.local,
                                         .bytes = write_message(header, {challenge})});
    return false;
  };
  pair.start();
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 5s)) << pair.world.picture();
  EXPECT_TRUE(brought);
}

TEST(Handshake, InboundSpisFollowTheTunnelModulo) {
  for (const uint32_t modulus : {1u, 2u, 3u, 16u}) {
    SimPair pair;
    pair.a().options.spi_modulus = modulus;
    pair.a().restart(modulus);
    pair.establish();
    for (int i = 0; i < 5; ++i) {
      pair.rekey_child(i % 2 == 0 ? kA : kB);
      pair.world.run_for(1s);
    }
    EXPECT_EQ(pair.a().children.size(), 6u);
    for (const auto& child : pair.a().children) {
      EXPECT_EQ(child.inbound_spi.value % modulus, kTunnel.value % modulus);
    }
  }
}

// --- Every suite and group with the real provider ---

struct Suite {
  Encryption encryption;
  IntegrityId integrity;
  PrfId prf;
  DhGroupId group;
};

std::vector<Suite> all_suites() {
  std::vector<Suite> suites;
  const auto prf = PrfId::HmacSha256;
  for (const auto& encryption : all_encryptions()) {
    if (encryption.is_aead()) {
      suites.push_back({encryption.encryption, IntegrityId::None, prf, DhGroupId::Curve25519});
      continue;
    }
    for (const auto& integrity : all_integrities()) {
      if (integrity.id == IntegrityId::None) continue;
      suites.push_back({encryption.encryption, integrity.id, prf, DhGroupId::Ecp256});
    }
  }
  for (const auto& known : all_prfs()) {
    suites.push_back(
        {{EncryptionId::AesGcm16, 256}, IntegrityId::None, known.id, DhGroupId::Curve25519});
  }
  for (const auto& group : all_dh_groups()) {
    suites.push_back({{EncryptionId::AesGcm16, 256}, IntegrityId::None, prf, group.id});
  }
  return suites;
}

TEST(Handshake, EverySuiteAndGroupWorksWithRealCryptography) {
  for (const Suite& suite : all_suites()) {
    SimPair pair;
    for (const size_t side : {kA, kB}) {
      pair.config[side].ike_proposals = {
          {suite.encryption, suite.integrity, suite.prf, suite.group}};
      pair.config[side].children[0].proposals = {
          {suite.encryption, suite.integrity, suite.group, true}};
      pair.world.host(side).use(make_system_provider());
    }
    pair.world.esp_interval = 20ms;
    pair.establish();
    if (HasFatalFailure()) return;
    pair.rekey_child(kA);
    pair.world.run_for(200ms);
    pair.rekey_ike(kB);
    pair.settle();
    pair.expect_at_rest();
    EXPECT_GT(pair.a().esp_delivered, 0u);
    EXPECT_EQ(pair.a().esp_bad_key + pair.b().esp_bad_key, 0u);
    EXPECT_EQ(pair.a().ike_established.size(), 2u);
  }
}

TEST(Handshake, EveryIdentityTypeWorks) {
  const Bytes v4 = {192, 0, 2, 1};
  const Bytes v6(16, 0x20);
  for (const auto& id : {Identity{IdType::Ipv4Address, v4}, Identity{IdType::Ipv6Address, v6},
                         Identity{IdType::Rfc822Address, to_bytes(as_bytes("a@example.net"))},
                         Identity{IdType::KeyId, to_bytes(as_bytes("branch"))}}) {
    SimPair pair;
    pair.config[kA].local_identity = id;
    pair.config[kB].remote_identity = id;
    pair.establish();
  }
}

}  // namespace
}  // namespace twinspan::ike
