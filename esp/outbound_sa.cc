#include "esp/outbound_sa.h"

namespace twinspan::esp {

std::shared_ptr<OutboundSa> OutboundSa::moved_to(const Endpoint& local,
                                                 const Endpoint& remote) const {
  SaIdentity identity = identity_;
  identity.local = local;
  identity.remote = remote;
  return std::make_shared<OutboundSa>(identity, state_);
}

}  // namespace twinspan::esp
