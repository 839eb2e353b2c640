// One tunnel over four workers between two data planes with real devices, sockets and steering, and
// real TCP through it (RFC 9611).
//
//   namespace of the test: 10.1.0.1 - ts0 - DataPlane A - 192.0.2.1 === up0/up1 ===
//   another one:           10.2.0.1 - ts0 - DataPlane B - 192.0.2.2 ===
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "base/check.h"
#include "base/random.h"
#include "esp/flow_hash.h"
#include "esp/kernels/select.h"
#include "tests/netns/host_fixture.h"
#include "tests/unit/tun/packet_builder.h"
#include "tun/data_plane.h"

namespace twinspan::tun {
namespace {

constexpr TunnelId kTunnel{1};
constexpr unsigned kWorkers = 4;
constexpr uint16_t kPort = 5000;

class CountingRandom : public RandomSource {
 public:
  void fill(ByteSpan out) override {
    for (auto& byte : out) byte = next_++;
  }

 private:
  uint8_t next_ = 1;
};

EspKeys keys_of(uint32_t spi) {
  Bytes bytes(36);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(spi * 7 + i);
  return {.encryption = SecretBytes(bytes), .integrity = {}};
}

// A network namespace that threads can enter.
class Space {
 public:
  Space() : fd_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) { CHECK(fd_); }
  void enter() const { CHECK(::setns(fd_.get(), CLONE_NEWNET) == 0); }
  std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
  }

 private:
  UniqueFd fd_;
};

// A gateway in the namespace in which it is made.
class Site {
 public:
  Site(const char* key, const std::string& run_dir, const char* local, const char* remote_prefix)
      : host_(make_linux_host({})), local_{address(local), 4500} {
    EXPECT_TRUE(host_->claim(key, run_dir));
    auto kernels = esp::kernels::KernelSet::choose("", esp::kernels::probe_cpu({}));
    kernels_ = std::make_unique<esp::kernels::KernelSet>(*kernels);
    plane_ = std::make_unique<DataPlane>(DataPlaneOptions{.workers = kWorkers}, *kernels_, random_);
    auto sockets = host_->open_udp({.local = local_, .sockets = kWorkers});
    auto senders = host_->open_udp_senders(local_.address, kWorkers);
    auto device = host_->open_tun({.name = "ts0", .mtu = 1400, .queues = kWorkers});
    CHECK(sockets && senders && device);
    EXPECT_TRUE(host_->set_carrier(*device, true));
    EXPECT_TRUE(
        host_->set_routes({prefix(remote_prefix)}, {{prefix(remote_prefix), "ts0", {}}}, {}));
    plane_->add_udp(local_, *std::move(sockets));
    plane_->add_udp_senders(local_, *std::move(senders));
    plane_->add_tunnel(kTunnel, *std::move(device), {});
  }

  DataPlane& plane() { return *plane_; }
  const Endpoint& local() const { return local_; }

  static ChildId child(uint16_t resource, uint32_t generation) {
    return ChildId{generation * kWorkers + resource};
  }
  void install(const Site& other, uint16_t resource, uint32_t generation) {
    SaPairParams params;
    params.child = child(resource, generation);
    params.tunnel = kTunnel;
    params.resource = resource;
    params.transforms.encryption = {EncryptionId::AesGcm16, 256};
    params.inbound_spi = spi(resource, generation);
    params.outbound_spi = other.spi(resource, generation);
    params.inbound_keys = keys_of(params.inbound_spi.value);
    params.outbound_keys = keys_of(params.outbound_spi.value);
    params.local = local_;
    params.remote = other.local_;
    params.own_source_port = true;
    params.outbound_active = false;
    for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
      params.local_selectors.push_back(TrafficSelector::any(family));
      params.remote_selectors.push_back(TrafficSelector::any(family));
    }
    EXPECT_TRUE(plane_->install(std::move(params)));
  }

  void expect_no_drops() const {
    const TunnelTotals totals = plane_->totals(kTunnel);
    const DirectionTotals orphans = plane_->orphan_totals();
    for (size_t i = 0; i < esp::kVerdictCount; ++i) {
      if (i == static_cast<size_t>(esp::Verdict::Dummy)) continue;  // Probes of the path.
      const char* why = esp::to_string(static_cast<esp::Verdict>(i));
      EXPECT_EQ(totals.inbound.drops[i], 0u) << why << " at " << local_.to_string();
      EXPECT_EQ(totals.outbound.drops[i], 0u) << why << " at " << local_.to_string();
      EXPECT_EQ(orphans.drops[i], 0u) << why << " at " << local_.to_string();
    }
    EXPECT_EQ(plane_->handover_overflows(), 0u);
  }

 private:
  Spi spi(uint16_t resource, uint32_t generation) const {
    const uint32_t side = local_.address.bytes()[3];
    return Spi{(side * 256 + generation) * 16 + kTunnel.value + resource};
  }

  std::unique_ptr<Host> host_;
  Endpoint local_;
  CountingRandom random_;
  std::unique_ptr<esp::kernels::KernelSet> kernels_;
  std::unique_ptr<DataPlane> plane_;
};

