// Certificates and raw public keys (RFC 7427): who comes up, and who must not, in both roles.
#include <algorithm>

#include "tests/sim/sim_pair.h"
#include "tests/support/test_pki.h"

namespace twinspan::ike {
namespace {

constexpr size_t kSides[] = {kA, kB};
constexpr const char* kNames[] = {"DNS:a.example.net,IP:192.0.2.1", "DNS:b.example.net"};

CertificateSpec gateway_spec(size_t side, TestKey key = TestKey::Ed25519) {
  return {.common_name = side == kA ? "gw-a" : "gw-b", .names = kNames[side], .key = key};
}

const TestIdentity& root() {
  static const TestIdentity made(authority_spec("Root"));
  return made;
}
const TestIdentity& other_root() {
  static const TestIdentity made(authority_spec("Other Root"));
  return made;
}

CertificateAuthentication certified(const TestIdentity& own,
                                    std::shared_ptr<const TrustStore> trusted) {
  return {.own = own_certificate(own), .trusted = std::move(trusted), .peer_common_name = {}};
}

// A and B with certificates of one root, which a test spoils where it wants to.
struct CertifiedPair : SimPair {
  explicit CertifiedPair(TestKey key_a = TestKey::Ed25519, TestKey key_b = TestKey::Ed25519) {
    present(kA, gateway_spec(kA, key_a));
    present(kB, gateway_spec(kB, key_b));
    for (const size_t side : kSides) world.command(side, CommandWallTime{kTestNow});
  }

  void present(size_t side, const CertificateSpec& spec, const TestIdentity& issuer = root()) {
    const TestIdentity own(spec, issuer);
    config[side].authentication = certified(own, trust({root().certificate()}));
  }
  CertificateAuthentication& of(size_t side) {
    return std::get<CertificateAuthentication>(config[side].authentication);
  }

