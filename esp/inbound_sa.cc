#include "esp/inbound_sa.h"

namespace twinspan::esp {

std::shared_ptr<InboundSa> InboundSa::moved_to(const Endpoint& local,
                                               const Endpoint& remote) const {
  SaIdentity identity = identity_;
  identity.local = local;
  identity.remote = remote;
  return std::make_shared<InboundSa>(identity, state_);
}

}  // namespace twinspan::esp
