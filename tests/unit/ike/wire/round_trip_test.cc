// parse(write(x)) == x for values within the limits, and no crash for values spoilt at random.
#include "tests/unit/ike/wire/payload_generator.h"
#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

namespace {

constexpr uint64_t kSeeds = 2000;
constexpr size_t kChainSizeMax = 4;

}  // namespace

TEST(RoundTrip, APayloadIsReadAsItWasWritten) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Payload payload = PayloadGenerator(seed).payload();
    const WrittenChain chain = write_payloads({payload});
    ASSERT_EQ(parse_payloads(chain.first_payload, chain.bytes), std::vector<Payload>{payload})
        << "seed " << seed;
  }
}

TEST(RoundTrip, AChainIsReadAsItWasWritten) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const std::vector<Payload> payloads = PayloadGenerator(seed).chain(kChainSizeMax);
    const WrittenChain chain = write_payloads(payloads);
    const auto parsed = parse_payloads(chain.first_payload, chain.bytes);
    if (chain.bytes.size() > kMessageSizeMax) {
      ASSERT_EQ(error_of(parsed), (WireFailure{WireError::TooMany, 0})) << "seed " << seed;
      continue;
    }
    ASSERT_EQ(parsed, payloads) << "seed " << seed;
  }
}

TEST(RoundTrip, AWrittenBodyIsThatOfTheWrittenChain) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Payload payload = PayloadGenerator(seed).payload();
    const Bytes chain = write_payloads({payload}).bytes;
    ASSERT_EQ(write_body(payload), Bytes(chain.begin() + 4, chain.end())) << "seed " << seed;
  }
}

TEST(RoundTrip, WhatIsReadFromSpoiltBytesIsReadAgainTheSame) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    PayloadGenerator generator(seed);
    WrittenChain chain = write_payloads(generator.chain(kChainSizeMax));
    if (chain.bytes.empty() || chain.bytes.size() > kMessageSizeMax) continue;
    for (size_t i = 0; i <= generator.up_to(4); ++i) {
      chain.bytes[generator.up_to(chain.bytes.size() - 1)] =
          static_cast<uint8_t>(generator.up_to(255));
    }
    const auto parsed = parse_payloads(chain.first_payload, chain.bytes);
    if (!parsed) continue;
    const WrittenChain again = write_payloads(*parsed);
    ASSERT_EQ(parse_payloads(again.first_payload, again.bytes), parsed) << "seed " << seed;
  }
}

}  // namespace twinspan::ike
