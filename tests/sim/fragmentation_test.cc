// RFC 7383 between two gateways: whole lives in fragments, lossy wires, and a peer that holds the
// keys and cuts its messages in every wrong way.
#include "ike/core/sealed_message.h"
#include "ike/exchange/payloads.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

// 20 + 8 + 4 bytes of headers leave 76 for a datagram, hence 15 of content with AES-GCM.
constexpr uint32_t kSmall = 108;
constexpr size_t kSmallDatagram = kSmall - 32;

bool is_init(const WireMessage& m) {
  return m.header.exchange == static_cast<uint8_t>(ExchangeType::IkeSaInit);
}

bool is_fragment(const WireMessage& m) {
  const auto parsed = parse_message(m.datagram.bytes);
  return parsed && parsed->encrypted && parsed->encrypted->fragment_total != 0;
}

uint16_t number_of(const WireMessage& m) {
  return parse_message(m.datagram.bytes)->encrypted->fragment_number;
}

void cut(SimPair& pair, uint32_t size_of_a, uint32_t size_of_b) {
  pair.config[kA].fragment_size = size_of_a;
  pair.config[kB].fragment_size = size_of_b;
}

void drain(SimHost& host) {
  while (auto event = host.endpoint().poll_event()) host.carry_out(*std::move(event));
  while (host.endpoint().poll_datagram()) {
  }
}

// --- Two well-behaved ends ---

// Rekeys of both kinds from both ends, and DELETE; each answered.
void live(SimPair& pair) {
  pair.establish();
  for (const size_t side : {kA, kB}) {
    pair.rekey_child(side);
    pair.world.run_for(2s);
    pair.rekey_ike(side);
    pair.world.run_for(20s);
  }
  pair.settle();
  pair.expect_at_rest();
  pair.world.command(kA, CommandDown{kTunnel});
  pair.world.run_for(2s);
  for (size_t side : {kA, kB}) {
    for (const auto& done : pair.world.host(side).done) EXPECT_TRUE(done.ok);
  }
  pair.expect_sound();
}

TEST(Fragmentation, AWholeLifeOfBothRolesFitsIntoSmallPackets) {
  for (const auto& [size_a, size_b] :
       {std::pair{kSmall, kSmall}, {kSmall, uint32_t{1280}}, {uint32_t{1280}, kSmall}}) {
    SimPair pair;
    cut(pair, size_a, size_b);
    std::map<std::tuple<size_t, uint8_t, bool>, size_t> fragments;
    pair.world.filter = [&](const WireMessage& m) {
      const bool is_small = (m.from == kA ? size_a : size_b) == kSmall;
      if (is_init(m)) {
        EXPECT_FALSE(is_fragment(m));
      } else if (is_small) {
        EXPECT_LE(m.datagram.bytes.size(), kSmallDatagram);
      }
      if (is_fragment(m)) {
        EXPECT_TRUE(is_small);
        ++fragments[{m.from, m.header.exchange, m.header.is_response}];
      }
      return true;
    };
    live(pair);
    for (const size_t from : {kA, kB}) {
      if ((from == kA ? size_a : size_b) != kSmall) continue;
      const auto auth = static_cast<uint8_t>(ExchangeType::IkeAuth);
      const auto create = static_cast<uint8_t>(ExchangeType::CreateChildSa);
      EXPECT_GT((fragments[{from, auth, from == kB}]), 5u);
      EXPECT_GT((fragments[{from, create, false}]), 5u);
      EXPECT_GT((fragments[{from, create, true}]), 5u);
      EXPECT_GT(pair.world.host(from).endpoint().counters().fragments_sent, 15u);
      EXPECT_GT(pair.world.host(1 - from).endpoint().counters().fragments_accepted, 15u);
    }
    for (const size_t side : {kA, kB}) {
      EXPECT_EQ(pair.world.host(side).endpoint().counters().fragments_refused, 0u);
      EXPECT_EQ(pair.world.host(side).endpoint().counters().reassemblies_dropped, 0u);
      EXPECT_EQ(pair.world.host(side).endpoint().counters().illegal, 0u);
    }
  }
}

TEST(Fragmentation, InformationalMessagesAreCutToo) {
  // 6 bytes of content in each packet: not even a DELETE fits.
  SimPair pair;
  cut(pair, 99, 99);
  size_t requests = 0, answers = 0;
  pair.world.filter = [&](const WireMessage& m) {
    if (!is_fragment(m)) return true;
    if (m.is_request(ExchangeType::Informational)) ++requests;
    if (m.is_response(ExchangeType::Informational)) ++answers;
    return true;
  };
  pair.establish();
  pair.rekey_child(kA);
  pair.world.run_for(2s);
  EXPECT_EQ(requests, 2u) << pair.world.picture();
  EXPECT_EQ(answers, 2u);
  pair.expect_sound();
}

