#include "ike/exchange/informational.h"

#include "ike/core/unknown_spi.h"
#include "ike/exchange/delete_sa.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {

namespace {

void ask(Context& context, IkeSa& sa, const std::vector<Payload>& payloads) {
  sa.active = LivenessExchange{};
  send_request(context, sa, ExchangeType::Informational, payloads,
               question_policy(sa.peer->dpd_interval));
}

}  // namespace

void start_liveness(Context& context, IkeSa& sa) {
  ask(context, sa, {});
}

void start_invalid_spi(Context& context, IkeSa& sa, Spi unknown) {
  ask(context, sa, {invalid_spi_notify(unknown)});
}

std::vector<Payload> answer_informational(Context& context, IkeSa& sa,
                                          const std::vector<Payload>& payloads) {
  // RFC 7296 2.21.2: an initiator that refuses our AUTH says so in an exchange of its own.
  if (find_notify(payloads, NotifyType::AuthenticationFailed) != nullptr) {
    answer_delete_ike(context, sa, diagnose(Cause::AuthRefused, sa.peer->name));
    return {};
  }
  if (deletes_ike(payloads)) {
    answer_delete_ike(context, sa, diagnose(Cause::PeerDeleted, sa.peer->name));
    return {};
  }
  std::vector<Payload> answer = answer_delete_children(context, sa, deleted_esp_spis(payloads));
  believe_invalid_spis(context, sa, payloads);
  return answer;
}

}  // namespace twinspan::ike
