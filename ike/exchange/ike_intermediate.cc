#include "ike/exchange/ike_intermediate.h"

#include <fmt/format.h>

#include <utility>

#include "base/byte_writer.h"
#include "base/check.h"
#include "ike/core/key_export.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/ike_auth.h"
#include "ike/exchange/payloads.h"
#include "ike/exchange/refusals.h"

namespace twinspan::ike {
namespace {

DhGroupId next_method(const IkeSa& sa) {
  CHECK(sa.intermediate_count < sa.suite.additional.size());
  return sa.suite.additional[sa.intermediate_count];
}

// RFC 9242 3.3.2, for a message that stands in `first_datagram` or begins there.
void count_message(Context& context, IkeSa& sa, Role sender, ByteView first_datagram,
                   ByteView payloads) {
  const bool by_initiator = sender == Role::Initiator;
  SecretBytes& chain = by_initiator ? sa.int_auth_i : sa.int_auth_r;
  const SecretBytes& sk_p = by_initiator ? sa.keys.pi : sa.keys.pr;
  chain = chain_int_auth(context.provider, sa.suite.prf, sk_p.view(), chain.view(),
                         int_auth_octets(first_datagram, payloads));
}

IkeKeys renewed_keys(Context& context, const IkeSa& sa, const SecretBytes& shared) {
  return derive_rekeyed_ike_keys(context.provider, sa.suite, {sa.suite.prf, sa.keys.d.view()},
                                 {sa.nonce_i, sa.nonce_r, shared.view()}, {sa.spi_i, sa.spi_r});
}

void use_keys(Context& context, IkeSa& sa, IkeKeys keys) {
  sa.keys = std::move(keys);
  ++sa.intermediate_count;
  export_keys(context, sa);
}

void give_up(Context& context, IkeSa& sa, const Diagnosis& why) {
  context.supervisor.fail(sa.tunnel(), why);
  close_silently(context, sa, why);
}

}  // namespace

Bytes int_auth(const IkeSa& sa) {
  if (sa.intermediate_count == 0) return {};
  ByteWriter out;
  out.append(sa.int_auth_i.view());
  out.append(sa.int_auth_r.view());
  // The message ID of IKE_AUTH: IKE_SA_INIT had 0, and each IKE_INTERMEDIATE one of its own.
  out.u32(static_cast<uint32_t>(sa.intermediate_count) + 1);
  return out.take();
}

// --- Initiator ---

void start_ike_intermediate(Context& context, IkeSa& sa) {
  if (sa.intermediate_count == sa.suite.additional.size()) return start_ike_auth(context, sa);
  const DhGroupId method = next_method(sa);
  IntermediateExchange own{.dh = context.provider.make_dh(method)};
  CHECK(own.dh != nullptr);  // The configuration admits only methods that we have.
  const std::vector<Payload> payloads = {
      KePayload{static_cast<uint16_t>(method), own.dh->public_value()}};
  sa.active = std::move(own);
  sa.enter(IkeSaState::IntermediateSent);
  send_request(context, sa, ExchangeType::IkeIntermediate, payloads, kRetransmitSetup);
  count_message(context, sa, Role::Initiator, sa.window.request().front(),
                write_payloads(payloads).bytes);
}

void complete_ike_intermediate(Context& context, IkeSa& sa, const IntermediateExchange& own,
                               const Arrival& response, const std::vector<Payload>& payloads) {
  const auto* ke = find_payload<KePayload>(payloads);
  if (const auto* error = find_error(payloads); error != nullptr && ke == nullptr) {
    const std::string said =
        fmt::format("the peer answered {} to IKE_INTERMEDIATE", notify_text(error->type));
    return give_up(context, sa, ike_refused(*sa.peer, sa.peer->ike_proposals, *error, said));
  }
  const bool fits = ke != nullptr && ke->group == static_cast<uint16_t>(next_method(sa));
  const auto shared = fits ? own.dh->compute(ke->public_value) : std::nullopt;
  if (!shared) {
    return give_up(context, sa,
                   diagnose(Cause::BadMessage, sa.peer->name,
                            "no fitting KE in its answer to IKE_INTERMEDIATE"));
  }
  count_message(context, sa, Role::Responder, response.first_datagram, response.message.payloads);
  use_keys(context, sa, renewed_keys(context, sa, *shared));
  start_ike_intermediate(context, sa);
}

// --- Responder ---

namespace {

// RFC 9370 2.2.2: another method than the next one that was agreed, or a value that it does not
// admit.
std::vector<Payload> refuse(Context& context, IkeSa& sa, const std::string& detail) {
  const Diagnosis why = diagnose(Cause::BadMessage, sa.peer->name, detail);
  sa.log.warning("{}: {}", sa.peer->name, why.message);
  context.supervisor.fail(sa.tunnel(), why, Supervisor::Blame::Stranger);
  return {error_notify(NotifyType::InvalidSyntax)};
}

}  // namespace

std::vector<Payload> answer_ike_intermediate(Context& context, IkeSa& sa, const Arrival& request,
                                             const std::vector<Payload>& payloads) {
  const auto method = static_cast<uint16_t>(next_method(sa));
  const KePayload& ke = *find_payload<KePayload>(payloads);
  if (ke.group != method) {
    return refuse(context, sa,
                  fmt::format("key exchange method {} in IKE_INTERMEDIATE where {} was agreed",
                              ke.group, method));
  }
  ++context.counters.key_exchanges_answered;
  auto answered = context.provider.answer_dh(next_method(sa), ke.public_value);
  if (!answered) return refuse(context, sa, "a wrong public value in IKE_INTERMEDIATE");
  count_message(context, sa, Role::Initiator, request.first_datagram, request.message.payloads);
  sa.next_keys = renewed_keys(context, sa, answered->shared);
  return {KePayload{method, std::move(answered->public_value)}};
}

void conclude_ike_intermediate(Context& context, IkeSa& sa, const std::vector<Payload>& answer) {
  count_message(context, sa, Role::Responder, sa.window.cached_response().front(),
                write_payloads(answer).bytes);
  use_keys(context, sa, *std::exchange(sa.next_keys, std::nullopt));
  const bool is_last = sa.intermediate_count == sa.suite.additional.size();
  sa.enter(is_last ? IkeSaState::InitAnswered : IkeSaState::IntermediateDue);
  // Each one has cost the peer a key exchange of its own.
  sa.timers.arm(SaTimer::HalfOpen, context.now + kHalfOpenMax);
}

}  // namespace twinspan::ike
