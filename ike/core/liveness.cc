#include "ike/core/liveness.h"

#include "ike/core/supervisor.h"
#include "ike/exchange/refusals.h"

namespace twinspan::ike {
namespace {

Diagnosis diagnose_silence(const IkeSa& sa) {
  const std::string& name = sa.peer->name;
  if (const auto* init = std::get_if<InitExchange>(&sa.active)) {
    if (!init->hint) return diagnose(Cause::NoAnswer, name);
    return ike_refused(*sa.peer, sa.peer->ike_proposals, *init->hint);
  }
  if (std::holds_alternative<AuthExchange>(sa.active)) return diagnose(Cause::NoAnswerNat, name);
  if (std::holds_alternative<IntermediateExchange>(sa.active))
    return diagnose(Cause::NoAnswerNat, name, "IKE_INTERMEDIATE, which comes first, either");
  if (std::holds_alternative<LivenessExchange>(sa.active) ||
      std::holds_alternative<SizeProbeExchange>(sa.active)) {
    return diagnose(Cause::PeerDead, name);
  }
  return diagnose(Cause::RequestUnanswered, name);
}

}  // namespace

void handle_liveness(Context& context, IkeSa& sa) {
  const Duration interval = sa.peer->dpd_interval;
  const Instant due = sa.last_inbound + interval;
  if (context.now < due) return sa.timers.arm(SaTimer::Liveness, due);
  // A request in flight is a probe already.
  if (!sa.window.in_flight()) queue_task(context, sa, {.kind = Task::Kind::Liveness});
  sa.timers.arm(SaTimer::Liveness, context.now + interval);
}

void handle_half_open(Context& context, IkeSa& sa) {
  const Diagnosis why = diagnose(Cause::NoIkeAuth, sa.peer->name);
  // Nobody has proven to be the peer, so it is no failure of the tunnel; from where the peer is not
  // expected, not even a record of it.
  if (context.supervisor.expects(*sa.peer, sa.remote.address) &&
      context.supervisor.admits_complaint(context, sa.tunnel())) {
    context.supervisor.look_at({.exchange = static_cast<uint8_t>(ExchangeType::IkeAuth),
                                .role = Role::Responder,
                                .remote = sa.remote});
    context.supervisor.record(sa.tunnel(), why);
    sa.log.warning("{}: {}", sa.peer->name, why.message);
  }
  close_silently(context, sa, why);
}

void handle_no_answer(Context& context, IkeSa& sa) {
  const Diagnosis why = diagnose_silence(sa);
  const bool is_missed =
      !sa.is_redundant &&
      (sa.state() == IkeSaState::InitSent || sa.state() == IkeSaState::IntermediateSent ||
       sa.state() == IkeSaState::AuthSent || sa.state() == IkeSaState::Established);
  if (is_missed) context.supervisor.fail(sa.tunnel(), why);
  close_silently(context, sa, why);
}

}  // namespace twinspan::ike
