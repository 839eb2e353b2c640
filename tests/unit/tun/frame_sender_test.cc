#include "tun/frame_sender.h"

#include <gtest/gtest.h>

#include "tests/unit/tun/fake_io.h"

namespace twinspan::tun {
namespace {

const Endpoint kLocal{*IpAddress::parse("192.0.2.1"), 4500};
const Endpoint kRemote{*IpAddress::parse("192.0.2.2"), 4500};

class FrameSenderTest : public testing::Test {
 protected:
  FrameSenderTest() {
    for (size_t i = 0; i < memory_.size(); ++i) memory_[i] = static_cast<uint8_t>(i * 13 + i / 256);
  }

  // Frames side by side.
  std::vector<ByteView> adjacent(const std::vector<size_t>& lengths) {
    std::vector<ByteView> frames;
    size_t at = 0;
    for (const size_t length : lengths) {
      frames.push_back(ByteView(memory_).subspan(at, length));
      at += length;
    }
    return frames;
  }

  std::vector<size_t> message_sizes() const {
    std::vector<size_t> sizes;
    for (const auto& message : io_.sent) sizes.push_back(message.bytes.size());
    return sizes;
  }
  Bytes everything_sent() const {
    Bytes all;
    for (const auto& message : io_.sent) {
      all.insert(all.end(), message.bytes.begin(), message.bytes.end());
    }
    return all;
  }
  Bytes first_bytes(size_t count) const {
    return {memory_.begin(), memory_.begin() + static_cast<ptrdiff_t>(count)};
  }
  SendReport send(const std::vector<ByteView>& frames) {
    return sender_.send(socket_, kRemote, frames);
  }

