#include "ike/core/ike_sa.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ike/core/fragments.h"
#include "ike/core/lifetime.h"
#include "ike/core/liveness.h"
#include "ike/core/remote_path.h"
#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/delete_sa.h"
#include "ike/exchange/ike_auth.h"
#include "ike/exchange/ike_followup_ke.h"
#include "ike/exchange/ike_intermediate.h"
#include "ike/exchange/ike_sa_init.h"
#include "ike/exchange/informational.h"
#include "ike/exchange/payloads.h"
#include "ike/exchange/rekey_child.h"
#include "ike/exchange/rekey_ike.h"
#include "ike/exchange/size_probe.h"

namespace twinspan::ike {

void IkeSa::enter(IkeSaState next) {
  const StateEdge* edge = find_edge(state_, next);
  CHECK(edge != nullptr);
  log.debug("{}: IKE SA {:016x} {} -> {}: {}", peer->name, own_spi().value, to_string(state_),
            to_string(next), edge->story);
  state_ = next;
}

SkKeys IkeSa::sealing_keys() const {
  const bool first = role == Role::Initiator;
  return {suite.encryption, suite.integrity, (first ? keys.ei : keys.er).view(),
          (first ? keys.ai : keys.ar).view()};
}

SkKeys IkeSa::opening_keys() const {
  const bool first = role == Role::Responder;
  return {suite.encryption, suite.integrity, (first ? keys.ei : keys.er).view(),
          (first ? keys.ai : keys.ar).view()};
}

ChildSa* IkeSa::find_child(ChildId id) {
  const auto found = std::ranges::find(children, id, &ChildSa::id);
  return found == children.end() ? nullptr : &*found;
}

ChildSa* IkeSa::find_child_by_inbound(Spi spi) {
  const auto found = std::ranges::find(children, spi, &ChildSa::inbound);
  return found == children.end() ? nullptr : &*found;
}

ChildSa* IkeSa::find_child_by_outbound(Spi spi) {
  const auto found = std::ranges::find(children, spi, &ChildSa::outbound);
  return found == children.end() ? nullptr : &*found;
}

namespace {

bool is_current(const std::vector<ChildSa>& children, const ChildSa& child) {
  if (!child.is_usable()) return false;
  return !child.replaced_by ||
         std::ranges::find(children, *child.replaced_by, &ChildSa::id) == children.end();
}

}  // namespace

ChildSa* IkeSa::current_child(const ChildTraffic& traffic) {
  ChildSa* newest = nullptr;
  for (ChildSa& child : children) {
    if (!is_current(children, child) || !is_same_traffic(child.traffic(), traffic)) continue;
    if (newest == nullptr || child.id > newest->id) newest = &child;
  }
  return newest;
}

std::vector<Spi> IkeSa::current_children() const {
  std::vector<Spi> current;
  for (const ChildSa& child : children) {
    if (is_current(children, child)) current.push_back(child.inbound);
  }
  return current;
}

const ChildConfig& config_of(const IkeSa& sa, const ChildSa& child) {
  if (child.former) return *child.former;
  const ChildConfig* config = sa.peer->find_child(child.config);
  CHECK(config != nullptr);
  return *config;
}

// --- Sending ---

Header make_header(const IkeSa& sa, ExchangeType exchange, MessageId id, Direction direction) {
  Header header;
  header.initiator_spi = sa.spi_i;
  header.responder_spi = sa.spi_r;
  header.exchange = static_cast<uint8_t>(exchange);
  header.is_response = direction == Direction::Response;
  header.from_initiator = sa.role == Role::Initiator;
  header.message_id = id;
  return header;
}

void report_line(Context& context, const IkeSa& sa, std::string text) {
  sa.log.debug("{}: {}", sa.peer->name, text);
  context.outbox.emit(EventMessage{.tunnel = sa.tunnel(), .text = std::move(text)});
}

void report_message(Context& context, const IkeSa& sa, const char* verb, const Header& header,
                    const std::vector<Payload>& payloads) {
  report_line(context, sa, fmt::format("{} {}", verb, describe(header, payloads)));
}

void send_request(Context& context, IkeSa& sa, ExchangeType exchange,
                  const std::vector<Payload>& payloads, RetransmitPolicy policy) {
  const Header header = make_header(sa, exchange, sa.window.next_id(), Direction::Request);
  std::vector<Bytes> datagrams = send_sealed(context, sa, header, payloads, {sa.local, sa.remote});
  sa.window.begin_request(exchange, std::move(datagrams), policy);
  sa.timers.arm(SaTimer::Retransmit, context.now + *retransmit_wait(policy, 1));
}

// --- Receiving ---

namespace {

// Answers a fresh request and remembers the answer. The answer goes to where the request came from.
void send_response(Context& context, IkeSa& sa, const Arrival& request,
                   const std::vector<Payload>& payloads) {
  const Header& asked = request.message.header;
  const auto exchange = static_cast<ExchangeType>(asked.exchange);
  const Header header = make_header(sa, exchange, asked.message_id, Direction::Response);
  sa.window.answered(request.first_datagram,
                     send_sealed(context, sa, header, payloads, {request.local, request.remote}));
  drop_fragments(context, sa, Direction::Request);
}

Legality judge_message(const IkeSa& sa, const Header& header,
                       const std::vector<Payload>& payloads) {
  return judge({.state = sa.state(),
                .exchange = header.exchange,
                .role = sa.role,
                .direction = header.is_response ? Direction::Response : Direction::Request,
                .admits_childless = sa.admits_childless},
               payload_set(payloads));
}

// RFC 7296 2.21.3: INVALID_SYNTAX, said or heard in an authenticated exchange, ends the IKE SA on
// both sides without a DELETE. The last answer is still repeated for a while.
void end_by_bad_syntax(Context& context, IkeSa& sa, const std::string& detail) {
  if (sa.state() == IkeSaState::Lingering) return;
  const Diagnosis why = diagnose(Cause::BadMessage, sa.peer->name, detail);
  const bool is_missed = sa.state() == IkeSaState::Established && !sa.is_redundant;
  linger(context, sa, why);
  if (is_missed) context.supervisor.fail(sa.tunnel(), why);
}

// What breaks the protocol in an authenticated request is answered. RFC 7296 2.5: a critical
// payload that we do not know costs only this exchange. The cause is what is said of IKE_AUTH.
void refuse_request(Context& context, IkeSa& sa, const Arrival& request, Payload notify,
                    Cause cause_in_auth) {
  const bool in_auth = sa.state() == IkeSaState::InitAnswered;
  const bool is_unproven = is_half_open(sa.state());
  std::vector<Payload> answer = {std::move(notify)};
  const bool is_critical = find_notify(answer, NotifyType::UnsupportedCriticalPayload) != nullptr;
  if (in_auth && !is_critical) answer = {error_notify(NotifyType::AuthenticationFailed)};
  send_response(context, sa, request, answer);
  if (is_unproven) {
    const Diagnosis why =
        in_auth ? diagnose(cause_in_auth, sa.peer->name)
                : diagnose(Cause::BadMessage, sa.peer->name, "its IKE_INTERMEDIATE request");
    if (context.supervisor.expects(*sa.peer, sa.remote.address))
      context.supervisor.fail(sa.tunnel(), why, Supervisor::Blame::Stranger);
    return linger(context, sa, why);
  }
  if (find_notify(answer, NotifyType::InvalidSyntax) != nullptr)
    end_by_bad_syntax(context, sa, "its request");
}

std::vector<Payload> dispatch_request(Context& context, IkeSa& sa, const Arrival& request,
                                      const std::vector<Payload>& payloads) {
  switch (static_cast<ExchangeType>(request.message.header.exchange)) {
    case ExchangeType::IkeIntermediate:
      return answer_ike_intermediate(context, sa, request, payloads);
    case ExchangeType::IkeAuth:
      return answer_ike_auth(context, sa, payloads);
    case ExchangeType::CreateChildSa:
      return answer_create_child_sa(context, sa, payloads);
    case ExchangeType::Informational:
      return answer_informational(context, sa, payloads);
    case ExchangeType::IkeFollowupKe:
      return answer_ike_followup_ke(context, sa, payloads);
    case ExchangeType::IkeSaInit:
      break;
  }
  CHECK(false);  // The legality table has no such row.
}

void dispatch_response(Context& context, IkeSa& sa, const Arrival& response,
                       const std::vector<Payload>& payloads) {
  struct Visitor {
    Context& context;
    IkeSa& sa;
    const Arrival& response;
    const std::vector<Payload>& payloads;
    void operator()(std::monostate) const {}
    void operator()(InitExchange&) const { CHECK(false); }
    void operator()(IntermediateExchange& own) const {
      complete_ike_intermediate(context, sa, own, response, payloads);
    }
    void operator()(AuthExchange& own) const { complete_ike_auth(context, sa, own, payloads); }
    void operator()(ChildExchange& own) const { complete_child(context, sa, own, payloads); }
    void operator()(RekeyIkeExchange& own) const { complete_rekey_ike(context, sa, own, payloads); }
    void operator()(FollowupExchange& own) const {
      complete_ike_followup_ke(context, sa, own, payloads);
    }
    void operator()(DeleteChildExchange& own) const { complete_delete_child(context, sa, own); }
    void operator()(DeleteIkeExchange&) const { complete_delete_ike(context, sa); }
    void operator()(LivenessExchange&) const {}
    void operator()(SizeProbeExchange& own) const { complete_size_probe(context, sa, own); }
  };
  sa.window.response_accepted();
  drop_fragments(context, sa, Direction::Response);
  sa.timers.cancel(SaTimer::Retransmit);
  // Moved out first: a handler may start the next exchange.
  ActiveExchange own = std::exchange(sa.active, std::monostate{});
  std::visit(Visitor{context, sa, response, payloads}, own);
  // It was decided to close while this request was in flight.
  if (sa.state() == IkeSaState::Deleting && sa.active.index() == 0) start_delete_ike(context, sa);
}

// The message is there as a whole and authentic.
void handle_request(Context& context, IkeSa& sa, const Arrival& request) {
  const Header& header = request.message.header;
  const auto payloads = parse_payloads(request.message.first_payload, request.message.payloads);
  if (!payloads) {
    const WireFailure& wire = payloads.error();
    const bool critical = wire.error == WireError::UnknownCritical;
    return refuse_request(
        context, sa, request,
        critical ? critical_notify(wire.payload_type) : error_notify(NotifyType::InvalidSyntax),
        Cause::BadMessage);
  }
  report_received(context, sa, request, *payloads);
  note_inbound(context, sa);
  note_remote(context, sa, request.local, request.remote);
  if (judge_message(sa, header, *payloads) != Legality::Legal) {
    ++context.counters.illegal;
    // RFC 7296 2.16: who leaves AUTH out wants EAP.
    const bool wants_eap = find_payload<AuthPayload>(*payloads) == nullptr;
    return refuse_request(context, sa, request, error_notify(NotifyType::InvalidSyntax),
                          wants_eap ? Cause::AuthMethod : Cause::BadMessage);
  }
  if (sa.state() == IkeSaState::Candidate && !deletes_ike(*payloads)) adopt_candidate(context, sa);
  if (sa.state() == IkeSaState::Established) prove(context, sa);
  activate_proven(context, sa);
  const std::vector<Payload> answer = dispatch_request(context, sa, request, *payloads);
  send_response(context, sa, request, answer);
  if (sa.next_keys) conclude_ike_intermediate(context, sa, answer);
  if (find_notify(answer, NotifyType::InvalidSyntax) != nullptr)
    return end_by_bad_syntax(context, sa, "its request");
  run_queue(context, sa);
}

// The answer said INVALID_SYNTAX, then the peer has ended the SA as well, or was broken itself,
// then the peer does not know.
void end_established(Context& context, IkeSa& sa, bool peer_is_unaware) {
  if (sa.state() != IkeSaState::Established) return;
  if (!peer_is_unaware) return end_by_bad_syntax(context, sa, "it refused our request");
  const Diagnosis why = diagnose(Cause::BadMessage, sa.peer->name, "its answer");
  const bool is_missed = !sa.is_redundant;
  close_with_delete(context, sa, why, InboundFate::Now);
  if (is_missed) context.supervisor.fail(sa.tunnel(), why);
}

// Whole and authentic. What does not parse or has no place here counts as a refusal.
void handle_response(Context& context, IkeSa& sa, const Arrival& response) {
  const Header& header = response.message.header;
  auto payloads = parse_payloads(response.message.first_payload, response.message.payloads);
  std::vector<Payload> accepted;
  const bool is_broken = !payloads || judge_message(sa, header, *payloads) != Legality::Legal;
  if (is_broken) {
    ++context.counters.illegal;
    accepted.push_back(error_notify(NotifyType::InvalidSyntax));
  } else {
    accepted = *std::move(payloads);
    report_received(context, sa, response, accepted);
  }
  const bool is_fatal = sa.state() == IkeSaState::Established &&
                        find_notify(accepted, NotifyType::InvalidSyntax) != nullptr;
  note_inbound(context, sa);
  note_answer_path(context, sa, response.local, response.remote);
  dispatch_response(context, sa, response, accepted);
  if (is_fatal) return end_established(context, sa, is_broken);
  run_queue(context, sa);
}

bool has_row(const IkeSa& sa, const Header& header) {
  const Legality verdict = judge_message(sa, header, {});
  return verdict != Legality::Unexpected;
}

// To where the repeated request came from.
void repeat_response(Context& context, IkeSa& sa, const Datagram& request) {
  send_datagrams(context, request.local, request.remote, sa.window.cached_response());
  ++context.counters.retransmits_sent;
  if (request.remote == sa.remote) defer_activation(context, sa);
}

}  // namespace

void handle_sa_message(Context& context, IkeSa& sa, const Datagram& datagram,
                       const Message& message) {
  const Header& header = message.header;
  context.supervisor.look_at({.exchange = header.exchange,
                              .role = header.is_response ? Role::Initiator : Role::Responder,
                              .remote = datagram.remote});
  if (header.is_response) {
    if (!sa.window.awaits_response(header.message_id, header.exchange)) {
      ++context.counters.replayed_or_late;
      return;
    }
    if (!has_row(sa, header)) {
      ++context.counters.illegal;
      return;
    }
    const auto response = accept_sealed(context, sa, datagram, message);
    if (response) handle_response(context, sa, *response);
    return;
  }
  switch (sa.window.classify(header.message_id, datagram.bytes)) {
    case RequestWindow::Verdict::Duplicate:
      // Bit-identical to a request that was authenticated.
      return repeat_response(context, sa, datagram);
    case RequestWindow::Verdict::Stale:
      if (is_repeated_first_fragment(context, sa, datagram, message)) {
        return repeat_response(context, sa, datagram);
      }
      ++context.counters.replayed_or_late;
      return;
    case RequestWindow::Verdict::Fresh:
      break;
  }
  // Whoever copies the peer's IKE_AUTH and is faster must not decide where the new SA leads.
  if (!has_row(sa, header) || !admits_auth_from(sa, datagram.remote)) {
    ++context.counters.illegal;
    return;
  }
  const auto request = accept_sealed(context, sa, datagram, message);
  if (request) handle_request(context, sa, *request);
}

// --- Timers ---

namespace {

void handle_retransmit(Context& context, IkeSa& sa) {
  if (!sa.window.in_flight()) return;
  if (const auto wait = sa.window.retransmit()) {
    ++context.counters.retransmits_sent;
    send_datagrams(context, sa.local, sa.remote, sa.window.repeat());
    sa.timers.arm(SaTimer::Retransmit, context.now + *wait);
    return;
  }
  // The peer may have moved: while that is being found out, silence proves nothing.
  if (sa.path.is_running()) {
    return sa.timers.arm(SaTimer::Retransmit, context.now + kPathAskInterval);
  }
  const auto exchange = static_cast<uint8_t>(sa.window.request_exchange());
  context.supervisor.look_at({.exchange = exchange, .role = Role::Initiator, .remote = sa.remote});
  handle_no_answer(context, sa);
}

void handle_keepalive(Context& context, IkeSa& sa) {
  context.outbox.send({.local = sa.local, .remote = sa.remote, .bytes = {0xff}});
  sa.timers.arm(SaTimer::Keepalive, context.now + kKeepaliveInterval);
}

void handle_reap(Context& context, IkeSa& sa) {
  const Diagnosis replaced = diagnose(Cause::Replaced, sa.peer->name);
  if (sa.state() == IkeSaState::Deleting) return close_silently(context, sa, replaced);
  if (sa.state() == IkeSaState::Established && !sa.is_redundant)
    return context.supervisor.touch(sa.tunnel());
  if (sa.state() == IkeSaState::Established) {
    // Whoever should have closed it did not; without another SA it is needed after all.
    auto standing = context.sas.of_tunnel(sa.tunnel());
    std::erase_if(standing, [&](const IkeSa* other) {
      return other == &sa || other->state() != IkeSaState::Established || other->is_redundant;
    });
    if (standing.empty()) {
      sa.is_redundant = false;
      return context.supervisor.touch(sa.tunnel());
    }
    // Which of several took its place is not known any more.
    if (std::ranges::any_of(standing,
                            [](const IkeSa* other) { return is_making_children(*other); }))
      return sa.timers.arm(SaTimer::Reap, context.now + 1s);
  }
  close_with_delete(context, sa, replaced, InboundFate::Grace);
}

}  // namespace

void handle_sa_timer(Context& context, IkeSa& sa, SaTimer timer) {
  switch (timer) {
    case SaTimer::Retransmit:
      return handle_retransmit(context, sa);
    case SaTimer::HalfOpen:
      return handle_half_open(context, sa);
    case SaTimer::Liveness:
      return handle_liveness(context, sa);
    case SaTimer::Keepalive:
      return handle_keepalive(context, sa);
    case SaTimer::SoftLifetime:
      // Another one is to take its place.
      if (sa.is_outdated) return context.supervisor.touch(sa.tunnel());
      return queue_task(context, sa, {.kind = Task::Kind::RekeyIke});
    case SaTimer::HardLifetime: {
      const Diagnosis why = diagnose(Cause::LifetimeEnded, sa.peer->name);
      context.supervisor.fail(sa.tunnel(), why);
      return close_with_delete(context, sa, why, InboundFate::Now);
    }
    case SaTimer::Linger:
      sa.timers.cancel_all();
      return sa.enter(IkeSaState::Closed);
    case SaTimer::Reap:
      return handle_reap(context, sa);
    case SaTimer::Hold:
    case SaTimer::Queue:
      return run_queue(context, sa);
    case SaTimer::PathProbe:
      return handle_path_timer(context, sa);
    case SaTimer::RequestFragments:
      return drop_fragments(context, sa, Direction::Request);
    case SaTimer::ResponseFragments:
      return drop_fragments(context, sa, Direction::Response);
    case SaTimer::Followup:
      return drop_late_followups(context, sa);
    case SaTimer::Count_:
      return;
  }
}

// --- Life ---

void establish(Context& context, IkeSa& sa, bool by_rekey) {
  sa.enter(IkeSaState::Established);
  sa.established_at = by_rekey ? sa.established_at : context.now;
  sa.keyed_at = context.now;
  sa.last_inbound = context.now;
  sa.is_proven = by_rekey || sa.role == Role::Initiator;
  sa.is_announced = true;
  sa.timers.cancel(SaTimer::HalfOpen);
  // What waits for the proof waits no longer.
  if (!sa.is_proven) sa.timers.arm(SaTimer::Reap, context.now + kActivateAfter);
  const PeerConfig& peer = *sa.peer;
  if (peer.ike_soft_lifetime > Duration{}) {
    sa.timers.arm(SaTimer::SoftLifetime,
                  context.now + with_jitter(peer.ike_soft_lifetime, context.provider));
  }
  if (peer.ike_hard_lifetime > Duration{}) {
    sa.timers.arm(SaTimer::HardLifetime, context.now + peer.ike_hard_lifetime);
  }
  if (peer.dpd_interval > Duration{})
    sa.timers.arm(SaTimer::Liveness, context.now + peer.dpd_interval);
  if (sa.nat.local_behind_nat && sa.encapsulation == Encapsulation::Udp) {
    sa.timers.arm(SaTimer::Keepalive, context.now + kKeepaliveInterval);
  }
  context.outbox.emit(EventIkeEstablished{.tunnel = sa.tunnel(),
                                          .initiator_spi = sa.spi_i,
                                          .responder_spi = sa.spi_r,
                                          .suite = sa.suite,
                                          .local = sa.local,
                                          .remote = sa.remote,
                                          .is_initiator = sa.role == Role::Initiator,
                                          .by_rekey = by_rekey,
                                          .local_behind_nat = sa.nat.local_behind_nat,
                                          .remote_behind_nat = sa.nat.remote_behind_nat,
                                          .proof = sa.proof,
                                          .with_ppk = sa.ppk.is_in_use});
  context.supervisor.touch(sa.tunnel());
}

namespace {

// What every end of an SA has in common.
void conclude(Context& context, IkeSa& sa, const Diagnosis& why, InboundFate fate) {
  remove_all_children(context, sa, fate, why.message);
  sa.active = std::monostate{};
  sa.queue.clear();
  sa.awaited_followups.clear();
  drop_fragments(context, sa, Direction::Request);
  drop_fragments(context, sa, Direction::Response);
  sa.timers.cancel_all();
  if (std::exchange(sa.is_announced, false)) {
    sa.log.info("{}: IKE SA {:016x}_i {:016x}_r is gone: {}", sa.peer->name, sa.spi_i.value,
                sa.spi_r.value, why.message);
    context.outbox.emit(EventIkeGone{.tunnel = sa.tunnel(),
                                     .initiator_spi = sa.spi_i,
                                     .responder_spi = sa.spi_r,
                                     .reason = why.message});
  }
  context.supervisor.touch(sa.tunnel());
}

}  // namespace

void close_with_delete(Context& context, IkeSa& sa, const Diagnosis& why, InboundFate fate) {
  conclude(context, sa, why, fate == InboundFate::Grace ? InboundFate::GraceForDelete : fate);
  sa.enter(IkeSaState::Deleting);
  sa.timers.arm(SaTimer::Reap, context.now + kCloseMax);
  // RFC 7296 2.3: the window has room for one request, and its ID cannot be taken back.
  if (sa.window.in_flight()) sa.timers.arm(SaTimer::Retransmit, context.now + 1s);
  start_delete_ike(context, sa);
}

void close_silently(Context& context, IkeSa& sa, const Diagnosis& why) {
  conclude(context, sa, why, InboundFate::Now);
  sa.window.abandon_request();
  sa.enter(IkeSaState::Closed);
}

void linger(Context& context, IkeSa& sa, const Diagnosis& why) {
  conclude(context, sa, why, InboundFate::Grace);
  sa.window.abandon_request();
  sa.enter(IkeSaState::Lingering);
  sa.timers.arm(SaTimer::Linger, context.now + kLinger);
}

void prove(Context& context, IkeSa& sa) {
  if (!std::exchange(sa.is_proven, true)) context.supervisor.touch(sa.tunnel());
}

void note_inbound(Context& context, IkeSa& sa) {
  sa.last_inbound = context.now;
  sa.timers.cancel(SaTimer::Hold);
}

}  // namespace twinspan::ike
