// The data plane of one gateway instance: worker threads that move packets between TUN devices and
// sockets, and the control thread's handle on them.
//
// Threads: every method is called on the control thread. Two directions only between control and
// workers: SA tables go down as snapshots, records come up through bounded rings (DataPlaneRecord).
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/endpoint.h"
#include "base/log.h"
#include "base/random.h"
#include "base/sa_params.h"
#include "esp/drop_log.h"
#include "esp/sa_table.h"
#include "tun/host.h"

namespace twinspan::tun {

class PacketIo;

// How many threads serve one worker: one epoll loop for both directions, or one thread per
// direction.
enum class ThreadShape : uint8_t { Joined, Split };

struct DataPlaneOptions {
  unsigned workers = 1;
  ThreadShape shape = ThreadShape::Joined;
  bool udp_gso = true;
  bool udp_gro = true;
  Log log;
  PacketIo* io = nullptr;  // The system calls of the packet path; nullptr: the kernel's.
  // So long after a packet a worker asks for the next one before it sleeps; 0: not at all.
  std::chrono::microseconds busy_poll{0};
};

struct IkeDatagram {
  Endpoint local;
  Endpoint remote;
  Bytes bytes;  // Without the non-ESP marker.
};
struct FirstInbound {
  Spi spi;
};
struct SoftLimit {
  Spi spi;
};  // The inbound SPI of the pair.
struct HardLimit {
  Spi spi;
};
struct RemoteMoved {
  Spi spi;
  Endpoint remote;
};  // Newest authenticated packet came from elsewhere.
struct UnknownSpi {
  Endpoint local;
  Endpoint remote;
  Spi spi;
};  // At most 10 a second.
struct PathQuestion {
  TunnelId tunnel;
  uint32_t packet_size;
};  // Outer packets of that size leave, and nobody says that they do not fit. As rare as probes.
using DataPlaneRecord = std::variant<IkeDatagram, FirstInbound, SoftLimit, HardLimit, RemoteMoved,
                                     UnknownSpi, PathQuestion>;

struct DirectionTotals {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  std::array<uint64_t, esp::kVerdictCount> drops{};
};
struct TunnelTotals {
  DirectionTotals inbound;
  DirectionTotals outbound;
};

// Settings of a tunnel's own for how its packets leave.
struct TunnelTraffic {
  bool copy_dscp = false;  // Of the inner header to the outer one.
};

// What happened on account of the size of packets, all tunnels together.
struct PathTotals {
  uint64_t probes = 0;              // Dummy packets sent to ask for the size.
  uint64_t learned = 0;             // Reports that made a path narrower.
  uint64_t known = 0;               // Believed, and no news.
  uint64_t hints = 0;               // Reports that quote no SPI.
  uint64_t refused = 0;             // Reports that quote an SPI that is not ours.
  uint64_t fragmented = 0;          // Inner packets that were cut before sealing.
  uint64_t too_big_answered = 0;    // Inner packets that were too big and whose sender was told.
  uint64_t too_big_unanswered = 0;  // Not told, because too many were.
};

// Who says which worker of a tunnel that is spread over several gets a packet (RFC 9611).
enum class FlowSteering : uint8_t {
  Unused,    // No tunnel is.
  ByHash,    // esp/flow_hash, as the peer does if it is one of us.
  ByKernel,  // The kernel refuses our program: it takes the queue that a flow's answers came by.
};
// "unused", "hash", "kernel"
const char* to_string(FlowSteering steering);

// How an IKE message leaves.
enum class SendMode : uint8_t {
  Plain,
  SizeProbe,  // Whole or not at all, whatever the kernel has heard of the path.
};

// Offloads as they are in use now, after fall-backs.
struct OffloadStatus {
  bool tun_offload = false, uso = false, udp_gso = false, udp_gro = false;
  FlowSteering flow_steering = FlowSteering::Unused;  // The weakest of all tunnels.
};

// What the SA table that the workers use says of an inner packet.
struct OutboundAnswer {
  esp::Verdict verdict = esp::Verdict::NoSa;
  Spi inbound_spi;  // With Accept: of the pair that carries it.
  Spi outbound_spi;
  unsigned inner_max = 0;  // The largest packet that fits its path; 0: nothing is known of that.
};
struct InboundAnswer {
  esp::Verdict verdict = esp::Verdict::NoSa;
  Spi inbound_spi;  // With Accept.
};

class DataPlane {
 public:
  // `kernels` and `random` outlive it. Threads start with start().
  DataPlane(DataPlaneOptions options, const esp::kernels::KernelSet& kernels, RandomSource& random);
  ~DataPlane();  // Stops and joins.
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;

