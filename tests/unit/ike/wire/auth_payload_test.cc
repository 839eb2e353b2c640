#include "ike/wire/auth_payload.h"

#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

TEST(AuthPayload, ReadsMethodAndValueAndIgnoresReservedBytes) {
  const AuthPayload expected{.method = AuthMethod::SharedKey, .value = hex("0102")};
  EXPECT_EQ(parse_auth(hex("02 000000 0102")), expected);
  EXPECT_EQ(parse_auth(hex("02 ffffff 0102")), expected);
}

TEST(AuthPayload, WritesExactBytes) {
  EXPECT_EQ(write_body(
                Payload{AuthPayload{.method = AuthMethod::DigitalSignature, .value = hex("0102")}}),
            hex("0e 000000 0102"));
}

TEST(AuthPayload, TakesUnknownMethodsAndEmptyValues) {
  EXPECT_EQ(parse_auth(hex("c9 000000")), (AuthPayload{.method = AuthMethod{201}, .value = {}}));
}

TEST(AuthPayload, RefusesABodyShorterThanItsFields) {
  for (const char* text : {"", "02", "02 00", "02 0000"}) {
    EXPECT_EQ(error_of(parse_auth(hex(text))), WireError::Truncated) << text;
  }
}

}  // namespace twinspan::ike
