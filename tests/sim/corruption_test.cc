// Every byte of every recorded message, changed: nothing that is not authenticated may change any
// state.
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

// A full life: handshake, child rekey from each side, IKE rekey, liveness, DELETE. The callback
// sees each message right before its receiver does.
void live(SimPair& pair, const std::function<void(const WireMessage&)>& inspect) {
  pair.world.filter = [&](const WireMessage& m) {
    inspect(m);
    return true;
  };
  pair.establish();
  pair.rekey_child(kA);
  pair.world.run_for(1s);
  pair.rekey_child(kB);
  pair.world.run_for(1s);
  pair.rekey_ike(kB);
  pair.world.run_for(1s);
  pair.rekey_ike(kA);
  pair.world.run_for(40s);
  pair.world.command(kA, CommandDown{kTunnel});
  pair.world.run_for(1s);
}

void drain(SimHost& host) {
  while (host.endpoint().poll_event()) {
  }
  while (host.endpoint().poll_datagram()) {
  }
}

TEST(Corruption, NoSingleByteOfAMessageAfterIkeSaInitChangesAnyState) {
  SimPair pair;
  size_t tried = 0;
  live(pair, [&](const WireMessage& m) {
    if (m.header.exchange == static_cast<uint8_t>(ExchangeType::IkeSaInit)) return;
    SimHost& receiver = pair.world.host(m.to);
    const std::string before = receiver.endpoint().dump_state();
    for (size_t i = 0; i < m.datagram.bytes.size(); ++i) {
      // Every other value of the byte; the state is looked at once for all of them.
      for (unsigned flip = 1; flip < 256; ++flip) {
        Datagram bad = m.datagram;
        bad.bytes[i] ^= static_cast<uint8_t>(flip);
        receiver.endpoint().handle_datagram(pair.world.now(), bad);
        drain(receiver);
        ++tried;
      }
      ASSERT_EQ(receiver.endpoint().dump_state(), before) << "byte " << i << "\n"
                                                          << pair.world.picture();
    }
  });
  EXPECT_GT(tried, 400'000u);
  // The true messages were accepted all the same.
  EXPECT_EQ(pair.a().children.size(), 3u);
  EXPECT_EQ(pair.a().ike_established.size(), 3u);
  for (const auto& done : pair.a().done) EXPECT_TRUE(done.ok);
  pair.expect_sound();
}

TEST(Corruption, TruncatedAndExtendedMessagesChangeNothing) {
  SimPair pair;
  live(pair, [&](const WireMessage& m) {
    if (m.header.exchange == static_cast<uint8_t>(ExchangeType::IkeSaInit)) return;
    SimHost& receiver = pair.world.host(m.to);
    const std::string before = receiver.endpoint().dump_state();
    for (size_t size = 0; size < m.datagram.bytes.size() + 2; ++size) {
      if (size == m.datagram.bytes.size()) continue;
      Datagram bad = m.datagram;
      bad.bytes.resize(size);
      receiver.endpoint().handle_datagram(pair.world.now(), bad);
      drain(receiver);
      ASSERT_EQ(receiver.endpoint().dump_state(), before) << size;
    }
  });
  pair.expect_sound();
}

TEST(Corruption, ReplayedMessagesOfAWholeLifeChangeNothing) {
  SimPair pair;
  pair.world.keeps_sent = true;
  pair.establish();
  pair.rekey_child(kA);
  pair.world.run_for(1s);
  pair.rekey_ike(kB);
  pair.world.run_for(30s);
  const auto sent = pair.world.sent;
  pair.world.keeps_sent = false;
  const std::string before_a = pair.a().endpoint().dump_state();
  const std::string before_b = pair.b().endpoint().dump_state();
  for (const auto& message : sent) {
    // A whole IKE_SA_INIT of an SA that is long gone is a new one: it makes a half-open SA.
    if (message.is_request(ExchangeType::IkeSaInit)) continue;
    pair.world.host(message.to).endpoint().handle_datagram(pair.world.now(), message.datagram);
    drain(pair.a());
    drain(pair.b());
  }
  EXPECT_EQ(pair.a().endpoint().dump_state(), before_a);
  EXPECT_EQ(pair.b().endpoint().dump_state(), before_b);
}

TEST(Corruption, OfIkeSaInitCostsAtMostOneHalfOpenSaOrThatAttempt) {
  // One attempt per changed byte of the request and of the answer; the tunnel comes up all the
  // same.
  for (const bool answer : {false, true}) {
    for (size_t i = 0;; ++i) {
      SimPair pair(i + 1);
      bool done = false, too_far = false;
      pair.world.filter = [&](const WireMessage& m) {
        const bool wanted = m.header.exchange == static_cast<uint8_t>(ExchangeType::IkeSaInit) &&
                            m.header.is_response == answer;
        if (done || !wanted) return true;
        done = true;
        too_far = i >= m.datagram.bytes.size();
        if (too_far) return true;
        Datagram bad = m.datagram;
        bad.bytes[i] ^= 0x55;
        SimHost& receiver = pair.world.host(m.to);
        receiver.endpoint().handle_datagram(pair.world.now(), bad);
        while (auto event = receiver.endpoint().poll_event()) receiver.carry_out(*std::move(event));
        return true;
      };
      pair.start();
      EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 200s)) << i << "\n"
                                                                            << pair.world.picture();
      if (testing::Test::HasFailure()) return;
      if (too_far) break;
    }
  }
}

}  // namespace
}  // namespace twinspan::ike
