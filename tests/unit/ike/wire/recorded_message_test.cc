// Whole messages, written out byte by byte: read, written, cut at every length, spoilt at every
// byte.
#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

namespace {

// An initiator's first message: AES-GCM-256, PRF-HMAC-SHA2-384, Curve25519.
constexpr std::string_view kIkeSaInit =
    "6b31c2f4d5e60718 0000000000000000 21 20 22 08 00000000 000000de\n"
    // SA: proposal 1 of IKE, three transforms
    "22 00 0028"
    "  00 00 0024 01 01 00 03"
    "    03 00 000c 01 00 0014 800e 0100"
    "    03 00 0008 02 00 0006"
    "    00 00 0008 04 00 001f\n"
    // KE of group 31
    "28 00 0028 001f 0000"
    "  8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a\n"
    // Ni
    "29 00 0024 f0e1d2c3b4a5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff\n"
    // N(NAT_DETECTION_SOURCE_IP), N(NAT_DETECTION_DESTINATION_IP)
    "29 00 001c 00 00 4004 da39a3ee5e6b4b0d3255bfef95601890afd80709\n"
    "29 00 001c 00 00 4005 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12\n"
    // N(IKEV2_FRAGMENTATION_SUPPORTED), N(SIGNATURE_HASH_ALGORITHMS) of SHA2-256, 384, 512
    "29 00 0008 00 00 402e\n"
    "00 00 000e 00 00 402f 0002 0003 0004";

// The inside of an initiator's IKE_AUTH request; begins with IDi.
constexpr uint8_t kIkeAuthFirst = 35;
constexpr std::string_view kIkeAuthInner =
    // IDi gw-a.example.net, N(INITIAL_CONTACT), IDr 192.0.2.2
    "29 00 0018 02 000000 67772d612e6578616d706c652e6e6574\n"
    "24 00 0008 00 00 4000\n"
    "27 00 000c 01 000000 c0000202\n"
    // AUTH: shared key MIC
    "21 00 0028 02 000000 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
    // SAi2: ESP c0ffee01, AES-GCM-256 with ESN, or AES-CBC-128 with HMAC-SHA2-256 and either
    "2c 00 0054"
    "  02 00 0020 01 03 04 02 c0ffee01"
    "    03 00 000c 01 00 0014 800e 0100"
    "    00 00 0008 05 00 0001"
    "  00 00 0030 02 03 04 04 c0ffee01"
    "    03 00 000c 01 00 000c 800e 0080"
    "    03 00 0008 03 00 000c"
    "    03 00 0008 05 00 0001"
    "    00 00 0008 05 00 0000\n"
    // TSi, TSr: any to any in both families
    "2d 00 0040 02 000000"
    "  07 00 0010 0000 ffff 00000000 ffffffff"
    "  08 00 0028 0000 ffff 00000000000000000000000000000000 ffffffffffffffffffffffffffffffff\n"
    "2b 00 0018 01 000000"
    "  07 00 0010 0000 ffff 0a010000 0a01ffff\n"
    // A vendor ID and an empty configuration payload
    "2f 00 000c 5477696e7370616e\n"
    "00 00 0008 01 000000";

// The inside of a DELETE of two Child SAs with a notify beside it.
constexpr uint8_t kInformationalFirst = 42;
constexpr std::string_view kInformationalInner =
    "29 00 0010 03 04 0002 c0ffee01 c0ffee02\n"
    "00 00 000c 03 04 000b c0ffee03";

// Every strict prefix of a chain lacks something.
void expect_every_cut_refused(uint8_t first_payload, const Bytes& chain) {
  ASSERT_TRUE(parse_payloads(first_payload, chain).has_value());
  for (size_t size = 0; size < chain.size(); ++size) {
    EXPECT_FALSE(parse_payloads(first_payload, ByteView(chain).first(size)).has_value()) << size;
  }
}

// Each bit flipped, the neighbours, the extremes: what a length, a count, a type or a flag can turn
// into.
Bytes spoilt_values(uint8_t value) {
  Bytes values{0x00, 0xff, static_cast<uint8_t>(value + 1), static_cast<uint8_t>(value - 1)};
  for (int bit = 0; bit < 8; ++bit) values.push_back(static_cast<uint8_t>(value ^ (1 << bit)));
  return values;
}

// What still parses must be written and read again the same.
void expect_every_spoilt_byte_survived(uint8_t first_payload, const Bytes& chain) {
  for (size_t position = 0; position < chain.size(); ++position) {
    Bytes spoilt = chain;
    for (const uint8_t value : spoilt_values(chain[position])) {
      spoilt[position] = value;
      const auto parsed = parse_payloads(first_payload, spoilt);
      if (!parsed) continue;
      const WrittenChain again = write_payloads(*parsed);
      ASSERT_EQ(parse_payloads(again.first_payload, again.bytes), parsed)
          << position << " = " << int{value};
    }
  }
}

}  // namespace

