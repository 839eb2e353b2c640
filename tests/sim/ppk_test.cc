// Post-quantum pre-shared keys (RFC 8784): who comes up with one, who without, and who must not.
#include <algorithm>

#include "ike/core/ike_sa.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

enum class Need : uint8_t { None, Optional, Required };

std::optional<PpkConfig> ppk(Need need, std::string_view secret = "0123456789abcdef",
                             const std::string& id = "site-1") {
  if (need == Need::None) return std::nullopt;
  return PpkConfig{.id = id,
                   .secret = std::make_shared<const SecretBytes>(as_bytes(std::string(secret))),
                   .is_required = need == Need::Required};
}

void expect_refused(SimPair& pair, const std::string& cause_a, const std::string& cause_b) {
  pair.start();
  pair.world.command(kA, CommandUp{kTunnel});
  pair.world.run_for(70s);
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_EQ(pair.a().done[0].diagnosis.cause, cause_a) << pair.a().done[0].diagnosis.message;
  EXPECT_NE(pair.a().done[0].diagnosis.remedy.find("a-to-b"), std::string::npos);
  EXPECT_EQ(pair.b().last_cause[kTunnel], cause_b);
  EXPECT_TRUE(pair.a().inbound.empty());
  EXPECT_TRUE(pair.b().inbound.empty());
  pair.expect_sound();
}

void expect_up(SimPair& pair, bool with_ppk) {
  pair.establish();
  EXPECT_EQ(pair.a().ike_established.at(0).with_ppk, with_ppk);
  EXPECT_EQ(pair.b().ike_established.at(0).with_ppk, with_ppk);
  pair.settle();
  pair.expect_at_rest();
}

TEST(Ppk, EveryPairOfNeedsEndsAsTheRfcSays) {
  // RFC 8784 3, the table of the responder, and the initiator's checks.
  for (const Need a : {Need::None, Need::Optional, Need::Required}) {
    for (const Need b : {Need::None, Need::Optional, Need::Required}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(a) << " against " << static_cast<int>(b));
      SimPair pair;
      pair.config[kA].ppk = ppk(a);
      pair.config[kB].ppk = ppk(b);
      if (a == Need::Required && b == Need::None) {
        expect_refused(pair, "ppk-required", "");
      } else if (a == Need::None && b == Need::Required) {
        expect_refused(pair, "auth-refused", "ppk-required");
      } else {
        expect_up(pair, a != Need::None && b != Need::None);
      }
    }
  }
}

TEST(Ppk, AnotherNameIsDoneWithoutWhereBothMay) {
  for (const Need a : {Need::Optional, Need::Required}) {
    for (const Need b : {Need::Optional, Need::Required}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(a) << " against " << static_cast<int>(b));
      SimPair pair;
      pair.config[kA].ppk = ppk(a);
      pair.config[kB].ppk = ppk(b, "0123456789abcdef", "site-2");
      if (a == Need::Optional && b == Need::Optional) {
        expect_up(pair, false);
      } else {
        expect_refused(pair, "auth-refused", "ppk-unknown");
        EXPECT_NE(pair.b().diagnoses.back().message.find("it names 'site-1', we have 'site-2'"),
                  std::string::npos);
      }
    }
  }
}

TEST(Ppk, OtherBytesUnderTheSameNameAreNeverAccepted) {
  for (const Need need : {Need::Optional, Need::Required}) {
    SimPair pair;
    pair.config[kA].ppk = ppk(need);
    pair.config[kB].ppk = ppk(need, "0123456789abcdeF");
    // Only an optional PPK comes with the proof that the other keys agree.
    expect_refused(pair, "auth-refused", need == Need::Optional ? "wrong-ppk" : "wrong-psk");
    EXPECT_NE(pair.b().diagnoses.back().message.find("post-quantum"), std::string::npos);
    EXPECT_NE(pair.a().done[0].diagnosis.message.find("'site-1'"), std::string::npos);
  }
}

TEST(Ppk, TheRightPpkDoesNotExcuseAnotherPsk) {
  for (const Need need : {Need::Optional, Need::Required}) {
    SimPair pair;
    pair.config[kA].ppk = ppk(need);
    pair.config[kB].ppk = ppk(need);
    pair.config[kB].authentication = psk("another key");
    expect_refused(pair, "auth-refused", "wrong-psk");
  }
}

