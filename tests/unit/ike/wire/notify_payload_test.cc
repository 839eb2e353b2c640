#include "ike/wire/notify_payload.h"

#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

TEST(NotifyPayload, ReadsProtocolSpiTypeAndValue) {
  EXPECT_EQ(parse_notify(hex("03 04 4009 c0ffee01")), (NotifyPayload{.protocol = ProtocolId::Esp,
                                                                     .spi = hex("c0ffee01"),
                                                                     .type = NotifyType::RekeySa,
                                                                     .value = {}}));
  EXPECT_EQ(parse_notify(hex("00 00 4006 1234")),
            (NotifyPayload{.type = NotifyType::Cookie, .value = hex("1234")}));
}

TEST(NotifyPayload, WritesExactBytes) {
  EXPECT_EQ(write_body(Payload{NotifyPayload{.protocol = ProtocolId::Esp,
                                             .spi = hex("c0ffee01"),
                                             .type = NotifyType::RekeySa,
                                             .value = hex("aa")}}),
            hex("03 04 4009 c0ffee01 aa"));
}

TEST(NotifyPayload, TakesAnySpiSizeAnyProtocolAndUnknownTypes) {
  const NotifyPayload notify{
      .protocol = ProtocolId{99}, .spi = Bytes(255, 0x77), .type = NotifyType{40000}, .value = {}};
  EXPECT_EQ(parse_notify(write_body(Payload{notify})), notify);
}

TEST(NotifyPayload, RefusesABodyShorterThanItsFields) {
  for (const char* text : {"", "00", "00 00", "00 00 40", "03 04 4009", "03 04 4009 c0ffee"}) {
    EXPECT_EQ(error_of(parse_notify(hex(text))), WireError::Truncated) << text;
  }
}

TEST(NotifyPayloadDeathTest, WritingASpiPastItsSizeFieldIsOurOwnMistake) {
  EXPECT_DEATH(write_body(Payload{NotifyPayload{.spi = Bytes(256, 0)}}), "spi");
}

}  // namespace twinspan::ike
