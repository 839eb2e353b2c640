// Which settings need what to come into effect.
#include "ike/core/peer_change.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/support/sim_peers.h"

namespace twinspan::ike {
namespace {

struct Case {
  const char* what;
  Effect effect;
  std::function<void(PeerConfig&)> change;
};

const Case kCases[] = {
    {"nothing", Effect::InPlace, [](PeerConfig&) {}},
    {"name", Effect::InPlace, [](PeerConfig& p) { p.name = p.children[0].name = "other"; }},
    {"mode", Effect::InPlace, [](PeerConfig& p) { p.mode = ConnectionMode::ResponderOnly; }},
    {"fragment size", Effect::InPlace, [](PeerConfig& p) { p.fragment_size = 0; }},
    {"dpd", Effect::InPlace, [](PeerConfig& p) { p.dpd_interval = 1s; }},
    {"ike lifetime", Effect::InPlace, [](PeerConfig& p) { p.ike_hard_lifetime = 1s; }},
    {"child lifetime", Effect::InPlace, [](PeerConfig& p) { p.children[0].lifetime = {1s, 2s}; }},
    {"childless", Effect::InPlace, [](PeerConfig& p) { p.admits_childless = false; }},
    {"key", Effect::InPlace,
     [](PeerConfig& p) {
       if (p.authentication.index() == 0) p.authentication = psk("another");
     }},
    {"esp suite", Effect::Rekey,
     [](PeerConfig& p) {
       p.children[0].proposals[0].encryption = {EncryptionId::ChaCha20Poly1305, 256};
     }},
    {"pfs", Effect::Rekey,
     [](PeerConfig& p) { p.children[0].proposals[0].pfs_group = DhGroupId::None; }},
    {"esn", Effect::Rekey, [](PeerConfig& p) { p.children[0].proposals[0].esn = false; }},
    {"selectors", Effect::Rekey,
     [](PeerConfig& p) { p.children[0].remote = selectors({"10.0.0.0/8"}); }},
    {"another child", Effect::Rekey, [](PeerConfig& p) { p.children.push_back(p.children[0]); }},
    {"aggfrag", Effect::Rekey, [](PeerConfig& p) { p.aggfrag = true; }},
    {"ike proposal", Effect::Reauth,
     [](PeerConfig& p) { p.ike_proposals[0].group = DhGroupId::Curve25519; }},
    {"local id", Effect::Reauth, [](PeerConfig& p) { p.local_identity = fqdn("x"); }},
    {"remote id", Effect::Reauth, [](PeerConfig& p) { p.remote_identity = fqdn("x"); }},
    {"authentication", Effect::Reauth,
     [](PeerConfig& p) { p.authentication = RawKeyAuthentication{}; }},
    {"ppk", Effect::Reauth, [](PeerConfig& p) { p.ppk = PpkConfig{.id = "x", .secret = {}}; }},
    {"resources", Effect::Reauth, [](PeerConfig& p) { p.resources = 2; }},
    {"remote address", Effect::Restart,
     [](PeerConfig& p) { p.remote_address = *IpAddress::parse("192.0.2.9"); }},
    {"local address", Effect::Restart,
     [](PeerConfig& p) { p.local_address = *IpAddress::parse("192.0.2.9"); }},
    {"remote name", Effect::Restart, [](PeerConfig& p) { p.remote_name = "gw.example.net"; }},
    {"encapsulation", Effect::Restart, [](PeerConfig& p) { p.encapsulation = Encapsulation::Esp; }},
};

TEST(NeededEffect, IsTheLeastThatEachSettingNeeds) {
  for (const Case& one : kCases) {
    const PeerConfig held = peer_config(kA);
    PeerConfig fresh = held;
    one.change(fresh);
    EXPECT_EQ(needed_effect(held, fresh), one.effect) << one.what;
    EXPECT_EQ(needed_effect(fresh, held), one.effect) << one.what;
  }
}

TEST(NeededEffect, IsTheGreatestOfAll) {
  const PeerConfig held = peer_config(kA);
  for (const Case& one : kCases) {
    for (const Case& other : kCases) {
      PeerConfig fresh = held;
      one.change(fresh);
      other.change(fresh);
      EXPECT_EQ(needed_effect(held, fresh), std::max(one.effect, other.effect))
          << one.what << ", " << other.what;
    }
  }
}

TEST(NeededEffect, OfSelectorsIsGreaterWithSeveralResources) {
  PeerConfig held = peer_config(kA);
  held.resources = 2;
  PeerConfig fresh = held;
  fresh.children[0].remote = selectors({"10.0.0.0/8"});
  EXPECT_EQ(needed_effect(held, fresh), Effect::Reauth);
}

TEST(NeededEffect, TheAddressOfAPeerWithANameMeansNothing) {
  PeerConfig held = peer_config(kA);
  held.remote_name = "gw.example.net";
  PeerConfig fresh = held;
  fresh.remote_address = *IpAddress::parse("192.0.2.9");
  EXPECT_EQ(needed_effect(held, fresh), Effect::InPlace);
}

ChildConfig child(const char* name, const char* remote) {
  ChildConfig child = peer_config(kA).children[0];
  child.name = name;
  child.remote = selectors({remote});
  return child;
}

TEST(Fate, IsThatOfTheChildWithTheSameSelectors) {
  PeerConfig held = peer_config(kA), fresh = held;
  held.children = {child("x-1", "10.1.0.0/16"), child("x-2", "10.2.0.0/16")};
  fresh.children = {child("x-1", "10.2.0.0/16"), child("x-2", "10.3.0.0/16")};
  EXPECT_EQ(fate_of(held.children[0], held, fresh).change, ChildChange::Retire);
  const ChildFate kept = fate_of(held.children[1], held, fresh);
  EXPECT_EQ(kept.change, ChildChange::None);
  EXPECT_EQ(kept.successor, &fresh.children[0]);
}

TEST(Fate, APlaceMattersWhereSelectorsOverlap) {
  PeerConfig held = peer_config(kA), fresh = held;
  held.children = {child("x-1", "10.0.0.0/8"), child("x-2", "10.2.0.0/16")};
  fresh.children = {held.children[1], held.children[0]};
  EXPECT_EQ(fate_of(held.children[0], held, fresh).change, ChildChange::Rekey);
}

}  // namespace
}  // namespace twinspan::ike