TEST(Fragmentation, SizeZeroNeverCutsButStillJoins) {
  SimPair pair;
  cut(pair, 0, kSmall);
  pair.establish();
  EXPECT_EQ(pair.a().endpoint().counters().fragments_sent, 0u);
  EXPECT_GT(pair.a().endpoint().counters().fragments_accepted, 5u);
}

TEST(Fragmentation, NothingIsCutAtTheUsualSize) {
  SimPair pair;
  live(pair);
  EXPECT_EQ(pair.a().endpoint().counters().fragments_sent, 0u);
  EXPECT_EQ(pair.b().endpoint().counters().fragments_sent, 0u);
}

TEST(Fragmentation, LossDuplicationAndReorderingEndWithExactlyOnePair) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SimPair pair(seed);
    std::mt19937_64 dice(seed * 131);
    cut(pair, seed % 3 == 0 ? 1280 : kSmall, seed % 3 == 1 ? 1280 : kSmall);
    pair.world.link = {.delay_min = 2ms,
                       .delay_max = 2ms + (dice() % 60) * 1ms,
                       .loss_percent = static_cast<unsigned>(5 + dice() % 20),
                       .duplicate_percent = static_cast<unsigned>(dice() % 20)};
    pair.start();
    for (int i = 0; i < 20; ++i) {
      pair.world.run_for((200 + static_cast<int>(dice() % 6000)) * 1ms);
      if (dice() % 3 == 0) {
        pair.rekey_ike(dice() % 2);
      } else {
        pair.rekey_child(dice() % 2);
      }
    }
    pair.world.link = {};
    pair.world.run_for(200s);
    pair.expect_at_rest();
    for (const size_t side : {kA, kB}) {
      EXPECT_EQ(pair.world.host(side).endpoint().dump_state().find("fragments"), std::string::npos);
    }
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "seed " << seed;
      return;
    }
  }
}

TEST(Fragmentation, AnyOneLostFragmentOfAnyMessageIsRepaired) {
  // The n-th fragment on the wire is lost, for all n of a handshake, a rekey and its DELETE.
  for (size_t lost = 0;; ++lost) {
    SimPair pair(lost + 1);
    cut(pair, kSmall, kSmall);
    size_t seen = 0;
    pair.world.filter = [&](const WireMessage& m) { return !is_fragment(m) || seen++ != lost; };
    pair.start();
    EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 10s)) << pair.world.picture();
    pair.rekey_child(kA);
    pair.world.run_for(3s);
    EXPECT_EQ(pair.a().done.size(), 1u) << lost << pair.world.picture();
    pair.settle();
    pair.expect_at_rest();
    if (testing::Test::HasFailure() || seen <= lost) break;
  }
}

TEST(Fragmentation, WhatIsReportedSaysHowManyFragmentsThereWere) {
  SimPair pair;
  cut(pair, kSmall, kSmall);
  std::vector<std::string> said;
  pair.world.filter = [&](const WireMessage& m) {
    if (!m.is_response(ExchangeType::IkeAuth)) return true;
    pair.a().endpoint().handle_datagram(pair.world.now(), m.datagram);
    while (auto event = pair.a().endpoint().poll_event()) {
      const auto* line = std::get_if<EventMessage>(&*event);
      if (line != nullptr && line->text.starts_with("received")) said.push_back(line->text);
      pair.a().carry_out(*std::move(event));
    }
    return false;
  };
  pair.establish();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(said[0].starts_with("received IKE_AUTH response 1 [")) << said[0];
  EXPECT_TRUE(said[0].ends_with(" fragments)")) << said[0];
}

// --- A repeated request ---

TEST(Fragmentation, OnlyFragmentOneOfARepeatedRequestBringsTheWholeAnswerAgain) {
  SimPair pair;
  cut(pair, kSmall, kSmall);
  pair.establish();
  std::vector<WireMessage> request;
  size_t answers = 0;
  pair.world.filter = [&](const WireMessage& m) {
    if (m.is_request(ExchangeType::CreateChildSa)) request.push_back(m);
    if (m.header.is_response) ++answers;
    return !m.header.is_response;  // The answer is lost: A does not go on.
  };
  pair.rekey_child(kA);
  pair.world.run_for(200ms);
  ASSERT_GT(request.size(), 2u);
  ASSERT_GT(answers, 2u);
  IkeEndpoint& b = pair.b().endpoint();
  for (const WireMessage& m : request) {
    b.handle_datagram(pair.world.now(), m.datagram);
    size_t sent = 0;
    while (b.poll_datagram()) ++sent;
    EXPECT_EQ(sent, number_of(m) == 1 ? answers : 0u) << number_of(m);
  }
  pair.world.filter = nullptr;
  pair.world.run_for(5s);
  EXPECT_EQ(pair.a().done.size(), 1u);
  pair.settle();
  pair.expect_at_rest();
}

