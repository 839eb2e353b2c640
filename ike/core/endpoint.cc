#include "ike/core/endpoint.h"

#include <algorithm>
#include <utility>

#include "ike/core/cookie.h"
#include "ike/core/credentials.h"
#include "ike/core/dump.h"
#include "ike/core/hints.h"
#include "ike/core/outbox.h"
#include "ike/core/remote_path.h"
#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "ike/core/unknown_spi.h"
#include "ike/exchange/ike_sa_init.h"

namespace twinspan::ike {

namespace {
constexpr size_t kDatagramSizeMax = 16384;  // Far above any message that we understand.
// One call handles at most so many timers; the rest is due at once again.
constexpr unsigned kTimersPerCallMax = 4096;

bool begins_ike_sa(const Header& header) {
  return header.exchange == static_cast<uint8_t>(ExchangeType::IkeSaInit) &&
         header.from_initiator && header.initiator_spi.value != 0 &&
         header.responder_spi.value == 0 && header.message_id.value == 0;
}

// What has reached its hard lifetime ends, whatever else is due: after a sleep of the host that may
// be everything, and nobody should rekey or probe what is over.
template <class Timer>
std::optional<Timer> take_due(TimerTable<Timer>& timers, Timer hard_lifetime, Instant now) {
  if (timers.at(hard_lifetime).value_or(Instant::max()) <= now) {
    timers.cancel(hard_lifetime);
    return hard_lifetime;
  }
  return timers.take_due(now);
}

}  // namespace

class EndpointState {
 public:
  EndpointState(EndpointOptions options, Provider& provider)
      : options_(std::move(options)), provider_(provider) {}

  void handle_datagram(Instant now, const Datagram& datagram);
  void handle_timeout(Instant now);
  void handle_command(Instant now, Command command);
  std::optional<Instant> next_timeout() const;

  Outbox& outbox() { return outbox_; }
  const EndpointCounters& counters() const { return counters_; }
  bool is_changing(TunnelId tunnel) const { return supervisor_.is_changing(tunnel); }
  std::string dump() const { return dump_endpoint(provider_, sas_, supervisor_); }

 private:
  Context context(Instant now) {
    const auto since = std::chrono::floor<std::chrono::milliseconds>(now - told_at_);
    return {now,  wall_time_ + since, provider_, options_, counters_, outbox_,
            sas_, supervisor_,        cookies_,  wasted_};
  }
  void answer_unreadable(Context& context, const Datagram& datagram, const WireFailure& why);
  void route(Context& context, const Datagram& datagram, const Message& message);
  void route_init(Context& context, const Datagram& datagram, const Message& message);
  void finish(Context& context);

