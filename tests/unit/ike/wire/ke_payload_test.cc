#include "ike/wire/ke_payload.h"

#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

TEST(KePayload, ReadsGroupAndValueAndIgnoresReservedBytes) {
  const KePayload expected{.group = 31, .public_value = hex("aabbcc")};
  EXPECT_EQ(parse_ke(hex("001f 0000 aabbcc")), expected);
  EXPECT_EQ(parse_ke(hex("001f ffff aabbcc")), expected);
}

TEST(KePayload, WritesExactBytes) {
  EXPECT_EQ(write_body(Payload{KePayload{.group = 31, .public_value = hex("aabbcc")}}),
            hex("001f 0000 aabbcc"));
}

TEST(KePayload, TakesAnEmptyValueBecausePolicyIsAbove) {
  EXPECT_EQ(parse_ke(hex("0000 0000")), (KePayload{.group = 0, .public_value = {}}));
}

TEST(KePayload, TakesTheLongestValueOfAPayload) {
  const KePayload ke{.group = 16, .public_value = Bytes(65535 - 4 - 4, 0x5a)};
  const WrittenChain chain = write_payloads({ke});
  EXPECT_EQ(parse_payloads(chain.first_payload, chain.bytes), std::vector<Payload>{ke});
}

TEST(KePayload, RefusesABodyShorterThanItsFields) {
  for (const char* text : {"", "00", "001f", "001f 00"}) {
    EXPECT_EQ(error_of(parse_ke(hex(text))), WireError::Truncated) << text;
  }
}

TEST(KePayloadDeathTest, WritingAPayloadPastItsLengthFieldIsOurOwnMistake) {
  EXPECT_DEATH(write_payloads({KePayload{.group = 16, .public_value = Bytes(65535 - 7, 0)}}),
               "length");
}

}  // namespace twinspan::ike
