#include "ike/wire/nonce_payload.h"

#include "tests/unit/ike/wire/wire_test.h"

namespace twinspan::ike {

TEST(NoncePayload, TakesEverySizeFrom16To256) {
  for (size_t size = kNonceSizeMin; size <= kNonceSizeMax; ++size) {
    const Bytes value(size, 0x42);
    EXPECT_EQ(parse_nonce(value), NoncePayload{value});
    EXPECT_EQ(write_body(Payload{NoncePayload{value}}), value);
  }
}

TEST(NoncePayload, RefusesOtherSizes) {
  for (const size_t size : std::vector<size_t>{0, 1, 15, 257, 1000}) {
    EXPECT_EQ(error_of(parse_nonce(Bytes(size, 0x42))), WireError::BadNonce) << size;
  }
}

TEST(NoncePayloadDeathTest, WritingAnotherSizeIsOurOwnMistake) {
  EXPECT_DEATH(write_body(Payload{NoncePayload{Bytes(15, 0)}}), "nonce");
  EXPECT_DEATH(write_body(Payload{NoncePayload{Bytes(257, 0)}}), "nonce");
}

}  // namespace twinspan::ike
