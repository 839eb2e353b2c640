// Two gateways, A (192.0.2.1) and B (192.0.2.2), and one tunnel between them.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/checkers.h"
#include "tests/support/sim_world.h"

namespace twinspan::ike {

inline constexpr TunnelId kTunnel{7};
inline constexpr size_t kA = 0, kB = 1;

inline Identity fqdn(const std::string& name) {
  return {.type = IdType::Fqdn, .value = to_bytes(as_bytes(name))};
}

inline TrafficSelectors selectors(const std::vector<std::string>& prefixes) {
  TrafficSelectors list;
  for (const auto& prefix : prefixes)
    list.push_back(TrafficSelector::from_prefix(*IpPrefix::parse(prefix)));
  return list;
}

inline PeerConfig peer_config(size_t side) {
  const bool is_a = side == kA;
  PeerConfig peer;
  peer.tunnel = kTunnel;
  peer.name = is_a ? "a-to-b" : "b-to-a";
  peer.local_address = *IpAddress::parse(is_a ? "192.0.2.1" : "192.0.2.2");
  peer.remote_address = *IpAddress::parse(is_a ? "192.0.2.2" : "192.0.2.1");
  peer.local_identity = fqdn(is_a ? "a.example.net" : "b.example.net");
  peer.remote_identity = fqdn(is_a ? "b.example.net" : "a.example.net");
  peer.psk = std::make_shared<const SecretBytes>(as_bytes("correct horse battery staple"));
  peer.ike_proposals = {{.encryption = {EncryptionId::AesGcm16, 256}}};
  peer.child.name = peer.name;
  peer.child.local = selectors({"0.0.0.0/0", "::/0"});
  peer.child.remote = selectors({"0.0.0.0/0", "::/0"});
  peer.child.proposals = {{.encryption = {EncryptionId::AesGcm16, 256}}};
  peer.dpd_interval = 15s;
  return peer;
}

// Most tests: A initiates, B responds unless told otherwise.
class SimPair {
 public:
  explicit SimPair(uint64_t seed = 1) : world(seed) {
    world.add_host("A", "192.0.2.1");
    world.add_host("B", "192.0.2.2");
    config[kA] = peer_config(kA);
    config[kB] = peer_config(kB);
    config[kB].mode = ConnectionMode::ResponderOnly;
  }

  SimHost& a() { return world.host(kA); }
  SimHost& b() { return world.host(kB); }
  void start(size_t side) {
    world.command(side, CommandAddPeer{.peer = config[side], .started = true});
  }
  void start() {
    start(kB);
    start(kA);
  }
  bool is_up() {
    return a().tunnel_state[kTunnel] == TunnelState::Established &&
           b().tunnel_state[kTunnel] == TunnelState::Established;
  }
  void establish() {
    start();
    ASSERT_TRUE(world.run_until([this] { return is_up(); }, 10s)) << world.picture();
    world.run_for(100ms);
  }
  // Long enough for every grace, activation and reaper time.
  void settle() { world.run_for(60s); }
  void expect_at_rest() {
    EXPECT_EQ(check_at_rest(world), std::vector<std::string>{})
        << world.picture() << a().endpoint().dump_state() << b().endpoint().dump_state();
    expect_sound();
  }
  void expect_sound() {
    EXPECT_EQ(world.violations(), std::vector<std::string>{}) << world.picture();
  }
  void rekey_child(size_t side) { world.command(side, CommandRekeyChild{kTunnel}); }
  void rekey_ike(size_t side) { world.command(side, CommandRekeyIke{kTunnel}); }

  SimWorld world;
  PeerConfig config[2];
};

}  // namespace twinspan::ike
