// Header, length, version, and the place of SK and SKF.
#include "ike/wire/message.h"

#include <algorithm>

#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

namespace {

constexpr uint8_t kVendorId = 43;
constexpr uint8_t kSk = 46;
constexpr uint8_t kSkf = 53;
constexpr size_t kVersionOffset = 17;
constexpr size_t kFlagsOffset = 19;
constexpr size_t kLengthOffset = 24;

WireFailure message_failure(const Bytes& bytes) {
  return error_of(parse_message(bytes));
}

Bytes with_length(Bytes bytes, uint32_t length) {
  store_be32(&bytes[kLengthOffset], length);
  return bytes;
}

}  // namespace

TEST(Header, ReadsEveryField) {
  const auto header =
      parse_header(hex("0102030405060708 1112131415161718 21 20 24 08 00000007 0000001e 0000"));
  ASSERT_TRUE(header.has_value());
  const Header expected{.initiator_spi = {0x0102030405060708},
                        .responder_spi = {0x1112131415161718},
                        .next_payload = 33,
                        .exchange = 36,
                        .from_initiator = true,
                        .message_id = {7},
                        .length = 30};
  EXPECT_EQ(*header, expected);
}

TEST(Header, ReadsEachFlagAndIgnoresReservedBits) {
  Bytes bytes = datagram(0, {});
  bytes[kFlagsOffset] = 0x20;
  EXPECT_TRUE(parse_header(bytes)->is_response);
  EXPECT_FALSE(parse_header(bytes)->from_initiator);
  bytes[kFlagsOffset] = 0x10;
  EXPECT_TRUE(parse_header(bytes)->higher_version);
  bytes[kFlagsOffset] = 0xc7;
  EXPECT_FALSE(parse_header(bytes)->is_response);
  EXPECT_FALSE(parse_header(bytes)->from_initiator);
  EXPECT_FALSE(parse_header(bytes)->higher_version);
  EXPECT_TRUE(parse_message(bytes).has_value());
}

TEST(Header, IgnoresTheMinorVersion) {
  Bytes bytes = datagram(0, {});
  bytes[kVersionOffset] = 0x2f;
  EXPECT_TRUE(parse_message(bytes).has_value());
  EXPECT_EQ(parse_header(bytes)->minor_version, 15);
}

TEST(Header, LetsAnotherMajorVersionBeAnsweredButNotRead) {
  for (const uint8_t version : Bytes{0x00, 0x10, 0x30, 0xf0}) {
    Bytes bytes = datagram(0, {});
    bytes[kVersionOffset] = version;
    const auto header = parse_header(bytes);
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(header->major_version, version >> 4);
    EXPECT_EQ(header->message_id, MessageId{2});
    EXPECT_EQ(message_failure(bytes), (WireFailure{WireError::BadVersion, 0}));
  }
}

TEST(Header, KeepsAnUnknownExchangeType) {
  Bytes bytes = datagram(0, {});
  bytes[18] = 240;
  EXPECT_EQ(parse_message(bytes)->header.exchange, 240);
}

TEST(Header, RefusesFewerBytesThanAHeader) {
  const Bytes bytes = datagram(0, {});
  for (size_t size = 0; size < kHeaderSize; ++size) {
    EXPECT_EQ(error_of(parse_header(ByteView(bytes).first(size))),
              (WireFailure{WireError::Truncated, 0}));
  }
}

TEST(Header, RefusesALengthThatIsNotTheDatagrams) {
  const Bytes bytes = datagram(kVendorId, framed(0, 0, hex("aabb")));
  EXPECT_TRUE(parse_message(bytes).has_value());
  EXPECT_EQ(message_failure(with_length(bytes, 35)), (WireFailure{WireError::Truncated, 0}));
  EXPECT_EQ(message_failure(with_length(bytes, 33)), (WireFailure{WireError::TrailingBytes, 0}));
  EXPECT_EQ(message_failure(with_length(bytes, 27)), (WireFailure{WireError::BadLength, 0}));
  EXPECT_EQ(message_failure(with_length(bytes, 0)), (WireFailure{WireError::BadLength, 0}));
  EXPECT_EQ(message_failure(with_length(bytes, 0xffffffff)),
            (WireFailure{WireError::Truncated, 0}));
}

