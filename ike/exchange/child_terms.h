// What the two ends of a Child SA agree on (RFC 7296 1.3.1, 2.9, 2.17). Pure: agree_child() is the
// responder's decision, accept_child() the initiator's.
#pragma once

#include "ike/core/ike_sa.h"
#include "ike/core/proposal.h"

namespace twinspan::ike {

// What both sides agreed, from our point of view.
struct ChildTerms {
  std::string config;  // The ChildConfig that it serves.
  EspChoice choice;
  TrafficSelectors local, remote;
  bool narrowed = false;        // Less than configured.
  bool more_possible = false;   // The responder would take more in another Child SA.
  bool aggfrag = false;         // RFC 9347: both sides said USE_AGGFRAG.
  bool shows_resource = false;  // RFC 9611: SA_RESOURCE_INFO was there, and means something to us.
};

struct ChildRefusal {
  Payload notify;
  Diagnosis why;
};

// `rekeyed`: the ChildConfig of the child to replace; nullopt: the one that fits best, of equals
// one that `sa` does not serve yet.
Result<ChildTerms, ChildRefusal> agree_child(const IkeSa& sa, const std::vector<Payload>& payloads,
                                             ChildDh dh, const std::optional<std::string>& rekeyed);

// What we offered, to hold the answer against.
struct ChildOffer {
  const std::string& config;
  const std::vector<EspProposal>& proposals;
  const TrafficSelectors& local;
  const TrafficSelectors& remote;
  ChildDh dh;
};
Result<ChildTerms, Diagnosis> accept_child(const PeerConfig& peer, const ChildOffer& offer,
                                           const std::vector<Payload>& payloads);

}  // namespace twinspan::ike
