#include "ike/exchange/size_probe.h"

#include "ike/core/fragments.h"

namespace twinspan::ike {

bool may_search_size(const IkeSa& sa) {
  return sa.admits_size_probes && !std::holds_alternative<SizeProbeExchange>(sa.active) &&
         !has_task(sa, Task::Kind::SizeProbe);
}

void start_size_probe(Context& context, IkeSa& sa, const SizeSearch& search) {
  const Header header =
      make_header(sa, ExchangeType::Informational, sa.window.next_id(), Direction::Request);
  SizedRequest sent = send_sized(context, sa, header, search.next());
  ++context.counters.size_probes_sent;
  sa.active =
      SizeProbeExchange{.search = search, .packet_size = sent.packet_size, .remote = sa.remote};
  const RetransmitPolicy policy = question_policy(sa.peer->dpd_interval);
  sa.window.begin_request(ExchangeType::Informational, std::move(sent.repetition), policy, 0);
  sa.timers.arm(SaTimer::Retransmit, context.now + policy.first_interval);
}

void complete_size_probe(Context& context, IkeSa& sa, const SizeProbeExchange& own) {
  // An answer to a repetition proves nothing, and neither does one that is late.
  const bool is_answered = !sa.window.is_repeated();
  if (!is_answered) ++context.counters.size_probes_unanswered;
  // The peer is elsewhere, or its children are: whoever wants to know asks anew.
  if (sa.state() != IkeSaState::Established || sa.remote != own.remote) return;
  SizeSearch search = own.search;
  if (is_answered) {
    search.note_answered(own.packet_size);
  } else {
    search.note_lost();
  }
  if (!search.is_done()) {
    return queue_task(context, sa, {.kind = Task::Kind::SizeProbe, .search = search});
  }
  context.outbox.emit(
      EventPathSize{.tunnel = sa.tunnel(), .asked = search.asked(), .fitting = search.fitting()});
}

}  // namespace twinspan::ike
