#include "tun/error_queue.h"

#include <gtest/gtest.h>

#include "tests/unit/tun/error_message.h"

namespace twinspan::tun {
namespace {

std::optional<TooBigReport> parsed(const ErrorSpec& spec) {
  FakeIo io;
  io.errors.push_back(build_error(spec));
  ErrorQueue queue(io);
  const auto reports = queue.drain(0);
  EXPECT_LE(reports.size(), 1u);
  return reports.empty() ? std::nullopt : std::optional(reports[0]);
}

TEST(ErrorQueue, ReadsTheMessageOfARouter) {
  const auto report = parsed({.mtu = 1400, .quoted = {0xd2, 0x74, 0xac, 0xf2, 0, 0, 0, 9}});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->destination, *IpAddress::parse("192.0.2.2"));
  EXPECT_EQ(report->mtu, 1400u);
  EXPECT_EQ(report->spi, 0xd274acf2u);
  EXPECT_FALSE(report->is_local);
}

TEST(ErrorQueue, ReadsTheMessageOfAnIpv6Router) {
  const auto report = parsed({.destination = "2001:db8::2",
                              .mtu = 1280,
                              .origin = SO_EE_ORIGIN_ICMP6,
                              .icmp_type = 2,
                              .icmp_code = 0});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->destination, *IpAddress::parse("2001:db8::2"));
  EXPECT_EQ(report->mtu, 1280u);
}

TEST(ErrorQueue, FewerThanFourBytesQuoteNoSpi) {
  for (const size_t quoted : {0u, 1u, 3u}) {
    const auto report = parsed({.quoted = Bytes(quoted)});
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->spi);
  }
  EXPECT_EQ(parsed({.quoted = Bytes(4, 1)})->spi, 0x01010101u);
}

TEST(ErrorQueue, OurOwnHostIsToldApart) {
  const auto report =
      parsed({.mtu = 1300, .quoted = {}, .origin = SO_EE_ORIGIN_LOCAL, .icmp_type = 0});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->is_local);
  EXPECT_FALSE(parsed({.code = EINVAL, .origin = SO_EE_ORIGIN_LOCAL}));
}

TEST(ErrorQueue, OtherErrorsAreTakenOffAndDropped) {
  for (int type = 0; type < 256; ++type) {
    for (const uint8_t code : {uint8_t{0}, uint8_t{1}, uint8_t{3}, uint8_t{4}, uint8_t{13}}) {
      const auto icmp_type = static_cast<uint8_t>(type);
      EXPECT_EQ(parsed({.icmp_type = icmp_type, .icmp_code = code}).has_value(),
                type == 3 && code == 4);
      EXPECT_EQ(parsed({.destination = "2001:db8::2",
                        .origin = SO_EE_ORIGIN_ICMP6,
                        .icmp_type = icmp_type,
                        .icmp_code = code})
                    .has_value(),
                type == 2);
    }
  }
  EXPECT_FALSE(parsed({.origin = SO_EE_ORIGIN_TIMESTAMPING}));
}

TEST(ErrorQueue, AFloodIsTakenInShares) {
  FakeIo io;
  for (int i = 0; i < 100; ++i) io.errors.push_back(build_error({.icmp_code = uint8_t(i % 2 + 3)}));
  ErrorQueue queue(io);
  EXPECT_EQ(queue.drain(0).size(), ErrorQueue::kReportsMax / 2);
  EXPECT_EQ(io.errors.size(), 100 - ErrorQueue::kReportsMax);
}

TEST(ErrorQueue, AMessageWithoutWhatItShouldCarryIsNone) {
  FakeIo io;
  ErrorQueue queue(io);
  auto without_control = build_error({});
  without_control.control.clear();
  auto short_control = build_error({});
  short_control.control.resize(CMSG_SPACE(4));
  cmsghdr control;
  std::memcpy(&control, short_control.control.data(), sizeof control);
  control.cmsg_len = CMSG_LEN(4);
  std::memcpy(short_control.control.data(), &control, sizeof control);
  io.errors = {without_control, short_control};
  EXPECT_TRUE(queue.drain(0).empty());
}

}  // namespace
}  // namespace twinspan::tun
