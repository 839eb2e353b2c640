// One tunnel spread over the workers of a data plane (RFC 9611): which queues are in use, which
// worker seals and opens what, and what happens when the kernel steers otherwise.
//
//   FakeQueues A -> 4 queues -> DataPlane A = UDP on loopback = DataPlane B -> 4 queues
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <set>
#include <thread>

#include "esp/flow_hash.h"
#include "tests/unit/tun/data_plane_site.h"
#include "tests/unit/tun/error_message.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/socket_address.h"

namespace twinspan::tun {
namespace {

constexpr TunnelId kTunnel{1};
constexpr unsigned kWorkers = 4;
constexpr uint16_t kFlows = 64;

uint64_t drops(const DirectionTotals& totals) {
  uint64_t sum = 0;
  for (const uint64_t drop : totals.drops) sum += drop;
  return sum;
}

void wait_until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

Bytes packet_of(uint16_t flow, size_t payload = 50) {
  return build_packet(
      {.protocol = 17, .payload = payload, .source_port = static_cast<uint16_t>(40000 + flow)});
}
unsigned slot_of(uint16_t flow, unsigned slots) {
  return esp::flow_slot(esp::flow_hash(packet_of(flow)), slots);
}
// A flow of that slot.
uint16_t flow_in(unsigned slot, unsigned slots = kWorkers) {
  uint16_t flow = 0;
  while (slot_of(flow, slots) != slot) ++flow;
  return flow;
}

class SpreadTest : public testing::Test {
 protected:
  explicit SpreadTest(SiteOptions options = {}) {
    options.workers = kWorkers;
    options.io = &kernel_a_;
    a_ = std::make_unique<Site>(options);
    options.address = "127.0.0.2";
    options.io = &kernel_b_;
    b_ = std::make_unique<Site>(options);
  }

  // Both sites run, with the resources 0 to n - 1.
  void start(uint16_t resources) {
    inner_a_ = a_->add_tunnel(kTunnel, kWorkers, kernel_a_);
    inner_b_ = b_->add_tunnel(kTunnel, kWorkers, kernel_b_);
    for (uint16_t resource = 0; resource < resources; ++resource) install(resource);
    publish();
    a_->plane().start();
    b_->plane().start();
  }
  void install(uint16_t resource, bool b_sends = true) {
    EXPECT_TRUE(a_->plane().install(pair_params(*a_, *b_, kTunnel, 0, resource)));
    SaPairParams params = pair_params(*b_, *a_, kTunnel, 0, resource);
    params.outbound_active = b_sends;
    EXPECT_TRUE(b_->plane().install(std::move(params)));
  }
  void publish() {
    b_->plane().publish();
    a_->plane().publish();
  }
  void remove_outbound(uint16_t resource) {
    for (Site* site : {a_.get(), b_.get()}) {
      site->plane().remove_outbound(child_id(kTunnel, 0, resource));
    }
  }

  // Through A's device and the tunnel; the queue of B's device that it comes out of.
  int carry(uint16_t flow, unsigned by_itself = 0) {
    EXPECT_GE(kernel_a_.send(0, packet_of(flow), {}, by_itself), 0);
    return arrival(packet_of(flow));
  }
  int arrival(const Bytes& expected) {
    std::vector<pollfd> wanted;
    for (const int inner : inner_b_)
      wanted.push_back({.fd = inner, .events = POLLIN, .revents = 0});
    ::poll(wanted.data(), wanted.size(), -1);
    for (size_t queue = 0; queue < wanted.size(); ++queue) {
      if (wanted[queue].revents == 0) continue;
      VirtioHeader header;
      EXPECT_EQ(read_packet(inner_b_[queue], header), expected);
      return static_cast<int>(queue);
    }
    return -1;
  }
  TunnelTotals totals_a() { return a_->plane().totals(kTunnel); }
  TunnelTotals totals_b() { return b_->plane().totals(kTunnel); }

