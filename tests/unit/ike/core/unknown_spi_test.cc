#include "ike/core/unknown_spi.h"

#include <gtest/gtest.h>

namespace twinspan::ike {
namespace {

constexpr Instant kStart = Instant{} + 100s;
constexpr TunnelId kTunnel{1}, kNeighbour{2};
constexpr Spi kSpi{0x1001}, kOther{0x1002};

TEST(UnknownSpis, AreToldAfterAWhileAndThenOnceAnInterval) {
  UnknownSpis spis;
  EXPECT_FALSE(spis.note(kStart, kTunnel, kSpi));
  EXPECT_FALSE(spis.note(kStart + kUnknownSpiWait - 1ns, kTunnel, kSpi));
  EXPECT_TRUE(spis.note(kStart + kUnknownSpiWait, kTunnel, kSpi));
  EXPECT_FALSE(spis.note(kStart + kUnknownSpiWait + kInvalidSpiInterval - 1ns, kTunnel, kSpi));
  EXPECT_TRUE(spis.note(kStart + kUnknownSpiWait + kInvalidSpiInterval, kTunnel, kSpi));
}

TEST(UnknownSpis, ShareOneInterval) {
  UnknownSpis spis;
  EXPECT_FALSE(spis.note(kStart, kTunnel, kSpi));
  EXPECT_FALSE(spis.note(kStart, kTunnel, kOther));
  EXPECT_TRUE(spis.note(kStart + 3s, kTunnel, kSpi));
  EXPECT_FALSE(spis.note(kStart + 3s, kTunnel, kOther));
  EXPECT_TRUE(spis.note(kStart + 3s + kInvalidSpiInterval, kTunnel, kOther));
}

TEST(UnknownSpis, OfAnotherTunnelHaveAnIntervalOfTheirOwn) {
  UnknownSpis spis;
  for (const TunnelId tunnel : {kTunnel, kNeighbour}) EXPECT_FALSE(spis.note(kStart, tunnel, kSpi));
  EXPECT_TRUE(spis.note(kStart + kUnknownSpiWait, kTunnel, kSpi));
  EXPECT_TRUE(spis.note(kStart + kUnknownSpiWait, kNeighbour, kSpi));
}

TEST(UnknownSpis, AreForgotten) {
  UnknownSpis spis;
  EXPECT_FALSE(spis.note(kStart, kTunnel, kSpi));
  EXPECT_FALSE(spis.note(kStart + kUnknownSpiMemory, kTunnel, kSpi));
}

TEST(UnknownSpis, AreBoundedAndTheOldestGoesFirst) {
  UnknownSpis spis;
  for (uint32_t i = 0; i <= kUnknownSpisMax; ++i)
    EXPECT_FALSE(spis.note(kStart, kTunnel, Spi{i + 1000}));
  EXPECT_FALSE(spis.note(kStart + 10s, kTunnel, Spi{1000}));  // As if for the first time.
  EXPECT_TRUE(spis.note(kStart + 10s, kTunnel, Spi{1000 + kUnknownSpisMax}));
}

}  // namespace
}  // namespace twinspan::ike