sockaddr_in socket_address(const char* text, uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  std::memcpy(&out.sin_addr, address(text).bytes().data(), 4);
  return out;
}

// Of this namespace, since it began.
long tcp_counter(const std::string& name) {
  std::ifstream file("/proc/thread-self/net/netstat");
  std::string names, values;
  while (std::getline(file, names) && std::getline(file, values)) {
    if (names.rfind("TcpExt:", 0) != 0) continue;
    std::istringstream name_words(names), value_words(values);
    std::string word, value;
    while (name_words >> word && value_words >> value) {
      if (word == name) return std::stol(value);
    }
  }
  ADD_FAILURE() << "no " << name;
  return -1;
}

class SpreadHostTest : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    first_ = std::make_unique<Space>();
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    second_ = std::make_unique<Space>();
    run("ip link set lo up && ip addr add 10.2.0.1/32 dev lo");
    first_->enter();
    run("ip link set up1 netns " + second_->path());
    a_ = std::make_unique<Site>("gw-a-0", run_dir("a"), "192.0.2.1", "10.2.0.0/16");
    second_->enter();
    run("ip link set up1 up && ip addr add 192.0.2.2/24 dev up1");
    b_ = std::make_unique<Site>("gw-b-0", run_dir("b"), "192.0.2.2", "10.1.0.0/16");
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at = socket_address("10.2.0.1", kPort);
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    ASSERT_EQ(::listen(listener_.get(), 64), 0);
    first_->enter();
    a_->plane().start();
    b_->plane().start();
  }
  void TearDown() override {
    a_.reset();
    b_.reset();
    first_->enter();
    HostTest::TearDown();
  }

  void install(uint16_t resources, uint32_t generation = 0) {
    for (uint16_t resource = 0; resource < resources; ++resource) {
      a_->install(*b_, resource, generation);
      b_->install(*a_, resource, generation);
    }
    publish();
    for (uint16_t resource = 0; resource < resources; ++resource) {
      for (Site* site : {a_.get(), b_.get()}) {
        site->plane().activate_outbound(Site::child(resource, generation));
      }
    }
    publish();
  }
  void publish() {
    a_->plane().publish();
    b_->plane().publish();
  }
  // Every worker of A seals something, as long as `is_needed`.
  void wait_for_all_workers(const std::function<bool()>& is_needed) {
    const auto before = a_->plane().worker_totals();
    for (unsigned worker = 0; worker < kWorkers; ++worker) {
      while (is_needed() && a_->plane().worker_totals()[worker].outbound.packets ==
                                before[worker].outbound.packets) {
        std::this_thread::yield();
      }
    }
  }

  struct Connection {
    UniqueFd here;   // 10.1.0.1
    UniqueFd there;  // 10.2.0.1
  };
  Connection connect(uint16_t port) {
    Connection made{.here = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
                    .there = {}};
    sockaddr_in from = socket_address("10.1.0.1", port);
    sockaddr_in to = socket_address("10.2.0.1", kPort);
    CHECK(::bind(made.here.get(), reinterpret_cast<sockaddr*>(&from), sizeof from) == 0);
    CHECK(::connect(made.here.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    made.there = UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    CHECK(made.there);
    return made;
  }
  static unsigned slot_of(uint16_t port) {
    const uint32_t sum = 0x0a010001u + 0x0a020001u + port + kPort;
    return esp::flow_slot(sum * esp::kFlowHashFactor, kWorkers);
  }
  // `bytes` in one direction, checked.
  static void pump(int from, int to, size_t bytes) {
    std::thread sender([&] {
      Bytes block(64 * 1024);
      for (size_t sent = 0; sent < bytes; sent += block.size()) {
        for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<uint8_t>((sent + i) / 251);
        size_t done = 0;
        while (done < block.size()) {
          const ssize_t step = ::send(from, &block[done], block.size() - done, MSG_NOSIGNAL);
          ASSERT_GT(step, 0);
          done += static_cast<size_t>(step);
        }
      }
    });
    Bytes block(64 * 1024);
    size_t taken = 0;
    while (taken < bytes) {
      const ssize_t step = ::recv(to, block.data(), block.size(), 0);
      ASSERT_GT(step, 0);
      for (ssize_t i = 0; i < step; ++i, ++taken) {
        ASSERT_EQ(block[static_cast<size_t>(i)], static_cast<uint8_t>(taken / 251));
      }
    }
    sender.join();
  }

  std::unique_ptr<Space> first_, second_;
  std::unique_ptr<Site> a_, b_;
  UniqueFd listener_;
};

TEST_F(SpreadHostTest, ManyConnectionsAreSpreadInOrderAndWithoutLoss) {
  install(kWorkers);
  ASSERT_EQ(a_->plane().offloads().flow_steering, FlowSteering::ByHash);
  std::vector<Connection> connections;
  for (uint16_t port = 40000; port < 40016; ++port) connections.push_back(connect(port));
  std::vector<std::thread> pumps;
  constexpr size_t kBytes = 1 << 20;
  for (const Connection& each : connections) {
    pumps.emplace_back([&] {
      pump(each.here.get(), each.there.get(), kBytes);
      pump(each.there.get(), each.here.get(), kBytes);
    });
  }
  for (std::thread& each : pumps) each.join();
  const auto by_worker_a = a_->plane().worker_totals();
  const auto by_worker_b = b_->plane().worker_totals();
  for (unsigned worker = 0; worker < kWorkers; ++worker) {
    EXPECT_GT(by_worker_a[worker].outbound.bytes, 3 * kBytes) << worker;
    EXPECT_GT(by_worker_b[worker].outbound.bytes, 3 * kBytes) << worker;
    EXPECT_GT(by_worker_a[worker].inbound.bytes, 3 * kBytes) << worker;
  }
  a_->expect_no_drops();
  b_->expect_no_drops();
  EXPECT_EQ(tcp_counter("TCPOFOQueue"), 0);
  second_->enter();
  EXPECT_EQ(tcp_counter("TCPOFOQueue"), 0);
  first_->enter();
}

TEST_F(SpreadHostTest, BothDirectionsOfAConnectionHaveOneWorkerOnEachSide) {
  install(kWorkers);
  constexpr size_t kBytes = 1 << 18;
  constexpr uint64_t kOthersMax = 4096;  // Late acknowledgements of the connections before.
  std::vector<Connection> connections;
  for (uint16_t port = 40000; port < 40004; ++port) {
    const auto before_a = a_->plane().worker_totals();
    const auto before_b = b_->plane().worker_totals();
    connections.push_back(connect(port));
    pump(connections.back().here.get(), connections.back().there.get(), kBytes);
    pump(connections.back().there.get(), connections.back().here.get(), kBytes);
    const unsigned owner = (kTunnel.value + slot_of(port)) % kWorkers;
    const auto after_a = a_->plane().worker_totals();
    const auto after_b = b_->plane().worker_totals();
    for (unsigned worker = 0; worker < kWorkers; ++worker) {
      const uint64_t bytes[] = {after_a[worker].outbound.bytes - before_a[worker].outbound.bytes,
                                after_a[worker].inbound.bytes - before_a[worker].inbound.bytes,
                                after_b[worker].outbound.bytes - before_b[worker].outbound.bytes,
                                after_b[worker].inbound.bytes - before_b[worker].inbound.bytes};
      for (const uint64_t each : bytes) {
        if (worker == owner) {
          EXPECT_GT(each, kBytes);
        } else {
          EXPECT_LT(each, kOthersMax);
        }
      }
    }
  }
}

TEST_F(SpreadHostTest, ConnectionsOutliveGrowthShrinkingAndRekeys) {
  install(1);
  std::vector<Connection> connections;
  for (uint16_t port = 40000; port < 40008; ++port) connections.push_back(connect(port));
  std::atomic<unsigned> running{static_cast<unsigned>(connections.size())};
  // There is traffic in each of several generations, however fast it is.
  std::atomic<uint32_t> generation{0};
  constexpr uint32_t kGenerationsMin = 4;
  std::vector<std::thread> pumps;
  for (const Connection& each : connections) {
    pumps.emplace_back([&] {
      for (int round = 0; round < 4 || generation < kGenerationsMin; ++round) {
        pump(each.here.get(), each.there.get(), 1 << 20);
        pump(each.there.get(), each.here.get(), 1 << 20);
      }
      --running;
    });
  }
  while (running != 0) {
    ++generation;
    install(kWorkers, generation);
    wait_for_all_workers([&] { return running == connections.size(); });
    for (uint16_t resource = kWorkers - 1; resource > 0; --resource) {
      for (Site* site : {a_.get(), b_.get()}) {
        site->plane().remove_outbound(Site::child(resource, generation));
      }
      publish();
    }
    if (generation == 150) break;  // Below the children that a tunnel may have.
  }
  for (std::thread& each : pumps) each.join();
  EXPECT_GE(generation, kGenerationsMin);
  for (const TunnelTotals& worker : a_->plane().worker_totals()) {
    EXPECT_GT(worker.outbound.packets, 0u);
  }
  a_->expect_no_drops();
  b_->expect_no_drops();
}

}  // namespace
}  // namespace twinspan::tun
