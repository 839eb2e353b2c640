#include "ike/exchange/child_terms.h"

#include <algorithm>
#include <utility>

#include "ike/core/child_selection.h"
#include "ike/core/offer_comparison.h"
#include "ike/core/resources.h"
#include "ike/core/selector_narrowing.h"
#include "ike/exchange/child_options.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {
namespace {

uint16_t ke_group(const std::vector<Payload>& payloads) {
  const auto* ke = find_payload<KePayload>(payloads);
  return ke == nullptr ? uint16_t{0} : ke->group;
}

ChildRefusal refusal(NotifyType type, Diagnosis why) {
  return {error_notify(type), std::move(why)};
}

std::vector<std::string> served_configs(const IkeSa& sa) {
  std::vector<std::string> served;
  for (const ChildSa& child : sa.children) {
    if (child.is_usable()) served.push_back(child.config);
  }
  return served;
}

// Of all children together: a peer that names none of them can be compared with nothing else.
SelectorPair all_selectors(const PeerConfig& peer) {
  SelectorPair all;
  for (const ChildConfig& config : peer.children) {
    for (const TrafficSelector& selector : config.local) all.local.push_back(selector);
    for (const TrafficSelector& selector : config.remote) all.remote.push_back(selector);
  }
  return all;
}

std::string peers_choice(const PeerConfig& peer) {
  if (peer.children.size() == 1) return "";
  return fmt::format("none of our {} pairs", peer.children.size());
}

// RFC 9611 4: SA_RESOURCE_INFO says that there may be more for this traffic, or that this is one
// more, which then has the same selectors. It may be left out when a child is rekeyed.
bool means_resource(const IkeSa& sa, const std::vector<Payload>& payloads,
                    const SelectorPair& agreed) {
  if (!wants_resources(*sa.peer) || find_notify(payloads, NotifyType::SaResourceInfo) == nullptr)
    return false;
  const ChildSa* child = newest_child(sa, sa.peer->children.front().name);
  if (child == nullptr) return true;
  return sa.has_resources && child->local == agreed.local && child->remote == agreed.remote;
}

}  // namespace

Result<ChildTerms, ChildRefusal> agree_child(const IkeSa& sa, const std::vector<Payload>& payloads,
                                             ChildDh dh,
                                             const std::optional<std::string>& rekeyed) {
  const PeerConfig& peer = *sa.peer;
  const auto* offer = find_payload<SaPayload>(payloads);
  const auto* ts_i = find_selectors(payloads, true);
  const auto* ts_r = find_selectors(payloads, false);
  if (offer == nullptr || ts_i == nullptr || ts_r == nullptr) {
    return Err<ChildRefusal>{
        refusal(NotifyType::InvalidSyntax, diagnose(Cause::BadMessage, peer.name, "no selectors"))};
  }
  const SelectorPair proposed{.local = ts_r->selectors, .remote = ts_i->selectors};
  const auto served = served_configs(sa);
  const ChildConfig* config =
      rekeyed ? peer.find_child(*rekeyed) : select_child(peer.children, proposed, served);
  // What the peer may not have at all is told before what it may not have for these packets.
  const auto& proposals = (config != nullptr ? *config : peer.children.front()).proposals;
  const auto choice = select_esp(*offer, proposals, dh, ke_group(payloads));
  if (!choice) {
    const bool is_group_alone = select_esp(*offer, proposals, ChildDh::Without, 0).has_value();
    const Cause cause = is_group_alone ? Cause::PfsMismatch : Cause::NoEspProposal;
    return Err<ChildRefusal>{
        refusal(NotifyType::NoProposalChosen,
                compared(diagnose(cause, peer.name, explain_esp(*offer, proposals, dh)),
                         compare_esp(offer, proposals, dh)))};
  }
  const auto narrowed =
      config == nullptr
          ? std::nullopt
          : narrow_selectors({.local = config->local, .remote = config->remote}, proposed);
  if (!narrowed) {
    return Err<ChildRefusal>{
        refusal(NotifyType::TsUnacceptable,
                compared(diagnose(Cause::TsUnacceptable, peer.name, peers_choice(peer)),
                         compare_selectors(all_selectors(peer), &proposed)))};
  }
  return ChildTerms{
      .config = config->name,
      .choice = *choice,
      .local = narrowed->pair.local,
      .remote = narrowed->pair.remote,
      .narrowed = narrowed->is_less,
      .more_possible = !rekeyed && has_more_for(peer.children, *config, proposed, served),
      .aggfrag = peer.aggfrag && read_aggfrag(payloads) == AggfragDemand::Met,
      .shows_resource = means_resource(sa, payloads, narrowed->pair)};
}

Result<ChildTerms, Diagnosis> accept_child(const PeerConfig& peer, const ChildOffer& offer,
                                           const std::vector<Payload>& payloads) {
  const auto* answer = find_payload<SaPayload>(payloads);
  const auto* ts_i = find_selectors(payloads, true);
  const auto* ts_r = find_selectors(payloads, false);
  if (answer == nullptr || ts_i == nullptr || ts_r == nullptr) {
    return Err<Diagnosis>{
        diagnose(Cause::BadMessage, peer.name, "an agreement without SA or selectors")};
  }
  const auto choice = accept_esp(*answer, offer.proposals, offer.dh);
  if (!choice) {
    return Err<Diagnosis>{
        compared(diagnose(Cause::NoEspProposal, peer.name, "the peer chose what we did not offer"),
                 compare_esp(answer, offer.proposals, offer.dh))};
  }
  const bool is_inside = !ts_i->selectors.empty() && !ts_r->selectors.empty() &&
                         covers(offer.local, ts_i->selectors) &&
                         covers(offer.remote, ts_r->selectors);
  if (!is_inside) {
    const SelectorPair theirs{.local = ts_i->selectors, .remote = ts_r->selectors};
    return Err<Diagnosis>{compared(
        diagnose(Cause::TsUnacceptable, peer.name, "the peer's answer is not within our offer"),
        compare_selectors({offer.local, offer.remote}, &theirs))};
  }
  const AggfragDemand aggfrag = read_aggfrag(payloads);
  // RFC 9347 5.1: an answer to ours. The peer sends AGGFRAG payloads on this child.
  if (aggfrag != AggfragDemand::None && (!peer.aggfrag || aggfrag != AggfragDemand::Met)) {
    return Err<Diagnosis>{
        diagnose(Cause::BadMessage, peer.name,
                 peer.aggfrag ? "the peer's USE_AGGFRAG demands what we do not have"
                              : "the peer's answer has USE_AGGFRAG, which we did not offer")};
  }
  const ChildConfig* config = peer.find_child(offer.config);
  const bool is_less = config == nullptr || !covers(ts_i->selectors, config->local) ||
                       !covers(ts_r->selectors, config->remote);
  return ChildTerms{.config = offer.config,
                    .choice = *choice,
                    .local = ts_i->selectors,
                    .remote = ts_r->selectors,
                    .narrowed = is_less,
                    .aggfrag = aggfrag == AggfragDemand::Met,
                    .shows_resource = find_notify(payloads, NotifyType::SaResourceInfo) != nullptr};
}

}  // namespace twinspan::ike