  FakeQueues kernel_a_, kernel_b_;
  std::unique_ptr<Site> a_, b_;
  std::vector<int> inner_a_, inner_b_;
};

TEST_F(SpreadTest, EveryFlowHasTheWorkerOfItsSlotOnBothSides) {
  start(kWorkers);
  std::array<uint64_t, kWorkers> expected{};
  for (uint16_t flow = 0; flow < kFlows; ++flow) {
    const unsigned slot = slot_of(flow, kWorkers);
    ++expected[(kTunnel.value + slot) % kWorkers];
    EXPECT_EQ(carry(flow), static_cast<int>(slot));
  }
  EXPECT_EQ(totals_a().outbound.packets, kFlows);
  EXPECT_EQ(totals_b().inbound.packets, kFlows);
  EXPECT_EQ(totals_b().inbound.bytes, totals_a().outbound.bytes);
  EXPECT_EQ(drops(totals_a().outbound) + drops(totals_b().inbound), 0u);
  const auto by_worker_a = a_->plane().worker_totals();
  const auto by_worker_b = b_->plane().worker_totals();
  ASSERT_EQ(by_worker_a.size(), kWorkers);
  for (unsigned worker = 0; worker < kWorkers; ++worker) {
    EXPECT_GT(expected[worker], 0u);
    EXPECT_EQ(by_worker_a[worker].outbound.packets, expected[worker]);
    EXPECT_EQ(by_worker_b[worker].inbound.packets, expected[worker]);
    EXPECT_EQ(by_worker_b[worker].outbound.packets, 0u);
  }
}

TEST_F(SpreadTest, QueuesComeAndGoWithTheResources) {
  start(1);
  EXPECT_EQ(kernel_a_.in_use(), 1u);
  EXPECT_EQ(kernel_a_.slots(), 1u);
  EXPECT_EQ(a_->plane().offloads().flow_steering, FlowSteering::ByHash);
  for (uint16_t resource = 1; resource < kWorkers; ++resource) {
    install(resource);
    EXPECT_EQ(kernel_a_.in_use(), resource) << "not before publish()";
    publish();
    EXPECT_EQ(kernel_a_.in_use(), resource + 1u);
    EXPECT_EQ(kernel_a_.slots(), resource + 1u);
    for (unsigned slot = 0; slot <= resource; ++slot) {
      EXPECT_EQ(carry(flow_in(slot, resource + 1u)), static_cast<int>(slot));
    }
  }
  for (uint16_t resource = kWorkers - 1; resource > 0; --resource) {
    remove_outbound(resource);
    publish();
    EXPECT_EQ(kernel_a_.in_use(), resource);
    EXPECT_EQ(kernel_a_.slots(), resource);
    for (uint16_t flow = 0; flow < 8; ++flow) {
      EXPECT_EQ(carry(flow), static_cast<int>(slot_of(flow, resource)));
    }
  }
  EXPECT_EQ(drops(totals_a().outbound) + drops(totals_b().inbound), 0u);
}

TEST_F(SpreadTest, AGapEndsTheResourcesUntilItIsFilled) {
  start(kWorkers);
  remove_outbound(1);
  publish();
  EXPECT_EQ(kernel_a_.in_use(), 1u);
  EXPECT_EQ(carry(flow_in(3)), 0);
  for (Site* site : {a_.get(), b_.get()}) {
    Site& other = site == a_.get() ? *b_ : *a_;
    EXPECT_TRUE(site->plane().install(pair_params(*site, other, kTunnel, 1, 1)));
  }
  publish();
  EXPECT_EQ(kernel_a_.in_use(), kWorkers);
  for (unsigned slot = 0; slot < kWorkers; ++slot) {
    EXPECT_EQ(carry(flow_in(slot)), static_cast<int>(slot));
  }
}

TEST_F(SpreadTest, WhatWaitsInAQueueThatGoesIsStillCarried) {
  start(kWorkers);
  constexpr unsigned kPackets = 200;
  const uint16_t flow = flow_in(3);
  for (unsigned i = 0; i < kPackets; ++i) ASSERT_EQ(kernel_a_.send(0, packet_of(flow), {}), 3);
  a_->plane().remove_outbound(child_id(kTunnel, 0, 3));
  a_->plane().publish();
  EXPECT_EQ(kernel_a_.lost_packets, 0u);
  EXPECT_EQ(kernel_a_.awaited, 1u) << "what the kernel was about to queue";
  EXPECT_EQ(totals_a().outbound.packets, kPackets);
  EXPECT_EQ(drops(totals_a().outbound), 0u);
}

TEST_F(SpreadTest, APacketInAnotherQueueThanItsSlotsLeavesByThatQueuesSa) {
  start(kWorkers);
  const Bytes packet = packet_of(flow_in(2));
  ASSERT_TRUE(kernel_a_.send_to(0, 1, packet, {}));
  EXPECT_EQ(arrival(packet), 1);
  EXPECT_EQ(a_->plane().worker_totals()[(kTunnel.value + 1) % kWorkers].outbound.packets, 1u);
}

TEST_F(SpreadTest, APacketForAQueueOutOfUseIsWrittenByTheFirst) {
  start(1);
  for (uint16_t resource = 1; resource < kWorkers; ++resource) install(resource, false);
  publish();
  ASSERT_EQ(kernel_a_.in_use(), kWorkers);
  ASSERT_EQ(kernel_b_.in_use(), 1u);
  for (unsigned slot = 0; slot < kWorkers; ++slot) EXPECT_EQ(carry(flow_in(slot)), 0);
  for (unsigned worker = 0; worker < kWorkers; ++worker) {
    EXPECT_EQ(b_->plane().worker_totals()[worker].inbound.packets, 1u);
  }
}

TEST_F(SpreadTest, WithoutAProgramTheKernelChoosesAndEveryQueueHasAnSa) {
  kernel_a_.steering_error = EPERM;
  start(kWorkers);
  EXPECT_EQ(a_->plane().offloads().flow_steering, FlowSteering::ByKernel);
  EXPECT_EQ(b_->plane().offloads().flow_steering, FlowSteering::ByHash);
  EXPECT_EQ(kernel_a_.slots(), 0u);
  EXPECT_EQ(kernel_a_.in_use(), kWorkers);
  for (uint16_t flow = 0; flow < 8; ++flow) {
    EXPECT_EQ(carry(flow, flow % kWorkers), flow % static_cast<int>(kWorkers));
  }
  EXPECT_EQ(drops(totals_a().outbound), 0u);
}

TEST_F(SpreadTest, WithFewerQueuesThanResourcesTheFlowsShareThem) {
  kernel_a_.queue_error = EBUSY;
  start(kWorkers);
  EXPECT_EQ(kernel_a_.in_use(), 1u);
  for (unsigned slot = 0; slot < kWorkers; ++slot) EXPECT_EQ(carry(flow_in(slot)), 0);
  EXPECT_EQ(drops(totals_a().outbound), 0u);
}

TEST_F(SpreadTest, ARemovedTunnelsQueuesAreClosedAndItsWorkIsRemembered) {
  start(kWorkers);
  for (unsigned slot = 0; slot < kWorkers; ++slot) carry(flow_in(slot));
  a_->plane().remove_tunnel(kTunnel);
  for (const int inner : inner_a_) {
    uint8_t byte = 0;
    EXPECT_EQ(::recv(inner, &byte, 1, 0), 0) << "the other end is gone";
  }
  for (const TunnelTotals& worker : a_->plane().worker_totals()) {
    EXPECT_EQ(worker.outbound.packets, 1u);
  }
}

TEST(Spread, ATunnelWithOneQueueKeepsOneWorkerForAllResources) {
  FakeQueues kernel;
  Site a({.workers = kWorkers, .io = &kernel});
  Site b({.address = "127.0.0.2", .workers = kWorkers, .io = &kernel});
  const int inner_a = a.add_tunnel(kTunnel);
  const int inner_b = b.add_tunnel(kTunnel);
  for (uint16_t resource = 0; resource < 2; ++resource) {
    ASSERT_TRUE(a.plane().install(pair_params(a, b, kTunnel, 0, resource)));
    ASSERT_TRUE(b.plane().install(pair_params(b, a, kTunnel, 0, resource)));
  }
  for (Site* site : {&a, &b}) {
    site->plane().publish();
    site->plane().start();
  }
  for (unsigned slot = 0; slot < 2; ++slot) {
    const Bytes packet = packet_of(flow_in(slot, 2));
    write_packet(inner_a, packet);
    VirtioHeader header;
    EXPECT_EQ(read_packet(inner_b, header), packet);
  }
  EXPECT_EQ(a.plane().offloads().flow_steering, FlowSteering::Unused);
  EXPECT_EQ(a.plane().worker_totals()[1].outbound.packets, 2u);
  EXPECT_EQ(b.plane().worker_totals()[1].inbound.packets, 2u);
}

// Turns what the error queues hold into a router's message.
class NarrowQueues : public FakeQueues {
 public:
  std::atomic<uint32_t> quoted_spi{0};

