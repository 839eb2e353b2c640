// IKE_SA_INIT floods with forged sources: bounded memory, no Diffie-Hellman for those who cannot
// receive, and the real peer still comes in.
#include <algorithm>
#include <functional>
#include <stdexcept>

#include "ike/core/admission.h"
#include "ike/core/cookie.h"
#include "ike/core/ike_sa.h"
#include "ike/exchange/payloads.h"
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

// B under a flood of copies of A's first request, each with another initiator SPI.
class Flood {
 public:
  explicit Flood(SimPair& pair) : pair_(pair) {
    pair.world.keeps_sent = true;
    pair.start(kA);
    pair.world.run_for(1ms);
    first_ = pair.world.sent.at(0).datagram;
    pair.start(kB);
  }

  // B's answer, if any.
  std::optional<Datagram> send(Datagram spoofed) {
    pair_.b().endpoint().handle_datagram(pair_.world.now(), spoofed);
    auto answer = pair_.b().endpoint().poll_datagram();
    while (pair_.b().endpoint().poll_datagram()) {
    }
    while (pair_.b().endpoint().poll_event()) {
    }
    return answer;
  }
  Datagram numbered(uint32_t i) const {
    Datagram spoofed = first_;
    store_be32(spoofed.bytes.data(), i + 1);
    return spoofed;
  }
  const EndpointCounters& counters() { return pair_.b().endpoint().counters(); }

 private:
  SimPair& pair_;
  Datagram first_;
};

// The same request once more, with the cookie of B's answer in front.
Datagram with_cookie(const Datagram& request, const Datagram& challenge) {
  const auto asked = parse_message(request.bytes);
  const auto answer = parse_message(challenge.bytes);
  std::vector<Payload> payloads = {cookie_payload(find_cookie(answer->payloads).value())};
  payloads.insert(payloads.end(), asked->payloads.begin(), asked->payloads.end());
  return {.local = request.local,
          .remote = request.remote,
          .bytes = write_message(asked->header, payloads)};
}

bool is_challenge(const std::optional<Datagram>& answer) {
  if (!answer) return false;
  const auto message = parse_message(answer->bytes);
  return message && message->header.responder_spi.value == 0 && message->payloads.size() == 1 &&
         find_cookie(message->payloads).has_value();
}

TEST(Flood, PastTheThresholdEverybodyIsChallengedAndNothingIsComputed) {
  SimPair pair;
  Flood flood(pair);
  for (uint32_t i = 0; i < kCookieThresholdDefault; ++i) {
    EXPECT_FALSE(is_challenge(flood.send(flood.numbered(i)))) << i;
  }
  const std::string before = pair.b().endpoint().dump_state();
  for (uint32_t i = 100; i < 2100; ++i) {
    EXPECT_TRUE(is_challenge(flood.send(flood.numbered(i)))) << i;
  }
  EXPECT_EQ(pair.b().endpoint().dump_state(), before);
  EXPECT_EQ(flood.counters().key_exchanges_answered, kCookieThresholdDefault);
  EXPECT_EQ(flood.counters().cookies_sent, 2000u);
}

TEST(Flood, TheRealPeerBringsTheCookieBackAndConnects) {
  SimPair pair;
  Flood flood(pair);
  for (uint32_t i = 0; i < 1000; ++i) flood.send(flood.numbered(i));
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 1s)) << pair.world.picture();
  EXPECT_EQ(flood.counters().key_exchanges_answered, kCookieThresholdDefault + 1);
  pair.settle();
  pair.expect_at_rest();
}

TEST(Flood, AChallengeIsNoLargerThanWhatAskedForIt) {
  SimPair pair;
  pair.b().options.cookie_threshold = 0;
  pair.b().restart(9);
  Flood flood(pair);
  const Datagram request = flood.numbered(1);
  const auto answer = flood.send(request);
  ASSERT_TRUE(is_challenge(answer));
  EXPECT_LE(answer->bytes.size(), request.bytes.size());
}

TEST(Flood, AThresholdOfZeroAlwaysChallenges) {
  SimPair pair;
  pair.b().options.cookie_threshold = 0;
  pair.b().restart(9);
  Flood flood(pair);
  EXPECT_TRUE(is_challenge(flood.send(flood.numbered(1))));
  EXPECT_EQ(flood.counters().key_exchanges_answered, 0u);
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 1s)) << pair.world.picture();
}

TEST(Flood, AnotherOnesCookieIsAnsweredWithAChallenge) {
  SimPair pair;
  pair.b().options.cookie_threshold = 0;
  pair.b().restart(9);
  Flood flood(pair);
  const auto challenge = flood.send(flood.numbered(1));
  ASSERT_TRUE(is_challenge(challenge));
  EXPECT_FALSE(is_challenge(flood.send(with_cookie(flood.numbered(1), *challenge))));
  EXPECT_EQ(flood.counters().key_exchanges_answered, 1u);
  EXPECT_TRUE(is_challenge(flood.send(with_cookie(flood.numbered(2), *challenge))));
  EXPECT_EQ(flood.counters().cookies_wrong, 1u);
  EXPECT_EQ(flood.counters().key_exchanges_answered, 1u);
}

