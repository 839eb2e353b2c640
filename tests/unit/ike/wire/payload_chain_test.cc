// The chain itself: framing, bounds, the critical bit, and where SK may not stand.
#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

namespace {

constexpr uint8_t kCritical = 0x80;
constexpr uint8_t kVendorId = 43;
constexpr uint8_t kUnknown = 200;

WireFailure chain_failure(uint8_t first_payload, const Bytes& chain) {
  return error_of(parse_payloads(first_payload, chain));
}

Bytes vendor_ids(size_t count) {
  Bytes chain;
  for (size_t i = 1; i <= count; ++i) chain = chain + framed(i == count ? 0 : kVendorId, 0, {});
  return chain;
}

}  // namespace

TEST(PayloadChain, ReadsNothingFromNothing) {
  EXPECT_EQ(parse_payloads(0, {}), std::vector<Payload>{});
}

TEST(PayloadChain, WritesNothingFromNothing) {
  const WrittenChain chain = write_payloads({});
  EXPECT_EQ(chain.first_payload, 0);
  EXPECT_TRUE(chain.bytes.empty());
}

TEST(PayloadChain, LinksEachPayloadToTheNext) {
  const WrittenChain chain =
      write_payloads({VendorIdPayload{hex("aa")}, DeletePayload{}, OpaquePayload{47, hex("bb")}});
  EXPECT_EQ(chain.first_payload, 43);
  EXPECT_EQ(chain.bytes, hex("2a 00 0005 aa  2f 00 0008 01000000  00 00 0005 bb"));
}

TEST(PayloadChain, ReadsZeroLengthValues) {
  const std::vector<Payload> payloads{VendorIdPayload{}, NotifyPayload{.type = NotifyType::Cookie},
                                      IdPayload{}, AuthPayload{}, OpaquePayload{38, {}}};
  const WrittenChain chain = write_payloads(payloads);
  EXPECT_EQ(parse_payloads(chain.first_payload, chain.bytes), payloads);
}

TEST(PayloadChain, KeepsUninterpretedPayloadsRaw) {
  for (const uint8_t type : Bytes{1, 13, 47, 48, 49, 52, 54, 128, 255}) {
    const auto payloads = parse_payloads(type, framed(0, 0, hex("c0de")));
    EXPECT_EQ(payloads, (std::vector<Payload>{OpaquePayload{type, hex("c0de")}})) << int{type};
  }
}

TEST(PayloadChain, RefusesAnUnknownCriticalPayloadAndNamesIt) {
  for (const uint8_t type : Bytes{1, 32, 49, 52, 54, 128, 255}) {
    EXPECT_EQ(chain_failure(type, framed(0, kCritical, {})),
              (WireFailure{WireError::UnknownCritical, type}));
  }
  EXPECT_EQ(chain_failure(kVendorId, framed(kUnknown, 0, {}) + framed(0, kCritical, {})),
            (WireFailure{WireError::UnknownCritical, kUnknown}));
}

TEST(PayloadChain, IgnoresTheCriticalBitOfKnownTypesAndReservedBits) {
  for (const uint8_t type : Bytes{37, 38, 43, 47, 48}) {
    for (const uint8_t flags : {kCritical, uint8_t{0xff}, uint8_t{0x7f}}) {
      EXPECT_TRUE(parse_payloads(type, framed(0, flags, {})).has_value()) << int{type};
    }
  }
  EXPECT_TRUE(parse_payloads(kUnknown, framed(0, 0x7f, {})).has_value());
}

TEST(PayloadChain, RefusesEncryptedPayloadsInside) {
  for (const uint8_t type : Bytes{46, 53}) {
    EXPECT_EQ(chain_failure(type, framed(0, 0, Bytes(64, 1))),
              (WireFailure{WireError::Misplaced, type}));
    EXPECT_EQ(chain_failure(kVendorId, framed(type, 0, {}) + framed(0, 0, Bytes(64, 1))),
              (WireFailure{WireError::Misplaced, type}));
  }
}

