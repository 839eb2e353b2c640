// The control thread's side of sa_table.h: SAs are made here, once, and named by every table that
// follows.
#include <algorithm>

#include "base/check.h"
#include "esp/kernels/select.h"
#include "esp/sa_table.h"

namespace twinspan::esp {
namespace {

using kernels::Cipher;
using kernels::Direction;
using kernels::Kernel;
using kernels::KeyMaterial;

std::unique_ptr<Cipher> make_cipher(const Kernel& kernel, const EspTransforms& transforms,
                                    const EspKeys& keys, RandomSource* iv_random) {
  const EncryptionProperties& encryption = *find_encryption(transforms.encryption);
  const IntegrityProperties* const integrity = find_integrity(transforms.integrity);
  const size_t integrity_key_size = integrity == nullptr ? 0 : integrity->key_size;
  if (keys.encryption.size() != size_t{encryption.key_size} + encryption.salt_size ||
      keys.integrity.size() != integrity_key_size) {
    return nullptr;
  }
  SecretBytes iv_seed(kernels::kIvSeedSize);
  if (iv_random != nullptr) iv_random->fill(iv_seed.span());
  const KeyMaterial material{
      .key = keys.encryption.data(),
      .key_size = encryption.key_size,
      .salt = keys.encryption.data() + encryption.key_size,
      .integrity_key = keys.integrity.data(),
      .integrity_key_size = static_cast<uint32_t>(integrity_key_size),
      .icv_size = integrity == nullptr ? encryption.icv_size : integrity->icv_size,
      .iv_seed = iv_seed.data()};
  return Cipher::make(kernel, material, iv_random != nullptr ? Direction::Seal : Direction::Open);
}

Result<void, std::string> check_params(const SaPairParams& params) {
  if (params.inbound_spi.value <= kReservedSpiMax || params.outbound_spi.value <= kReservedSpiMax) {
    return Err<std::string>("SPIs up to 255 are reserved");
  }
  if (params.replay_window_packets < kReplayWidthMin ||
      params.replay_window_packets > kReplayWidthMax) {
    return Err<std::string>("a replay window of " + std::to_string(params.replay_window_packets) +
                            " packets is not between 1024 and 1048576");
  }
  if (params.resource >= kResourcesMax) {
    return Err<std::string>("resource " + std::to_string(params.resource) + " is not below 256");
  }
  return {};
}

}  // namespace

struct SaStore::Child {
  TunnelId tunnel;
  SpdEntry spd_entry;  // Without SAs.
  Spi inbound_spi;
  std::shared_ptr<InboundSa> inbound;
  std::shared_ptr<OutboundSa> outbound;  // Active or not.
};

struct SaStore::Tunnel {
  SourcePolicy policy;
  std::vector<std::shared_ptr<TunnelCounters>> counters;  // By queue.
  std::shared_ptr<PathMtu> path = std::make_shared<PathMtu>();
  Spd spd;
  size_t child_count = 0;
  std::shared_ptr<const TunnelEntry> entry;  // As last published; nullptr after a change.
};

namespace {

std::shared_ptr<const SourceFilter> make_filter(SourcePolicy policy, const Endpoint& remote) {
  if (policy.refuse_remote) policy.refused_sources.push_back(IpPrefix::host(remote.address));
  return std::make_shared<const SourceFilter>(policy);
}

// Wherever `old` is active; nowhere when it never was, or was replaced.
void replace_in_spd(Spd& spd, const std::shared_ptr<OutboundSa>& old,
                    const std::shared_ptr<OutboundSa>& next) {
  if (old == nullptr) return;
  for (SpdEntry& entry : spd) {
    if (entry.sa == old) entry.sa = next;
    std::ranges::replace(entry.further, old, next);
  }
}

}  // namespace

SaStore::SaStore(const kernels::KernelSet& kernels, RandomSource& random)
    : kernels_(kernels), random_(random) {}
SaStore::~SaStore() = default;

SaStore::Tunnel* SaStore::find_tunnel(TunnelId tunnel) const {
  const auto found = tunnels_.find(tunnel);
  return found == tunnels_.end() ? nullptr : found->second.get();
}

SaStore::Child* SaStore::find_child(ChildId child) const {
  const auto found = children_.find(child);
  return found == children_.end() ? nullptr : found->second.get();
}

void SaStore::add_tunnel(TunnelId tunnel, SourcePolicy policy, unsigned queues) {
  CHECK(tunnels_.size() < kTunnelsMax && queues > 0 && queues <= kResourcesMax);
  auto added = std::make_unique<Tunnel>();
  added->policy = std::move(policy);
  for (unsigned i = 0; i < queues; ++i) {
    added->counters.push_back(std::make_shared<TunnelCounters>());
  }
  CHECK(tunnels_.emplace(tunnel, std::move(added)).second);
}

void SaStore::remove_tunnel(TunnelId tunnel) {
  std::erase_if(child_by_inbound_spi_,
                [&](const auto& item) { return find_child(item.second)->tunnel == tunnel; });
  std::erase_if(children_, [&](const auto& item) { return item.second->tunnel == tunnel; });
  tunnels_.erase(tunnel);
}

void SaStore::set_source_policy(TunnelId id, SourcePolicy policy) {
  Tunnel* const tunnel = find_tunnel(id);
  if (tunnel == nullptr) return;
  tunnel->policy = std::move(policy);
  tunnel->entry.reset();
  for (const auto& [child_id, child] : children_) {
    if (child->tunnel != id || child->inbound == nullptr) continue;
    const InboundSa& sa = *child->inbound;
    child->inbound = sa.moved_to(sa.local(), sa.remote(), make_filter(tunnel->policy, sa.remote()));
  }
}

Result<void, std::string> SaStore::check_room(const SaPairParams& params) const {
  const Tunnel* const tunnel = find_tunnel(params.tunnel);
  if (tunnel == nullptr) return Err<std::string>("the tunnel is unknown");
  if (find_child(params.child) != nullptr) return Err<std::string>("the Child SA is already there");
  if (tunnel->child_count >= kChildrenMax)
    return Err<std::string>("too many Child SAs in a tunnel");
  if (child_by_inbound_spi_.contains(params.inbound_spi.value)) {
    return Err<std::string>("the inbound SPI is taken");
  }
  return {};
}

Result<void, std::string> SaStore::install(SaPairParams params) {
  TRY(check_room(params));
  TRY(check_params(params));
  Tunnel* const tunnel = find_tunnel(params.tunnel);
  const EspTransforms& transforms = params.transforms;
  const bool aggfrag = params.aggfrag;
  const Kernel* const kernel = kernels_.find(transforms.encryption, transforms.integrity);
  if (kernel == nullptr) return Err<std::string>("ESP has no such pair of transforms");
  auto inbound_cipher = make_cipher(*kernel, transforms, params.inbound_keys, nullptr);
  auto outbound_cipher = make_cipher(*kernel, transforms, params.outbound_keys, &random_);
  if (inbound_cipher == nullptr || outbound_cipher == nullptr) {
    return Err<std::string>("the keys do not fit the transforms");
  }

  const auto queue = static_cast<uint16_t>(params.resource % tunnel->counters.size());
  const SaIdentity identity{.child = params.child,
                            .tunnel = params.tunnel,
                            .resource = params.resource,
                            .queue = queue,
                            .inbound_spi = params.inbound_spi,
                            .outbound_spi = params.outbound_spi,
                            .encapsulation = params.encapsulation,
                            .local = params.local,
                            .remote = params.remote,
                            .has_own_source_port = params.own_source_port};
  const auto selectors =
      std::make_shared<const SelectorPair>(params.local_selectors, params.remote_selectors);
  auto child = std::make_unique<Child>();
  child->tunnel = params.tunnel;
  child->spd_entry = {.local = std::move(params.local_selectors),
                      .remote = std::move(params.remote_selectors),
                      .precedence = params.precedence,
                      .selectors = selectors,
                      .sa = nullptr,
                      .further = {}};
  child->inbound_spi = params.inbound_spi;
  child->inbound = std::make_shared<InboundSa>(
      identity, make_filter(tunnel->policy, params.remote),
      std::make_shared<InboundState>(
          InboundState{.is_extended = transforms.esn,
                       .layout = layout_of(transforms.encryption, transforms.integrity, aggfrag),
                       .cipher = std::move(inbound_cipher),
                       .window = ReplayWindow(params.replay_window_packets),
                       .lifetime = TrafficLifetime(params.limits),
                       .events = {},
                       .selectors = selectors,
                       .counters = tunnel->counters[queue],
                       .path = tunnel->path}));
  child->outbound = std::make_shared<OutboundSa>(
      identity, std::make_shared<OutboundState>(OutboundState{
                    .spi = params.outbound_spi.value,
                    .is_extended = transforms.esn,
                    .layout = layout_of(transforms.encryption, transforms.integrity, aggfrag),
                    .cipher = std::move(outbound_cipher),
                    .sequence = OutboundSequence(transforms.esn ? OutboundSequence::kLastExtended
                                                                : OutboundSequence::kLast),
                    .lifetime = TrafficLifetime(params.limits),
                    .events = {},
                    .path = tunnel->path}));
  child_by_inbound_spi_.emplace(params.inbound_spi.value, params.child);
  children_.emplace(params.child, std::move(child));
  ++tunnel->child_count;
  if (params.outbound_active) activate_outbound(params.child);
  return {};
}

void SaStore::activate_outbound(ChildId id) {
  const Child* const child = find_child(id);
  if (child == nullptr || child->outbound == nullptr) return;
  Tunnel& tunnel = *find_tunnel(child->tunnel);
  activate(tunnel.spd, child->spd_entry, child->outbound);
  tunnel.entry.reset();
}

void SaStore::remove_outbound(ChildId id) {
  Child* const child = find_child(id);
  if (child == nullptr) return;
  Tunnel& tunnel = *find_tunnel(child->tunnel);
  replace_in_spd(tunnel.spd, child->outbound, nullptr);
  tunnel.entry.reset();
  child->outbound.reset();
  forget_if_empty(id);
}

void SaStore::remove_inbound(Spi spi) {
  const auto found = child_by_inbound_spi_.find(spi.value);
  if (found == child_by_inbound_spi_.end()) return;
  const ChildId id = found->second;
  child_by_inbound_spi_.erase(found);
  find_child(id)->inbound.reset();
  forget_if_empty(id);
}

void SaStore::forget_if_empty(ChildId id) {
  const Child& child = *find_child(id);
  if (child.inbound != nullptr || child.outbound != nullptr) return;
  --find_tunnel(child.tunnel)->child_count;
  children_.erase(id);
}

void SaStore::update_remote(ChildId id, const Endpoint& local, const Endpoint& remote) {
  Child* const child = find_child(id);
  if (child == nullptr) return;
  Tunnel& tunnel = *find_tunnel(child->tunnel);
  tunnel.path->forget();  // Another path.
  if (child->inbound != nullptr) {
    child->inbound = child->inbound->moved_to(local, remote, make_filter(tunnel.policy, remote));
  }
  if (child->outbound == nullptr) return;
  auto moved = child->outbound->moved_to(local, remote);
  replace_in_spd(tunnel.spd, child->outbound, moved);
  child->outbound = std::move(moved);
  tunnel.entry.reset();
}

std::shared_ptr<const TunnelEntry> SaStore::make_entry(TunnelId id, const Tunnel& tunnel) {
  auto entry = std::make_shared<TunnelEntry>(TunnelEntry{.tunnel = id,
                                                         .spd = tunnel.spd,
                                                         .resources = common_resources(tunnel.spd),
                                                         .source_policy = tunnel.policy,
                                                         .counters = tunnel.counters});
  trim_resources(entry->spd, entry->resources);
  entry->first_counters = entry->counters.front().get();
  entry->any_entry = find_any_to_any(entry->spd);
  if (entry->any_entry != nullptr) entry->only_any = entry->any_entry->sa.get();
  return entry;
}

std::unique_ptr<const SaTable> SaStore::make_table() const {
  std::vector<std::shared_ptr<InboundSa>> inbound;
  for (const auto& [id, child] : children_) {
    if (child->inbound != nullptr) inbound.push_back(child->inbound);
  }
  std::vector<std::shared_ptr<const TunnelEntry>> tunnels;
  for (const auto& [id, tunnel] : tunnels_) {
    if (tunnel->entry == nullptr) {
      tunnel->entry = make_entry(id, *tunnel);
    }
    tunnels.push_back(tunnel->entry);
  }
  return std::unique_ptr<const SaTable>(new SaTable(std::move(inbound), std::move(tunnels)));
}

std::shared_ptr<PathMtu> SaStore::path(TunnelId id) const {
  const Tunnel* const tunnel = find_tunnel(id);
  return tunnel == nullptr ? nullptr : tunnel->path;
}

unsigned SaStore::resources(TunnelId id) const {
  const Tunnel* const tunnel = find_tunnel(id);
  return tunnel == nullptr ? 1 : common_resources(tunnel->spd);
}

std::vector<std::shared_ptr<const TunnelCounters>> SaStore::counters(TunnelId id) const {
  const Tunnel* const tunnel = find_tunnel(id);
  if (tunnel == nullptr) return {};
  return {tunnel->counters.begin(), tunnel->counters.end()};
}

}  // namespace twinspan::esp
