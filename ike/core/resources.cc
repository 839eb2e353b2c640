#include "ike/core/resources.h"

#include <algorithm>
#include <set>

namespace twinspan::ike {

bool wants_resources(const PeerConfig& peer) {
  return peer.resources > 1 && peer.children.size() == 1;
}

size_t resources_accepted(const PeerConfig& peer, uint32_t spi_modulus) {
  const size_t wanted = std::max<size_t>(peer.resources, 2 * size_t{spi_modulus});
  return std::min<size_t>(wanted, kResourcesMax);
}

ResourceSet resources_in_use(const IkeSa& sa, std::string_view config) {
  ResourceSet used;
  for (const ChildSa& child : sa.children) {
    if (child.is_usable() && child.config == config) used.set(child.resource);
  }
  return used;
}

size_t places_taken(const IkeSa& sa, std::string_view config) {
  std::set<ChildId> origins;
  for (const ChildSa& child : sa.children) {
    if (child.config == config) origins.insert(child.origin.id);
  }
  return origins.size();
}

const ChildSa* newest_child(const IkeSa& sa, std::string_view config) {
  const ChildSa* newest = nullptr;
  for (const ChildSa& child : sa.children) {
    if (!child.is_usable() || child.config != config) continue;
    if (newest == nullptr || child.id > newest->id) newest = &child;
  }
  return newest;
}

std::optional<uint16_t> free_resource(const IkeSa& sa, std::string_view config, size_t most) {
  const ResourceSet used = resources_in_use(sa, config);
  if (used.count() >= most) return std::nullopt;
  uint16_t resource = 0;
  while (used.test(resource)) ++resource;
  return resource;
}

std::optional<ChildSlot> missing_slot(const IkeSa& sa, const ChildConfig& config) {
  const ResourceSet used = resources_in_use(sa, config.name);
  if (used.none()) return ChildSlot{.config = config.name};
  if (!sa.has_resources || !sa.origin_is_ours) return std::nullopt;
  if (sa.resources_max && places_taken(sa, config.name) >= *sa.resources_max) return std::nullopt;
  for (uint16_t resource = 0; resource < sa.peer->resources; ++resource) {
    if (!used.test(resource)) return ChildSlot{.config = config.name, .resource = resource};
  }
  return std::nullopt;
}

}  // namespace twinspan::ike