TEST(Header, TakesTheLongestDatagramAndNotOneByteMore) {
  const size_t body_max = kMessageSizeMax - kHeaderSize - 4;
  EXPECT_TRUE(parse_message(datagram(kVendorId, framed(0, 0, Bytes(body_max, 0)))).has_value());
  EXPECT_EQ(message_failure(datagram(kVendorId, framed(0, 0, Bytes(body_max + 1, 0)))),
            (WireFailure{WireError::TooMany, 0}));
}

TEST(Message, IsOftenEmpty) {
  const auto message = parse_message(datagram(0, {}));
  ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(message->payloads.empty());
  EXPECT_FALSE(message->encrypted.has_value());
}

TEST(Message, RefusesBytesAfterTheLastPayload) {
  EXPECT_EQ(message_failure(datagram(0, hex("00"))), (WireFailure{WireError::TrailingBytes, 0}));
  EXPECT_EQ(message_failure(datagram(kVendorId, framed(0, 0, {}) + hex("00"))),
            (WireFailure{WireError::TrailingBytes, 0}));
}

TEST(Message, RefusesAnUnknownCriticalPayload) {
  EXPECT_EQ(message_failure(datagram(99, framed(0, 0x80, {}))),
            (WireFailure{WireError::UnknownCritical, 99}));
}

TEST(Message, LocatesTheEncryptedPayload) {
  const Bytes outer = framed(kSk, 0, hex("aabb"));
  const auto message =
      parse_message(datagram(kVendorId, outer + framed(35, 0x80, hex("0102030405"))));
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->payloads, (std::vector<Payload>{VendorIdPayload{hex("aabb")}}));
  EXPECT_EQ(message->encrypted,
            (EncryptedBlock{
                .first_inner_payload = 35, .body_offset = kHeaderSize + 6 + 4, .body_length = 5}));
}

TEST(Message, LocatesAFragment) {
  const auto message = parse_message(datagram(kSkf, framed(35, 0, hex("0002 0003 0102030405"))));
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->encrypted, (EncryptedBlock{.first_inner_payload = 35,
                                                .body_offset = kHeaderSize + 8,
                                                .body_length = 5,
                                                .fragment_number = 2,
                                                .fragment_total = 3}));
}

TEST(Message, LeavesAnEmptyEncryptedBodyToTheCipher) {
  const auto sk = parse_message(datagram(kSk, framed(0, 0, {})));
  ASSERT_TRUE(sk.has_value() && sk->encrypted.has_value());
  EXPECT_EQ(sk->encrypted->body_length, 0u);
  const auto skf = parse_message(datagram(kSkf, framed(0, 0, hex("0001 0001"))));
  ASSERT_TRUE(skf.has_value() && skf->encrypted.has_value());
  EXPECT_EQ(skf->encrypted->body_length, 0u);
}

TEST(Message, RefusesAnEncryptedPayloadThatIsNotLast) {
  for (const uint8_t type : {kSk, kSkf}) {
    const Bytes encrypted = framed(kVendorId, 0, hex("0001 0001 0102"));
    EXPECT_EQ(message_failure(datagram(type, encrypted + framed(0, 0, {}))),
              (WireFailure{WireError::Misplaced, type}));
    EXPECT_EQ(message_failure(datagram(type, encrypted + hex("00"))),
              (WireFailure{WireError::Misplaced, type}));
  }
}

TEST(Message, RefusesImpossibleFragmentNumbers) {
  for (const char* text : {"0000 0001", "0000 0000", "0002 0001", "ffff 0001", "0001 0000"}) {
    EXPECT_EQ(message_failure(datagram(kSkf, framed(0, 0, hex(text) + Bytes(32, 0)))),
              (WireFailure{WireError::BadFragment, kSkf}))
        << text;
  }
  EXPECT_TRUE(parse_message(datagram(kSkf, framed(0, 0, hex("ffff ffff")))).has_value());
}

TEST(Message, RefusesAFragmentShorterThanItsNumbers) {
  EXPECT_EQ(message_failure(datagram(kSkf, framed(0, 0, hex("0001 00")))),
            (WireFailure{WireError::Truncated, kSkf}));
  EXPECT_EQ(message_failure(datagram(kSkf, framed(0, 0, {}))),
            (WireFailure{WireError::Truncated, kSkf}));
}

