#include "tun/data_plane.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "base/check.h"
#include "esp/snapshot.h"
#include "tun/coarse_clock.h"
#include "tun/demux.h"
#include "tun/tunnel_queues.h"
#include "tun/worker.h"

namespace twinspan::tun {
namespace {

void add_totals(DirectionTotals& totals, const esp::DirectionCounters& counters) {
  totals.packets += counters.packets.read();
  totals.bytes += counters.bytes.read();
  for (size_t i = 0; i < esp::kVerdictCount; ++i) totals.drops[i] += counters.drops[i].read();
}

void add_totals(TunnelTotals& totals, const esp::TunnelCounters& counters) {
  add_totals(totals.inbound, counters.inbound);
  add_totals(totals.outbound, counters.outbound);
}

}  // namespace

const char* to_string(FlowSteering steering) {
  switch (steering) {
    case FlowSteering::Unused:
      return "unused";
    case FlowSteering::ByHash:
      return "hash";
    case FlowSteering::ByKernel:
      return "kernel";
  }
  return "unknown";
}

class DataPlane::Impl {
 public:
  Impl(DataPlaneOptions options, const esp::kernels::KernelSet& kernels, RandomSource& random);
  ~Impl();

  size_t threads_per_worker() const { return options_.shape == ThreadShape::Split ? 2 : 1; }
  void add_udp(const Endpoint& local, std::vector<UniqueFd> sockets);
  void add_raw_esp(const IpAddress& local, std::vector<UniqueFd> sockets);
  template <class Socket>
  void share_out(Socket& socket, size_t index, size_t count);
  void add_udp_senders(const Endpoint& local, std::vector<UniqueFd> sockets);
  void start();
  void add_tunnel(TunnelId tunnel, TunDevice device, esp::SourcePolicy policy,
                  TunnelTraffic traffic);
  void remove_tunnel(TunnelId tunnel);
  void add_worker_totals(TunnelId tunnel, std::vector<TunnelTotals>& totals) const;
  void publish();
  void grow(TunnelId tunnel, TunnelQueues& queues, unsigned resources);
  void note_steering(const TunnelQueues& queues);
  std::optional<DataPlaneRecord> next_record();
  std::optional<DataPlaneRecord> pop_record();
  bool send_ike(const Endpoint& local, const Endpoint& remote, ByteView message, SendMode mode);
  OffloadStatus offloads() const;

