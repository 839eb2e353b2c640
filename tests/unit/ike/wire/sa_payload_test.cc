#include "ike/wire/sa_payload.h"

#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

namespace {

Bytes proposal_with_transforms(size_t count) {
  Proposal proposal{.number = 1, .protocol = ProtocolId::Esp, .spi = hex("c0ffee01")};
  proposal.transforms.assign(count, {.type = TransformType::Encryption, .id = 20});
  return write_body(SaPayload{{proposal}});
}

// An SA payload of `count` equal proposals, written by hand since the writer stops at the limit.
Bytes proposals(size_t count) {
  Bytes bytes;
  for (size_t i = 0; i < count; ++i) {
    bytes =
        bytes + (i + 1 == count ? hex("00 00 0008 01 01 00 00") : hex("02 00 0008 01 01 00 00"));
  }
  return bytes;
}

// One proposal with one transform, whose attributes are `attributes`.
Transform transform_with(const Bytes& attributes) {
  ByteWriter out;
  out.append(hex("00 00"));
  out.u16(static_cast<uint16_t>(16 + attributes.size()));
  out.append(hex("01 03 00 01  00 00"));
  out.u16(static_cast<uint16_t>(8 + attributes.size()));
  out.append(hex("01 00 000c"));
  out.append(attributes);
  const auto sa = parse_sa(out.bytes());
  EXPECT_TRUE(sa.has_value());
  return sa ? sa->proposals.at(0).transforms.at(0) : Transform{};
}

WireError sa_error(std::string_view text) {
  return error_of(parse_sa(hex(text)));
}

}  // namespace

TEST(SaPayload, ReadsProposalsTransformsAndKeyLengths) {
  const auto sa =
      parse_sa(hex("02 00 0028  01 01 00 03"
                   "  03 00 000c 01 00 0014 800e 0100"
                   "  03 00 0008 02 00 0006"
                   "  00 00 000c 04 00 0013 800e 0080"
                   "00 00 0014  02 03 04 01 c0ffee01"
                   "  00 00 0008 05 00 0001"));
  ASSERT_TRUE(sa.has_value());
  const SaPayload expected{{
      {.number = 1,
       .protocol = ProtocolId::Ike,
       .spi = {},
       .transforms = {{.type = TransformType::Encryption, .id = 20, .key_bits = 256},
                      {.type = TransformType::Prf, .id = 6},
                      {.type = TransformType::DhGroup, .id = 19, .key_bits = 128}}},
      {.number = 2,
       .protocol = ProtocolId::Esp,
       .spi = hex("c0ffee01"),
       .transforms = {{.type = TransformType::Esn, .id = 1}}},
  }};
  EXPECT_EQ(*sa, expected);
}

TEST(SaPayload, WritesExactBytes) {
  const SaPayload sa{{
      {.number = 1,
       .protocol = ProtocolId::Esp,
       .spi = hex("c0ffee01"),
       .transforms = {{.type = TransformType::Encryption, .id = 20, .key_bits = 256},
                      {.type = TransformType::Esn, .id = 1}}},
      {.number = 2, .protocol = ProtocolId::Ike, .spi = hex("0102030405060708"), .transforms = {}},
  }};
  EXPECT_EQ(write_body(Payload{sa}), hex("02 00 0020 01 03 04 02 c0ffee01"
                                         "  03 00 000c 01 00 0014 800e 0100"
                                         "  00 00 0008 05 00 0001"
                                         "00 00 0010 02 01 08 00 0102030405060708"));
}

TEST(SaPayload, IgnoresReservedBytes) {
  const auto sa = parse_sa(hex("00 ff 0010 01 03 00 01  00 ff 0008 05 ff 0001"));
  ASSERT_TRUE(sa.has_value());
  EXPECT_EQ(sa->proposals.at(0).transforms.at(0), (Transform{.type = TransformType::Esn, .id = 1}));
}

TEST(SaPayload, KeepsTypesAndProtocolsThatItDoesNotKnow) {
  const auto sa = parse_sa(hex("00 00 0012 07 c8 02 01 abcd  00 00 0008 f1 00 ffff"));
  ASSERT_TRUE(sa.has_value());
  EXPECT_EQ(sa->proposals.at(0).number, 7);
  EXPECT_EQ(sa->proposals.at(0).protocol, ProtocolId{200});
  EXPECT_EQ(sa->proposals.at(0).transforms.at(0),
            (Transform{.type = TransformType{241}, .id = 65535}));
}