TEST(Message, CountsTheEncryptedPayloadAmongThePayloads) {
  Bytes chain;
  for (size_t i = 1; i < kPayloadsMax; ++i) {
    chain = chain + framed(i + 1 == kPayloadsMax ? kSk : kVendorId, 0, {});
  }
  EXPECT_TRUE(parse_message(datagram(kVendorId, chain + framed(0, 0, {}))).has_value());
  EXPECT_EQ(
      message_failure(datagram(kVendorId, framed(kVendorId, 0, {}) + chain + framed(0, 0, {}))),
      (WireFailure{WireError::TooMany, kSk}));
}

TEST(Message, IsWrittenWithLengthVersionAndFirstPayloadFilledIn) {
  const Header header{.initiator_spi = {1},
                      .responder_spi = {2},
                      .next_payload = 99,
                      .minor_version = 7,
                      .exchange = 37,
                      .is_response = true,
                      .higher_version = true,
                      .message_id = {0xfffffffe},
                      .length = 12345,
                      .major_version = 3};
  EXPECT_EQ(write_message(header, {VendorIdPayload{hex("aabb")}}),
            hex("0000000000000001 0000000000000002 2b 20 25 20 fffffffe 00000022"
                "00 00 0006 aabb"));
}

TEST(Message, IsReadAsItWasWritten) {
  const std::vector<Payload> payloads{
      NotifyPayload{.type = NotifyType::Cookie, .value = hex("0badc0de")},
      NoncePayload{Bytes(32, 0x17)}};
  const Header header{
      .initiator_spi = {0x8000000000000001}, .exchange = 34, .from_initiator = true};
  const Bytes bytes = write_message(header, payloads);
  const auto message = parse_message(bytes);
  ASSERT_TRUE(message.has_value());
  Header expected = header;
  expected.next_payload = 41;
  expected.length = static_cast<uint32_t>(bytes.size());
  EXPECT_EQ(message->header, expected);
  EXPECT_EQ(message->payloads, payloads);
}

TEST(EncryptedPrefix, WithItsBodyIsReadAsItWasWritten) {
  const Header header{.initiator_spi = {1}, .responder_spi = {2}, .exchange = 35};
  const EncryptedBlock sk{.first_inner_payload = 35, .body_offset = 32, .body_length = 40};
  const EncryptedBlock skf{.first_inner_payload = 35,
                           .body_offset = 36,
                           .body_length = 40,
                           .fragment_number = 1,
                           .fragment_total = 2};
  for (const EncryptedBlock& block : {sk, skf}) {
    const Bytes prefix = write_encrypted_prefix(header, block);
    EXPECT_EQ(prefix.size(), block.body_offset);
    const auto message = parse_message(prefix + Bytes(40, 0xee));
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->encrypted, block);
    EXPECT_EQ(message->header.exchange, 35);
    EXPECT_TRUE(message->payloads.empty());
  }
}

TEST(EncryptedPrefix, WritesExactBytes) {
  const Header header{.initiator_spi = {1},
                      .responder_spi = {2},
                      .exchange = 37,
                      .from_initiator = true,
                      .message_id = {3}};
  EXPECT_EQ(write_encrypted_prefix(header, {.first_inner_payload = 42, .body_length = 0x100}),
            hex("0000000000000001 0000000000000002 2e 20 25 08 00000003 00000120  2a 00 0104"));
  EXPECT_EQ(write_encrypted_prefix(
                header, {.body_length = 0x100, .fragment_number = 2, .fragment_total = 3}),
            hex("0000000000000001 0000000000000002 35 20 25 08 00000003 00000124  00 00 0108"
                "0002 0003"));
}

TEST(EncryptedPrefixDeathTest, AMessageThatNoDatagramHoldsIsOurOwnMistake) {
  EXPECT_DEATH(write_encrypted_prefix({}, {.body_length = kMessageSizeMax - 31}),
               "kMessageSizeMax");
  EXPECT_EQ(write_encrypted_prefix({}, {.body_length = kMessageSizeMax - 32}).size(), 32u);
}

TEST(WireErrorText, ExistsForEveryErrorOnceOnly) {
  std::vector<std::string> texts;
  for (int i = 0; i <= static_cast<int>(WireError::BadProtocol); ++i) {
    const std::string text = to_string(WireError{static_cast<uint8_t>(i)});
    EXPECT_NE(text, "unknown error") << i;
    EXPECT_EQ(std::count(texts.begin(), texts.end(), text), 0) << text;
    texts.push_back(text);
  }
}

}  // namespace twinspan::ike
