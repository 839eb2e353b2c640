// A peer's error notify in the place of an agreement: what it means beside what we offered. Pure.
#pragma once

#include "ike/exchange/create_child.h"

namespace twinspan::ike {

// `detail` replaces "the peer answered ...".
Diagnosis ike_refused(const PeerConfig& peer, const std::vector<IkeProposal>& offered,
                      const NotifyPayload& error, const std::string& detail = {});
Diagnosis child_refused(const PeerConfig& peer, const ChildOffer& offered,
                        const NotifyPayload& error);
// The same where the algorithms are known to be agreed, so that it is about the group.
Diagnosis pfs_refused(const PeerConfig& peer, const ChildOffer& offered,
                      const NotifyPayload& error);

}  // namespace twinspan::ike