  ssize_t receive_error(int fd, msghdr& message) override {
    const ssize_t length = PacketIo::receive_error(fd, message);
    if (length < 0) return length;
    uint8_t spi[4];
    store_be32(spi, quoted_spi);
    FakeIo fake;
    fake.errors.push_back(
        build_error({.destination = "127.0.0.2", .mtu = 1300, .quoted = to_bytes(spi)}));
    return fake.receive_error(fd, message);
  }
};

// SAs that send from a port of their own.
class OwnPortTest : public testing::Test {
 protected:
  void SetUp() override {
    inner_a_ = a_.add_tunnel(kTunnel, kWorkers, kernel_);
    inner_b_ = b_.add_tunnel(kTunnel);
    for (uint16_t resource = 0; resource < kWorkers; ++resource) {
      EXPECT_TRUE(a_.plane().install(pair_params(a_, b_, kTunnel, 0, resource)));
      EXPECT_TRUE(b_.plane().install(pair_params(b_, a_, kTunnel, 0, resource)));
    }
    for (Site* site : {&a_, &b_}) {
      site->plane().publish();
      site->plane().start();
    }
  }
  void divert(const Endpoint& to) {
    for (uint16_t resource = 0; resource < kWorkers; ++resource) {
      a_.plane().update_remote(child_id(kTunnel, 0, resource), a_.local(), to);
    }
    a_.plane().publish();
  }
  // What A sends for a packet of that slot, and from where.
  Bytes frame(const TestSocket& relay, unsigned slot, Endpoint& from) {
    EXPECT_EQ(kernel_.send(0, packet_of(flow_in(slot)), {}), static_cast<int>(slot));
    pollfd wanted{.fd = relay.fd.get(), .events = POLLIN, .revents = 0};
    ::poll(&wanted, 1, -1);
    Bytes bytes(2048);
    sockaddr_storage source{};
    socklen_t size = sizeof source;
    const ssize_t length = ::recvfrom(relay.fd.get(), bytes.data(), bytes.size(), 0,
                                      reinterpret_cast<sockaddr*>(&source), &size);
    bytes.resize(length < 0 ? 0 : static_cast<size_t>(length));
    from = to_endpoint(source);
    return bytes;
  }
  void send_to_b(const TestSocket& from, const Bytes& bytes) {
    const SocketAddress at = to_socket_address(b_.local());
    ASSERT_EQ(::sendto(from.fd.get(), bytes.data(), bytes.size(), 0,
                       reinterpret_cast<const sockaddr*>(&at.storage), at.length),
              static_cast<ssize_t>(bytes.size()));
  }