  // One group of sockets per local endpoint (ports 500 and 4500) and per raw-ESP
  // address; socket i of a group belongs to worker i % workers.
  void add_udp(const Endpoint& local, std::vector<UniqueFd> sockets);
  void add_raw_esp(const IpAddress& local, std::vector<UniqueFd> sockets);
  // Host::open_udp_senders() of the same address: what SAs with a source port of their own are sent
  // by instead of `local`. At most one for each worker.
  void add_udp_senders(const Endpoint& local, std::vector<UniqueFd> sockets);
  void start();

  // Worker `tunnel % workers` owns the tunnel; IKE chooses inbound SPIs congruent to it. With a
  // device of several queues, at most as many as there are workers, it is spread over as many as
  // its traffic has active outbound SAs (SaPairParams::resource, from 0 on without a gap): worker
  // `(tunnel + resource % queues) % workers` owns both SAs of a resource.
  // Packets flow once publish() has been called. When remove_tunnel() returns, the device is
  // closed.
  void add_tunnel(TunnelId tunnel, TunDevice device, esp::SourcePolicy policy,
                  TunnelTraffic traffic = {});
  void set_device_mtu(TunnelId tunnel, unsigned mtu);  // It has another one than when it was added.
  // Of a tunnel that was added, from the next packet on (the policy: after publish()).
  void set_source_policy(TunnelId tunnel, esp::SourcePolicy policy);
  void set_traffic(TunnelId tunnel, TunnelTraffic traffic);
  void remove_tunnel(TunnelId tunnel);

  Result<void, std::string> install(SaPairParams params);
  void activate_outbound(ChildId child);
  void remove_outbound(ChildId child);
  void remove_inbound(Spi spi);
  void update_remote(ChildId child, const Endpoint& local, const Endpoint& remote);
  void publish();  // Makes the calls above visible to the workers; gather many into one.

  // Readable when records wait.
  int record_fd() const;
  std::optional<DataPlaneRecord> next_record();

  // An IKE message (or the one byte 0xff of a NAT keepalive) from `local`, whose port chooses the
  // socket; on port 4500 the non-ESP marker is added. False: dropped, the kernel refused it.
  bool send_ike(const Endpoint& local, const Endpoint& remote, ByteView message,
                SendMode mode = SendMode::Plain);

  TunnelTotals totals(TunnelId tunnel) const;  // Cumulative since add_tunnel, across rekeys.
  // By worker: what it has opened and sealed, of tunnels that are gone too.
  std::vector<TunnelTotals> worker_totals() const;
  DirectionTotals orphan_totals() const;  // Frames that belong to no tunnel.
  uint64_t ring_overflows() const;        // Records lost because control was too slow.
  uint64_t handover_overflows() const;    // Frames lost on the way from one worker to another.
  OffloadStatus offloads() const;
  PathTotals path_totals() const;
  unsigned path_mtu(TunnelId tunnel) const;     // What was learned of the outer path; 0: nothing.
  bool is_path_settled(TunnelId tunnel) const;  // By asking the peer; no router has said it.
  // The answer to a PathQuestion.
  esp::PathMtu::News settle_path(TunnelId tunnel, uint32_t asked, uint32_t fitting);

  OutboundAnswer ask_outbound(TunnelId tunnel, ByteView packet) const;
  // Whether an SA of one of these SPIs may bring the packet.
  InboundAnswer ask_inbound(ByteView packet, const std::vector<Spi>& spis) const;
  // The packets that were dropped last, the oldest first; `at_ms` is how long ago.
  std::vector<esp::DropRecord> last_drops() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace twinspan::tun
