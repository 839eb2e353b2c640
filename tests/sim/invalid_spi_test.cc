// ESP that one side does not know although the IKE SA stands (RFC 7296 1.5).
#include <algorithm>

#include "ike/core/unknown_spi.h"
#include "ike/exchange/payloads.h"
#include "tests/sim/sim_pair.h"
#include "tests/support/forger.h"

namespace twinspan::ike {
namespace {

constexpr Spi kNobody{0x7777};

size_t count_of(SimHost& host, const char* word) {
  return static_cast<size_t>(std::ranges::count_if(
      host.trace, [word](const auto& line) { return line.find(word) != std::string::npos; }));
}

// --- Who gets it says so ---

class UnknownEsp : public SimPair {
 public:
  // A's ESP comes in at B on `spi` for so long.
  void send_to_b(Spi spi, Duration span, uint16_t port = 4500) {
    for (Duration passed{}; passed < span; passed += 100ms) {
      world.command(
          kB, CommandUnknownSpi{
                  .local = {b().address(), 4500}, .remote = {a().address(), port}, .spi = spi});
      world.run_for(100ms);
    }
  }
  size_t told() { return count_of(a(), "INVALID_SPI"); }
};

TEST(UnknownEsp, IsToldInsideTheIkeSaAndSparingly) {
  UnknownEsp pair;
  pair.establish();
  pair.send_to_b(kNobody, 1900ms);
  EXPECT_EQ(pair.told(), 0u);
  pair.send_to_b(kNobody, 14s);
  EXPECT_EQ(pair.told(), 3u) << pair.world.picture();
  EXPECT_EQ(pair.a().endpoint().counters().hints, 0u);  // Not in clear.
  // What A does not send on costs it nothing.
  EXPECT_EQ(pair.a().endpoint().counters().children_lost, 0u);
  pair.settle();
  pair.expect_at_rest();
}

// It is unauthenticated, and an SA is byte-identical after it.
TEST(UnknownEsp, ThatIsNotToldChangesNothing) {
  UnknownEsp pair;
  pair.establish();
  const std::string before = pair.b().endpoint().dump_state();
  for (uint32_t spi = 0; spi < 20; ++spi) pair.send_to_b(Spi{0x8000 + spi / 2}, 1ms);
  EXPECT_EQ(pair.b().endpoint().dump_state(), before);
}

TEST(UnknownEsp, OnManySpisIsToldNoMoreOften) {
  UnknownEsp pair;
  pair.establish();
  for (uint32_t round = 0; round < 100; ++round) {
    for (uint32_t spi = 0; spi < 6; ++spi) pair.send_to_b(Spi{0x8000 + spi}, 1ms);
  }
  EXPECT_GE(pair.told(), 2u);
  EXPECT_LE(pair.told(), 1u + 60s / kInvalidSpiInterval) << pair.world.picture();
}

TEST(UnknownEsp, OfAnotherPortOfThePeersAddressIsNotItsOwn) {
  UnknownEsp pair;
  pair.establish();
  pair.send_to_b(kNobody, 10s, 61000);
  EXPECT_EQ(pair.told(), 0u);
  EXPECT_EQ(pair.a().endpoint().counters().hints, 0u);
}

TEST(UnknownEsp, ThatOvertakesItsExchangeIsWaitedFor) {
  UnknownEsp pair;
  pair.establish();
  pair.rekey_child(kB);
  // A has answered and may send on the new pair; the answer is lost again and again.
  pair.world.filter = [](const WireMessage& m) {
    return !(m.from == kA && m.header.is_response &&
             m.header.exchange == static_cast<uint8_t>(ExchangeType::CreateChildSa));
  };
  pair.world.run_for(100ms);
  ASSERT_EQ(pair.a().children.size(), 2u);
  pair.send_to_b(pair.a().children.back().outbound_spi, 8s);
  EXPECT_EQ(pair.told(), 0u) << pair.world.picture();
  pair.world.filter = nullptr;
  pair.settle();
  pair.expect_at_rest();
}

TEST(UnknownEsp, OfAReplacedSaIsWaitedFor) {
  UnknownEsp pair;
  pair.establish();
  const Spi old = pair.b().children.front().inbound_spi;
  pair.rekey_child(kB);
  pair.world.run_for(100ms);
  pair.send_to_b(old, 4s);
  EXPECT_EQ(pair.told(), 0u) << pair.world.picture();
}

// --- Who sends it believes that ---

// B says INVALID_SPI, which it has no reason to: its endpoint would not.
class LostChild : public SimPair {
 public:
  LostChild() {
    a().options.export_keys = true;
    world.restart(kA);
    config[kB].dpd_interval = {};
    world.esp_interval = 50ms;
    establish();
    const EventIkeKeys& session = a().session_keys.back();
    forger_.emplace(Forger::Victim{.victim = {a().address(), 4500},
                                   .peer = {b().address(), 4500},
                                   .role = Role::Initiator,
                                   .initiator_spi = session.initiator_spi,
                                   .responder_spi = session.responder_spi,
                                   .session = &session});
  }
  void b_says(const std::vector<Payload>& payloads) {
    const Forger::Message message{static_cast<uint8_t>(ExchangeType::Informational),
                                  Direction::Request, MessageId{next_id_++}};
    world.inject(kA, forger_->make(message, payloads, Sealing::LiveKeys));
  }
  void b_lacks(Spi spi) { b_says({invalid_spi_notify(spi)}); }
  Spi sent_on() { return a().outbound(kTunnel)->params.outbound_spi; }