  NarrowQueues kernel_;
  Site a_{{.workers = kWorkers, .senders = true, .io = &kernel_}};
  Site b_{{.address = "127.0.0.2", .workers = kWorkers, .senders = true}};
  std::vector<int> inner_a_;
  int inner_b_ = -1;
};

TEST_F(OwnPortTest, EachWorkerSendsFromItsOwnPort) {
  const TestSocket relay = bind_udp("127.0.0.3");
  divert(relay.local);
  std::set<uint16_t> ports;
  for (unsigned slot = 0; slot < kWorkers; ++slot) {
    Endpoint from;
    frame(relay, slot, from);
    EXPECT_EQ(from, a_.senders()[(kTunnel.value + slot) % kWorkers]);
    ports.insert(from.port);
  }
  EXPECT_EQ(ports.size(), kWorkers);
  EXPECT_FALSE(ports.contains(a_.local().port));
}

TEST_F(OwnPortTest, AnotherPortOfThePeerIsNoMoveAndAnotherAddressIs) {
  const TestSocket relay = bind_udp("127.0.0.3");
  const TestSocket same_address = bind_udp("127.0.0.1");
  const TestSocket elsewhere = bind_udp("127.0.0.4");
  divert(relay.local);
  Endpoint from;
  const Bytes first = frame(relay, 0, from);
  const Bytes second = frame(relay, 0, from);
  send_to_b(same_address, first);
  EXPECT_TRUE(std::holds_alternative<FirstInbound>(b_.wait_record()));
  send_to_b(elsewhere, second);
  const auto moved = std::get<RemoteMoved>(b_.wait_record());
  EXPECT_EQ(moved.spi, inbound_spi(b_, kTunnel, 0, 0));
  EXPECT_EQ(moved.remote, (Endpoint{elsewhere.local.address, a_.local().port}))
      << "where the peer receives, not where it sends from";
}

TEST_F(OwnPortTest, WhatRoutersSayOfItsPacketsIsHeard) {
  Endpoint nobody;
  {
    nobody = bind_udp("127.0.0.2").local;
  }
  kernel_.quoted_spi = inbound_spi(b_, kTunnel, 0, 2).value;
  divert(nobody);
  ASSERT_EQ(kernel_.send(0, packet_of(flow_in(2)), {}), 2);
  wait_until([&] { return a_.plane().path_mtu(kTunnel) == 1300; });
  EXPECT_EQ(a_.plane().path_totals().learned, 1u);
}

TEST(OwnPort, WithoutSocketsForItTheSharedOneSends) {
  Site a({});
  Site b({.address = "127.0.0.2"});
  const int inner_a = a.add_tunnel(kTunnel);
  const int inner_b = b.add_tunnel(kTunnel);
  for (const bool is_a : {true, false}) {
    SaPairParams params = pair_params(is_a ? a : b, is_a ? b : a, kTunnel, 0);
    params.own_source_port = true;
    Site& site = is_a ? a : b;
    ASSERT_TRUE(site.plane().install(std::move(params)));
    site.plane().publish();
    site.plane().start();
  }
  write_packet(inner_a, packet_of(1));
  VirtioHeader header;
  EXPECT_EQ(read_packet(inner_b, header), packet_of(1));
}

}  // namespace
}  // namespace twinspan::tun
