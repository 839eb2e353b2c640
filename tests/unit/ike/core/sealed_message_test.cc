// Cutting a message into SKF datagrams and opening them one by one (RFC 7383 2.5).
#include "ike/core/sealed_message.h"

#include <gtest/gtest.h>

#include <set>

#include "ike/crypto/key_schedule.h"
#include "tests/support/fake_crypto.h"
#include "tests/support/vector_file.h"

namespace twinspan::ike {
namespace {

const Bytes kKey(36, 0x11);
const Bytes kIntegrityKey(64, 0x22);
const SkKeys kAead{{EncryptionId::AesGcm16, 256}, IntegrityId::None, kKey, {}};
const SkKeys kCbc{{EncryptionId::AesCbc, 256},
                  IntegrityId::HmacSha512_256,
                  ByteView(kKey).first(32),
                  kIntegrityKey};

PlainMessage message_of(size_t size) {
  PlainMessage message;
  message.header.initiator_spi = IkeSpi{0x1111};
  message.header.responder_spi = IkeSpi{0x2222};
  message.header.exchange = static_cast<uint8_t>(ExchangeType::IkeAuth);
  message.header.from_initiator = true;
  message.header.message_id = MessageId{7};
  message.first_payload = static_cast<uint8_t>(PayloadType::IdInitiator);
  for (size_t i = 0; i < size; ++i) message.payloads.push_back(static_cast<uint8_t>(i * 7));
  return message;
}

std::vector<Bytes> seal(const SkKeys& keys, const PlainMessage& message, size_t datagram_max) {
  FakeCrypto crypto(1);
  uint64_t iv_counter = 40;
  auto datagrams = seal_datagrams(crypto, keys, iv_counter, message, datagram_max);
  EXPECT_EQ(iv_counter, 40 + datagrams.size());
  return datagrams;
}

TEST(SealedMessage, WhatFitsIsOneSkMessageAndOneByteMoreIsTwoFragments) {
  for (const SkKeys& keys : {kAead, kCbc}) {
    const PlainMessage message = message_of(191);  // With the pad length whole blocks of CBC.
    const size_t whole = kHeaderSize + 4 + sk_body_size(keys, message.payloads.size());
    const auto one = seal(keys, message, whole);
    ASSERT_EQ(one.size(), 1u);
    EXPECT_EQ(one[0].size(), whole);
    EXPECT_EQ(parse_message(one[0])->encrypted->fragment_total, 0);
    EXPECT_EQ(seal(keys, message, whole - 1).size(), 2u);
  }
}

TEST(SealedMessage, FragmentsAreNumberedBoundedAndHoldTheWholeMessage) {
  for (const SkKeys& keys : {kAead, kCbc}) {
    for (const size_t datagram_max : {size_t{160}, size_t{201}, size_t{511}}) {
      const PlainMessage message = message_of(1000);
      const auto datagrams = seal(keys, message, datagram_max);
      ASSERT_GT(datagrams.size(), 1u);
      FakeCrypto crypto(2);
      Bytes content;
      for (size_t i = 0; i < datagrams.size(); ++i) {
        EXPECT_LE(datagrams[i].size(), datagram_max);
        const auto parsed = parse_message(datagrams[i]);
        ASSERT_TRUE(parsed && parsed->encrypted);
        EXPECT_EQ(parsed->header.next_payload,
                  static_cast<uint8_t>(PayloadType::EncryptedFragment));
        EXPECT_EQ(parsed->header.message_id, message.header.message_id);
        EXPECT_EQ(parsed->encrypted->fragment_number, i + 1);
        EXPECT_EQ(parsed->encrypted->fragment_total, datagrams.size());
        EXPECT_EQ(parsed->encrypted->first_inner_payload, i == 0 ? message.first_payload : 0);
        const auto part = open_block(crypto, keys, datagrams[i], *parsed);
        ASSERT_TRUE(part);
        content.insert(content.end(), part->begin(), part->end());
      }
      EXPECT_EQ(content, message.payloads);
    }
  }
}

TEST(SealedMessage, EachFragmentHasAnIvOfItsOwn) {
  std::set<Bytes> ivs;
  const auto datagrams = seal(kAead, message_of(300), 100);
  for (const Bytes& bytes : datagrams) {
    const auto parsed = parse_message(bytes);
    ivs.insert(to_bytes(ByteView(bytes).subspan(parsed->encrypted->body_offset, 8)));
  }
  EXPECT_EQ(ivs.size(), datagrams.size());
}

TEST(SealedMessage, NumberTotalAndTypeOfAFragmentAreAuthenticated) {
  FakeCrypto crypto(3);
  for (const SkKeys& keys : {kAead, kCbc}) {
    Bytes bytes = seal(keys, message_of(300), 200)[0];
    for (size_t offset = 0; offset < kHeaderSize + 8; ++offset) {
      Bytes bad = bytes;
      bad[offset] ^= 1;
      const auto parsed = parse_message(bad);
      if (!parsed || !parsed->encrypted) continue;
      EXPECT_FALSE(open_block(crypto, keys, bad, *parsed)) << offset;
    }
  }
}

TEST(SealedMessage, ALimitBelowAllHeadersStillEnds) {
  const auto datagrams = seal(kAead, message_of(30), 1);
  EXPECT_EQ(datagrams.size(), 30u);
}

// --- RFC 9242 3.3.2 ---

PlainMessage intermediate(const VectorCase& test, uint32_t round, bool by_initiator) {
  PlainMessage message;
  message.header.initiator_spi = IkeSpi{load_be64(test.bytes("spi_i").data())};
  message.header.responder_spi = IkeSpi{load_be64(test.bytes("spi_r").data())};
  message.header.exchange = static_cast<uint8_t>(ExchangeType::IkeIntermediate);
  message.header.from_initiator = by_initiator;
  message.header.is_response = !by_initiator;
  message.header.message_id = MessageId{round};
  message.first_payload = static_cast<uint8_t>(PayloadType::KeyExchange);
  message.payloads = test.bytes((by_initiator ? "plain_i_" : "plain_r_") + std::to_string(round));
  return message;
}

TEST(SealedMessage, IntAuthIsThatOfThePythonCalculationSealedCutOrBoth) {
  const auto provider = make_system_provider();
  for (const VectorCase& test : read_vectors("ike_pq.vec")) {
    for (const SkKeys& keys : {kAead, kCbc}) {
      for (const size_t datagram_max : {size_t{1000}, size_t{90}}) {
        const auto prf = static_cast<PrfId>(test.number("prf"));
        Bytes joined;
        for (const bool by_initiator : {true, false}) {
          SecretBytes chain;
          for (const uint32_t round : {1u, 2u}) {
            const PlainMessage message = intermediate(test, round, by_initiator);
            const auto datagrams = seal(keys, message, datagram_max);
            EXPECT_EQ(datagrams.size() > 1, datagram_max == 90);
            const Bytes sk_p =
                test.bytes("k" + std::to_string(round - 1) + (by_initiator ? "_pi" : "_pr"));
            chain = chain_int_auth(*provider, prf, sk_p, chain.view(),
                                   int_auth_octets(datagrams.front(), message.payloads));
          }
          joined.insert(joined.end(), chain.view().begin(), chain.view().end());
        }
        const Bytes expected = test.bytes("int_auth");
        EXPECT_EQ(to_hex(joined), to_hex(ByteView(expected).first(expected.size() - 4)));
      }
    }
  }
}

TEST(SealedMessage, IntAuthCoversWhatStandsInClearAndReservedBits) {
  const PlainMessage message = message_of(50);
  Bytes datagram = seal(kAead, message, 1000).front();
  const Bytes octets = int_auth_octets(datagram, message.payloads);
  EXPECT_EQ(octets.size(), kHeaderSize + 4 + message.payloads.size());
  datagram[17] |= 1;  // A minor version that we do not send.
  EXPECT_NE(int_auth_octets(datagram, message.payloads), octets);
  datagram[17] &= 0xfe;
  datagram[kHeaderSize + 1] |= 0x80;  // The critical bit of SK.
  EXPECT_NE(int_auth_octets(datagram, message.payloads), octets);
}

}  // namespace
}  // namespace twinspan::ike
