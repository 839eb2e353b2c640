// Two gateways, A (192.0.2.1) and B (192.0.2.2), and one tunnel between them.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/checkers.h"
#include "tests/support/sim_peers.h"
#include "tests/support/sim_world.h"

namespace twinspan::ike {

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
    // A packet each way: the responder knows then that the initiator holds the first child.
    world.exchange_esp();
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