TEST(SaPayload, KeepsSpisOfAnySizeRaw) {
  Proposal proposal{.protocol = ProtocolId::Ike, .spi = Bytes(255, 0xa5)};
  const auto sa = parse_sa(write_body(Payload{SaPayload{{proposal}}}));
  ASSERT_TRUE(sa.has_value());
  EXPECT_EQ(sa->proposals.at(0).spi, Bytes(255, 0xa5));
}

TEST(SaPayload, MarksAnUnknownShortAttribute) {
  const Transform transform = transform_with(hex("800e 0100 8011 0001"));
  EXPECT_EQ(transform.key_bits, 256);
  EXPECT_TRUE(transform.has_unknown_attribute);
}

TEST(SaPayload, MarksAnUnknownLongAttribute) {
  const Transform transform = transform_with(hex("0011 0003 aabbcc 800e 0080"));
  EXPECT_EQ(transform.key_bits, 128);
  EXPECT_TRUE(transform.has_unknown_attribute);
}

TEST(SaPayload, TakesAnEmptyLongAttribute) {
  const Transform transform = transform_with(hex("0011 0000"));
  EXPECT_FALSE(transform.key_bits.has_value());
  EXPECT_TRUE(transform.has_unknown_attribute);
}

TEST(SaPayload, DoesNotTrustAKeyLengthInTheLongForm) {
  const Transform transform = transform_with(hex("000e 0002 0100"));
  EXPECT_FALSE(transform.key_bits.has_value());
  EXPECT_TRUE(transform.has_unknown_attribute);
}

TEST(SaPayload, DoesNotTrustASecondKeyLength) {
  const Transform transform = transform_with(hex("800e 0080 800e 0100"));
  EXPECT_EQ(transform.key_bits, 128);
  EXPECT_TRUE(transform.has_unknown_attribute);
}

TEST(SaPayload, KeepsATransformUnselectableWhenItIsWrittenAgain) {
  Proposal proposal;
  proposal.transforms = {{.type = TransformType::Encryption,
                          .id = 12,
                          .key_bits = 256,
                          .has_unknown_attribute = true}};
  const SaPayload sa{{proposal}};
  EXPECT_EQ(parse_sa(write_body(Payload{sa})), sa);
}

TEST(SaPayload, RefusesAnEmptyBody) {
  EXPECT_EQ(sa_error(""), WireError::Truncated);
}

TEST(SaPayload, RefusesAttributesThatPassTheTransform) {
  EXPECT_EQ(sa_error("00 00 0014 01 01 00 01  00 00 000c 01 00 0014 0011 0001"),
            WireError::Truncated);
  EXPECT_EQ(sa_error("00 00 0012 01 01 00 01  00 00 000a 01 00 0014 800e"), WireError::Truncated);
  EXPECT_EQ(sa_error("00 00 0011 01 01 00 01  00 00 0009 01 00 0014 80"), WireError::Truncated);
}

TEST(SaPayload, RefusesATransformShorterThanItsFields) {
  EXPECT_EQ(sa_error("00 00 000f 01 01 00 01  00 00 0007 01 00 00"), WireError::Truncated);
  EXPECT_EQ(sa_error("00 00 000c 01 01 00 01  00 00 0004"), WireError::Truncated);
  EXPECT_EQ(sa_error("00 00 000c 01 01 00 01  00 00 0003"), WireError::BadLength);
  EXPECT_EQ(sa_error("00 00 000c 01 01 00 01  00 00 0000"), WireError::BadLength);
}

TEST(SaPayload, RefusesATransformThatPassesItsProposal) {
  EXPECT_EQ(sa_error("00 00 0010 01 01 00 01  00 00 0009 05 00 0001"), WireError::Truncated);
  EXPECT_EQ(sa_error("02 00 0010 01 01 00 01  00 00 0010 05 00 0001  00 00 0008 02 01 00 00"),
            WireError::Truncated);
}

