#include "tun/worker_outbound.h"

#include <cerrno>

#include "base/check.h"
#include "esp/aggfrag.h"
#include "esp/ecn.h"
#include "esp/mss_clamp.h"
#include "tun/ip_layout.h"

namespace twinspan::tun {
namespace {

using esp::Verdict;

// More than any ESP header: SPI, sequence number, an IV of 16 bytes and the header of an AGGFRAG
// payload.
constexpr size_t kHeadroom = 64;
// More than any ESP trailer: 255 bytes of padding, 2 of trailer, an ICV of 32.
constexpr size_t kTailroom = 320;
// Gathering stops here, so that a packet of any size still fits behind.
constexpr size_t kGatherBytesMax = 65536;
constexpr size_t kStageSize = kHeadroom + kGatherBytesMax + kTailroom + kIpPacketMax + kTailroom;

void count_drop(esp::DirectionCounters& counters, Verdict verdict, size_t packets) {
  if (packets != 0) counters.drops[static_cast<size_t>(verdict)].add(packets);
}

}  // namespace

class WorkerOutbound::PortWatch : public Pollable {
 public:
  PortWatch(WorkerOutbound& outbound, TunPort& port) : outbound_(outbound), port_(port) {}
  void on_ready() override { outbound_.drain(*this); }
  TunPort& port() { return port_; }

  // Whether the device has failed too often in a row.
  bool note_error() { return ++errors_ >= kReadErrorsMax; }
  void note_packet() { errors_ = 0; }

 private:
  WorkerOutbound& outbound_;
  TunPort& port_;
  unsigned errors_ = 0;
};

WorkerOutbound::WorkerOutbound(WorkerThread& thread, RecordQueue& records, PacketIo& io)
    : thread_(thread),
      records_(records),
      io_(io),
      sender_(io),
      stage_(1, kStageSize),
      slots_(1, kSlotsSize),
      aside_(1, kIpPacketMax) {}

WorkerOutbound::~WorkerOutbound() = default;

void WorkerOutbound::add_port(TunPort& port) {
  auto watch = std::make_unique<PortWatch>(*this, port);
  thread_.watch(port.fd(), *watch);
  ports_.emplace(&port, std::move(watch));
}

void WorkerOutbound::remove_port(TunPort& port) {
  thread_.unwatch(port.fd());
  ports_.erase(&port);
}

void WorkerOutbound::drain(PortWatch& watch) {
  TunPort& port = watch.port();
  const esp::SaTable& table = thread_.newest_table();
  for (unsigned reads = 0; reads < kReadsPerWake; ++reads) {
    uint8_t* position = read_position();
    VirtioHeader header;
    const ssize_t length = port.read(header, {position, kIpPacketMax});
    if (length < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && watch.note_error()) thread_.unwatch(port.fd());
      break;
    }
    watch.note_packet();
    handle(table, port, header, {position, static_cast<size_t>(length)});
  }
  flush();
  records_.flush();
}

// Right behind the gathered frames, such that the next frame of the same SA begins where the last
// one ends: adjacent frames of one length are one datagram train.
uint8_t* WorkerOutbound::read_position() {
  uint8_t* start = stage_.buffer(0) + kHeadroom;
  if (batch_size_ != 0 && (batch_size_ == kBatchMax || batch_end_ > start + kGatherBytesMax))
    flush();
  return batch_size_ == 0 ? start : batch_end_ + esp::inner_offset(*batch_sa_);
}

void WorkerOutbound::handle(const esp::SaTable& table, TunPort& port, const VirtioHeader& header,
                            ByteSpan packet) {
  if (header.gso_type == kVirtioGsoNone) {
    gather(table, port, header, packet);
  } else {
    flush();  // What was read before leaves before.
    send_super_packet(table, port, header, packet);
  }
}

void WorkerOutbound::gather(const esp::SaTable& table, TunPort& port, const VirtioHeader& header,
                            ByteSpan packet) {
  Verdict verdict = complete_checksum(header, packet);
  esp::OutboundSa* sa = nullptr;
  if (verdict == Verdict::Accept) sa = table.find_outbound(port.tunnel(), packet, verdict);
  if (sa == nullptr) {
    count_drop(counters_of(table, port), verdict, 1);
    return;
  }
  if (exceeds_path(*sa, packet, packet.size())) {
    flush();  // What was read before leaves before.
    handle_too_big({port, *sa, counters_of(table, port)}, packet);
    return;
  }
  esp::clamp_mss(packet, sa->mss_mtu());
  const uint8_t traffic_class = outer_class(*sa, port, packet.data());
  if (sa != batch_sa_ || traffic_class != batch_traffic_class_) flush();
  batch_sa_ = sa;
  batch_traffic_class_ = traffic_class;
  batch_counters_ = &counters_of(table, port);
  uint8_t* const place = place_packet(*sa, packet.data() - esp::inner_offset(*sa), packet.size());
  if (place != packet.data()) std::memmove(place, packet.data(), packet.size());
}