TEST(IkeSaInit, IsReadFieldByField) {
  const auto message = parse_message(hex(kIkeSaInit));
  ASSERT_TRUE(message.has_value());
  EXPECT_FALSE(message->encrypted.has_value());
  EXPECT_EQ(message->header.initiator_spi, IkeSpi{0x6b31c2f4d5e60718});
  EXPECT_EQ(message->header.responder_spi, IkeSpi{0});
  EXPECT_TRUE(message->header.from_initiator);
  EXPECT_FALSE(message->header.is_response);
  ASSERT_EQ(message->payloads.size(), 7u);
  const SaPayload sa{
      {{.number = 1,
        .protocol = ProtocolId::Ike,
        .spi = {},
        .transforms = {{.type = TransformType::Encryption, .id = 20, .key_bits = 256},
                       {.type = TransformType::Prf, .id = 6},
                       {.type = TransformType::DhGroup, .id = 31}}}}};
  EXPECT_EQ(message->payloads[0], Payload{sa});
  EXPECT_EQ(std::get<KePayload>(message->payloads[1]).public_value.size(), 32u);
  EXPECT_EQ(std::get<NoncePayload>(message->payloads[2]).value.size(), 32u);
  EXPECT_EQ(message->payloads[6], Payload(NotifyPayload{.type = NotifyType::SignatureHashAlgorithms,
                                                        .value = hex("000200030004")}));
  EXPECT_EQ(describe(message->header, message->payloads),
            "IKE_SA_INIT request 0 [SA, KEi, Ni, N(NAT_DETECTION_SOURCE_IP), "
            "N(NAT_DETECTION_DESTINATION_IP), N(IKEV2_FRAGMENTATION_SUPPORTED), "
            "N(SIGNATURE_HASH_ALGORITHMS)]");
}

TEST(IkeSaInit, IsWrittenByteForByte) {
  const auto message = parse_message(hex(kIkeSaInit));
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(write_message(message->header, message->payloads), hex(kIkeSaInit));
}

TEST(IkeSaInit, IsRefusedWhenCutAnywhere) {
  const Bytes whole = hex(kIkeSaInit);
  for (size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(error_of(parse_message(cut)), (WireFailure{WireError::Truncated, 0})) << size;
  }
}

TEST(IkeSaInit, IsRefusedWhenCutAnywhereWithALengthThatFits) {
  const Bytes whole = hex(kIkeSaInit);
  for (size_t size = kHeaderSize; size < whole.size(); ++size) {
    Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    store_be32(&cut[24], static_cast<uint32_t>(size));
    EXPECT_EQ(error_of(parse_message(cut)).error, WireError::Truncated) << size;
  }
}

TEST(IkeSaInit, SurvivesEverySpoiltByte) {
  const Bytes whole = hex(kIkeSaInit);
  for (size_t position = 0; position < whole.size(); ++position) {
    Bytes spoilt = whole;
    for (const uint8_t value : spoilt_values(whole[position])) {
      spoilt[position] = value;
      const auto parsed = parse_message(spoilt);
      if (!parsed || parsed->encrypted) continue;
      const auto again = parse_message(write_message(parsed->header, parsed->payloads));
      ASSERT_TRUE(again.has_value()) << position << " = " << int{value};
      ASSERT_EQ(again->payloads, parsed->payloads) << position << " = " << int{value};
    }
  }
}

TEST(IkeAuth, InnerChainIsReadAndWrittenByteForByte) {
  const auto payloads = parse_payloads(kIkeAuthFirst, hex(kIkeAuthInner));
  ASSERT_TRUE(payloads.has_value());
  EXPECT_EQ(describe({.exchange = 35, .message_id = {1}}, *payloads),
            "IKE_AUTH request 1 [IDi, N(INITIAL_CONTACT), IDr, AUTH, SA, TSi, TSr, V, CP]");
  const WrittenChain chain = write_payloads(*payloads);
  EXPECT_EQ(chain.first_payload, kIkeAuthFirst);
  EXPECT_EQ(chain.bytes, hex(kIkeAuthInner));
}

TEST(IkeAuth, InnerChainIsRefusedWhenCutAnywhere) {
  expect_every_cut_refused(kIkeAuthFirst, hex(kIkeAuthInner));
}

TEST(IkeAuth, InnerChainSurvivesEverySpoiltByte) {
  expect_every_spoilt_byte_survived(kIkeAuthFirst, hex(kIkeAuthInner));
}

TEST(Informational, InnerChainIsReadAndWrittenByteForByte) {
  const auto payloads = parse_payloads(kInformationalFirst, hex(kInformationalInner));
  ASSERT_TRUE(payloads.has_value());
  EXPECT_EQ(*payloads, (std::vector<Payload>{DeletePayload{.protocol = ProtocolId::Esp,
                                                           .spis = {{0xc0ffee01}, {0xc0ffee02}}},
                                             NotifyPayload{.protocol = ProtocolId::Esp,
                                                           .spi = hex("c0ffee03"),
                                                           .type = NotifyType::InvalidSpi,
                                                           .value = {}}}));
  EXPECT_EQ(write_payloads(*payloads).bytes, hex(kInformationalInner));
}

TEST(Informational, InnerChainIsRefusedWhenCutAnywhere) {
  expect_every_cut_refused(kInformationalFirst, hex(kInformationalInner));
}

TEST(Informational, InnerChainSurvivesEverySpoiltByte) {
  expect_every_spoilt_byte_survived(kInformationalFirst, hex(kInformationalInner));
}

}  // namespace twinspan::ike