TEST(Ppk, AnotherPskIsRefusedWithoutThePpkAsWell) {
  SimPair pair;
  pair.config[kA].ppk = ppk(Need::Optional);
  pair.config[kB].ppk = ppk(Need::Optional, "0123456789abcdef", "site-2");
  pair.config[kB].authentication = psk("another key");
  expect_refused(pair, "auth-refused", "wrong-psk");
}

TEST(Ppk, ItIsPartOfTheKeysOfEveryChildAndEveryRekeyedIkeSa) {
  // Runs that differ in nothing but the bytes of the PPK.
  const auto fingerprints = [](std::string_view secret) {
    SimPair pair;
    pair.config[kA].ppk = ppk(Need::Required, secret);
    pair.config[kB].ppk = ppk(Need::Required, secret);
    pair.a().options.export_keys = true;
    pair.a().restart(1);
    pair.establish();
    std::vector<uint64_t> seen;
    const auto note = [&] {
      seen.push_back(SimHost::fingerprint(pair.a().outbound(kTunnel)->params.outbound_keys));
    };
    note();
    pair.rekey_child(kA);
    pair.settle();
    note();
    pair.rekey_ike(kB);
    pair.settle();
    pair.rekey_child(kB);
    pair.settle();
    note();
    EXPECT_TRUE(pair.a().ike_established.back().by_rekey);
    EXPECT_TRUE(pair.a().ike_established.back().with_ppk);
    EXPECT_TRUE(pair.b().ike_established.back().with_ppk);
    pair.expect_at_rest();
    return seen;
  };
  const auto one = fingerprints("0123456789abcdef");
  const auto other = fingerprints("0123456789abcdeF");
  for (size_t i = 0; i < one.size(); ++i) EXPECT_NE(one[i], other[i]) << i;
  EXPECT_EQ(one, fingerprints("0123456789abcdef"));
}

TEST(Ppk, UsePpkIsSaidOnlyByThoseWhoHaveOne) {
  for (const bool at_b : {false, true}) {
    SimPair pair;
    pair.world.keeps_sent = true;
    pair.config[kA].ppk = ppk(Need::Optional);
    if (at_b) pair.config[kB].ppk = ppk(Need::Optional);
    pair.establish();
    for (size_t i = 0; i < 2; ++i) {
      const auto message = parse_message(pair.world.sent.at(i).datagram.bytes);
      const bool said = std::ranges::any_of(message->payloads, [](const Payload& payload) {
        const auto* notify = std::get_if<NotifyPayload>(&payload);
        return notify != nullptr && notify->type == NotifyType::UsePpk;
      });
      EXPECT_EQ(said, i == 0 || at_b) << i;
    }
  }
}

TEST(Ppk, AnIdentityWithoutAgreementIsIgnored) {
  // A peer that names a PPK although we did not say USE_PPK.
  IkeSa sa(Role::Responder, std::make_shared<const PeerConfig>(peer_config(kB)), {});
  EXPECT_EQ(choose_ppk(sa, {ppk_identity("site-1")}), PpkUse::None);
  PeerConfig strict = peer_config(kB);
  strict.ppk = ppk(Need::Required);
  sa.peer = std::make_shared<const PeerConfig>(strict);
  EXPECT_EQ(choose_ppk(sa, {ppk_identity("site-1")}).error().cause, "ppk-required");
  sa.ppk.is_agreed = true;
  EXPECT_EQ(choose_ppk(sa, {ppk_identity("site-1")}), PpkUse::Mixed);
  EXPECT_EQ(choose_ppk(sa, {}).error().cause, "ppk-required");
}

TEST(Ppk, OnlyTheFixedTypeAndTheSameBytesAreTheSameName) {
  PeerConfig strict = peer_config(kB);
  strict.ppk = ppk(Need::Required);
  IkeSa sa(Role::Responder, std::make_shared<const PeerConfig>(strict), {});
  sa.ppk.is_agreed = true;
  const auto choose = [&](const std::string& type_and_name) {
    NotifyPayload notify = std::get<NotifyPayload>(ppk_identity("x"));
    notify.value = to_bytes(as_bytes(type_and_name));
    return choose_ppk(sa, {notify});
  };
  EXPECT_EQ(choose("\2site-1"), PpkUse::Mixed);
  for (const std::string name : {"", "\2", "\1site-1", "\2site-", "\2site-11", "site-1"}) {
    EXPECT_EQ(choose(name).error().cause, "ppk-unknown") << name;
  }
  EXPECT_NE(choose("\2bad\x1bname").error().message.find("026261641b6e616d65"), std::string::npos);
}

}  // namespace
}  // namespace twinspan::ike
