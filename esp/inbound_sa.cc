#include "esp/inbound_sa.h"

#include "base/prefetch.h"

namespace twinspan::esp {

InboundSa::InboundSa(const SaIdentity& identity, std::shared_ptr<const SourceFilter> source_filter,
                     std::shared_ptr<InboundState> state)
    : identity_(identity),
      source_filter_(std::move(source_filter)),
      state_(std::move(state)),
      cipher_(*state_->cipher),
      selectors_(state_->selectors.get()),
      counters_(state_->counters.get()),
      path_(state_->path.get()) {}

void InboundSa::prefetch() const {
  twinspan::prefetch(state_.get());
  twinspan::prefetch(selectors_);
  twinspan::prefetch(source_filter_.get());
  prefetch_lines(counters_, kCacheLine);
  twinspan::prefetch(path_);
  cipher_.prefetch();
}

std::shared_ptr<InboundSa> InboundSa::moved_to(
    const Endpoint& local, const Endpoint& remote,
    std::shared_ptr<const SourceFilter> source_filter) const {
  SaIdentity identity = identity_;
  identity.local = local;
  identity.remote = remote;
  return std::make_shared<InboundSa>(identity, std::move(source_filter), state_);
}

}  // namespace twinspan::esp