  DataPlaneOptions options_;
  PacketIo& io_;
  esp::SaStore store_;
  esp::Snapshot<esp::SaTable> snapshot_;
  UniqueFd record_event_;
  std::vector<std::unique_ptr<UdpSocket>> udp_;
  std::vector<std::unique_ptr<RawEspSocket>> raw_;
  std::vector<std::unique_ptr<UdpSocket>> senders_;
  // The workers end before what they use, and the tunnels before the workers, which they leave.
  std::vector<std::unique_ptr<WorkerInbound>> inbounds_;
  std::vector<Worker> workers_;
  std::map<TunnelId, std::unique_ptr<TunnelQueues>> tunnels_;
  std::vector<TunnelTotals> of_removed_;  // Tunnels, by worker.
  size_t next_queue_ = 0;
  bool has_retired_tables_ = false;
  bool has_told_steering_ = false;
};

DataPlane::Impl::Impl(DataPlaneOptions options, const esp::kernels::KernelSet& kernels,
                      RandomSource& random)
    : options_(std::move(options)),
      io_(options_.io != nullptr ? *options_.io : system_packet_io()),
      store_(kernels, random),
      snapshot_(options_.workers * threads_per_worker(), store_.make_table()),
      record_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      workers_(options_.workers),
      of_removed_(options_.workers) {
  CHECK(options_.workers > 0 && record_event_);
  size_t reader = 0;
  for (Worker& worker : workers_) {
    for (size_t i = 0; i < threads_per_worker(); ++i) {
      worker.threads.push_back(
          std::make_unique<WorkerThread>(snapshot_, reader++, options_.busy_poll));
    }
    worker.inbound_records = std::make_unique<RecordQueue>(record_event_.get());
    worker.outbound_records = std::make_unique<RecordQueue>(record_event_.get());
    worker.outbound =
        std::make_unique<WorkerOutbound>(worker.outbound_thread(), *worker.outbound_records, io_);
    inbounds_.push_back(
        std::make_unique<WorkerInbound>(worker.inbound_thread(), *worker.inbound_records, io_));
    worker.inbound = inbounds_.back().get();
  }
  for (size_t i = 0; i < inbounds_.size(); ++i) inbounds_[i]->join_workers(inbounds_, i);
}

DataPlane::Impl::~Impl() {
  // All threads, before any loop goes: inbound loops hand frames to each other.
  for (Worker& worker : workers_) {
    for (auto& thread : worker.threads) thread->stop();
  }
}

void DataPlane::Impl::add_udp(const Endpoint& local, std::vector<UniqueFd> sockets) {
  for (size_t i = 0; i < sockets.size(); ++i) {
    const UdpOffloads wanted{.gso = options_.udp_gso, .gro = options_.udp_gro};
    udp_.push_back(std::make_unique<UdpSocket>(std::move(sockets[i]), local, wanted, io_));
    share_out(*udp_.back(), i, sockets.size());
  }
}

void DataPlane::Impl::add_raw_esp(const IpAddress& local, std::vector<UniqueFd> sockets) {
  for (size_t i = 0; i < sockets.size(); ++i) {
    raw_.push_back(std::make_unique<RawEspSocket>(std::move(sockets[i]), local, io_));
    share_out(*raw_.back(), i, sockets.size());
  }
}

// Socket `index` of a group of `count`.
template <class Socket>
void DataPlane::Impl::share_out(Socket& socket, size_t index, size_t count) {
  Worker& owner = workers_[index % workers_.size()];
  owner.inbound_thread().call([&] { owner.inbound->add_socket(socket); });
  // A worker without a socket of its own in the group sends by the first one.
  for (size_t i = index; i < workers_.size(); i += count) {
    Worker& sender = workers_[i];
    sender.outbound_thread().call([&] { sender.outbound->add_socket(socket); });
  }
}

void DataPlane::Impl::add_udp_senders(const Endpoint& local, std::vector<UniqueFd> sockets) {
  CHECK(sockets.size() <= workers_.size());
  for (size_t i = 0; i < sockets.size(); ++i) {
    const UdpOffloads wanted{.gso = options_.udp_gso, .gro = false};
    senders_.push_back(std::make_unique<UdpSocket>(std::move(sockets[i]), local, wanted, io_));
    Worker& worker = workers_[i];
    UdpSocket& sender = *senders_.back();
    worker.inbound_thread().call([&] { worker.inbound->add_socket(sender); });  // Its error queue.
    worker.outbound_thread().call([&] { worker.outbound->add_sender(sender); });
  }
}

void DataPlane::Impl::start() {
  for (Worker& worker : workers_) {
    for (auto& thread : worker.threads) thread->start();
  }
  const OffloadStatus status = offloads();
  options_.log.info("{} worker(s), {} thread(s) each, UDP GSO {}, UDP GRO {}", workers_.size(),
                    threads_per_worker(), status.udp_gso ? "on" : "off",
                    status.udp_gro ? "on" : "off");
}

void DataPlane::Impl::add_tunnel(TunnelId tunnel, TunDevice device, esp::SourcePolicy policy,
                                 TunnelTraffic traffic) {
  CHECK(!tunnels_.contains(tunnel));
  store_.add_tunnel(tunnel, std::move(policy), static_cast<unsigned>(1 + device.further.size()));
  store_.path(tunnel)->set_device_mtu(device.mtu);
  auto queues =
      std::make_unique<TunnelQueues>(tunnel, std::move(device), traffic.copy_dscp, workers_, io_);
  note_steering(*queues);
  tunnels_.emplace(tunnel, std::move(queues));
}

void DataPlane::Impl::remove_tunnel(TunnelId tunnel) {
  const auto found = tunnels_.find(tunnel);
  if (found == tunnels_.end()) return;
  tunnels_.erase(found);
  add_worker_totals(tunnel, of_removed_);
  store_.remove_tunnel(tunnel);
}

void DataPlane::Impl::add_worker_totals(TunnelId tunnel, std::vector<TunnelTotals>& totals) const {
  size_t worker = tunnel.value;
  for (const auto& counters : store_.counters(tunnel)) {
    add_totals(totals[worker++ % totals.size()], *counters);
  }
}

// A queue is read only while the table has an SA for it.
void DataPlane::Impl::publish() {
  std::vector<std::pair<TunnelId, unsigned>> growing;
  for (const auto& [tunnel, queues] : tunnels_) {
    if (queues->ports().size() == 1) continue;
    const unsigned resources = store_.resources(tunnel);
    if (resources < queues->resources()) {
      queues->shrink(resources);
      note_steering(*queues);
    } else if (resources > queues->resources()) {
      growing.emplace_back(tunnel, resources);
    }
  }
  snapshot_.publish(store_.make_table());
  has_retired_tables_ = true;
  for (const auto& [tunnel, resources] : growing) grow(tunnel, *tunnels_.at(tunnel), resources);
}

void DataPlane::Impl::grow(TunnelId tunnel, TunnelQueues& queues, unsigned resources) {
  if (const int error = queues.grow(resources); error != 0) {
    options_.log.warning("tunnel {}: the kernel gives no more queues of its device: {}",
                         tunnel.value, std::strerror(error));
  }
  note_steering(queues);
}

void DataPlane::Impl::note_steering(const TunnelQueues& queues) {
  if (has_told_steering_ || queues.steering() != FlowSteering::ByKernel) return;
  has_told_steering_ = true;
  options_.log.warning(
      "this kernel takes no program that spreads flows over the queues of a device; it spreads "
      "them by itself, and the two directions of a flow may have different workers");
}

std::optional<DataPlaneRecord> DataPlane::Impl::next_record() {
  // The daemon asks often, so this is where tables go that a busy worker still held at publish().
  if (has_retired_tables_) has_retired_tables_ = snapshot_.reclaim() != 0;
  if (auto record = pop_record()) return record;
  // Cleared before the second look: what comes after that look makes the descriptor readable again.
  eventfd_t ignored;
  static_cast<void>(::eventfd_read(record_event_.get(), &ignored));
  return pop_record();
}

// From the loops in turn, so that a flooded one does not starve the others.
std::optional<DataPlaneRecord> DataPlane::Impl::pop_record() {
  const size_t queues = workers_.size() * 2;
  for (size_t i = 0; i < queues; ++i) {
    const size_t queue = next_queue_++ % queues;
    Worker& worker = workers_[queue / 2];
    auto record = (queue % 2 == 0 ? *worker.inbound_records : *worker.outbound_records).pop();
    if (record) return record;
  }
  return std::nullopt;
}

bool DataPlane::Impl::send_ike(const Endpoint& local, const Endpoint& remote, ByteView message,
                               SendMode mode) {
  const auto found =
      std::ranges::find_if(udp_, [&](const auto& socket) { return socket->local() == local; });
  if (found == udp_.end()) return false;
  const int fd = (*found)->fd();
  const auto send = [&] {
    static constexpr uint8_t kMarker[esp::kNonEspMarkerSize] = {};
    SocketAddress to = to_socket_address(remote);
    const bool has_marker = local.port != kIkePort && !is_keepalive(message);
    iovec pieces[2] = {{const_cast<uint8_t*>(kMarker), has_marker ? esp::kNonEspMarkerSize : 0},
                       {const_cast<uint8_t*>(message.data()), message.size()}};
    mmsghdr out{};
    out.msg_hdr.msg_name = &to.storage;
    out.msg_hdr.msg_namelen = to.length;
    out.msg_hdr.msg_iov = pieces;
    out.msg_hdr.msg_iovlen = 2;
    // Twice: the first call may only bring the error of an earlier datagram.
    return io_.sendmmsg(fd, {&out, 1}) == 1 || io_.sendmmsg(fd, {&out, 1}) == 1;
  };
  if (mode == SendMode::Plain) return send();
  // The first socket of a group is that of the first worker, whose traffic must not go with DF and
  // whose own probes must not take it away.
  bool is_sent = false;
  workers_.front().outbound_thread().call([&] {
    set_probing(fd, local.address.family(), true, io_);
    is_sent = send();
    set_probing(fd, local.address.family(), false, io_);
  });
  return is_sent;
}

OffloadStatus DataPlane::Impl::offloads() const {
  OffloadStatus status{.tun_offload = !tunnels_.empty(),
                       .uso = !tunnels_.empty(),
                       .udp_gso = !udp_.empty(),
                       .udp_gro = !udp_.empty()};
  for (const auto& [tunnel, queues] : tunnels_) {
    for (const auto& port : queues->ports()) {
      status.tun_offload &= port->tso();
      status.uso &= port->uso();
    }
    status.flow_steering = std::max(status.flow_steering, queues->steering());
  }
  for (const auto& socket : udp_) {
    status.udp_gso &= socket->gso();
    status.udp_gro &= socket->gro();
  }
  for (const auto& socket : senders_) status.udp_gso &= socket->gso();
  return status;
}

DataPlane::DataPlane(DataPlaneOptions options, const esp::kernels::KernelSet& kernels,
                     RandomSource& random)
    : impl_(std::make_unique<Impl>(std::move(options), kernels, random)) {}

DataPlane::~DataPlane() = default;

void DataPlane::add_udp(const Endpoint& local, std::vector<UniqueFd> sockets) {
  impl_->add_udp(local, std::move(sockets));
}
void DataPlane::add_raw_esp(const IpAddress& local, std::vector<UniqueFd> sockets) {
  impl_->add_raw_esp(local, std::move(sockets));
}
void DataPlane::add_udp_senders(const Endpoint& local, std::vector<UniqueFd> sockets) {
  impl_->add_udp_senders(local, std::move(sockets));
}
void DataPlane::start() {
  impl_->start();
}

void DataPlane::add_tunnel(TunnelId tunnel, TunDevice device, esp::SourcePolicy policy,
                           TunnelTraffic traffic) {
  impl_->add_tunnel(tunnel, std::move(device), std::move(policy), traffic);
}
void DataPlane::set_device_mtu(TunnelId tunnel, unsigned mtu) {
  if (const auto path = impl_->store_.path(tunnel)) path->set_device_mtu(mtu);
}
void DataPlane::set_source_policy(TunnelId tunnel, esp::SourcePolicy policy) {
  impl_->store_.set_source_policy(tunnel, std::move(policy));
}
void DataPlane::set_traffic(TunnelId tunnel, TunnelTraffic traffic) {
  const auto found = impl_->tunnels_.find(tunnel);
  if (found != impl_->tunnels_.end()) found->second->set_copies_dscp(traffic.copy_dscp);
}
void DataPlane::remove_tunnel(TunnelId tunnel) {
  impl_->remove_tunnel(tunnel);
}

Result<void, std::string> DataPlane::install(SaPairParams params) {
  return impl_->store_.install(std::move(params));
}
void DataPlane::activate_outbound(ChildId child) {
  impl_->store_.activate_outbound(child);
}
void DataPlane::remove_outbound(ChildId child) {
  impl_->store_.remove_outbound(child);
}
void DataPlane::remove_inbound(Spi spi) {
  impl_->store_.remove_inbound(spi);
}
void DataPlane::update_remote(ChildId child, const Endpoint& local, const Endpoint& remote) {
  impl_->store_.update_remote(child, local, remote);
}
void DataPlane::publish() {
  impl_->publish();
}

int DataPlane::record_fd() const {
  return impl_->record_event_.get();
}
std::optional<DataPlaneRecord> DataPlane::next_record() {
  return impl_->next_record();
}
bool DataPlane::send_ike(const Endpoint& local, const Endpoint& remote, ByteView message,
                         SendMode mode) {
  return impl_->send_ike(local, remote, message, mode);
}

TunnelTotals DataPlane::totals(TunnelId tunnel) const {
  TunnelTotals totals;
  for (const auto& counters : impl_->store_.counters(tunnel)) add_totals(totals, *counters);
  return totals;
}

std::vector<TunnelTotals> DataPlane::worker_totals() const {
  std::vector<TunnelTotals> totals = impl_->of_removed_;
  for (const auto& [tunnel, queues] : impl_->tunnels_) impl_->add_worker_totals(tunnel, totals);
  return totals;
}

DirectionTotals DataPlane::orphan_totals() const {
  DirectionTotals totals;
  for (const Worker& worker : impl_->workers_) {
    add_totals(totals, worker.inbound->orphans());
    add_totals(totals, worker.outbound->orphans());
  }
  uint64_t& unread = totals.drops[static_cast<size_t>(esp::Verdict::SocketQueueFull)];
  for (const auto& socket : impl_->udp_) unread += queue_drops(socket->fd());
  for (const auto& socket : impl_->raw_) unread += queue_drops(socket->fd());
  return totals;
}

uint64_t DataPlane::ring_overflows() const {
  uint64_t lost = 0;
  for (const Worker& worker : impl_->workers_) {
    lost += worker.inbound_records->overflows() + worker.outbound_records->overflows();
  }
  return lost;
}

uint64_t DataPlane::handover_overflows() const {
  uint64_t lost = 0;
  for (const auto& inbound : impl_->inbounds_) lost += inbound->handover_overflows();
  return lost;
}

PathTotals DataPlane::path_totals() const {
  PathTotals totals;
  for (const Worker& worker : impl_->workers_) {
    const PathCounters& reports = worker.inbound->path_counters();
    totals.learned += reports.learned.read();
    totals.known += reports.known.read();
    totals.hints += reports.hints.read();
    totals.refused += reports.refused.read();
    const OutboundPathCounters& sent = worker.outbound->path_counters();
    totals.probes += sent.probes.read();
    totals.fragmented += sent.fragmented.read();
    totals.too_big_answered += sent.too_big_answered.read();
    totals.too_big_unanswered += sent.too_big_unanswered.read();
  }
  return totals;
}

unsigned DataPlane::path_mtu(TunnelId tunnel) const {
  const auto path = impl_->store_.path(tunnel);
  return path == nullptr ? 0 : path->outer();
}

bool DataPlane::is_path_settled(TunnelId tunnel) const {
  const auto path = impl_->store_.path(tunnel);
  return path != nullptr && path->is_settled();
}

esp::PathMtu::News DataPlane::settle_path(TunnelId tunnel, uint32_t asked, uint32_t fitting) {
  const auto path = impl_->store_.path(tunnel);
  return path == nullptr ? esp::PathMtu::News::None
                         : path->settle(asked, fitting, coarse_milliseconds());
}

OutboundAnswer DataPlane::ask_outbound(TunnelId tunnel, ByteView packet) const {
  OutboundAnswer answer;
  const esp::OutboundSa* const sa =
      impl_->snapshot_.newest().find_outbound(tunnel, packet, answer.verdict);
  if (sa == nullptr) return answer;
  const uint32_t limit = sa->inner_limit();
  return {.verdict = esp::Verdict::Accept,
          .inbound_spi = sa->inbound_spi(),
          .outbound_spi = sa->spi(),
          .inner_max = limit == esp::kIpLengthMax ? 0 : limit};
}

InboundAnswer DataPlane::ask_inbound(ByteView packet, const std::vector<Spi>& spis) const {
  InboundAnswer answer;
  const auto inner = esp::parse_inner(packet);
  if (!inner) return {.verdict = esp::Verdict::BadInnerPacket};
  for (const Spi spi : spis) {
    const esp::InboundSa* const sa = impl_->snapshot_.newest().find_inbound(spi.value);
    if (sa == nullptr) continue;
    const esp::Verdict verdict = sa->judge(*inner);
    if (verdict == esp::Verdict::Accept) return {.verdict = verdict, .inbound_spi = spi};
    if (answer.verdict != esp::Verdict::SourceRefused) answer.verdict = verdict;
  }
  return answer;
}

std::vector<esp::DropRecord> DataPlane::last_drops() const {
  std::vector<esp::DropRecord> records;
  for (const Worker& worker : impl_->workers_) {
    worker.inbound->drops().collect(records);
    worker.outbound->drops().collect(records);
  }
  const uint64_t now = coarse_milliseconds();
  for (esp::DropRecord& record : records) record.at_ms = now - std::min(now, record.at_ms);
  std::ranges::stable_sort(records, std::greater(), &esp::DropRecord::at_ms);
  return records;
}

OffloadStatus DataPlane::offloads() const {
  return impl_->offloads();
}

}  // namespace twinspan::tun
