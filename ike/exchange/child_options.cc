#include "ike/exchange/child_options.h"

#include <algorithm>
#include <string>

#include "ike/core/resources.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {
namespace {

const std::string kSourcePortsText = "Twinspan ESP source ports 1";
const std::string kSizeProbesText = "Twinspan path size probes 1";

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

bool announces_size_probes(const IkeSa& sa) {
  return sa.has_fragmentation && sa.peer->fragment_size != 0 &&
         sa.peer->size_probing != SizeProbing::Never;
}

Payload announcement(Ability ability) {
  const std::string& text = ability == Ability::SourcePorts ? kSourcePortsText : kSizeProbesText;
  return VendorIdPayload{to_bytes(as_bytes(text))};
}

bool has_announcement(const std::vector<Payload>& payloads, Ability ability) {
  return std::ranges::find(payloads, announcement(ability)) != payloads.end();
}

std::vector<Payload> announcements(const IkeSa& sa) {
  std::vector<Payload> said;
  if (announces_source_ports(sa)) said.push_back(announcement(Ability::SourcePorts));
  if (announces_size_probes(sa)) said.push_back(announcement(Ability::SizeProbes));
  return said;
}

}  // namespace twinspan::ike