TEST(SaPayload, RefusesFewerTransformsThanTheCount) {
  EXPECT_EQ(sa_error("00 00 0010 01 01 00 02  03 00 0008 05 00 0001"), WireError::Truncated);
  EXPECT_EQ(sa_error("00 00 0010 01 01 00 02  00 00 0008 05 00 0001"), WireError::BadLength);
}

TEST(SaPayload, RefusesMoreTransformsThanTheCount) {
  EXPECT_EQ(sa_error("00 00 0018 01 01 00 01  03 00 0008 05 00 0001 00 00 0008 05 00 0000"),
            WireError::BadLength);
  EXPECT_EQ(sa_error("00 00 0018 01 01 00 01  00 00 0008 05 00 0001 00 00 0008 05 00 0000"),
            WireError::TrailingBytes);
  EXPECT_EQ(sa_error("00 00 0010 01 01 00 00  00 00 0008 05 00 0001"), WireError::TrailingBytes);
}

TEST(SaPayload, RefusesWrongLastMarkers) {
  EXPECT_EQ(sa_error("03 00 0008 01 01 00 00"), WireError::BadLength);
  EXPECT_EQ(sa_error("01 00 0008 01 01 00 00"), WireError::BadLength);
  EXPECT_EQ(sa_error("00 00 0010 01 01 00 01  02 00 0008 05 00 0001"), WireError::BadLength);
  EXPECT_EQ(sa_error("00 00 0010 01 01 00 01  03 00 0008 05 00 0001"), WireError::BadLength);
}

TEST(SaPayload, RefusesMoreToComeWhenNothingComes) {
  EXPECT_EQ(sa_error("02 00 0008 01 01 00 00"), WireError::Truncated);
}

TEST(SaPayload, RefusesAProposalAfterTheLast) {
  EXPECT_EQ(sa_error("00 00 0008 01 01 00 00  00 00 0008 02 01 00 00"), WireError::TrailingBytes);
  EXPECT_EQ(sa_error("00 00 0008 01 01 00 00  00"), WireError::TrailingBytes);
}

TEST(SaPayload, RefusesAProposalShorterThanItsFields) {
  EXPECT_EQ(sa_error("00 00 0003"), WireError::BadLength);
  EXPECT_EQ(sa_error("00 00 0007 01 01 00"), WireError::Truncated);
  EXPECT_EQ(sa_error("00 00 0009 01 01 00 00"), WireError::Truncated);
  EXPECT_EQ(sa_error("00 00 000b 01 03 04 00 c0ffee"), WireError::Truncated);
}

TEST(SaPayload, TakesTheMostTransformsAndNotOneMore) {
  Bytes bytes = proposal_with_transforms(kTransformsMax);
  const auto sa = parse_sa(bytes);
  ASSERT_TRUE(sa.has_value());
  EXPECT_EQ(sa->proposals.at(0).transforms.size(), kTransformsMax);

  // One more transform before the last one: count and length follow.
  const Bytes transform = hex("03 00 0008 01 00 0014");
  bytes.insert(bytes.begin() + 12, transform.begin(), transform.end());
  bytes[7] = kTransformsMax + 1;
  store_be16(&bytes[2], static_cast<uint16_t>(bytes.size()));
  EXPECT_EQ(error_of(parse_sa(bytes)), WireError::TooMany);
}

TEST(SaPayload, TakesTheMostProposalsAndNotOneMore) {
  const auto sa = parse_sa(proposals(kProposalsMax));
  ASSERT_TRUE(sa.has_value());
  EXPECT_EQ(sa->proposals.size(), kProposalsMax);
  EXPECT_EQ(error_of(parse_sa(proposals(kProposalsMax + 1))), WireError::TooMany);
}

TEST(SaPayloadDeathTest, WritingPastALimitIsOurOwnMistake) {
  const Proposal big_spi{.spi = Bytes(256, 0)};
  EXPECT_DEATH(write_body(Payload{SaPayload{{big_spi}}}), "spi");
  EXPECT_DEATH(write_body(Payload{SaPayload{}}), "proposals");
  EXPECT_DEATH(write_body(Payload{SaPayload{std::vector<Proposal>(kProposalsMax + 1)}}),
               "proposals");
  EXPECT_DEATH(proposal_with_transforms(kTransformsMax + 1), "transforms");
}

}  // namespace twinspan::ike
