// Devices with several queues: which queue a real kernel puts a packet into, and that its program
// and esp/flow_hash are one function.
#include <linux/bpf.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstring>

#include "esp/flow_hash.h"
#include "tests/netns/host_fixture.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/flow_steering.h"
#include "tun/virtio_header.h"

namespace twinspan::tun {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// What the program makes of a packet. The kernel takes an Ethernet frame, of a type in which it
// looks for nothing itself (IEEE 802 local experimental), and hands the program what is behind the
// header.
uint32_t run_program(const UniqueFd& program, ByteView packet) {
  Bytes frame(14);
  frame[12] = 0x88;
  frame[13] = 0xb5;
  frame.insert(frame.end(), packet.begin(), packet.end());
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.test.prog_fd = static_cast<uint32_t>(program.get());
  attributes.test.data_in = reinterpret_cast<uint64_t>(frame.data());
  attributes.test.data_size_in = static_cast<uint32_t>(frame.size());
  attributes.test.repeat = 1;
  const long result = ::syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attributes, sizeof attributes);
  EXPECT_EQ(result, 0) << std::strerror(errno);
  return attributes.test.retval;
}

TEST(FlowProgram, IsTheFunctionOfFlowHash) {
  // Of what may stand in a packet, all kinds; the rest is noise.
  uint32_t state = 1;
  const auto noise = [&] {
    state = state * 1664525u + 1013904223u;
    return static_cast<uint8_t>(state >> 24);
  };
  const uint8_t protocols[] = {6, 17, 132, 1, 58, 44, 0, 50};
  for (const uint32_t slots : {1u, 2u, 3u, 4u, 7u, 64u, 256u}) {
    const UniqueFd program = load_flow_program(slots);
    ASSERT_TRUE(program) << std::strerror(errno);
    for (unsigned i = 0; i < 3000; ++i) {
      Bytes packet(1 + (i % 90));
      for (uint8_t& byte : packet) byte = noise();
      const uint8_t first[] = {0x45, 0x60, 0x46, 0x4f, 0x40, 0x65, noise()};
      packet[0] = first[i % std::size(first)];
      const size_t protocol_at = packet[0] >> 4 == 4 ? 9 : 6;
      if (packet.size() > protocol_at) packet[protocol_at] = protocols[noise() % 8];
      if (packet[0] >> 4 == 4 && packet.size() > 7 && i % 3 != 0) packet[6] = packet[7] = 0;
      ASSERT_EQ(run_program(program, packet), esp::flow_slot(esp::flow_hash(packet), slots))
          << "packet " << i << " of " << packet.size() << " bytes for " << slots << " slots";
    }
  }
}

class QueuesTest : public HostTest {
 protected:
  static constexpr unsigned kQueues = 4;

  void open(bool is_first = true) {
    auto device = host_->open_tun({.name = "ts0", .queues = kQueues});
    ASSERT_TRUE(device) << device.error().to_string();
    EXPECT_EQ(device->adopted, !is_first);
    ASSERT_EQ(device->further.size(), kQueues - 1);
    ASSERT_TRUE(host_->set_carrier(*device, true));
    device_ = *std::move(device);
    set_routes(*host_, both_families(), {"ts0"});
  }
  int queue(unsigned index) const {
    return index == 0 ? device_.fd.get() : device_.further[index - 1].get();
  }
  // What waits in a queue; the first packet's slot of so many.
  Bytes take(unsigned index) const {
    Bytes packet(2048);
    const ssize_t length = ::read(queue(index), packet.data(), packet.size());
    if (length < static_cast<ssize_t>(kVirtioHeaderSize)) return {};
    packet.resize(static_cast<size_t>(length));
    packet.erase(packet.begin(), packet.begin() + kVirtioHeaderSize);
    return packet;
  }
  void send(uint16_t port) const {
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM, 0));
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_port = htons(port);
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(443);
    std::memcpy(&to.sin_addr, address("10.2.0.9").bytes().data(), 4);
    ASSERT_EQ(::sendto(fd.get(), "text", 4, 0, reinterpret_cast<sockaddr*>(&to), sizeof to), 4);
  }
  // Every packet is in the queue of its slot, and in no other.
  void expect_steered(unsigned queues, uint32_t slots) {
    std::vector<unsigned> counts(queues);
    for (uint16_t port = 40000; port < 40032; ++port) {
      send(port);
      unsigned found = 0;
      for (unsigned index = 0; index < queues; ++index) {
        const Bytes packet = take(index);
        if (packet.empty()) continue;
        ++found;
        ++counts[index];
        EXPECT_EQ(esp::flow_slot(esp::flow_hash(packet), slots) % queues, index);
      }
      EXPECT_EQ(found, 1u) << port;
    }
    for (const unsigned count : counts) EXPECT_GT(count, 4u);
  }
  void put_into_use(unsigned queues) {
    for (unsigned index = 1; index < queues; ++index) {
      ASSERT_EQ(set_tun_queue(queue(index), true), 0) << std::strerror(errno);
    }
  }

  std::unique_ptr<Host> host_;
  TunDevice device_;

  void SetUp() override {
    HostTest::SetUp();
    host_ = claimed_host();
  }
};

