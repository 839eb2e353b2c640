#include "esp/outbound_sa.h"

#include "base/prefetch.h"

namespace twinspan::esp {

OutboundSa::OutboundSa(const SaIdentity& identity, std::shared_ptr<OutboundState> state)
    : identity_(identity),
      state_(std::move(state)),
      cipher_(*state_->cipher),
      path_(state_->path.get()) {}

void OutboundSa::prefetch() const {
  twinspan::prefetch(state_.get());
  twinspan::prefetch(path_);
  cipher_.prefetch();
}

std::shared_ptr<OutboundSa> OutboundSa::moved_to(const Endpoint& local,
                                                 const Endpoint& remote) const {
  SaIdentity identity = identity_;
  identity.local = local;
  identity.remote = remote;
  return std::make_shared<OutboundSa>(identity, state_);
}

}  // namespace twinspan::esp
