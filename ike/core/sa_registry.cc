#include "ike/core/sa_registry.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace twinspan::ike {

IkeSa& SaRegistry::add(std::unique_ptr<IkeSa> sa) {
  const IkeSpi spi = sa->own_spi();
  const auto [place, inserted] = map_.emplace(spi, std::move(sa));
  CHECK(inserted);
  return *place->second;
}

IkeSa* SaRegistry::find(IkeSpi own_spi) {
  const auto found = map_.find(own_spi);
  return found == map_.end() ? nullptr : found->second.get();
}

IkeSa* SaRegistry::find_by_init(const Endpoint& remote, IkeSpi initiator, ByteView request) {
  for (auto& [spi, sa] : map_) {
    // The port is left out: it floats to 4500, and a late copy still shows the old one.
    if (sa->role == Role::Responder && sa->spi_i == initiator &&
        sa->remote.address == remote.address && std::ranges::equal(sa->init_request, request)) {
      return sa.get();
    }
  }
  return nullptr;
}

std::vector<IkeSa*> SaRegistry::of_tunnel(TunnelId tunnel) {
  std::vector<IkeSa*> found;
  for (auto& [spi, sa] : map_) {
    if (sa->tunnel() == tunnel) found.push_back(sa.get());
  }
  return found;
}

HalfOpenLoad SaRegistry::half_open(const IpAddress& sender) const {
  const IpPrefix network = prefix_of(sender);
  HalfOpenLoad load;
  for (const auto& [spi, sa] : map_) {
    // One that was refused after IKE_AUTH lingers, and costs as much.
    const bool is_half_open =
        twinspan::ike::is_half_open(sa->state()) ||
        (sa->state() == IkeSaState::Lingering && sa->established_at == Instant{});
    if (!is_half_open) continue;
    ++load.total;
    if (network.contains(sa->remote.address)) ++load.of_prefix;
  }
  return load;
}

void SaRegistry::sweep() {
  std::erase_if(map_,
                [](const auto& entry) { return entry.second->state() == IkeSaState::Closed; });
}

SaRegistry::Place SaRegistry::find_child_by_inbound(Spi spi) {
  for (auto& [own, sa] : map_) {
    if (ChildSa* child = sa->find_child_by_inbound(spi)) return {sa.get(), child};
  }
  return {};
}

SaRegistry::Place SaRegistry::find_child_by_either(Spi spi) {
  const Place place = find_child_by_inbound(spi);
  if (place.child != nullptr) return place;
  for (auto& [own, sa] : map_) {
    if (ChildSa* child = sa->find_child_by_outbound(spi)) return {sa.get(), child};
  }
  return {};
}

SaRegistry::Place SaRegistry::find_child(TunnelId tunnel, ChildId id) {
  for (auto& [own, sa] : map_) {
    if (sa->tunnel() != tunnel) continue;
    if (ChildSa* child = sa->find_child(id)) return {sa.get(), child};
  }
  return {};
}

IkeSpi SaRegistry::fresh_ike_spi(RandomSource& random) const {
  for (;;) {
    const IkeSpi spi{random.u64()};
    if (spi.value != 0 && !map_.contains(spi)) return spi;
  }
}

bool SaRegistry::inbound_in_use(Spi spi) const {
  const auto uses = [spi](const auto& entry) {
    IkeSa& sa = *entry.second;
    if (sa.find_child_by_inbound(spi) != nullptr) return true;
    if (const auto* auth = std::get_if<AuthExchange>(&sa.active)) return auth->inbound_spi == spi;
    if (const ChildExchange* child = child_of(sa.active); child && child->inbound_spi == spi)
      return true;
    return std::ranges::any_of(sa.awaited_followups, [spi](const AwaitedFollowup& awaited) {
      const auto* agreed = std::get_if<AgreedChild>(&awaited.followup.agreed);
      return agreed != nullptr && agreed->child.inbound == spi;
    });
  };
  return std::ranges::any_of(map_, uses);
}

}  // namespace twinspan::ike