// --- A peer that holds the keys ---

// A in the hands of the test: what it sends to B is sealed with the keys of the newest IKE SA.
class Insider {
 public:
  explicit Insider(SimPair& pair) : pair_(pair) {
    pair.a().options.export_keys = true;
    pair.a().restart(5);
    pair.config[kB].fragment_size = 0;
    pair.config[kA].dpd_interval = {};
    pair.config[kB].dpd_interval = {};
    pair.establish();
  }

  struct Piece {
    uint16_t number = 1;
    uint16_t total = 2;
    Bytes content = {};
    uint8_t first_payload = 0;
    ExchangeType exchange = ExchangeType::Informational;
  };
  Datagram fragment(const Piece& piece) {
    EncryptedBlock block;
    block.first_inner_payload = piece.first_payload;
    block.fragment_number = piece.number;
    block.fragment_total = piece.total;
    return sealed(header(piece.exchange), block, piece.content);
  }
  Datagram whole(ExchangeType exchange, const std::vector<Payload>& payloads) {
    WrittenChain chain = write_payloads(payloads);
    EncryptedBlock block;
    block.first_inner_payload = chain.first_payload;
    return sealed(header(exchange), block, chain.bytes);
  }

  // How many datagrams B answers with.
  size_t send(const Datagram& datagram) {
    IkeEndpoint& b = pair_.b().endpoint();
    b.handle_datagram(pair_.world.now(), datagram);
    while (auto event = b.poll_event()) pair_.b().carry_out(*std::move(event));
    size_t answers = 0;
    while (b.poll_datagram()) ++answers;
    return answers;
  }
  void next_request() { ++id_; }

  const EndpointCounters& counters() { return pair_.b().endpoint().counters(); }
  std::string dump() { return pair_.b().endpoint().dump_state(); }
  bool holds_fragments() { return dump().find("request fragments") != std::string::npos; }

 private:
  Header header(ExchangeType exchange) {
    Header header;
    header.initiator_spi = session().initiator_spi;
    header.responder_spi = session().responder_spi;
    header.exchange = static_cast<uint8_t>(exchange);
    header.from_initiator = true;
    header.message_id = MessageId{id_};
    return header;
  }
  Datagram sealed(const Header& header, EncryptedBlock block, const Bytes& content) {
    const EventIkeKeys& event = session();
    const SkKeys keys{event.suite.encryption, event.suite.integrity, event.keys.ei.view(),
                      event.keys.ai.view()};
    block.body_length = sk_body_size(keys, content.size());
    Bytes bytes = write_encrypted_prefix(header, block);
    const Bytes body = seal_sk(crypto_, keys, iv_counter_++, bytes, content);
    bytes.insert(bytes.end(), body.begin(), body.end());
    return {.local = {pair_.b().address(), 4500},
            .remote = {pair_.a().address(), 4500},
            .bytes = std::move(bytes)};
  }
  const EventIkeKeys& session() { return pair_.a().session_keys.back(); }

  SimPair& pair_;
  FakeCrypto crypto_{99};
  uint64_t iv_counter_ = 5000;
  uint32_t id_ = 4;  // After IKE_SA_INIT, IKE_AUTH, the first child and its proof.
};

constexpr auto kNotifyType = static_cast<uint8_t>(PayloadType::Notify);

Bytes notify_chain() {
  return write_payloads({status_notify(NotifyType::AdditionalTsPossible)}).bytes;
}

TEST(FragmentInsider, TheMessageIsHandledWhenTheLastFragmentIsThere) {
  SimPair pair;
  Insider insider(pair);
  const Bytes chain = notify_chain();
  const Bytes head(chain.begin(), chain.begin() + 3), tail(chain.begin() + 3, chain.end());
  EXPECT_EQ(insider.send(insider.fragment({.number = 2, .content = tail})), 0u);
  EXPECT_TRUE(insider.holds_fragments());
  EXPECT_EQ(insider.send(insider.fragment({.number = 2, .content = tail})), 0u);
  EXPECT_EQ(insider.counters().fragments_refused, 1u);
  EXPECT_EQ(insider.send(insider.fragment({.content = head, .first_payload = kNotifyType})), 1u);
  EXPECT_FALSE(insider.holds_fragments());
  insider.next_request();
  EXPECT_EQ(insider.send(insider.whole(ExchangeType::Informational, {})), 1u);
}

