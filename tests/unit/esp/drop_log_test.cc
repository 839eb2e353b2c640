// The ring of dropped packets: what it keeps, what it leaves out, and that no flood empties it.
#include "esp/drop_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "esp/esp_layout.h"

namespace twinspan::esp {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr TunnelId kTunnel{7};
uint64_t now_ms = 0;

DropLog make_log() {
  now_ms = 5'000;
  return DropLog([] { return now_ms; });
}

std::vector<DropRecord> records_of(const DropLog& log) {
  std::vector<DropRecord> records;
  log.collect(records);
  return records;
}

// 10.1.0.2:1000 -> 10.2.0.2:443 by TCP, the header and 20 bytes.
Bytes tcp_packet() {
  Bytes packet(40);
  packet[0] = 0x45;
  store_be16(&packet[2], 40);
  packet[9] = 6;
  const uint8_t addresses[] = {10, 1, 0, 2, 10, 2, 0, 2};
  std::ranges::copy(addresses, &packet[12]);
  store_be16(&packet[20], 1000);
  store_be16(&packet[22], 443);
  return packet;
}

Bytes frame(uint32_t spi, uint32_t sequence) {
  Bytes bytes(64, 0xee);
  store_be32(&bytes[0], spi);
  store_be32(&bytes[4], sequence);
  return bytes;
}

const Endpoint kStranger{*IpAddress::parse("198.51.100.9"), 4500};

TEST(DropLog, APacketOfOurSideIsKeptWithAddressesAndPorts) {
  DropLog log = make_log();
  log.note_inner(Verdict::NoSelector, kTunnel, true, tcp_packet());
  const auto records = records_of(log);
  ASSERT_THAT(records, SizeIs(1));
  const DropRecord& record = records[0];
  EXPECT_EQ(record.at_ms, 5'000u);
  EXPECT_EQ(record.reason, Verdict::NoSelector);
  EXPECT_TRUE(record.is_outbound && record.has_tunnel && record.has_inner && record.has_ports);
  EXPECT_FALSE(record.has_outer || record.has_spi);
  EXPECT_EQ(record.tunnel, kTunnel);
  EXPECT_EQ(record.source.to_string(), "10.1.0.2");
  EXPECT_EQ(record.destination.to_string(), "10.2.0.2");
  EXPECT_EQ(record.protocol, 6);
  EXPECT_EQ(record.source_port, 1000);
  EXPECT_EQ(record.destination_port, 443);
  EXPECT_EQ(record.length, 40u);
}

TEST(DropLog, OfAFrameNothingIsKeptThatIsNotAuthentic) {
  DropLog log = make_log();
  log.note_outer(Verdict::UnknownSpi, {}, kStranger, frame(0x1234, 5));
  const auto records = records_of(log);
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_FALSE(records[0].has_inner || records[0].has_tunnel);
  EXPECT_TRUE(records[0].has_outer && records[0].has_spi);
  EXPECT_EQ(records[0].remote, kStranger);
  EXPECT_EQ(records[0].spi, Spi{0x1234});
  EXPECT_EQ(records[0].sequence, 5u);
}

TEST(DropLog, AFrameTooShortForAnSpiHasNone) {
  DropLog log = make_log();
  log.note_outer(Verdict::Malformed, kTunnel, kStranger, Bytes(kFixedHeaderSize - 1));
  EXPECT_FALSE(records_of(log).at(0).has_spi);
}

TEST(DropLog, BytesThatAreNoPacketHaveNoAddresses) {
  DropLog log = make_log();
  log.note_inner(Verdict::BadInnerPacket, kTunnel, true, Bytes(30, 0xff));
  const auto records = records_of(log);
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_FALSE(records[0].has_inner);
  EXPECT_EQ(records[0].length, 30u);
}

TEST(DropLog, WhatIsNoFaultIsLeftOut) {
  DropLog log = make_log();
  for (const Verdict verdict : {Verdict::Accept, Verdict::Dummy, Verdict::LinkScope})
    log.note_inner(verdict, kTunnel, true, tcp_packet());
  EXPECT_THAT(records_of(log), IsEmpty());
}

TEST(DropLog, AFloodHasItsShareOfASecondAndPushesNothingElseOut) {
  DropLog log = make_log();
  log.note_inner(Verdict::NoSelector, kTunnel, true, tcp_packet());
  for (unsigned second = 0; second < 10; ++second) {
    now_ms += 1'000;
    for (uint32_t i = 0; i < 1'000; ++i)
      log.note_outer(Verdict::UnknownSpi, {}, kStranger, frame(1'000 * second + i, 0));
  }
  const auto records = records_of(log);
  EXPECT_EQ(std::ranges::count(records, Verdict::NoSelector, &DropRecord::reason), 1);
  ASSERT_THAT(records, SizeIs(1 + DropLog::kPlacesPerReason));
  for (const DropRecord& record : records) {
    if (record.reason != Verdict::UnknownSpi) continue;
    EXPECT_EQ(record.at_ms, now_ms) << "the last second's";
    EXPECT_LT(record.spi.value, 9'000 + DropLog::kPerSecondMax) << "its first ones";
  }
}

TEST(DropLog, AReaderNeverSeesHalfOfARecord) {
  static std::atomic<uint64_t> ticks{0};
  DropLog log([] { return ticks.fetch_add(1'000); });  // Each packet in a second of its own.
  std::atomic<bool> is_done = false;
  std::thread writer([&] {
    for (uint32_t i = 1; i <= 50'000; ++i)
      log.note_outer(Verdict::UnknownSpi, {}, {kStranger.address, static_cast<uint16_t>(i)},
                     frame(i, i));
    is_done = true;
  });
  size_t seen = 0;
  do {
    for (const DropRecord& record : records_of(log)) {
      ++seen;
      EXPECT_EQ(record.spi.value, record.sequence);
      EXPECT_EQ(record.remote.port, static_cast<uint16_t>(record.sequence));
    }
  } while (!is_done);
  writer.join();
  EXPECT_GT(seen, 0u);
  EXPECT_THAT(records_of(log), SizeIs(DropLog::kPlacesPerReason));
}

}  // namespace
}  // namespace twinspan::esp
