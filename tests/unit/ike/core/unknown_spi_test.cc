#include "ike/core/unknown_spi.h"

#include <gtest/gtest.h>

namespace twinspan::ike {
namespace {

constexpr Instant kStart = Instant{} + 100s;
constexpr Spi kSpi{0x1001}, kOther{0x1002};

TEST(UnknownSpis, AreToldAfterAWhileAndThenOnceAnInterval) {
  UnknownSpis spis;
  EXPECT_FALSE(spis.note(kStart, kSpi));
  EXPECT_FALSE(spis.note(kStart + kUnknownSpiWait - 1ns, kSpi));
  EXPECT_TRUE(spis.note(kStart + kUnknownSpiWait, kSpi));
  EXPECT_FALSE(spis.note(kStart + kUnknownSpiWait + kInvalidSpiInterval - 1ns, kSpi));
  EXPECT_TRUE(spis.note(kStart + kUnknownSpiWait + kInvalidSpiInterval, kSpi));
}

TEST(UnknownSpis, ShareOneInterval) {
  UnknownSpis spis;
  EXPECT_FALSE(spis.note(kStart, kSpi));
  EXPECT_FALSE(spis.note(kStart, kOther));
  EXPECT_TRUE(spis.note(kStart + 3s, kSpi));
  EXPECT_FALSE(spis.note(kStart + 3s, kOther));
  EXPECT_TRUE(spis.note(kStart + 3s + kInvalidSpiInterval, kOther));
}

TEST(UnknownSpis, AreForgotten) {
  UnknownSpis spis;
  EXPECT_FALSE(spis.note(kStart, kSpi));
  EXPECT_FALSE(spis.note(kStart + kUnknownSpiMemory, kSpi));
}

TEST(UnknownSpis, AreBoundedAndTheOldestGoesFirst) {
  UnknownSpis spis;
  for (uint32_t i = 0; i <= kUnknownSpisMax; ++i) EXPECT_FALSE(spis.note(kStart, Spi{i + 1000}));
  EXPECT_FALSE(spis.note(kStart + 10s, Spi{1000}));  // As if for the first time.
  EXPECT_TRUE(spis.note(kStart + 10s, Spi{1000 + kUnknownSpisMax}));
}

}  // namespace
}  // namespace twinspan::ike