TEST(FragmentInsider, AFloodOfFirstFragmentsHoldsOneMessageAtMost) {
  SimPair pair;
  Insider insider(pair);
  size_t largest = 0;
  for (uint16_t total = 2; total < 2000; ++total) {
    insider.send(
        insider.fragment({.total = total, .content = Bytes(1000), .first_payload = kNotifyType}));
    const std::string dump = insider.dump();
    const size_t at = dump.find("bytes=");
    ASSERT_NE(at, std::string::npos);
    largest = std::max<size_t>(largest, std::stoul(dump.substr(at + 6)));
  }
  EXPECT_LE(largest, 1000u + 1100u);
  EXPECT_EQ(insider.counters().reassemblies_dropped, 62u);  // Totals of 3 to 64.
  EXPECT_EQ(insider.counters().fragments_refused, 2000u - 65u);
}

TEST(FragmentInsider, LargeFragmentsAreBoundedAltogether) {
  SimPair pair;
  Insider insider(pair);
  for (uint16_t number = 1; number <= 4; ++number) {
    insider.send(insider.fragment({.number = number, .total = 64, .content = Bytes(16000)}));
  }
  EXPECT_TRUE(insider.holds_fragments());
  insider.send(insider.fragment({.number = 5, .total = 64, .content = Bytes(16000)}));
  EXPECT_FALSE(insider.holds_fragments());
  EXPECT_EQ(insider.counters().reassemblies_dropped, 1u);
}

TEST(FragmentInsider, AnIncompleteMessageIsForgottenAfterATime) {
  SimPair pair;
  Insider insider(pair);
  insider.send(insider.fragment({.content = {1}, .first_payload = kNotifyType}));
  pair.world.run_for(110s);
  EXPECT_TRUE(insider.holds_fragments());
  pair.world.run_for(11s);
  EXPECT_FALSE(insider.holds_fragments());
  EXPECT_EQ(insider.counters().reassemblies_dropped, 1u);
  EXPECT_EQ(insider.send(insider.whole(ExchangeType::Informational, {})), 1u);
}

TEST(FragmentInsider, AWholeMessageOfTheSameIdWinsAndTheFragmentsAreDropped) {
  SimPair pair;
  Insider insider(pair);
  const Datagram second = insider.fragment({.number = 2, .content = {1}});
  insider.send(insider.fragment({.content = {1}, .first_payload = kNotifyType}));
  EXPECT_EQ(insider.send(insider.whole(ExchangeType::Informational, {})), 1u);
  EXPECT_FALSE(insider.holds_fragments());
  EXPECT_EQ(insider.counters().reassemblies_dropped, 1u);
  const std::string before = insider.dump();
  EXPECT_EQ(insider.send(second), 0u);
  EXPECT_EQ(insider.dump(), before);
}

TEST(FragmentInsider, ARequestCutAnewWhenItIsRepeatedIsAnsweredAgainByItsFirstFragment) {
  SimPair pair;
  Insider insider(pair);
  EXPECT_EQ(insider.send(insider.whole(ExchangeType::Informational, {})), 1u);
  const std::string before = insider.dump();
  EXPECT_EQ(insider.send(insider.fragment({.number = 2, .content = {1}})), 0u);
  EXPECT_EQ(insider.send(insider.fragment({.content = {1}, .first_payload = kNotifyType})), 1u);
  // Not for another exchange, and not for a stranger.
  EXPECT_EQ(insider.send(insider.fragment({.exchange = ExchangeType::CreateChildSa})), 0u);
  Datagram forged = insider.fragment({.content = {1}, .first_payload = kNotifyType});
  forged.bytes.back() ^= 1;
  EXPECT_EQ(insider.send(forged), 0u);
  EXPECT_EQ(insider.dump(), before);
}

TEST(FragmentInsider, AClearPayloadBesideAFragmentIsRefused) {
  SimPair pair;
  Insider insider(pair);
  Datagram bad = insider.fragment({.content = {1}, .first_payload = kNotifyType});
  const std::string before = insider.dump();
  // N(INITIAL_CONTACT) before SKF, with the lengths put right.
  const Bytes notify = {53, 0, 0, 8, 0, 0, 0x40, 0x00};
  bad.bytes.insert(bad.bytes.begin() + kHeaderSize, notify.begin(), notify.end());
  bad.bytes[16] = kNotifyType;
  store_be32(&bad.bytes[24], static_cast<uint32_t>(bad.bytes.size()));
  ASSERT_TRUE(parse_message(bad.bytes).has_value());
  EXPECT_EQ(insider.send(bad), 0u);
  EXPECT_EQ(insider.counters().illegal, 1u);
  EXPECT_EQ(insider.dump(), before);
}

