// Two gateways whose settings change while they run (CommandSetPeer).
#pragma once

#include <algorithm>

#include "ike/core/peer_change.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {

inline constexpr TunnelId kOther{8};
inline constexpr size_t kC = 2;

inline uint64_t lost(SimHost& host) {
  return host.esp_unknown + host.esp_bad_key + host.gaps;
}

class ChangingPair : public SimPair {
 public:
  using SimPair::SimPair;

  void change(size_t side, Effect effect = Effect::InPlace) {
    world.command(side, CommandSetPeer{.peer = config[side], .effect = effect});
  }
  // B refuses each first request of A's for a child: it wants A's second group.
  void differ_on_first_group() {
    auto& of_a = config[kA].children[0].proposals;
    of_a.push_back(of_a.front());
    of_a.front().pfs_group = DhGroupId::Modp2048;
    ASSERT_NE(of_a.back().pfs_group, DhGroupId::Modp2048);
  }
  uint64_t lost_packets() { return lost(a()) + lost(b()); }
  // Up for so long that nothing of the start is under way. From here on nothing may be lost.
  void establish_for(Duration span) {
    establish();
    world.run_for(span);
    lost_before_ = lost_packets();
  }
  // With a first child that IKE_AUTH made, and from here on the test decides what arrives.
  void establish_and_hold(Duration span = 20s) {
    config[kB].admits_childless = false;
    establish_for(span);
    world.hold_wire();
  }
  // Of what is held, the first such message.
  void deliver_request(ExchangeType exchange) {
    deliver_first([&](const WireMessage& message) { return message.is_request(exchange); });
  }
  void deliver_response(ExchangeType exchange) {
    deliver_first([&](const WireMessage& message) { return message.is_response(exchange); });
  }
  void expect_nothing_lost() { EXPECT_EQ(lost_packets(), lost_before_) << world.picture(); }
  // All that was held comes to its end.
  void release_and_expect_rest() {
    world.release_wire();
    settle();
    expect_nothing_lost();
    expect_at_rest();
  }
  // Answers to CommandSetPeer.
  std::vector<EventCommandDone> answers(size_t side) {
    std::vector<EventCommandDone> found;
    for (const EventCommandDone& done : world.host(side).done) {
      if (done.kind == EventCommandDone::Kind::SetPeer) found.push_back(done);
    }
    return found;
  }
  void expect_in_effect(size_t side, size_t count = 1) {
    const auto found = answers(side);
    ASSERT_EQ(found.size(), count) << world.picture() << world.host(side).endpoint().dump_state();
    EXPECT_TRUE(found.back().ok) << found.back().diagnosis.message << world.picture();
  }
  Spi inbound(size_t side) { return world.host(side).outbound(kTunnel)->params.inbound_spi; }
  IkeSpi ike_spi(size_t side) { return world.host(side).ike_established.back().initiator_spi; }
  EncryptionId encryption(size_t side) {
    return world.host(side).outbound(kTunnel)->params.transforms.encryption.id;
  }
  // Each IKE SA that a host told of is gone, except the last one, and none is gone twice.
  void expect_one_ike_sa() {
    for (SimHost* host : {&a(), &b()}) {
      std::vector<IkeSpi> gone;
      for (const EventIkeGone& event : host->ike_gone) gone.push_back(event.initiator_spi);
      std::ranges::sort(gone);
      EXPECT_EQ(std::ranges::adjacent_find(gone), gone.end()) << host->name() << world.picture();
      EXPECT_EQ(gone.size() + 1, host->ike_established.size()) << host->name() << world.picture();
    }
  }

 private:
  void deliver_first(const std::function<bool(const WireMessage&)>& wanted) {
    const auto found = world.find_held(wanted);
    ASSERT_TRUE(found.has_value()) << world.picture();
    world.deliver(*found);
  }

  uint64_t lost_before_ = 0;
};

inline void use_chacha(PeerConfig& peer) {
  for (ChildConfig& child : peer.children)
    child.proposals = {{.encryption = {EncryptionId::ChaCha20Poly1305, 256}}};
}

inline void use_ike_chacha(PeerConfig& peer) {
  peer.ike_proposals = {{.encryption = {EncryptionId::ChaCha20Poly1305, 256}}};
}

inline void use_selectors(PeerConfig& peer, size_t side, const std::string& of_a,
                          const std::string& of_b) {
  peer.children[0].local = selectors({side == kA ? of_a : of_b});
  peer.children[0].remote = selectors({side == kA ? of_b : of_a});
}

// A has a second tunnel, to C.
class ThreeGateways : public ChangingPair {
 public:
  explicit ThreeGateways(uint64_t seed = 1) : ChangingPair(seed) {
    world.add_host("C", "192.0.2.3");
    to_c = peer_config(kA);
    to_c.tunnel = kOther;
    to_c.remote_address = *IpAddress::parse("192.0.2.3");
    to_c.remote_identity = fqdn("c.example.net");
    of_c = peer_config(kB);
    of_c.tunnel = kOther;
    of_c.local_address = *IpAddress::parse("192.0.2.3");
    of_c.local_identity = fqdn("c.example.net");
    of_c.mode = ConnectionMode::ResponderOnly;
    for (PeerConfig* peer : {&to_c, &of_c}) peer->dpd_interval = 3600s;
    world.command(kC, CommandAddPeer{.peer = of_c});
    world.command(kA, CommandAddPeer{.peer = to_c});
    establish();
    world.run_for(60s);
    spi_of_c = world.host(kC).outbound(kOther)->params.inbound_spi;
    world.keeps_sent = true;
  }
  void expect_c_untouched() {
    EXPECT_TRUE(std::ranges::none_of(world.sent, [](const WireMessage& message) {
      return message.from == kC || message.to == kC;
    })) << world.picture();
    EXPECT_EQ(world.host(kC).outbound(kOther)->params.inbound_spi, spi_of_c);
    EXPECT_EQ(world.host(kC).children.size(), 1u);
    EXPECT_EQ(world.host(kC).departures, 0u);
  }

  PeerConfig to_c, of_c;
  Spi spi_of_c;
};

}  // namespace twinspan::ike