  // A's command ends with `cause_a`, and B says `cause_b`; nothing is installed.
  void expect_refused(const std::string& cause_a, const std::string& cause_b,
                      const std::string& words) {
    start();
    world.command(kA, CommandUp{kTunnel});
    world.run_for(70s);
    ASSERT_EQ(a().done.size(), 1u);
    const Diagnosis& ours = a().done[0].diagnosis;
    EXPECT_EQ(ours.cause, cause_a) << ours.message;
    EXPECT_EQ(b().last_cause[kTunnel], cause_b);
    const std::string theirs = b().diagnoses.empty() ? "" : b().diagnoses.back().message;
    EXPECT_NE((ours.message + " | " + theirs).find(words), std::string::npos)
        << ours.message << " | " << theirs;
    EXPECT_NE(ours.remedy.find("a-to-b"), std::string::npos) << ours.remedy;
    EXPECT_TRUE(a().inbound.empty());
    EXPECT_TRUE(b().inbound.empty());
    expect_sound();
  }
  // As seen from the side that refuses: `side` does not believe the other one.
  void expect_refused_by(size_t side, const std::string& cause, const std::string& words) {
    if (side == kB) return expect_refused("certificate-refused", cause, words);
    expect_refused(cause, "peer-deleted", words);
  }
};

TEST(CertificateAuth, EveryKindOfKeyAuthenticatesEachSide) {
  for (const TestKey key_a : kAdmittedKeys) {
    for (const TestKey key_b : {TestKey::Ed25519, TestKey::P384, TestKey::Rsa2048}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(key_a) << static_cast<int>(key_b));
      CertifiedPair pair(key_a, key_b);
      pair.establish();
      EXPECT_EQ(pair.a().ike_established.at(0).proof.kind, ProofKind::Certificate);
      EXPECT_EQ(pair.b().ike_established.at(0).proof.kind, ProofKind::Certificate);
      EXPECT_EQ(pair.a().ike_established.at(0).proof.certificate->what, "certificate CN=gw-b");
      pair.settle();
      pair.expect_at_rest();
    }
  }
}

TEST(CertificateAuth, IsRefusedWhereNoCaOfOursIssuedIt) {
  for (const size_t side : kSides) {
    CertifiedPair pair;
    pair.of(side).trusted = trust({other_root().certificate()});
    pair.expect_refused_by(side, "certificate-untrusted", "CN=Root, which is no CA of ours");
  }
}

TEST(CertificateAuth, IsRefusedAtTheWrongTimeAndTheDateIsNamed) {
  for (const size_t side : kSides) {
    CertifiedPair pair;
    CertificateSpec spec = gateway_spec(side);
    spec.not_after = kTestNow - std::chrono::hours(1);
    pair.present(side, spec);
    pair.expect_refused_by(1 - side, "certificate-expired", "expired on 2026-05-2");
    CertifiedPair early;
    spec = gateway_spec(side);
    spec.not_before = kTestNow + std::chrono::hours(1);
    early.present(side, spec);
    early.expect_refused_by(1 - side, "certificate-expired", "is valid from 2026-05-2");
  }
}

TEST(CertificateAuth, ExpiresWhileTimePasses) {
  CertifiedPair pair;
  CertificateSpec spec = gateway_spec(kA);
  spec.not_after = kTestNow + 30s;
  pair.present(kA, spec);
  pair.establish();
  // What stands stays; the next negotiation is refused.
  pair.world.run_for(60s);
  EXPECT_TRUE(pair.is_up());
  pair.world.command(kA, CommandDown{kTunnel});
  pair.world.run_for(20s);
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_for(20s);
  EXPECT_EQ(pair.a().done.back().diagnosis.cause, "certificate-refused");
  EXPECT_EQ(pair.b().last_cause[kTunnel], "certificate-expired");
}

TEST(CertificateAuth, WithoutAWallClockNothingIsBelieved) {
  CertifiedPair pair;
  pair.world.command(kB, CommandWallTime{});
  pair.expect_refused_by(kB, "certificate-expired", "is valid from");
}

TEST(CertificateAuth, IsRefusedWhenRevokedOrWhenThatCannotBeTold) {
  for (const size_t side : kSides) {
    const TestIdentity theirs(gateway_spec(1 - side), root());
    CertifiedPair pair;
    pair.config[1 - side].authentication = certified(theirs, trust({root().certificate()}));
    pair.of(side).trusted =
        trust({root().certificate()}, {root().crl({.revoked = {theirs.certificate()}})});
    pair.expect_refused_by(side, "certificate-revoked", "revoked by CN=Root on 2026-05-2");
    CertifiedPair stale;
    stale.of(side).trusted = trust({root().certificate()},
                                   {root().crl({.next_update = kTestNow - std::chrono::hours(1)})});
    stale.expect_refused_by(side, "revocation-unknown", "CRL has expired");
  }
}

TEST(CertificateAuth, IsRefusedForAnotherIdentity) {
  for (const size_t side : kSides) {
    CertifiedPair pair;
    CertificateSpec spec = gateway_spec(side);
    spec.names = "DNS:somebody.example.net";
    pair.present(side, spec);
    pair.expect_refused_by(1 - side, "certificate-identity",
                           "its certificate is for somebody.example.net");
  }
}

TEST(CertificateAuth, TheCommonNameIsLookedAtWhereOneIsWanted) {
  for (const size_t side : kSides) {
    CertifiedPair pair;
    pair.of(side).peer_common_name = "somebody";
    pair.expect_refused_by(side, "certificate-identity", "we expect somebody");
    CertifiedPair right;
    right.of(side).peer_common_name = side == kA ? "gw-b" : "gw-a";
    right.establish();
  }
}

TEST(CertificateAuth, AnothersCertificateIsNoUseWithoutItsKey) {
  for (const size_t side : kSides) {
    CertifiedPair pair;
    const TestIdentity own(gateway_spec(side), root()), thief(gateway_spec(side), root());
    auto mixed = std::make_shared<OwnCertificate>(*own_certificate(own));
    mixed->key = private_key(thief);
    pair.of(side).own = mixed;
    pair.expect_refused_by(1 - side, "wrong-signature", "made with another key");
  }
}

TEST(CertificateAuth, WhatIsNoCertificateIsRefused) {
  for (const size_t side : kSides) {
    for (const auto& [chain, words] : std::vector<std::pair<std::vector<Bytes>, std::string>>{
             {{}, "the peer sent none"},
             {{Bytes(100, 0x30)}, "the first one is no certificate"},
             {std::vector<Bytes>(kCertificatesMax + 1, root().der()), "more than"}}) {
      CertifiedPair pair;
      auto broken = std::make_shared<OwnCertificate>(*pair.of(side).own);
      broken->chain = chain;
      pair.of(side).own = broken;
      pair.expect_refused_by(1 - side, "certificate-unfit", words);
    }
  }
}

TEST(CertificateAuth, AChainThatNeedsSeveralDatagramsArrivesOverABadNetwork) {
  const TestIdentity first(authority_spec("First"), root()),
      second(authority_spec("Second"), first);
  CertifiedPair pair;
  for (const size_t side : kSides) {
    CertificateSpec spec = gateway_spec(side, TestKey::Rsa3072);
    const TestIdentity own(spec, second);
    pair.of(side).own = own_certificate(own, second.certificate() + first.certificate());
  }
  pair.world.link.loss_percent = 20;
  pair.start();
  ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 120s)) << pair.world.picture();
  pair.world.link.loss_percent = 0;
  EXPECT_GT(pair.a().endpoint().counters().fragments_sent, 0u);
  pair.settle();
  pair.expect_at_rest();
}