  EndpointOptions options_;
  Provider& provider_;
  Outbox outbox_;
  EndpointCounters counters_;
  SaRegistry sas_;
  Supervisor supervisor_;
  CookieMint cookies_;
  WallTime wall_time_{};  // When it was `told_at_`.
  Instant told_at_{};
  WastedKeyExchanges wasted_;
  UnknownSpis unknown_spis_;
  RateLimit hint_limit_;
  RateLimit version_limit_;  // Of its own: forged versions must not starve the hints.
  RateLimit critical_limit_;
};

// --- Datagrams: header, SA, window ---

void EndpointState::handle_datagram(Instant now, const Datagram& datagram) {
  Context step = context(now);
  if (datagram.bytes.size() > kDatagramSizeMax) {
    ++counters_.oversized;
    return;
  }
  const auto message = parse_message(datagram.bytes);
  if (!message) {
    ++counters_.malformed;
    return answer_unreadable(step, datagram, message.error());
  }
  route(step, datagram, *message);
  finish(step);
}

// RFC 7296 2.5: a request of a higher major version, or an IKE_SA_INIT with a critical payload that
// we do not know, is dropped, but its sender is told.
void EndpointState::answer_unreadable(Context& step, const Datagram& datagram,
                                      const WireFailure& why) {
  const auto header = parse_header(datagram.bytes);
  if (!header) return;
  if (header->major_version > kMajorVersion) {
    return send_invalid_major_version(step, datagram, *header, version_limit_);
  }
  if (why.error == WireError::UnknownCritical && begins_ike_sa(*header)) {
    send_unsupported_critical(step, datagram, *header, why.payload_type, critical_limit_);
  }
}

void EndpointState::route(Context& step, const Datagram& datagram, const Message& message) {
  const Header& header = message.header;
  if (header.exchange == static_cast<uint8_t>(ExchangeType::IkeSaInit)) {
    return route_init(step, datagram, message);
  }
  if (!message.encrypted) {
    if (!handle_hint(step, datagram, message)) ++counters_.illegal;
    return;
  }
  // RFC 7296 3.1: the I flag says who made the IKE SA, hence which of the two SPIs is ours.
  const IkeSpi own = header.from_initiator ? header.responder_spi : header.initiator_spi;
  const IkeSpi other = header.from_initiator ? header.initiator_spi : header.responder_spi;
  IkeSa* sa = sas_.find(own);
  const bool is_ours = sa != nullptr && sa->peer_spi() == other &&
                       (sa->role == Role::Responder) == header.from_initiator;
  if (!is_ours) {
    ++counters_.unknown_sa;
    return send_invalid_ike_spi(step, datagram, header, hint_limit_);
  }
  handle_sa_message(step, *sa, datagram, message);
  supervisor_.note_step(sa->tunnel());
}

void EndpointState::route_init(Context& step, const Datagram& datagram, const Message& message) {
  const Header& header = message.header;
  supervisor_.look_at({.exchange = header.exchange,
                       .role = header.is_response ? Role::Initiator : Role::Responder,
                       .remote = datagram.remote});
  if (!header.is_response) return answer_ike_sa_init(step, datagram, message);
  IkeSa* sa = header.from_initiator ? nullptr : sas_.find(header.initiator_spi);
  if (sa == nullptr || sa->role != Role::Initiator) {
    ++counters_.unknown_sa;
    return;
  }
  if (sa->state() != IkeSaState::InitSent || header.message_id.value != 0 ||
      sa->remote != datagram.remote) {
    ++counters_.replayed_or_late;
    return;
  }
  complete_ike_sa_init(step, *sa, datagram, message);
}

// --- Time ---

void EndpointState::handle_timeout(Instant now) {
  Context step = context(now);
  // Handlers may add SAs, so each round looks anew; the first due SA in SPI order goes first.
  for (unsigned count = 0; count < kTimersPerCallMax; ++count) {
    bool any = false;
    for (const auto& [spi, sa] : sas_.all()) {
      if (const auto timer = take_due(sa->timers, SaTimer::HardLifetime, now)) {
        handle_sa_timer(step, *sa, *timer);
        supervisor_.note_step(sa->tunnel());
        any = true;
        break;
      }
      ChildSa* due = nullptr;
      std::optional<ChildTimer> child_timer;
      for (ChildSa& child : sa->children) {
        child_timer = take_due(child.timers, ChildTimer::HardLifetime, now);
        due = &child;
        if (child_timer) break;
      }
      if (child_timer) {
        handle_child_timer(step, *sa, due->id, *child_timer);
        supervisor_.note_step(sa->tunnel());
        any = true;
        break;
      }
    }
    if (!any) break;
  }
  supervisor_.handle_timeout(step);
  finish(step);
}

std::optional<Instant> EndpointState::next_timeout() const {
  std::optional<Instant> next = supervisor_.next_timeout();
  for (const auto& [spi, sa] : sas_.all()) {
    next = earlier(next, sa->timers.next());
    for (const ChildSa& child : sa->children) next = earlier(next, child.timers.next());
  }
  return next;
}

// --- Commands ---

namespace {

void note_first_inbound(Context& step, IkeSa& sa, ChildSa& child) {
  prove_child(step, sa, child);
  prove(step, sa);
  if (child.outbound_half == Outbound::Waiting && child.is_usable())
    activate_child(step, sa, child);
  run_queue(step, sa);
  step.supervisor.note_step(sa.tunnel());
}

}  // namespace

void EndpointState::handle_command(Instant now, Command command) {
  if (const auto* told = std::get_if<CommandWallTime>(&command)) {
    wall_time_ = told->wall_time;
    told_at_ = now;
    return;
  }
  Context step = context(now);
  struct Visitor {
    Context& step;
    Supervisor& supervisor;
    SaRegistry& sas;
    UnknownSpis& unknown_spis;
    RateLimit& limit;
    void operator()(CommandAddPeer& c) const { supervisor.add(step, std::move(c.peer), c.started); }
    void operator()(CommandRemovePeer& c) const { supervisor.remove(step, c.tunnel); }
    void operator()(CommandSetPeer& c) const {
      supervisor.set_peer(step, std::move(c.peer), c.effect);
    }
    void operator()(CommandUp& c) const { supervisor.up(step, c.tunnel); }
    void operator()(CommandDown& c) const { supervisor.down(step, c.tunnel); }
    void operator()(CommandRekeyChild& c) const { supervisor.rekey_child(step, c.tunnel); }
    void operator()(CommandRekeyIke& c) const { supervisor.rekey_ike(step, c.tunnel); }
    void operator()(CommandShutdown&) const { supervisor.shutdown(step); }
    void operator()(CommandResolved& c) const { supervisor.resolved(step, c); }
    void operator()(CommandFirstInbound& c) const {
      const auto place = sas.find_child_by_inbound(c.inbound_spi);
      if (place.child != nullptr) note_first_inbound(step, *place.sa, *place.child);
    }
    void operator()(CommandSoftLimit& c) const {
      const auto place = sas.find_child_by_either(c.spi);
      if (place.child != nullptr) {
        handle_child_timer(step, *place.sa, place.child->id, ChildTimer::SoftLifetime);
      }
    }
    void operator()(CommandHardLimit& c) const {
      const auto place = sas.find_child_by_either(c.spi);
      if (place.child != nullptr) {
        handle_child_timer(step, *place.sa, place.child->id, ChildTimer::HardLifetime);
      }
    }
    void operator()(CommandInboundTraffic& c) const {
      for (const auto& [spi, sa] : sas.all()) {
        if (sa->children.empty() || !std::ranges::binary_search(c.tunnels, sa->tunnel())) continue;
        sa->last_inbound = step.now;
      }
    }
    void operator()(CommandRemoteMoved& c) const {
      const auto place = sas.find_child_by_inbound(c.inbound_spi);
      if (place.sa == nullptr || place.child->encapsulation != Encapsulation::Udp) return;
      Endpoint remote = c.remote;
      // The ports are those of the children, and there is no NAT that would map them anew.
      if (place.sa->has_source_ports) remote.port = place.sa->remote.port;
      note_remote(step, *place.sa, place.sa->local, remote);
    }
    void operator()(CommandAskPathSize& c) const {
      supervisor.ask_path_size(step, c.tunnel, c.packet_size);
    }
    void operator()(CommandWallTime&) const {}
    void operator()(CommandSetCredentials& c) const { set_credentials(step, std::move(c)); }
    void operator()(CommandUnknownSpi& c) const {
      handle_unknown_spi(step, c, unknown_spis, limit);
    }
  };
  std::visit(Visitor{step, supervisor_, sas_, unknown_spis_, hint_limit_}, command);
  finish(step);
}

void EndpointState::finish(Context& step) {
  sas_.sweep();
  supervisor_.reconcile(step);
  sas_.sweep();
}

// --- The public face ---

IkeEndpoint::IkeEndpoint(EndpointOptions options, Provider& provider)
    : state_(std::make_unique<EndpointState>(std::move(options), provider)) {}
IkeEndpoint::~IkeEndpoint() = default;

void IkeEndpoint::handle_datagram(Instant now, const Datagram& datagram) {
  state_->handle_datagram(now, datagram);
}
void IkeEndpoint::handle_timeout(Instant now) {
  state_->handle_timeout(now);
}
void IkeEndpoint::handle_command(Instant now, Command command) {
  state_->handle_command(now, std::move(command));
}
std::optional<Datagram> IkeEndpoint::poll_datagram() {
  return state_->outbox().take_datagram();
}
std::optional<Event> IkeEndpoint::poll_event() {
  return state_->outbox().take_event();
}
std::optional<Instant> IkeEndpoint::poll_timeout() const {
  return state_->next_timeout();
}
const EndpointCounters& IkeEndpoint::counters() const {
  return state_->counters();
}
bool IkeEndpoint::is_changing(TunnelId tunnel) const {
  return state_->is_changing(tunnel);
}
std::string IkeEndpoint::dump_state() const {
  return state_->dump();
}

}  // namespace twinspan::ike