Bytes& public_value_of(std::vector<Payload>& payloads) {
  for (Payload& payload : payloads) {
    if (auto* ke = std::get_if<KePayload>(&payload)) return ke->public_value;
  }
  throw std::logic_error("no KE");
}

Datagram with_useless_ke(Datagram request) {
  auto message = parse_message(request.bytes);
  std::ranges::fill(public_value_of(message->payloads), uint8_t{0xff});
  request.bytes = write_message(message->header, message->payloads);
  return request;
}

// No half-open SA is left of them, and yet they are not free.
TEST(Flood, PublicValuesThatAreNoneCountLikeHalfOpenSas) {
  SimPair pair;
  Flood flood(pair);
  for (uint32_t i = 0; i < 1000; ++i) flood.send(with_useless_ke(flood.numbered(i)));
  EXPECT_EQ(flood.counters().key_exchanges_answered, kCookieThresholdDefault);
  EXPECT_EQ(flood.counters().cookies_sent, 1000u - kCookieThresholdDefault);
  // Who returns cookies has one network, and that is bounded.
  for (uint32_t i = 1000; i < 2000; ++i) {
    const Datagram request = with_useless_ke(flood.numbered(i));
    const auto answer = flood.send(request);
    if (is_challenge(answer)) flood.send(with_cookie(request, *answer));
  }
  EXPECT_EQ(flood.counters().key_exchanges_answered, kHalfOpenPerPrefixMax);
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 60s)) << pair.world.picture();
  EXPECT_FALSE(is_challenge(flood.send(flood.numbered(5000))));
}

// The answer is larger than what asks for it may be, and it goes to whom somebody says to be.
TEST(Flood, TheSameRequestOverAndOverIsAnsweredABoundedNumberOfTimes) {
  SimPair pair;
  Flood flood(pair);
  const Datagram request = flood.numbered(1);
  size_t answered = 0;
  for (int i = 0; i < 1000; ++i) answered += flood.send(request).has_value() ? 1 : 0;
  EXPECT_EQ(answered, 1 + kInitRepeatsMax);
  EXPECT_EQ(flood.counters().key_exchanges_answered, 1u);
}

// Off the path nobody hears the answers, so what is said to a forged address must not be worth it.
TEST(Flood, NoAnswerToAStrangerIsMuchLargerThanItsRequest) {
  const auto bare = [](const Datagram& request) {
    auto message = parse_message(request.bytes);
    std::erase_if(message->payloads,
                  [](const Payload& p) { return std::holds_alternative<NotifyPayload>(p); });
    return Datagram{request.local, request.remote,
                    write_message(message->header, message->payloads)};
  };
  const auto other_group = [](Datagram request) {
    auto message = parse_message(request.bytes);
    for (Payload& payload : message->payloads) {
      if (auto* ke = std::get_if<KePayload>(&payload)) *ke = {.group = 19, .public_value = {}};
    }
    request.bytes = write_message(message->header, message->payloads);
    return request;
  };
  const auto without_offer = [](Datagram request) {
    auto message = parse_message(request.bytes);
    std::get<SaPayload>(message->payloads[0]).proposals = {{.transforms = {}}};
    request.bytes = write_message(message->header, message->payloads);
    return request;
  };
  const auto of_version_3 = [](Datagram request) {
    request.bytes[17] = 0x30;
    return request;
  };
  const auto of_unknown_sa = [](Datagram request) {
    request.bytes.resize(kHeaderSize + 4);
    request.bytes[16] = static_cast<uint8_t>(PayloadType::Encrypted);
    request.bytes[18] = static_cast<uint8_t>(ExchangeType::Informational);
    store_be32(&request.bytes[24], static_cast<uint32_t>(request.bytes.size()));
    store_be32(&request.bytes[28], 4);
    return request;
  };
  const std::vector<std::function<Datagram(const Datagram&)>> kinds = {
      bare, with_useless_ke, other_group, without_offer, of_version_3, of_unknown_sa};
  constexpr size_t kMoreAtMost = 128;  // NAT detection of ours, and headers.
  for (size_t i = 0; i < kinds.size(); ++i) {
    SimPair pair;
    Flood flood(pair);
    const Datagram request = kinds[i](flood.numbered(1));
    const auto answer = flood.send(request);
    ASSERT_TRUE(answer.has_value()) << i;
    EXPECT_LE(answer->bytes.size(), request.bytes.size() + kMoreAtMost) << i;
  }
}

TEST(Flood, ANetworkThatAnswersChallengesIsBoundedAsWell) {
  SimPair pair;
  Flood flood(pair);
  for (uint32_t i = 0; i < 1000; ++i) {
    const auto answer = flood.send(flood.numbered(i));
    if (is_challenge(answer)) flood.send(with_cookie(flood.numbered(i), *answer));
  }
  EXPECT_EQ(flood.counters().key_exchanges_answered, kHalfOpenPerPrefixMax);
  EXPECT_EQ(flood.counters().half_open_refused, 1000u - kHalfOpenPerPrefixMax);
  // Half-open SAs end by time, and then the real peer has room again.
  EXPECT_TRUE(pair.world.run_until([&] { return pair.is_up(); }, 60s)) << pair.world.picture();
}

}  // namespace
}  // namespace twinspan::ike
