// Two gateways with many tunnels between them, which all begin at once.
#include <algorithm>

#include "ike/core/supervisor.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

constexpr uint32_t kTunnels = 300;

PeerConfig numbered(size_t side, uint32_t number, ConnectionMode mode) {
  PeerConfig peer = peer_config(side);
  const std::string text = std::to_string(number);
  peer.tunnel = TunnelId{number};
  peer.name += text;
  peer.children[0].name = peer.name;
  peer.local_identity = fqdn((side == kA ? "a" : "b") + text);
  peer.remote_identity = fqdn((side == kA ? "b" : "a") + text);
  peer.authentication = psk("key " + text);
  peer.mode = mode;
  return peer;
}

class ManyTunnels : public testing::Test {
 protected:
  void add(size_t side, uint32_t number, ConnectionMode mode) {
    pair.world.command(side, CommandAddPeer{.peer = numbered(side, number, mode), .started = true});
  }
  size_t count_up(size_t side) {
    return static_cast<size_t>(std::ranges::count_if(
        pair.world.host(side).tunnel_state,
        [](const auto& entry) { return entry.second == TunnelState::Established; }));
  }
  bool are_all_up() { return count_up(kA) == kTunnels && count_up(kB) == kTunnels; }
  const EndpointCounters& counters(size_t side) {
    return pair.world.host(side).endpoint().counters();
  }

  SimPair pair;
};

class ManyTunnelsAtOnce : public ManyTunnels, public testing::WithParamInterface<ConnectionMode> {};

TEST_P(ManyTunnelsAtOnce, AllComeUpWithoutRefusalOrCookie) {
  pair.world.record(false);
  for (uint32_t number = 1; number <= kTunnels; ++number) {
    add(kB, number, GetParam());
    add(kA, number, ConnectionMode::Default);
  }
  EXPECT_TRUE(pair.world.run_until([this] { return are_all_up(); }, 30s))
      << count_up(kA) << " and " << count_up(kB);
  for (const size_t side : {kA, kB}) {
    EXPECT_EQ(counters(side).half_open_refused, 0u);
    EXPECT_EQ(counters(side).cookies_sent, 0u);
    EXPECT_EQ(counters(side).retransmits_sent, 0u);
  }
  pair.settle();
  pair.expect_sound();
  EXPECT_TRUE(are_all_up());
  // Most is made once: the two ends begin in different places.
  if (GetParam() == ConnectionMode::Default) {
    EXPECT_LT(counters(kA).key_exchanges_answered + counters(kB).key_exchanges_answered,
              kTunnels * 3 / 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, ManyTunnelsAtOnce,
                         testing::Values(ConnectionMode::Default, ConnectionMode::ResponderOnly));

// Those that stand in line follow when the first ones give up, and all come up with the peer.
TEST_F(ManyTunnels, APeerThatIsAwayIsTriedByFewAtATime) {
  pair.world.record(false);
  pair.world.keeps_sent = true;
  for (uint32_t number = 1; number <= kTunnels; ++number) add(kA, number, ConnectionMode::Default);
  pair.world.run_for(500ms);
  EXPECT_EQ(pair.world.sent.size(), kAttemptsPerAddressMax);
  pair.world.run_for(60s);
  for (uint32_t number = 1; number <= kTunnels; ++number) {
    add(kB, number, ConnectionMode::ResponderOnly);
  }
  EXPECT_TRUE(pair.world.run_until([this] { return are_all_up(); }, 60s))
      << count_up(kA) << " and " << count_up(kB);
}

}  // namespace
}  // namespace twinspan::ike
