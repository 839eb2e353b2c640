#include "esp/inbound_sa.h"

namespace twinspan::esp {

std::shared_ptr<InboundSa> InboundSa::moved_to(
    const Endpoint& local, const Endpoint& remote,
    std::shared_ptr<const SourceFilter> source_filter) const {
  SaIdentity identity = identity_;
  identity.local = local;
  identity.remote = remote;
  return std::make_shared<InboundSa>(identity, std::move(source_filter), state_);
}

}  // namespace twinspan::esp