TEST(CertificateAuth, LastsThroughRekeysAndSaysSo) {
  CertifiedPair pair;
  pair.establish();
  pair.rekey_ike(kA);
  pair.world.run_for(5s);
  pair.rekey_ike(kB);
  pair.settle();
  pair.expect_at_rest();
  EXPECT_EQ(pair.a().ike_established.size(), 3u);
  EXPECT_EQ(pair.a().ike_established.back().proof.kind, ProofKind::Certificate);
}

// --- Methods that do not fit ---

TEST(AuthMethods, BothSidesHaveToUseTheSame) {
  const TestIdentity raw_a({}), raw_b({});
  const Authentication of_psk = psk("correct horse battery staple");
  const auto of_raw = [&](size_t side) {
    return side == kA ? RawKeyAuthentication{private_key(raw_a), public_key(raw_b)}
                      : RawKeyAuthentication{private_key(raw_b), public_key(raw_a)};
  };
  for (const bool psk_at_a : {true, false}) {
    CertifiedPair pair;
    pair.config[psk_at_a ? kA : kB].authentication = of_psk;
    if (psk_at_a) {
      pair.expect_refused("auth-refused", "auth-method",
                          "it uses a pre-shared key, we expect a cert");
    } else {
      // B announces no hash algorithms, so that A cannot sign at all.
      pair.expect_refused("no-common-hash", "", "SIGNATURE_HASH_ALGORITHMS");
    }
  }
  for (const size_t side : kSides) {
    CertifiedPair pair;
    pair.config[side].authentication = of_raw(side);
    pair.start();
    pair.world.command(kA, CommandUp{kTunnel});
    pair.world.run_for(70s);
    ASSERT_EQ(pair.a().done.size(), 1u);
    EXPECT_FALSE(pair.a().done[0].ok);
    EXPECT_TRUE(pair.a().inbound.empty());
    EXPECT_TRUE(pair.b().inbound.empty());
  }
}

TEST(AuthMethods, ACertificateWantedAndAPskOffered) {
  // Only the responder sees the request; nothing of it is believed.
  CertifiedPair pair;
  pair.config[kA].authentication = psk("whatever");
  pair.expect_refused("auth-refused", "auth-method", "pre-shared key");
}

