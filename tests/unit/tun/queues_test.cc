// The bounded queues between threads: control_ring, worker_records, worker_handover.
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <thread>

#include "tun/control_ring.h"
#include "tun/unique_fd.h"
#include "tun/worker_handover.h"
#include "tun/worker_records.h"

namespace twinspan::tun {
namespace {

TEST(ControlRing, IsFirstInFirstOutAndBounded) {
  ControlRing<int> ring(4);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(int{i}));
    EXPECT_FALSE(ring.push(4));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ring.pop(), i);
    EXPECT_EQ(ring.pop(), std::nullopt);
  }
}

TEST(ControlRing, RefusedValueIsUntouched) {
  ControlRing<std::string> ring(1);
  ASSERT_TRUE(ring.push("first"));
  std::string second = "second";
  EXPECT_FALSE(ring.push(std::move(second)));
  EXPECT_EQ(second, "second");  // NOLINT(bugprone-use-after-move): that is the promise.
}

TEST(ControlRing, ReleasesWhatWasTaken) {
  ControlRing<std::shared_ptr<int>> ring(2);
  auto value = std::make_shared<int>(1);
  ring.push(std::shared_ptr<int>(value));
  ring.pop();
  EXPECT_EQ(value.use_count(), 1);
}

TEST(ControlRing, CarriesEverythingBetweenTwoThreads) {
  ControlRing<uint64_t> ring(64);
  constexpr uint64_t kCount = 100'000;
  std::thread producer([&] {
    for (uint64_t i = 0; i < kCount;) {
      if (ring.push(uint64_t{i})) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (uint64_t expected = 0; expected < kCount;) {
    if (const auto value = ring.pop()) {
      ASSERT_EQ(*value, expected);
      ++expected;
    } else {
      std::this_thread::yield();
    }
  }
  producer.join();
}

class RecordQueueTest : public testing::Test {
 protected:
  bool is_readable() {
    eventfd_t count = 0;
    return ::eventfd_read(event_.get(), &count) == 0;
  }

  static Endpoint source(uint8_t last_byte) {
    return {IpAddress::v4(0xc0000200u + last_byte), 500};
  }

  UniqueFd event_{::eventfd(0, EFD_NONBLOCK)};
  RecordQueue queue_{event_.get()};
};

TEST_F(RecordQueueTest, FlushMakesTheDescriptorReadableOnce) {
  queue_.flush();
  EXPECT_FALSE(is_readable());
  queue_.push(FirstInbound{Spi{7}});
  queue_.push(SoftLimit{Spi{8}});
  EXPECT_FALSE(is_readable());
  queue_.flush();
  EXPECT_TRUE(is_readable());
  queue_.flush();
  EXPECT_FALSE(is_readable());
  EXPECT_EQ(std::get<FirstInbound>(*queue_.pop()).spi, Spi{7});
  EXPECT_EQ(std::get<SoftLimit>(*queue_.pop()).spi, Spi{8});
  EXPECT_FALSE(queue_.pop());
}

TEST_F(RecordQueueTest, RecordsBeyondTheLimitAreCounted) {
  for (size_t i = 0; i < RecordQueue::kRecordsMax + 5; ++i) queue_.push(FirstInbound{Spi{1}});
  EXPECT_EQ(queue_.overflows(), 5u);
}

TEST_F(RecordQueueTest, IkeDatagramsAreBoundedInBytesAndRecover) {
  const Bytes large(RecordQueue::kIkeBytesMax / 4);
  for (uint8_t i = 0; i < 5; ++i) queue_.push(IkeDatagram{{}, source(i), large});
  EXPECT_EQ(queue_.overflows(), 1u);
  queue_.push(FirstInbound{Spi{1}});  // Small records still pass.
  EXPECT_EQ(queue_.overflows(), 1u);
  queue_.pop();
  queue_.push(IkeDatagram{{}, source(0), large});
  EXPECT_EQ(queue_.overflows(), 1u);
}

TEST_F(RecordQueueTest, FloodOfIkeDatagramsLeavesRoomForTheRecordsOfSas) {
  for (size_t i = 0; i < 2 * RecordQueue::kRecordsMax; ++i) {
    queue_.push(IkeDatagram{{}, source(static_cast<uint8_t>(i)), Bytes(1)});
  }
  const uint64_t flooded = queue_.overflows();
  EXPECT_GT(flooded, 0u);
  for (uint32_t i = 0; i < 100; ++i) queue_.push(FirstInbound{Spi{i}});
  EXPECT_EQ(queue_.overflows(), flooded);
}

TEST_F(RecordQueueTest, FloodFromOneSourceDoesNotShutOutAnother) {
  for (size_t i = 0; i < 2 * RecordQueue::kRecordsMax; ++i) {
    queue_.push(IkeDatagram{{}, source(1), Bytes(1000)});
  }
  const uint64_t flooded = queue_.overflows();
  queue_.push(IkeDatagram{{}, source(2), Bytes(1000)});
  EXPECT_EQ(queue_.overflows(), flooded);
  while (queue_.pop()) {
  }
  queue_.push(IkeDatagram{{}, source(1), Bytes(1000)});
  EXPECT_EQ(queue_.overflows(), flooded) << "what was taken no longer counts";
}

class HandoverTest : public testing::Test {
 protected:
  bool push(size_t length, uint8_t fill) {
    const FrameSource source{.remote = {IpAddress::v4(fill), fill}, .local = &local_};
    return ring_.push(source, Bytes(length, fill));
  }

  Endpoint local_;
  HandoverRing ring_;
};

TEST_F(HandoverTest, FramesComeOutWithTheirSource) {
  ASSERT_TRUE(push(100, 1));
  ASSERT_TRUE(push(65507, 2));
  const auto first = ring_.peek();
  ASSERT_TRUE(first);
  EXPECT_EQ(to_bytes(first->frame), Bytes(100, 1));
  EXPECT_EQ(first->source.remote.port, 1);
  EXPECT_EQ(first->source.local, &local_);
  const auto second = ring_.peek();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->frame.size(), 65507u);
  EXPECT_FALSE(ring_.peek());
}

TEST_F(HandoverTest, FullRingRefusesUntilItIsReleased) {
  size_t pushed = 0;
  while (push(60000, 3)) ++pushed;
  EXPECT_EQ(pushed, HandoverRing::kBytesMax / 60160);
  while (ring_.peek()) {
  }
  EXPECT_FALSE(push(60000, 3));
  ring_.release();
  EXPECT_TRUE(push(60000, 3));
}

TEST_F(HandoverTest, LookedAtFramesStayWhereTheyAreUntilReleased) {
  ASSERT_TRUE(push(1000, 4));
  const auto frame = ring_.peek();
  while (push(30000, 5)) {
  }
  EXPECT_EQ(to_bytes(frame->frame), Bytes(1000, 4));
}

TEST_F(HandoverTest, WrapsAroundWithoutTearingAFrame) {
  uint8_t fill = 0;
  for (int round = 0; round < 500; ++round) {
    const size_t length = 1 + static_cast<size_t>(round) * 977 % 65000;
    ASSERT_TRUE(push(length, ++fill));
    const auto frame = ring_.peek();
    ASSERT_TRUE(frame);
    ASSERT_EQ(to_bytes(frame->frame), Bytes(length, fill));
    ring_.release();
  }
}

}  // namespace
}  // namespace twinspan::tun
