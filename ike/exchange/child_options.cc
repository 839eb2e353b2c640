#include "ike/exchange/child_options.h"

#include <algorithm>
#include <string>

#include "ike/core/resources.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {
namespace {

const std::string kSourcePortsText = "Twinspan ESP source ports 1";

}  // namespace

std::vector<Payload> option_notifies(bool aggfrag, std::optional<uint16_t> resource) {
  std::vector<Payload> notifies;
  if (aggfrag) {
    notifies.push_back(NotifyPayload{.protocol = ProtocolId::None,
                                     .spi = {},
                                     .type = NotifyType::UseAggfrag,
                                     .value = {kAggfragDontFragment}});
  }
  if (resource) {
    notifies.push_back(NotifyPayload{.protocol = ProtocolId::None,
                                     .spi = {},
                                     .type = NotifyType::SaResourceInfo,
                                     .value = to_bytes(as_bytes(std::to_string(*resource)))});
  }
  return notifies;
}

AggfragDemand read_aggfrag(const std::vector<Payload>& payloads) {
  const auto* notify = find_notify(payloads, NotifyType::UseAggfrag);
  if (notify == nullptr) return AggfragDemand::None;
  // Whether the peer accepts fragments does not matter to who sends none.
  const bool is_met =
      notify->value.size() == 1 && (notify->value.front() & ~kAggfragDontFragment) == 0;
  return is_met ? AggfragDemand::Met : AggfragDemand::Unsupported;
}

bool announces_source_ports(const IkeSa& sa) {
  return wants_resources(*sa.peer) && sa.encapsulation == Encapsulation::Udp &&
         !sa.nat.local_behind_nat && !sa.nat.remote_behind_nat;
}

Payload source_ports_announcement() {
  return VendorIdPayload{to_bytes(as_bytes(kSourcePortsText))};
}

bool has_source_ports_announcement(const std::vector<Payload>& payloads) {
  return std::ranges::any_of(
      payloads, [](const Payload& payload) { return payload == source_ports_announcement(); });
}

}  // namespace twinspan::ike