TEST(RawKeyAuth, EachSideKnowsTheOther) {
  for (const TestKey key : kAdmittedKeys) {
    SimPair pair;
    const TestIdentity a({.key = key}), b({.key = TestKey::Ed25519});
    pair.config[kA].authentication = RawKeyAuthentication{private_key(a), public_key(b)};
    pair.config[kB].authentication = RawKeyAuthentication{private_key(b), public_key(a)};
    pair.establish();
    EXPECT_EQ(pair.a().ike_established.at(0).proof.kind, ProofKind::RawPublicKey);
    EXPECT_EQ(pair.b().ike_established.at(0).proof.kind, ProofKind::RawPublicKey);
    pair.settle();
    pair.expect_at_rest();
  }
}

TEST(RawKeyAuth, AnotherKeyIsRefusedAndTheDifferenceNamed) {
  for (const size_t side : kSides) {
    CertifiedPair pair;
    const TestIdentity a({}), b({}), stranger({});
    pair.config[kA].authentication =
        RawKeyAuthentication{private_key(a), public_key(side == kA ? stranger : b)};
    pair.config[kB].authentication =
        RawKeyAuthentication{private_key(b), public_key(side == kB ? stranger : a)};
    pair.expect_refused_by(side, "wrong-signature",
                           "it shows another public key than the one that we have of it");
  }
}

// --- Rotation of pre-shared keys ---

struct RotatedPair : SimPair {
  static Authentication key(const std::string& text, Duration overlap = 60s) {
    return PskAuthentication{.secret = std::make_shared<const SecretBytes>(as_bytes(text)),
                             .overlap = overlap};
  }
  RotatedPair() {
    for (const size_t side : kSides) config[side].authentication = key("old");
  }
  void rotate(size_t side, const std::string& text = "new", Duration overlap = 60s) {
    world.command(side, CommandSetCredentials{kTunnel, key(text, overlap), nullptr});
  }
  // Down and up again: a negotiation from the start.
  void reconnect() {
    world.command(kA, CommandDown{kTunnel});
    ASSERT_TRUE(
        world.run_until([&] { return a().tunnel_state[kTunnel] == TunnelState::Down; }, 10s));
    world.run_for(2s);
    world.command(kA, CommandUp{kTunnel});
  }
  void expect_up_by(ProofKind at_a, ProofKind at_b) {
    ASSERT_TRUE(world.run_until([&] { return is_up(); }, 20s)) << world.picture();
    EXPECT_EQ(a().ike_established.back().proof.kind, at_a);
    EXPECT_EQ(b().ike_established.back().proof.kind, at_b);
    expect_sound();
  }
};

TEST(PskRotation, DropsNothingThatStands) {
  RotatedPair pair;
  pair.world.esp_interval = 10ms;
  pair.establish();
  const auto before = pair.a().inbound.begin()->first;
  pair.rotate(kA);
  pair.world.run_for(10s);
  pair.rotate(kB);
  pair.world.run_for(120s);
  EXPECT_TRUE(pair.is_up());
  EXPECT_EQ(pair.a().inbound.begin()->first, before);
  EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
  EXPECT_EQ(pair.a().ike_established.size(), 1u);
  pair.expect_sound();
}

TEST(PskRotation, TheInitiatorFirst) {
  RotatedPair pair;
  pair.establish();
  pair.rotate(kA);
  pair.reconnect();
  // The new key is refused, the former one is tried at once.
  pair.expect_up_by(ProofKind::PreviousPsk, ProofKind::Psk);
  pair.rotate(kB);
  pair.reconnect();
  pair.expect_up_by(ProofKind::Psk, ProofKind::Psk);
}

TEST(PskRotation, TheResponderFirst) {
  RotatedPair pair;
  pair.establish();
  pair.rotate(kB);
  pair.reconnect();
  pair.expect_up_by(ProofKind::Psk, ProofKind::PreviousPsk);
  pair.rotate(kA);
  pair.reconnect();
  pair.expect_up_by(ProofKind::Psk, ProofKind::Psk);
}

