#include "tun/path_reports.h"

#include <gtest/gtest.h>

#include "tests/unit/esp/tunnel_pair.h"
#include "tests/unit/tun/error_message.h"

namespace twinspan::tun {
namespace {

Bytes quote(uint32_t spi) {
  return {uint8_t(spi >> 24), uint8_t(spi >> 16), uint8_t(spi >> 8), uint8_t(spi), 0, 0, 0, 1};
}

// Left sends to 192.0.2.2 under kRightSpi.
class PathReportsTest : public testing::Test {
 protected:
  void take(const ErrorSpec& spec) {
    io_.errors.push_back(build_error(spec));
    reports_.take(0, *pair_.left.table);
  }
  uint32_t learned() const { return pair_.left.outbound().path().outer(); }
  std::array<uint64_t, 4> counts() const {
    const PathCounters& c = reports_.counters();
    return {c.learned.read(), c.known.read(), c.hints.read(), c.refused.read()};
  }
  bool is_probe_due(uint64_t ms) {
    return pair_.left.outbound().path().take_probe(1500, IpFamily::V4, ms).has_value();
  }

  esp::TunnelPair pair_{EspTransforms{.encryption = esp::kGcm256}};
  FakeIo io_;
  PathReports reports_{io_};
};

using Counts = std::array<uint64_t, 4>;

TEST_F(PathReportsTest, AReportThatQuotesOurSpiIsBelieved) {
  take({.mtu = 1400, .quoted = quote(esp::kRightSpi.value)});
  EXPECT_EQ(learned(), 1400u);
  take({.mtu = 1400, .quoted = quote(esp::kRightSpi.value)});
  EXPECT_EQ(counts(), (Counts{1, 1, 0, 0}));
}

TEST_F(PathReportsTest, AnySpiButThatOfTheSaChangesNothing) {
  for (const uint32_t spi : {0u, 1u, esp::kLeftSpi.value, esp::kRightSpi.value ^ 1u}) {
    take({.mtu = 600, .quoted = quote(spi)});
  }
  EXPECT_EQ(learned(), 0u);
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 4}));
}

TEST_F(PathReportsTest, TheSpiOfAnotherPeerChangesNothing) {
  take({.destination = "192.0.2.3", .mtu = 600, .quoted = quote(esp::kRightSpi.value)});
  EXPECT_EQ(learned(), 0u);
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 1}));
}

TEST_F(PathReportsTest, AReportThatQuotesTooLittleIsAHintThatBringsAProbe) {
  ASSERT_TRUE(is_probe_due(0));
  ASSERT_TRUE(is_probe_due(1000));
  ASSERT_FALSE(is_probe_due(2000));
  take({.mtu = 600, .quoted = {}});
  EXPECT_EQ(learned(), 0u);
  EXPECT_EQ(counts(), (Counts{0, 0, 1, 0}));
  EXPECT_TRUE(is_probe_due(2000));
}

TEST_F(PathReportsTest, OurOwnHostNeedsNoSpi) {
  take({.mtu = 1300, .quoted = {}, .origin = SO_EE_ORIGIN_LOCAL});
  EXPECT_EQ(learned(), 1300u);
  EXPECT_EQ(counts(), (Counts{1, 0, 0, 0}));
}

}  // namespace
}  // namespace twinspan::tun
