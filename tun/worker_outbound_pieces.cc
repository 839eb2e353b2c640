// The half of WorkerOutbound for packets that leave in several pieces or not at all: super-packets,
// and what does not fit the path.
#include "base/check.h"
#include "esp/ecn.h"
#include "esp/fragment.h"
#include "esp/icmp_too_big.h"
#include "esp/mss_clamp.h"
#include "tun/coarse_clock.h"
#include "tun/worker_outbound.h"

namespace twinspan::tun {
namespace {

using esp::Verdict;

void count_drop(esp::DirectionCounters& counters, Verdict verdict, size_t packets) {
  counters.drops[static_cast<size_t>(verdict)].add(packets);
}

}  // namespace

// Pieces are those of a Segmenter or a Fragmenter. They are written where they are sealed, behind
// those of the packet before where these are of the same SA; what a batch or the slots do not hold
// any more goes into the next one.
template <class Pieces>
void WorkerOutbound::gather_pieces(const Outbound& outbound, ByteView packet,
                                   const Pieces& pieces) {
  const uint8_t traffic_class = outer_class(outbound.sa, outbound.port, packet.data());
  if (!continues_pieces(outbound.sa, traffic_class))
    begin_pieces(outbound, traffic_class, pieces.length(0));
  for (size_t piece = 0; piece < pieces.count();) {
    const size_t length = pieces.length(piece);
    uint8_t* const inner = place_piece(outbound.sa, length);
    if (inner == nullptr) {
      begin_pieces(outbound, traffic_class, length);
      continue;
    }
    pieces.write(piece, inner);
    // A SYN has no followers that it would have to be told apart from.
    if (piece++ == 0) esp::clamp_mss({inner, length}, outbound.sa.mss_mtu());
  }
}

bool WorkerOutbound::continues_pieces(const esp::OutboundSa& sa, uint8_t traffic_class) const {
  return is_in_slots_ && runs_[run_count_ - 1].sa == &sa && batch_traffic_class_ == traffic_class;
}

// Of this length, but for a last one.
void WorkerOutbound::begin_pieces(const Outbound& outbound, uint8_t traffic_class, size_t length) {
  flush();
  begin_run(outbound.sa, outbound.counters, traffic_class);
  is_in_slots_ = true;
  const size_t size = esp::frame_size(outbound.sa, length);
  batch_most_ = kMessagesOfPieces * FrameSender::frames_per_message(size);
  batch_end_ = slots_.buffer(0);
}

// nullptr: the messages, the batch or the slots are full.
uint8_t* WorkerOutbound::place_piece(const esp::OutboundSa& sa, size_t length) {
  const auto left = static_cast<size_t>(slots_.buffer(0) + kSlotsSize - batch_end_);
  return esp::frame_size(sa, length) > left ? nullptr : place_packet(sa, batch_end_, length);
}

void WorkerOutbound::gather_super_packet(const esp::SaTable& table, TunPort& port,
                                         const VirtioHeader& header, ByteSpan packet) {
  esp::DirectionCounters& counters = counters_of(table, port);
  const auto segmenter = Segmenter::make(header, packet);
  if (!segmenter) {
    count_drop(counters, segmenter.error(), 1);
    drops_.note_inner(segmenter.error(), port.tunnel(), true, packet);
    return;
  }
  Verdict verdict = Verdict::NoSa;
  esp::OutboundSa* sa = table.find_outbound(port.tunnel(), packet, verdict, port.queue());
  if (sa == nullptr) {
    count_drop(counters, verdict, segmenter->count());
    drops_.note_inner(verdict, port.tunnel(), true, packet);
    return;
  }
  const Outbound outbound{port, *sa, counters};
  if (exceeds_path(*sa, packet, segmenter->length(0))) {
    flush();  // What was read before leaves before.
    handle_too_big(outbound, *segmenter);
  } else {
    gather_pieces(outbound, packet, *segmenter);
  }
}

bool WorkerOutbound::exceeds_path(const esp::OutboundSa& sa, ByteView packet, size_t length) {
  if (length <= sa.inner_limit()) return false;
  // RFC 8200 5: every IPv6 link carries this much, so a tunnel does too, at the price of outer
  // fragments.
  return packet[0] >> 4 == 4 || length > esp::kIpv6MtuMin;
}

// Either the first says it for all, or each is cut.
void WorkerOutbound::handle_too_big(const Outbound& outbound, const Segmenter& segments) {
  for (size_t i = 0; i < segments.count(); ++i) {
    uint8_t* segment = aside_.buffer(0);
    segments.write(i, segment);
    if (handle_too_big(outbound, {segment, segments.length(i)})) continue;
    count_drop(outbound.counters, Verdict::TooBig, segments.count() - i - 1);
    return;
  }
}

// RFC 4301 8.2.1. Whether it was cut; else its sender is told.
bool WorkerOutbound::handle_too_big(const Outbound& outbound, ByteView packet) {
  DCHECK(batch_size_ == 0);
  const uint32_t limit = outbound.sa.inner_limit();
  if (const auto fragmenter = esp::Fragmenter::make(packet, limit)) {
    gather_pieces(outbound, packet, *fragmenter);
    flush();
    path_counters_.fragmented.add(1);
    return true;
  }
  count_drop(outbound.counters, Verdict::TooBig, 1);
  drops_.note_inner(Verdict::TooBig, outbound.port.tunnel(), true, packet);
  std::array<uint8_t, esp::kTooBigSizeMax> answer;
  const size_t length = esp::write_too_big(packet, limit, answer);
  if (length == 0) return false;
  if (!too_big_limit_.admit(coarse_milliseconds())) {
    path_counters_.too_big_unanswered.add(1);
    return false;
  }
  outbound.port.write_packet({answer.data(), length});
  path_counters_.too_big_answered.add(1);
  return false;
}

// A dummy packet as large as the largest of those that were just sent, if it is time for one.
void WorkerOutbound::probe_path(esp::OutboundSa& sa, std::span<const esp::SealItem> sealed) {
  esp::PathMtu& path = sa.path();
  if (path.device_mtu() == 0) return;
  uint32_t inner_length = 0;
  for (const esp::SealItem& item : sealed) inner_length = std::max(inner_length, item.inner_length);
  const size_t size = esp::frame_size(sa, inner_length);
  const uint64_t now = coarse_milliseconds();
  const IpFamily family = sa.remote().address.family();
  path.age(now);
  const auto packet_size = static_cast<uint32_t>(size + sa.outer_overhead());
  const auto probe = path.take_probe(packet_size, family, now);
  if (!probe) return;
  if (probe->question != 0) records_.push(PathQuestion{sa.tunnel(), probe->question});
  uint8_t* const frame = slots_.buffer(0);
  uint8_t* const filling = frame + esp::inner_offset(sa);
  std::memset(filling, 0, inner_length);
  esp::SealItem dummy{
      .inner = filling, .inner_length = inner_length, .frame = frame, .is_dummy = true};
  esp::DirectionCounters uncounted;  // A dummy is no traffic, and its loss no drop.
  if (esp::seal(sa, {&dummy, 1}, uncounted) != 1) return;
  const ByteView sent[] = {{dummy.frame, dummy.frame_length}};
  const int fd = socket_of(sa);
  if (fd < 0) return;
  set_probing(fd, family, true, io_);
  send(sa, sent);
  set_probing(fd, family, false, io_);
  path_counters_.probes.add(1);
}

int WorkerOutbound::socket_of(const esp::OutboundSa& sa) const {
  if (const UdpSocket* socket = udp_socket_of(sa)) return socket->fd();
  const RawEspSocket* raw = raw_socket_of(sa);
  return raw == nullptr ? -1 : raw->fd();
}

}  // namespace twinspan::tun
