#include "ike/crypto/provider.h"

#include <utility>

namespace twinspan::ike {

std::optional<AnsweredDh> Provider::answer_dh(DhGroupId group, ByteView peer_public_value) {
  const auto own = make_dh(group);
  auto shared = own ? own->compute(peer_public_value) : std::nullopt;
  if (!shared) return std::nullopt;
  return AnsweredDh{own->public_value(), *std::move(shared)};
}

}  // namespace twinspan::ike