TEST(FragmentInsider, AFirstPayloadInALaterFragmentIsRefused) {
  SimPair pair;
  Insider insider(pair);
  const std::string before = insider.dump();
  insider.send(insider.fragment({.number = 2, .content = {1}, .first_payload = kNotifyType}));
  EXPECT_EQ(insider.counters().fragments_refused, 1u);
  EXPECT_EQ(insider.dump(), before);
}

TEST(FragmentInsider, AMessageThatDoesNotParseOnceJoinedIsAnsweredAsBadSyntax) {
  SimPair pair;
  Insider insider(pair);
  EXPECT_EQ(insider.send(insider.fragment({.content = {0, 0}, .first_payload = kNotifyType})), 0u);
  EXPECT_EQ(insider.send(insider.fragment({.number = 2, .content = {0, 3}})), 1u);
  EXPECT_EQ(pair.b().ike_gone.size(), 1u);
  EXPECT_EQ(pair.b().last_cause[kTunnel], "bad-message");
}

// --- Strangers ---

TEST(Fragmentation, ForgedFragmentsInAnyNumberChangeNothing) {
  SimPair pair;
  pair.establish();
  for (const size_t victim : {kA, kB}) {
    IkeEndpoint& endpoint = pair.world.host(victim).endpoint();
    const std::string before = endpoint.dump_state();
    const EventIkeEstablished& sa = pair.world.host(victim).ike_established.back();
    std::mt19937_64 dice(3);
    for (uint32_t i = 0; i < 20000; ++i) {
      Header header;
      header.initiator_spi = sa.initiator_spi;
      header.responder_spi = sa.responder_spi;
      header.exchange = static_cast<uint8_t>(34 + dice() % 5);
      header.is_response = dice() % 2 == 0;
      header.from_initiator = victim == kB;
      header.message_id = MessageId{static_cast<uint32_t>(dice() % 6)};
      EncryptedBlock block;
      block.fragment_total = static_cast<uint16_t>(1 + dice() % (i % 2 == 0 ? 4 : 65535));
      block.fragment_number = static_cast<uint16_t>(1 + dice() % block.fragment_total);
      block.first_inner_payload = static_cast<uint8_t>(dice() % 60);
      block.body_length = dice() % 80;
      Bytes bytes = write_encrypted_prefix(header, block);
      for (size_t n = 0; n < block.body_length; ++n) {
        bytes.push_back(static_cast<uint8_t>(dice()));
      }
      endpoint.handle_datagram(pair.world.now(),
                               {.local = sa.local, .remote = sa.remote, .bytes = bytes});
      EXPECT_FALSE(endpoint.poll_datagram());
    }
    EXPECT_EQ(endpoint.dump_state(), before);
    EXPECT_GT(endpoint.counters().bad_integrity, 100u);
    EXPECT_EQ(endpoint.counters().fragments_accepted, 0u);
  }
}

TEST(Fragmentation, NoChangedByteOfAFragmentChangesAnyState) {
  SimPair pair;
  cut(pair, 160, 160);
  size_t tried = 0;
  pair.world.filter = [&](const WireMessage& m) {
    if (is_init(m)) return true;
    SimHost& receiver = pair.world.host(m.to);
    const std::string before = receiver.endpoint().dump_state();
    for (size_t i = 0; i < m.datagram.bytes.size(); ++i) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        Datagram bad = m.datagram;
        bad.bytes[i] ^= static_cast<uint8_t>(1u << bit);
        receiver.endpoint().handle_datagram(pair.world.now(), bad);
        drain(receiver);
        ++tried;
      }
    }
    EXPECT_EQ(receiver.endpoint().dump_state(), before) << pair.world.picture();
    return true;
  };
  pair.establish();
  pair.rekey_child(kB);
  pair.world.run_for(1s);
  pair.rekey_ike(kA);
  pair.world.run_for(1s);
  EXPECT_GT(tried, 20'000u);
  for (const size_t side : {kA, kB}) {
    for (const auto& done : pair.world.host(side).done) EXPECT_TRUE(done.ok);
  }
  pair.expect_sound();
}

}  // namespace
}  // namespace twinspan::ike