TEST(PskRotation, GoesOnOverABadNetwork) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    for (const size_t first : kSides) {
      RotatedPair pair;
      pair.establish();
      pair.rotate(first, "new", 600s);
      pair.world.link.loss_percent = 30;
      pair.reconnect();
      ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 300s)) << pair.world.picture();
      pair.world.link.loss_percent = 0;
      pair.settle();
      pair.expect_at_rest();
    }
  }
}

TEST(PskRotation, EndsWithItsTime) {
  for (const size_t first : kSides) {
    RotatedPair pair;
    pair.establish();
    pair.rotate(first);
    pair.world.run_for(61s);
    pair.reconnect();
    pair.world.run_for(70s);
    EXPECT_FALSE(pair.is_up());
    EXPECT_EQ(pair.a().done.back().diagnosis.cause, "auth-refused");
    EXPECT_EQ(pair.b().last_cause[kTunnel], "wrong-psk");
    pair.expect_sound();
  }
}

TEST(PskRotation, WithoutAnOverlapTheFormerKeyIsGoneAtOnce) {
  RotatedPair pair;
  pair.establish();
  pair.rotate(kB, "new", 0s);
  pair.reconnect();
  pair.world.run_for(20s);
  EXPECT_EQ(pair.a().done.back().diagnosis.cause, "auth-refused");
}

TEST(PskRotation, TheSameKeyAgainKeepsTheRunningTime) {
  RotatedPair pair;
  pair.establish();
  pair.rotate(kB);
  pair.world.run_for(30s);
  pair.rotate(kB);  // Read again, nothing new: neither longer nor over.
  pair.reconnect();
  pair.expect_up_by(ProofKind::Psk, ProofKind::PreviousPsk);
  pair.world.run_for(31s);
  pair.reconnect();
  pair.world.run_for(20s);
  EXPECT_EQ(pair.a().done.back().diagnosis.cause, "auth-refused");
}

TEST(PskRotation, AKeyThatWasNeverOursIsRefusedInTheMidstOfIt) {
  RotatedPair pair;
  pair.config[kA].authentication = RotatedPair::key("neither");
  pair.start(kB);
  pair.rotate(kB);
  pair.start(kA);
  pair.world.run_for(20s);
  EXPECT_FALSE(pair.is_up());
  EXPECT_EQ(pair.b().last_cause[kTunnel], "wrong-psk");
  EXPECT_NE(pair.b().diagnoses.back().message.find("the previous key differs as well"),
            std::string::npos);
}

TEST(PskRotation, ReachesANegotiationThatIsUnderWay) {
  RotatedPair pair;
  pair.start(kB);
  pair.world.hold_wire();
  pair.start(kA);
  pair.world.run_for(1ms);
  pair.rotate(kA, "new", 0s);
  pair.rotate(kB, "new", 0s);
  pair.world.release_wire();
  pair.expect_up_by(ProofKind::Psk, ProofKind::Psk);
}

TEST(Credentials, ACertificateIsReplacedUnderARunningTunnel) {
  CertifiedPair pair;
  pair.establish();
  for (const size_t side : kSides) {
    const TestIdentity own(gateway_spec(side), other_root());
    pair.world.command(side, CommandSetCredentials{
                                 kTunnel, certified(own, trust({other_root().certificate()})), {}});
  }
  pair.world.run_for(60s);
  EXPECT_EQ(pair.a().ike_established.size(), 1u);
  EXPECT_EQ(pair.a().departures + pair.b().departures, 0u);
  pair.world.command(kA, CommandDown{kTunnel});
  pair.world.run_for(5s);
  pair.world.command(kA, CommandUp{kTunnel});
  ASSERT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 10s)) << pair.world.picture();
  pair.settle();
  pair.expect_at_rest();
}

}  // namespace
}  // namespace twinspan::ike
