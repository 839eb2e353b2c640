// One end of a tunnel test in one process: a DataPlane with UDP sockets on loopback, and socket
// pairs that stand for TUN devices (one packet with its virtio header per message, as the real
// ones).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "esp/kernels/select.h"
#include "tests/unit/tun/fake_queues.h"
#include "tun/data_plane.h"
#include "tun/virtio_header.h"

namespace twinspan::tun {

class CountingRandom : public RandomSource {
 public:
  void fill(ByteSpan out) override {
    for (auto& byte : out) byte = next_++;
  }

 private:
  uint8_t next_ = 1;
};

struct SiteOptions {
  std::string address = "127.0.0.1";
  std::string second_address;  // Where a second UDP socket is bound, if given.
  unsigned workers = 1;
  ThreadShape shape = ThreadShape::Split;
  bool udp_gso = true;
  bool udp_gro = true;
  bool tun_offload = true;
  unsigned device_mtu = 0;  // 0: not known, and then the path is not probed.
  bool copy_dscp = false;
  bool senders = false;    // Sockets for SAs with a source port of their own.
  PacketIo* io = nullptr;  // nullptr: the kernel's.
  std::chrono::microseconds busy_poll{0};
};

class Site {
 public:
  explicit Site(const SiteOptions& options);

  DataPlane& plane() { return *plane_; }
  const Endpoint& local() const { return local_; }
  const Endpoint& second_local() const { return second_local_; }
  // Where frames of SAs with a source port of their own come from, by worker.
  const std::vector<Endpoint>& senders() const { return senders_; }
  bool has_senders() const { return options_.senders; }
  // The test's end of a new tunnel's device.
  int add_tunnel(TunnelId tunnel);
  // Of one with several queues, which `kernel` spreads packets over.
  std::vector<int> add_tunnel(TunnelId tunnel, unsigned queues, FakeQueues& kernel);
  void remove_tunnel(TunnelId tunnel);

  // Next record, waiting for it.
  DataPlaneRecord wait_record();

 private:
  void add_senders();

  SiteOptions options_;
  CountingRandom random_;
  std::unique_ptr<esp::kernels::KernelSet> kernels_;
  Endpoint local_;
  Endpoint second_local_;
  std::vector<Endpoint> senders_;
  std::multimap<TunnelId, UniqueFd> inner_;
  std::unique_ptr<DataPlane> plane_;
};

// A UDP socket of the test itself, bound to a free port.
struct TestSocket {
  UniqueFd fd;
  Endpoint local;
};
TestSocket bind_udp(const std::string& address, uint16_t port = 0);

// An any-to-any AES-256-GCM pair between two sites, as each of them installs it. SPIs and keys
// follow from tunnel, generation and resource.
SaPairParams pair_params(const Site& own, const Site& other, TunnelId tunnel, uint32_t generation,
                         uint16_t resource = 0);
Spi inbound_spi(const Site& own, TunnelId tunnel, uint32_t generation, uint16_t resource = 0);
ChildId child_id(TunnelId tunnel, uint32_t generation, uint16_t resource = 0);

// A packet as the kernel hands it over, finished unless `header` says otherwise.
void write_packet(int inner, ByteView packet, const VirtioHeader& header = {});
// The next packet, waiting for it; `header` as it was written.
Bytes read_packet(int inner, VirtioHeader& header);

}  // namespace twinspan::tun