uint8_t WorkerOutbound::outer_class(const esp::OutboundSa& sa, const TunPort& port,
                                    const uint8_t* packet) {
  const uint8_t inner = esp::traffic_class_of(packet);
  return sa.layout().is_aggfrag() ? esp::aggfrag_traffic_class(inner, port.copies_dscp())
                                  : esp::outer_traffic_class(inner, port.copies_dscp());
}

// Where a packet of this length goes: behind those of the batch's last payload, if that may hold
// several and has room, else into a frame of its own that begins at `frame`; nullptr: the batch is
// full.
uint8_t* WorkerOutbound::place_packet(const esp::OutboundSa& sa, uint8_t* frame, size_t length) {
  if (batch_size_ != 0 && sa.layout().is_aggfrag()) {
    esp::SealItem& last = items_[batch_size_ - 1];
    if (esp::fits_payload(last.inner_length, length, sa.payload_limit())) {
      uint8_t* const place = last.frame + esp::inner_offset(sa) + last.inner_length;
      last.inner_length += static_cast<uint32_t>(length);
      ++last.packet_count;
      batch_end_ = last.frame + esp::frame_size(sa, last.inner_length);
      return place;
    }
  }
  if (batch_size_ == kBatchMax) return nullptr;
  uint8_t* const place = frame + esp::inner_offset(sa);
  items_[batch_size_++] = {
      .inner = place, .inner_length = static_cast<uint32_t>(length), .frame = frame};
  batch_end_ = frame + esp::frame_size(sa, length);
  return place;
}

esp::DirectionCounters& WorkerOutbound::counters_of(const esp::SaTable& table,
                                                    const TunPort& port) {
  const esp::TunnelEntry* entry = table.find_tunnel(port.tunnel());
  return entry == nullptr ? orphans_ : entry->counters->outbound;
}

void WorkerOutbound::flush() {
  if (batch_size_ == 0) return;
  seal_and_send(*batch_sa_, *batch_counters_);
  batch_sa_ = nullptr;
}

// The whole batch; leaves it empty.
void WorkerOutbound::seal_and_send(esp::OutboundSa& sa, esp::DirectionCounters& counters) {
  const size_t sealed = esp::seal(sa, {items_.data(), batch_size_}, counters);
  batch_size_ = 0;
  for (size_t i = 0; i < sealed; ++i) frames_[i] = {items_[i].frame, items_[i].frame_length};
  if (sealed != 0) {
    const SendReport report = send(sa, {frames_.data(), sealed});
    count_drop(counters, Verdict::TooBig, report.too_big);
    count_drop(counters, Verdict::SendFailed, report.failed);
    if (report.exceeds_path) sa.path().want_probe();
    probe_path(sa, sealed);
  }
  report_events(sa);
}

SendReport WorkerOutbound::send(const esp::OutboundSa& sa, std::span<const ByteView> frames) {
  if (sa.encapsulation() == Encapsulation::Udp) {
    for (UdpSocket* socket : udp_) {
      if (socket->local() == sa.local()) {
        return sender_.send(*socket, sa.remote(), frames, batch_traffic_class_);
      }
    }
  } else {
    for (RawEspSocket* socket : raw_) {
      if (socket->local().address == sa.local().address) {
        return sender_.send(*socket, sa.remote().address, frames, batch_traffic_class_);
      }
    }
  }
  return {.failed = frames.size()};  // No socket is bound to the SA's local address.
}

void WorkerOutbound::report_events(esp::OutboundSa& sa) {
  const uint8_t events = sa.take_events();
  if (events == 0) return;
  if ((events & esp::kEventSoftLimit) != 0) records_.push(SoftLimit{sa.inbound_spi()});
  if ((events & esp::kEventHardLimit) != 0) records_.push(HardLimit{sa.inbound_spi()});
}

}  // namespace twinspan::tun