TEST_F(QueuesTest, ADeviceOfSeveralQueuesIsSetUpLikeAnyAndUsesTheFirst) {
  open();
  EXPECT_THAT(output_of("ip -d link show ts0"),
              AllOf(HasSubstr("multi_queue numqueues 1 numdisabled 3"), HasSubstr("noqueue"),
                    HasSubstr("qlen 1000"), HasSubstr("persist on"), HasSubstr("LOWER_UP")));
  for (uint16_t port = 40000; port < 40032; ++port) send(port);
  unsigned packets = 0;
  while (!take(0).empty()) ++packets;
  EXPECT_EQ(packets, 32u);
}

TEST_F(QueuesTest, APacketIsInTheQueueOfItsSlot) {
  open();
  put_into_use(kQueues);
  ASSERT_EQ(set_tun_steering(queue(0), kQueues), 0) << std::strerror(errno);
  expect_steered(kQueues, kQueues);
}

TEST_F(QueuesTest, MoreSlotsThanQueuesAreSharedOut) {
  open();
  put_into_use(3);
  ASSERT_EQ(set_tun_steering(queue(0), 7), 0);
  expect_steered(3, 7);
}

TEST_F(QueuesTest, QueuesLeaveFromTheLastAndComeBack) {
  open();
  put_into_use(kQueues);
  for (unsigned queues = kQueues; queues > 1; --queues) {
    ASSERT_EQ(set_tun_steering(queue(0), queues), 0);
    await_packets_under_way();
    if (queues < kQueues) {
      ASSERT_EQ(set_tun_queue(queue(queues), false), 0);
    }
    expect_steered(queues, queues);
  }
  ASSERT_EQ(set_tun_queue(queue(1), false), 0);
  put_into_use(kQueues);
  ASSERT_EQ(set_tun_steering(queue(0), kQueues), 0);
  expect_steered(kQueues, kQueues);
}

TEST_F(QueuesTest, WithoutAProgramAFlowsAnswersLeadItsPackets) {
  open();
  put_into_use(kQueues);
  ASSERT_EQ(set_tun_steering(queue(0), kQueues), 0);
  ASSERT_EQ(set_tun_steering(queue(0), 0), 0) << "taken away again";
  for (unsigned index = 0; index < kQueues; ++index) {
    const auto port = static_cast<uint16_t>(41000 + index);
    send(port);
    Bytes packet;
    for (unsigned each = 0; each < kQueues && packet.empty(); ++each) packet = take(each);
    ASSERT_FALSE(packet.empty());
    // Back to where it came from, by the queue that is to have the flow.
    Bytes answer(kVirtioHeaderSize);
    answer.insert(answer.end(), packet.begin(), packet.end());
    std::swap_ranges(answer.begin() + 22, answer.begin() + 26, answer.begin() + 26);
    std::swap_ranges(answer.begin() + 30, answer.begin() + 32, answer.begin() + 32);
    ASSERT_EQ(::write(queue(index), answer.data(), answer.size()),
              static_cast<ssize_t>(answer.size()));
    send(port);
    const Bytes next = take(index);
    ASSERT_EQ(next.size(), packet.size()) << "it is in another queue";
    EXPECT_EQ(load_be16(&next[20]), port);
  }
}

TEST_F(QueuesTest, IsAdoptedAndMadeAnewWhenAnotherKindIsWanted) {
  open();
  device_ = {};
  open(false);
  device_ = {};
  const auto single = host_->open_tun({.name = "ts0"});
  ASSERT_TRUE(single) << single.error().to_string();
  EXPECT_FALSE(single->adopted);
  EXPECT_TRUE(single->further.empty());
}

TEST_F(QueuesTest, ABusyOneIsRefusedWithItsOwner) {
  open();
  const auto second = host_->open_tun({.name = "ts0", .queues = 2});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().to_string(),
              HasSubstr("netns_host (pid " + std::to_string(::getpid()) + ")"));
}

}  // namespace
}  // namespace twinspan::tun