 private:
  std::optional<Forger> forger_;
  uint32_t next_id_ = 0;
};

TEST(LostChild, IsMadeAnewWithoutAGap) {
  LostChild pair;
  pair.world.run_for(kRecreateInterval);
  const Spi lost = pair.sent_on();
  pair.b_lacks(lost);
  EXPECT_EQ(pair.a().trace.back(), "tunnel: the peer does not have the Child SA that we send on");
  pair.world.run_for(1s);
  EXPECT_NE(pair.sent_on(), lost) << pair.world.picture();
  EXPECT_EQ(pair.a().children.size(), 2u);
  EXPECT_EQ(pair.a().endpoint().counters().children_lost, 1u);
  EXPECT_EQ(pair.a().tunnel_state[kTunnel], TunnelState::Established);
  pair.settle();
  EXPECT_EQ(pair.a().gaps + pair.b().gaps, 0u);
  EXPECT_EQ(pair.a().inbound.size(), 1u);
  EXPECT_EQ(pair.a().ike_gone.size(), 0u);
  pair.expect_sound();
}

TEST(LostChild, ThatIsSaidToBeLostAgainAndAgainIsMadeAnewSeldom) {
  LostChild pair;
  for (unsigned i = 0; i < 600; ++i) {
    pair.b_lacks(pair.sent_on());
    pair.world.run_for(100ms);
  }
  EXPECT_GE(pair.a().children.size(), 2u);
  EXPECT_LE(pair.a().children.size(), 1u + 60s / kRecreateInterval);
  EXPECT_LE(pair.a().inbound_peak, 8u);
  EXPECT_EQ(pair.a().ike_gone.size(), 0u);
  pair.expect_sound();
}

TEST(LostChild, IsNoneThatWasNeverOursNorOneThatIsReplaced) {
  LostChild pair;
  const Spi first = pair.sent_on();
  pair.world.run_for(kRecreateInterval);
  pair.b_lacks(kNobody);
  pair.b_lacks(pair.a().outbound(kTunnel)->params.inbound_spi);
  for (const size_t size : {0u, 3u, 5u, 8u}) {
    Bytes data(size, 0);
    if (size >= 4) store_be32(data.data(), first.value);
    pair.b_says({NotifyPayload{.protocol = ProtocolId::None,
                               .spi = {},
                               .type = NotifyType::InvalidSpi,
                               .value = std::move(data)}});
  }
  pair.rekey_child(kA);
  pair.world.run_for(20ms);
  pair.b_lacks(first);
  pair.b_says(std::vector<Payload>(50, invalid_spi_notify(first)));
  pair.world.run_for(20s);
  EXPECT_EQ(pair.a().endpoint().counters().children_lost, 0u);
  EXPECT_EQ(pair.a().children.size(), 2u);  // The rekeyed one.
  pair.expect_sound();
}

TEST(LostChild, IsBelievedOnlyInsideTheIkeSa) {
  LostChild pair;
  pair.world.run_for(kRecreateInterval);
  const Spi spi = pair.sent_on();
  Header header;
  header.initiator_spi = IkeSpi{1};
  header.exchange = static_cast<uint8_t>(ExchangeType::Informational);
  header.from_initiator = true;
  pair.world.inject(kA, {.local = {pair.a().address(), 4500},
                         .remote = {pair.b().address(), 4500},
                         .bytes = write_message(header, {invalid_spi_notify(spi)})});
  EXPECT_EQ(pair.a().endpoint().counters().hints, 1u);
  EXPECT_EQ(pair.a().endpoint().counters().children_lost, 0u);
}

}  // namespace
}  // namespace twinspan::ike