  Bytes memory_ = Bytes(400'000);
  FakeIo io_;
  UdpSocket socket_{UniqueFd{}, kLocal, {}, io_};
  FrameSender sender_{io_};
};

using Sizes = std::vector<size_t>;

TEST_F(FrameSenderTest, EqualFramesAreOneTrain) {
  const SendReport report = send(adjacent({100, 100, 100, 40}));
  EXPECT_EQ(report.sent, 4u);
  ASSERT_EQ(io_.sent.size(), 1u);
  EXPECT_EQ(io_.sent[0].segment_size, 100u);
  EXPECT_EQ(io_.sent[0].bytes, first_bytes(340));
}

TEST_F(FrameSenderTest, OneFrameIsAPlainDatagram) {
  send(adjacent({100}));
  ASSERT_EQ(io_.sent.size(), 1u);
  EXPECT_EQ(io_.sent[0].segment_size, 0u);
}

TEST_F(FrameSenderTest, TrainEndsBehindAShorterAndBeforeALongerFrame) {
  send(adjacent({100, 100, 60, 60, 80, 80}));
  EXPECT_EQ(message_sizes(), (Sizes{260, 60, 160}));
  EXPECT_EQ(io_.send_calls, 1u);
  EXPECT_EQ(everything_sent(), first_bytes(480));
}

TEST_F(FrameSenderTest, FramesApartAreNoTrain) {
  const std::vector<ByteView> frames = {ByteView(memory_).subspan(0, 100),
                                        ByteView(memory_).subspan(101, 100)};
  send(frames);
  EXPECT_EQ(message_sizes(), (Sizes{100, 100}));
}

TEST_F(FrameSenderTest, TooManyBytesForOneMessageAreSplitEvenly) {
  send(adjacent(Sizes(47, 1472)));
  EXPECT_EQ(message_sizes(), (Sizes{24 * 1472, 23 * 1472}));
  EXPECT_EQ(io_.send_calls, 1u);
}

TEST_F(FrameSenderTest, TooManySegmentsForOneMessageAreSplitEvenly) {
  send(adjacent(Sizes(130, 100)));
  EXPECT_EQ(message_sizes(), (Sizes{44 * 100, 43 * 100, 43 * 100}));
  for (const auto& message : io_.sent) EXPECT_LE(message.bytes.size() / 100, 64u);
}

TEST_F(FrameSenderTest, LargestMessageFitsTheLimitExactly) {
  send(adjacent(Sizes(2, 32753)));  // 65506
  EXPECT_EQ(io_.sent.size(), 1u);
  io_.sent.clear();
  send(adjacent(Sizes(2, 32754)));  // 65508
  EXPECT_EQ(io_.sent.size(), 2u);
}

TEST_F(FrameSenderTest, MoreMessagesThanOneCallTakesAreAllSent) {
  Sizes lengths;
  for (size_t i = 0; i < 150; ++i) lengths.push_back(100 + i);
  const SendReport report = send(adjacent(lengths));
  EXPECT_EQ(report.sent, 150u);
  EXPECT_EQ(io_.send_calls, 3u);
}

class GsoRefused : public FrameSenderTest, public testing::WithParamInterface<int> {};

TEST_P(GsoRefused, RestGoesSinglyFromTheFirstUnsentFrameAndForGood) {
  size_t trains = 0;
  io_.refuse_message = [&](const SentMessage& message) {
    return message.segment_size != 0 && ++trains > 1 ? GetParam() : 0;
  };
  const SendReport report = send(adjacent(Sizes(47, 1472)));
  EXPECT_EQ(report.sent, 47u);
  EXPECT_EQ(report.failed, 0u);
  Sizes expected{24 * 1472};
  expected.insert(expected.end(), 23, 1472);
  EXPECT_EQ(message_sizes(), expected);
  EXPECT_EQ(everything_sent(), first_bytes(47 * 1472));
  EXPECT_FALSE(socket_.gso());
  io_.sent.clear();
  send(adjacent({100, 100}));
  EXPECT_EQ(message_sizes(), (Sizes{100, 100}));
}

INSTANTIATE_TEST_SUITE_P(Errors, GsoRefused, testing::Values(EIO, EINVAL));

TEST_F(FrameSenderTest, TooLongSegmentsAreTriedSinglyAndGsoStays) {
  io_.refuse_message = [&](const SentMessage& message) {
    return message.segment_size > 1400 ? EMSGSIZE : 0;
  };
  const SendReport report = send(adjacent({1472, 1472, 1472, 1300, 1300}));
  EXPECT_EQ(report.sent, 5u);
  EXPECT_EQ(report.too_big, 0u);
  EXPECT_TRUE(socket_.gso());
  EXPECT_EQ(everything_sent(), first_bytes(3 * 1472 + 2 * 1300));
}

TEST_F(FrameSenderTest, FrameTooBigForAnyDatagramIsCountedAndTheRestGoesOn) {
  io_.refuse_message = [&](const SentMessage& message) {
    return message.bytes.size() > 1400 && message.segment_size == 0 ? EMSGSIZE
           : message.segment_size > 1400                            ? EMSGSIZE
                                                                    : 0;
  };
  const SendReport report = send(adjacent({1472, 1472, 1300, 1300}));
  EXPECT_EQ(report.sent, 2u);
  EXPECT_EQ(report.too_big, 2u);
  EXPECT_TRUE(socket_.gso());
}

TEST_F(FrameSenderTest, ErrorOfAnEarlierDatagramLosesNothing) {
  bool is_pending = true;
  io_.refuse_message = [&](const SentMessage&) {
    return std::exchange(is_pending, false) ? ECONNREFUSED : 0;
  };
  const SendReport report = send(adjacent({100, 100}));
  EXPECT_EQ(report.sent, 2u);
  EXPECT_EQ(report.failed, 0u);
}

class Echo : public FrameSenderTest, public testing::WithParamInterface<int> {};

TEST_P(Echo, OfAnIcmpMessageLosesNothing) {
  bool is_pending = true;
  io_.refuse_message = [&](const SentMessage&) {
    return std::exchange(is_pending, false) ? GetParam() : 0;
  };
  const SendReport report = send(adjacent({100, 100}));
  EXPECT_EQ(report.sent, 2u);
  EXPECT_FALSE(report.exceeds_path);
  EXPECT_EQ(message_sizes(), (Sizes{200})) << "still one train";
}

INSTANTIATE_TEST_SUITE_P(Errors, Echo,
                         testing::Values(ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EMSGSIZE));

TEST_F(FrameSenderTest, TrainsThatThePathDoesNotTakeAreReported) {
  io_.refuse_message = [](const SentMessage& message) {
    return message.segment_size > 1400 ? EMSGSIZE : 0;
  };
  EXPECT_TRUE(send(adjacent({1472, 1472})).exceeds_path);
  EXPECT_FALSE(send(adjacent({1400, 1400})).exceeds_path);
}

TEST_F(FrameSenderTest, TrafficClassGoesWithEveryMessageAndNoneIsTheDefault) {
  sender_.send(socket_, kRemote, adjacent({100, 100, 100, 60, 70}), 0xb9);
  ASSERT_EQ(io_.sent.size(), 2u);
  EXPECT_EQ(io_.sent[0].segment_size, 100u);
  EXPECT_EQ(io_.sent[1].segment_size, 0u);
  for (const auto& message : io_.sent) EXPECT_EQ(message.traffic_class, 0xb9);
  io_.sent.clear();
  const Endpoint remote6{*IpAddress::parse("2001:db8::2"), 4500};
  sender_.send(socket_, remote6, adjacent({100, 100}), 3);
  EXPECT_EQ(io_.sent.at(0).traffic_class, 3);
  EXPECT_EQ(io_.sent.at(0).segment_size, 100u);
  io_.sent.clear();
  send(adjacent({100}));
  EXPECT_EQ(io_.sent.at(0).traffic_class, 0);
}

TEST_F(FrameSenderTest, FullSendBufferIsWaitedForAndThenGivenUp) {
  int refusals = 2;
  io_.refuse_message = [&](const SentMessage&) { return refusals-- > 0 ? EAGAIN : 0; };
  EXPECT_EQ(send(adjacent({100, 100})).sent, 2u);
  EXPECT_EQ(io_.waits, 2u);
  io_.refuse_message = [](const SentMessage&) { return EAGAIN; };
  const SendReport report = send(adjacent({100, 100, 50, 70}));
  EXPECT_EQ(report.sent, 0u);
  EXPECT_EQ(report.failed, 4u);
  EXPECT_LE(io_.waits, 10u);
}

class HardError : public FrameSenderTest, public testing::WithParamInterface<int> {};

TEST_P(HardError, LosesOneMessageAndNeverLoops) {
  io_.refuse_message = [&](const SentMessage& message) {
    return message.bytes.size() == 60 ? GetParam() : 0;
  };
  const SendReport report = send(adjacent({100, 100, 100, 60, 100}));
  EXPECT_EQ(report.sent + report.failed, 5u);
  EXPECT_LE(report.failed, 4u);
}

INSTANTIATE_TEST_SUITE_P(Errors, HardError,
                         testing::Values(EPERM, ENETUNREACH, EHOSTUNREACH, ENOBUFS, EINTR, EIO,
                                         EINVAL, ECONNREFUSED, EAFNOSUPPORT));

TEST_F(FrameSenderTest, EveryErrorEverywhereEndsWithAllFramesAccountedFor) {
  for (int error = 1; error < 134; ++error) {
    io_.refuse_message = [&](const SentMessage&) { return error; };
    const SendReport report = send(adjacent(Sizes(70, 1472)));
    EXPECT_EQ(report.failed + report.too_big, 70u) << error;
  }
}

TEST_F(FrameSenderTest, RawSocketsSendFrameByFrame) {
  RawEspSocket raw(UniqueFd{}, kLocal.address, io_);
  const auto frames = adjacent(Sizes(100, 120));
  const SendReport report = sender_.send(raw, kRemote.address, frames);
  EXPECT_EQ(report.sent, 100u);
  EXPECT_EQ(io_.send_calls, 2u);
  for (const auto& message : io_.sent) EXPECT_EQ(message.segment_size, 0u);
  io_.refuse_message = [](const SentMessage&) { return EIO; };
  EXPECT_EQ(sender_.send(raw, kRemote.address, frames).failed, 100u);
}

TEST(UdpSocket, OffloadsThatTheKernelRefusesAreOff) {
  FakeIo io;
  EXPECT_TRUE(UdpSocket(UniqueFd{}, kLocal, {}, io).gso());
  EXPECT_TRUE(UdpSocket(UniqueFd{}, kLocal, {}, io).gro());
  io.refused_options = {{UDP_GRO, ENOPROTOOPT}, {UDP_SEGMENT, ENOPROTOOPT}};
  EXPECT_FALSE(UdpSocket(UniqueFd{}, kLocal, {}, io).gso());
  EXPECT_FALSE(UdpSocket(UniqueFd{}, kLocal, {}, io).gro());
}

TEST(UdpSocket, OffloadsThatNobodyWantsAreOff) {
  FakeIo io;
  const UdpSocket socket(UniqueFd{}, kLocal, {.gso = false, .gro = false}, io);
  EXPECT_FALSE(socket.gso());
  EXPECT_FALSE(socket.gro());
}

}  // namespace
}  // namespace twinspan::tun