TEST(PayloadChain, RefusesBytesAfterTheLastPayload) {
  EXPECT_EQ(chain_failure(0, hex("00")), (WireFailure{WireError::TrailingBytes, 0}));
  EXPECT_EQ(chain_failure(kVendorId, framed(0, 0, {}) + hex("00")),
            (WireFailure{WireError::TrailingBytes, 0}));
  EXPECT_EQ(chain_failure(kVendorId, framed(0, 0, {}) + framed(0, 0, {})),
            (WireFailure{WireError::TrailingBytes, 0}));
}

TEST(PayloadChain, RefusesAPayloadThatIsAnnouncedButMissing) {
  EXPECT_EQ(chain_failure(kVendorId, {}), (WireFailure{WireError::Truncated, kVendorId}));
  EXPECT_EQ(chain_failure(kVendorId, framed(41, 0, {})), (WireFailure{WireError::Truncated, 41}));
  EXPECT_EQ(chain_failure(kVendorId, hex("00 00 00")),
            (WireFailure{WireError::Truncated, kVendorId}));
}

TEST(PayloadChain, RefusesLengthsThatCannotBe) {
  EXPECT_EQ(chain_failure(kVendorId, hex("00 00 0000")),
            (WireFailure{WireError::BadLength, kVendorId}));
  EXPECT_EQ(chain_failure(kVendorId, hex("00 00 0003")),
            (WireFailure{WireError::BadLength, kVendorId}));
  EXPECT_EQ(chain_failure(kVendorId, hex("00 00 0005")),
            (WireFailure{WireError::Truncated, kVendorId}));
  EXPECT_EQ(chain_failure(kVendorId, hex("00 00 ffff 00")),
            (WireFailure{WireError::Truncated, kVendorId}));
}

TEST(PayloadChain, NamesThePayloadWhoseBodyIsWrong) {
  EXPECT_EQ(chain_failure(kVendorId, framed(40, 0, {}) + framed(0, 0, Bytes(15, 0))),
            (WireFailure{WireError::BadNonce, 40}));
  EXPECT_EQ(chain_failure(45, framed(0, 0, hex("01 000000"))),
            (WireFailure{WireError::Truncated, 45}));
}

TEST(PayloadChain, EachParserSeesItsOwnBytesOnly) {
  // The KE payload has three bytes of the four that it needs; more follow, but in the next payload.
  EXPECT_EQ(chain_failure(34, framed(kVendorId, 0, hex("001f00")) + framed(0, 0, hex("00"))),
            (WireFailure{WireError::Truncated, 34}));
}

TEST(PayloadChain, TakesTheMostPayloadsAndNotOneMore) {
  const auto payloads = parse_payloads(kVendorId, vendor_ids(kPayloadsMax));
  ASSERT_TRUE(payloads.has_value());
  EXPECT_EQ(payloads->size(), kPayloadsMax);
  EXPECT_EQ(chain_failure(kVendorId, vendor_ids(kPayloadsMax + 1)),
            (WireFailure{WireError::TooMany, kVendorId}));
}

TEST(PayloadChain, TakesTheLongestChainAndNotOneByteMore) {
  const size_t half = kMessageSizeMax / 2;
  const Bytes first = framed(kVendorId, 0, Bytes(half - 4, 0));
  const Bytes second = framed(0, 0, Bytes(kMessageSizeMax - half - 4, 0));
  EXPECT_TRUE(parse_payloads(kVendorId, first + second).has_value());
  const Bytes longer = framed(0, 0, Bytes(kMessageSizeMax - half - 3, 0));
  EXPECT_EQ(chain_failure(kVendorId, first + longer), (WireFailure{WireError::TooMany, 0}));
}

TEST(PayloadChainDeathTest, WritingSkAsAnOpaquePayloadIsOurOwnMistake) {
  EXPECT_DEATH(write_payloads({OpaquePayload{46, {}}}), "type");
  EXPECT_DEATH(write_payloads({OpaquePayload{53, {}}}), "type");
  EXPECT_DEATH(write_payloads({OpaquePayload{0, {}}}), "type");
}

}  // namespace twinspan::ike
