#include "tun/worker_inbound.h"

#include <sys/eventfd.h>

#include "base/check.h"
#include "base/prefetch.h"
#include "tun/coarse_clock.h"
#include "tun/demux.h"

namespace twinspan::tun {
namespace {

using esp::Verdict;

void count_drop(esp::DirectionCounters& counters, Verdict verdict, size_t packets) {
  if (packets != 0) counters.drops[static_cast<size_t>(verdict)].add(packets);
}

}  // namespace

template <class Socket>
class WorkerInbound::SocketWatch : public Pollable {
 public:
  SocketWatch(WorkerInbound& inbound, Socket& socket) : inbound_(inbound), socket_(socket) {}
  void on_ready() override { inbound_.receive(socket_, single_); }
  void on_error() override {
    inbound_.path_reports_.take(socket_.fd(), inbound_.thread_.newest_table());
  }

 private:
  WorkerInbound& inbound_;
  Socket& socket_;
  SingleGuess single_;
};

class WorkerInbound::HandoverWatch : public Pollable {
 public:
  explicit HandoverWatch(WorkerInbound& inbound) : inbound_(inbound) {}
  void on_ready() override { inbound_.receive_handed_over(); }

 private:
  WorkerInbound& inbound_;
};

WorkerInbound::WorkerInbound(WorkerThread& thread, RecordQueue& records, PacketIo& io)
    : thread_(thread),
      records_(records),
      receiver_(io),
      path_reports_(io),
      drops_(coarse_milliseconds) {}

WorkerInbound::~WorkerInbound() = default;

void WorkerInbound::add_socket(UdpSocket& socket) {
  watches_.push_back(std::make_unique<SocketWatch<UdpSocket>>(*this, socket));
  thread_.watch(socket.fd(), *watches_.back());
}

void WorkerInbound::add_socket(RawEspSocket& socket) {
  watches_.push_back(std::make_unique<SocketWatch<RawEspSocket>>(*this, socket));
  thread_.watch(socket.fd(), *watches_.back());
}

void WorkerInbound::join_workers(std::span<const std::unique_ptr<WorkerInbound>> all, size_t own) {
  own_ = own;
  workers_ = all.size();
  if (workers_ == 1) return;
  handover_event_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  CHECK(handover_event_);
  watches_.push_back(std::make_unique<HandoverWatch>(*this));
  thread_.watch(handover_event_.get(), *watches_.back());
  is_given_.assign(workers_, false);
  for (size_t i = 0; i < workers_; ++i) {
    peers_.push_back(all[i].get());
    incoming_.push_back(i == own ? nullptr : std::make_unique<HandoverRing>());
  }
}

void WorkerInbound::add_port(TunPort& port) {
  const size_t index = port.tunnel().value;
  CHECK(index < esp::kTunnelsMax);
  if (index >= ports_.size()) ports_.resize(index + 1);
  ports_[index] = &port;
}

void WorkerInbound::remove_port(TunPort& port) {
  ports_[port.tunnel().value] = nullptr;
}

size_t WorkerInbound::guess_waiting(SingleGuess& single) const {
  return single.guess(thread_.round(), thread_.ready_count() == 1) ? 1 : DatagramReceiver::kSlots;
}

// Of a socket that gave `count` of at most `most`.
bool WorkerInbound::may_hold_more(SingleGuess& single, unsigned round, size_t most, size_t count) {
  if (count == DatagramReceiver::kSlots) return true;
  if (most != 1) single.note_emptied(round == 0 ? count : DatagramReceiver::kSlots);
  return false;
}

void WorkerInbound::receive(UdpSocket& socket, SingleGuess& single) {
  const size_t most = guess_waiting(single);
  for (unsigned round = 0; round < kRoundsPerWake; ++round) {
    const auto received = receiver_.receive(socket.fd(), most);
    const esp::SaTable& table = thread_.newest_table();
    for (const Received& train : received) take_train(socket, train, table);
    finish_round(table);
    if (!may_hold_more(single, round, most, received.size())) break;
  }
}

void WorkerInbound::take_train(UdpSocket& socket, const Received& train,
                               const esp::SaTable& table) {
  add_source({train.remote, &socket.local(), Encapsulation::Udp, train.ecn}, table);
  ByteSpan rest = train.bytes;
  do {
    const ByteSpan segment = rest.first(std::min(train.segment_size, rest.size()));
    rest = rest.subspan(segment.size());
    const Datagram datagram = classify_datagram(segment, socket.local().port);
    switch (datagram.kind) {
      case DatagramKind::Esp:
        add_frame(datagram.content, table);
        break;
      case DatagramKind::Ike:
        records_.push(IkeDatagram{socket.local(), train.remote, to_bytes(datagram.content)});
        break;
      case DatagramKind::Malformed:
        count_drop(orphans_, Verdict::Malformed, 1);
        drops_.note_outer(Verdict::Malformed, {}, train.remote, {});
        break;
      case DatagramKind::Keepalive:
        break;
    }
  } while (!rest.empty());
}

void WorkerInbound::receive(RawEspSocket& socket, SingleGuess& single) {
  const size_t most = guess_waiting(single);
  for (unsigned round = 0; round < kRoundsPerWake; ++round) {
    const auto received = receiver_.receive(socket.fd(), most);
    const esp::SaTable& table = thread_.newest_table();
    for (const Received& packet : received) {
      const auto frame = strip_outer_header(packet.bytes, socket.local().address.family());
      if (!frame || frame->size() < sizeof(uint32_t)) {
        count_drop(orphans_, Verdict::Malformed, 1);
        drops_.note_outer(Verdict::Malformed, {}, {packet.remote.address, 0}, {});
        continue;
      }
      add_source({{packet.remote.address, 0}, &socket.local(), Encapsulation::Esp, packet.ecn},
                 table);
      add_frame(*frame, table);
    }
    finish_round(table);
    if (!may_hold_more(single, round, most, received.size())) break;
  }
}

void WorkerInbound::receive_handed_over() {
  eventfd_t ignored;
  static_cast<void>(::eventfd_read(handover_event_.get(), &ignored));
  for (const auto& ring : incoming_) {
    if (!ring) continue;
    while (const auto handed = ring->peek()) {
      // The giver may have found the SA in a table that came after this loop began.
      const esp::SaTable& table = thread_.newest_table();
      add_source(handed->source, table);
      add_frame(handed->frame, table);
    }
    finish_round(thread_.newest_table());
    ring->release();
  }
}

void WorkerInbound::add_source(const FrameSource& source, const esp::SaTable& table) {
  if (source_count_ == kFramesMax) {
    finish_batch(table);
    source_count_ = 0;
  }
  sources_[source_count_++] = source;
}

void WorkerInbound::add_frame(ByteSpan frame, const esp::SaTable& table) {
  if (frame_count_ == kFramesMax) finish_batch(table);
  const FrameSource& source = sources_[source_count_ - 1];
  items_[frame_count_] = {.frame = frame.data(),
                          .frame_length = static_cast<uint32_t>(frame.size()),
                          .outer_ecn = source.ecn,
                          .drops = &drops_};
  source_of_[frame_count_++] = static_cast<uint16_t>(source_count_ - 1);
}

// Leaves those of the batch that are to be opened here. What each SA needs is asked for step by
// step, all SAs at a time: with thousands of them next to nothing is in the cache.
void WorkerInbound::claim_frames(const esp::SaTable& table) {
  esp::InboundSa* last = nullptr;
  for (size_t i = 0; i < frame_count_; ++i) {
    items_[i].sa = table.find_inbound(load_be32(items_[i].frame));
    if (items_[i].sa != last) prefetch(items_[i].sa);
    last = items_[i].sa;
  }
  last = nullptr;
  size_t claimed = 0;
  for (size_t i = 0; i < frame_count_; ++i) {
    esp::InboundSa* const sa = items_[i].sa;
    const bool is_as_before =
        sa == last && claimed != 0 && source_of_[i] == source_of_[claimed - 1];
    if (sa != nullptr && !is_as_before && !is_ours(*sa, i)) continue;
    if (sa != nullptr && sa != last) {
      sa->prefetch();
      if (const TunPort* port = find_port(sa->tunnel())) prefetch(port);
    }
    last = sa;
    items_[claimed] = items_[i];
    source_of_[claimed++] = source_of_[i];
  }
  frame_count_ = claimed;
}

bool WorkerInbound::is_ours(esp::InboundSa& sa, size_t frame) {
  if (hand_over(sa, frame)) return false;
  // RFC 7296 2.23: both encapsulations are accepted. Another address of ours is another path, whose
  // tunnel this is not.
  if (sa.local().address == sources_[source_of_[frame]].local->address) return true;
  count_drop(sa.counters(), Verdict::WrongOuter, 1);
  drops_.note_outer(Verdict::WrongOuter, sa.tunnel(), sources_[source_of_[frame]].remote,
                    {items_[frame].frame, items_[frame].frame_length});
  return false;
}

// Whether the frame was another worker's business.
bool WorkerInbound::hand_over(const esp::InboundSa& sa, size_t frame) {
  if (workers_ == 1) return false;
  const size_t owner = (sa.tunnel().value + sa.queue()) % workers_;
  if (owner == own_) return false;
  const esp::OpenItem& item = items_[frame];
  if (peers_[owner]->incoming_[own_]->push(sources_[source_of_[frame]],
                                           {item.frame, item.frame_length})) {
    is_given_[owner] = true;
  } else {
    handover_overflows_.add(1);
  }
  return true;
}

// Opens, coalesces and writes the frames gathered so far.
void WorkerInbound::finish_batch(const esp::SaTable& table) {
  claim_frames(table);
  if (frame_count_ == 0) return;
  esp::open(table, {items_.data(), frame_count_}, orphans_);
  esp::InboundSa* reported = nullptr;
  expected_ = {};
  for (size_t i = 0; i < frame_count_; ++i) {
    esp::InboundSa* sa = items_[i].sa;
    if (sa != nullptr && sa != reported) report_events(*sa);
    reported = sa;
    take_opened(i, table);
  }
  write_groups(table);
  frame_count_ = 0;
}

void WorkerInbound::take_opened(size_t index, const esp::SaTable& table) {
  esp::OpenItem& item = items_[index];
  const FrameSource& source = sources_[source_of_[index]];
  if (item.verdict != Verdict::Accept) return note_refused(item, source);
  const bool is_expected = expected_.sa == item.sa && expected_.source == &source;
  if (!is_expected && !note_remote(item, source)) expected_ = {item.sa, &source};
  TunPort* port = find_port(item.sa->tunnel());
  do {
    if (port == nullptr) {
      count_drop(item.sa->counters(), Verdict::TunWriteFailed, 1);
      continue;
    }
    if (coalescer_.full()) write_groups(table);  // AGGFRAG: there are more packets than frames.
    coalescer_.add(*port, {item.inner, item.inner_length}, port->kinds());
  } while (item.unread_length != 0 && esp::next_inner(item));
}

void WorkerInbound::write_groups(const esp::SaTable& table) {
  for (size_t group = 0; group < coalescer_.group_count(); ++group) {
    TunPort& port = coalescer_.device(group);
    const size_t failed = port.write(coalescer_, group);
    if (failed == 0) continue;
    const esp::TunnelEntry* entry = table.find_tunnel(port.tunnel());
    count_drop(entry == nullptr ? orphans_ : entry->counters_of(port.queue()).inbound,
               Verdict::TunWriteFailed, failed);
    drops_.note(Verdict::TunWriteFailed, port.tunnel(), false);
  }
  coalescer_.clear();
}

// After everything that one system call brought.
void WorkerInbound::finish_round(const esp::SaTable& table) {
  finish_batch(table);
  source_count_ = 0;
  for (size_t i = 0; i < is_given_.size(); ++i) {
    if (!is_given_[i]) continue;
    is_given_[i] = false;
    static_cast<void>(::eventfd_write(peers_[i]->handover_event_.get(), 1));
  }
  records_.flush();
}

TunPort* WorkerInbound::find_port(TunnelId tunnel) const {
  return tunnel.value < ports_.size() ? ports_[tunnel.value] : nullptr;
}

// The body may be gone; SPI and sequence number stand in front of it.
void WorkerInbound::note_refused(const esp::OpenItem& item, const FrameSource& source) {
  if (item.verdict == Verdict::UnknownSpi) note_unknown_spi(item, source);
  if (esp::is_of_inner(item.verdict)) return;
  drops_.note_outer(item.verdict,
                    item.sa == nullptr ? std::nullopt : std::optional(item.sa->tunnel()),
                    source.remote, {item.frame, item.frame_length});
}

void WorkerInbound::note_unknown_spi(const esp::OpenItem& item, const FrameSource& source) {
  const uint64_t second = coarse_milliseconds() / 1000;
  if (second != unknown_second_) {
    unknown_second_ = second;
    unknown_in_second_ = 0;
  }
  if (unknown_in_second_ == kUnknownSpiPerSecondMax) return;
  ++unknown_in_second_;
  records_.push(UnknownSpi{*source.local, source.remote, Spi{load_be32(item.frame)}});
}

// RFC 7296 2.23: an authenticated packet from elsewhere moves the SA's remote, when it is the
// newest. Whether it came from elsewhere.
bool WorkerInbound::note_remote(const esp::OpenItem& item, const FrameSource& source) {
  const esp::InboundSa& sa = *item.sa;
  if (source.carriage != Encapsulation::Udp || sa.encapsulation() != Encapsulation::Udp)
    return false;
  Endpoint remote = source.remote;
  // Its port is one for sending only, whichever it is.
  if (sa.has_own_source_port()) remote.port = sa.remote().port;
  if (remote == sa.remote()) return false;
  // A late or duplicated packet of the old path must not move the SA back. The low half is enough:
  // the window is far smaller than 2^32.
  if (load_be32(item.frame + 4) != static_cast<uint32_t>(sa.highest_sequence())) return true;
  const uint64_t now = coarse_milliseconds();
  if (moved_at_.size() >= kMovedMax) moved_at_.clear();
  const auto [at, is_new] = moved_at_.try_emplace(sa.spi().value, now);
  if (!is_new && now - at->second < kMovedIntervalMs) return true;
  at->second = now;
  records_.push(RemoteMoved{sa.spi(), remote});
  return true;
}

void WorkerInbound::report_events(esp::InboundSa& sa) {
  const uint8_t events = sa.take_events();
  if (events == 0) return;
  if ((events & esp::kEventFirstPacket) != 0) records_.push(FirstInbound{sa.spi()});
  if ((events & esp::kEventSoftLimit) != 0) records_.push(SoftLimit{sa.spi()});
  if ((events & esp::kEventHardLimit) != 0) records_.push(HardLimit{sa.spi()});
}

}  // namespace twinspan::tun
