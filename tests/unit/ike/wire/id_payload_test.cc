#include "ike/wire/id_payload.h"

#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

TEST(IdPayload, ReadsTypeAndValue) {
  const auto id = parse_id(false, hex("01 000000 c0000201"));
  EXPECT_EQ(id, (IdPayload{
                    .of_initiator = false, .type = IdType::Ipv4Address, .value = hex("c0000201")}));
}

TEST(IdPayload, TakesAnEmptyValue) {
  EXPECT_EQ(parse_id(true, hex("0b 000000")), (IdPayload{.type = IdType::KeyId, .value = {}}));
}

TEST(IdPayload, KeepsAnUnknownType) {
  const auto id = parse_id(true, hex("f0 000000 00"));
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->type, IdType{240});
}

TEST(IdPayload, IsWrittenAsItCameBecauseAuthCoversTheBody) {
  const Bytes body = hex("02 a1b2c3 6777");
  const auto id = parse_id(true, body);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->reserved, 0xa1b2c3u);
  EXPECT_EQ(write_body(Payload{*id}), body);
}

TEST(IdPayload, WritesZerosUnlessItCameOtherwise) {
  const IdPayload id{.type = IdType::Fqdn, .value = hex("6777")};
  EXPECT_EQ(write_body(Payload{id}), hex("02 000000 6777"));
}

TEST(IdPayload, SideChoosesThePayloadType) {
  EXPECT_EQ(write_payloads({IdPayload{.of_initiator = true}}).first_payload, 35);
  EXPECT_EQ(write_payloads({IdPayload{.of_initiator = false}}).first_payload, 36);
}

TEST(IdPayload, RefusesABodyShorterThanItsFields) {
  for (const char* text : {"", "02", "02 00", "02 0000"}) {
    EXPECT_EQ(error_of(parse_id(true, hex(text))), WireError::Truncated) << text;
  }
}

}  // namespace twinspan::ike
