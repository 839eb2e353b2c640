#include "ike/core/credentials.h"

#include <utility>

#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"

namespace twinspan::ike {
namespace {

// An SA that still has other settings keeps its credentials with them: it uses neither any more.
void take_over(std::shared_ptr<const PeerConfig>& held,
               const std::shared_ptr<const PeerConfig>& former,
               const std::shared_ptr<const PeerConfig>& fresh) {
  if (held == former) held = fresh;
}

}  // namespace

Authentication succeed(const Authentication& former, Authentication fresh, Instant now) {
  const auto* before = std::get_if<PskAuthentication>(&former);
  auto* after = std::get_if<PskAuthentication>(&fresh);
  if (before == nullptr || after == nullptr) return fresh;
  if (after->secret->equals(before->secret->view())) {
    after->previous = before->previous;
  } else if (after->overlap > Duration{}) {
    after->previous = PreviousPsk{before->secret, now + after->overlap};
  }
  return fresh;
}

void set_credentials(Context& context, CommandSetCredentials command) {
  Tunnel* const tunnel = context.supervisor.find(command.tunnel);
  if (tunnel == nullptr) return;
  const std::shared_ptr<const PeerConfig> former = tunnel->peer;
  PeerConfig peer = *former;
  peer.authentication =
      succeed(peer.authentication, std::move(command.authentication), context.now);
  if (peer.ppk && command.ppk != nullptr) peer.ppk->secret = std::move(command.ppk);
  tunnel->peer = std::make_shared<const PeerConfig>(std::move(peer));
  // The former ones are wiped with the last SA that holds them.
  for (const auto& [spi, sa] : context.sas.all()) {
    take_over(sa->peer, former, tunnel->peer);
    for (auto& candidate : sa->candidates) take_over(candidate, former, tunnel->peer);
  }
}

}  // namespace twinspan::ike
