#include "ike/wire/delete_payload.h"

#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

namespace {

WireError delete_error(std::string_view text) {
  return error_of(parse_delete(hex(text)));
}

}  // namespace

TEST(DeletePayload, ReadsIkeEspAndAh) {
  EXPECT_EQ(parse_delete(hex("01 00 0000")), (DeletePayload{.protocol = ProtocolId::Ike}));
  EXPECT_EQ(parse_delete(hex("03 04 0002 c0ffee01 00000100")),
            (DeletePayload{.protocol = ProtocolId::Esp, .spis = {{0xc0ffee01}, {0x100}}}));
  EXPECT_EQ(parse_delete(hex("02 04 0001 c0ffee01")),
            (DeletePayload{.protocol = ProtocolId::Ah, .spis = {{0xc0ffee01}}}));
}

TEST(DeletePayload, WritesExactBytes) {
  EXPECT_EQ(write_body(Payload{DeletePayload{}}), hex("01 00 0000"));
  EXPECT_EQ(write_body(Payload{
                DeletePayload{.protocol = ProtocolId::Esp, .spis = {{0xc0ffee01}, {0x100}}}}),
            hex("03 04 0002 c0ffee01 00000100"));
}

TEST(DeletePayload, KeepsDuplicateSpisForTheSaToJudge) {
  const auto deletion = parse_delete(hex("03 04 0002 c0ffee01 c0ffee01"));
  ASSERT_TRUE(deletion.has_value());
  EXPECT_EQ(deletion->spis.size(), 2u);
}

TEST(DeletePayload, TakesNoSpiAtAll) {
  EXPECT_EQ(parse_delete(hex("03 04 0000")), (DeletePayload{.protocol = ProtocolId::Esp}));
}

TEST(DeletePayload, RefusesASpiSizeThatTheProtocolDoesNotHave) {
  EXPECT_EQ(delete_error("01 08 0001 0102030405060708"), WireError::BadSpiSize);
  EXPECT_EQ(delete_error("01 04 0000"), WireError::BadSpiSize);
  EXPECT_EQ(delete_error("03 00 0000"), WireError::BadSpiSize);
  EXPECT_EQ(delete_error("03 08 0001 0102030405060708"), WireError::BadSpiSize);
  EXPECT_EQ(delete_error("02 03 0001 010203"), WireError::BadSpiSize);
}

TEST(DeletePayload, RefusesACountForIke) {
  EXPECT_EQ(delete_error("01 00 0001"), WireError::BadLength);
  EXPECT_EQ(delete_error("01 00 ffff"), WireError::BadLength);
}

TEST(DeletePayload, RefusesAProtocolWithoutSas) {
  EXPECT_EQ(delete_error("00 00 0000"), WireError::BadProtocol);
  EXPECT_EQ(delete_error("04 04 0001 c0ffee01"), WireError::BadProtocol);
  EXPECT_EQ(delete_error("ff 00 0000"), WireError::BadProtocol);
}

TEST(DeletePayload, RefusesACountThatTheBodyContradicts) {
  EXPECT_EQ(delete_error("03 04 0002 c0ffee01"), WireError::Truncated);
  EXPECT_EQ(delete_error("03 04 0001 c0ffee"), WireError::Truncated);
  EXPECT_EQ(delete_error("03 04 0001 c0ffee01 00"), WireError::TrailingBytes);
  EXPECT_EQ(delete_error("03 04 0000 c0ffee01"), WireError::TrailingBytes);
  EXPECT_EQ(delete_error("01 00 0000 00"), WireError::TrailingBytes);
}

TEST(DeletePayload, RefusesABodyShorterThanItsFields) {
  for (const char* text : {"", "03", "03 04", "03 04 00"}) {
    EXPECT_EQ(delete_error(text), WireError::Truncated) << text;
  }
}

TEST(DeletePayload, TakesTheMostSpisAndNotOneMore) {
  DeletePayload deletion{.protocol = ProtocolId::Esp};
  deletion.spis.assign(kDeleteSpisMax, Spi{0x1000});
  Bytes body = write_body(Payload{deletion});
  EXPECT_EQ(parse_delete(body), deletion);

  body = body + hex("00001000");
  store_be16(&body[2], kDeleteSpisMax + 1);
  EXPECT_EQ(error_of(parse_delete(body)), WireError::TooMany);
}

TEST(DeletePayloadDeathTest, WritingWhatCannotStandOnTheWireIsOurOwnMistake) {
  EXPECT_DEATH(write_body(Payload{DeletePayload{.protocol = ProtocolId::Ike, .spis = {{1}}}}),
               "spis");
  EXPECT_DEATH(write_body(Payload{DeletePayload{.protocol = ProtocolId::None}}), "spi_size");
  const DeletePayload too_many{.protocol = ProtocolId::Esp,
                               .spis = std::vector<Spi>(kDeleteSpisMax + 1)};
  EXPECT_DEATH(write_body(Payload{too_many}), "kDeleteSpisMax");
}

}  // namespace twinspan::ike
