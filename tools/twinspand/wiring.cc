#include "tools/twinspand/wiring.h"

#include <algorithm>
#include <chrono>

#include "base/algorithm.h"
#include "base/check.h"
#include "esp/path_mtu.h"

namespace twinspan::tools {
namespace {

constexpr unsigned kInnerMtuMin = 1280;  // RFC 8200 5: every IPv6 link carries this much.

ike::IdType to_id_type(policy::IdentityType type) {
  switch (type) {
    case policy::IdentityType::Ipv4:
      return ike::IdType::Ipv4Address;
    case policy::IdentityType::Ipv6:
      return ike::IdType::Ipv6Address;
    case policy::IdentityType::Fqdn:
      return ike::IdType::Fqdn;
    case policy::IdentityType::Email:
      return ike::IdType::Rfc822Address;
    case policy::IdentityType::KeyId:
      return ike::IdType::KeyId;
  }
  CHECK(false);
}

ike::ConnectionMode to_mode(policy::ConnectionMode mode) {
  switch (mode) {
    case policy::ConnectionMode::Default:
      return ike::ConnectionMode::Default;
    case policy::ConnectionMode::InitiatorOnly:
      return ike::ConnectionMode::InitiatorOnly;
    case policy::ConnectionMode::ResponderOnly:
      return ike::ConnectionMode::ResponderOnly;
  }
  CHECK(false);
}

// The replacement starts when a tenth of the lifetime is left, so that a slow peer has time to
// answer.
Duration soft_of(uint64_t hard_seconds) {
  return std::chrono::seconds(hard_seconds) * 9 / 10;
}

static_assert(policy::kTunnelChildrenMax <= ike::kChildConfigsMax);

ike::ChildConfig to_child_config(const policy::TunnelPlan& plan, const policy::ChildPlan& wanted) {
  ike::ChildConfig child{
      .name = wanted.name,
      .local = wanted.local,
      .remote = wanted.remote,
      .proposals = {},
      .lifetime = {.soft_time = soft_of(plan.sa_lifetime_seconds),
                   .hard_time = std::chrono::seconds(plan.sa_lifetime_seconds),
                   .hard_bytes = plan.sa_data_size_kilobytes * 1024,
                   .hard_packets = plan.sa_life_packets},
  };
  for (const policy::EspProposal& proposal : plan.esp_proposals) {
    child.proposals.push_back({proposal.encryption, proposal.integrity, proposal.pfs_group,
                               proposal.esn, proposal.additional});
  }
  return child;
}

// How many Child SAs for the same traffic a tunnel wants, and queues its device has.
uint16_t to_resources(const policy::TunnelPlan& plan, unsigned workers) {
  if (!plan.per_resource_sas) return 1;
  return static_cast<uint16_t>(std::clamp<unsigned>(workers, 1, ike::kResourcesMax));
}

std::optional<ike::PpkConfig> to_ppk(const policy::TunnelPlan& plan,
                                     std::shared_ptr<const SecretBytes> secret) {
  if (!plan.ppk) return std::nullopt;
  return ike::PpkConfig{
      .id = plan.ppk->id, .secret = std::move(secret), .is_required = plan.ppk->is_required};
}

}  // namespace

ike::Identity to_identity(const policy::Identity& identity) {
  if (const auto address = IpAddress::parse(identity.text);
      address && (identity.type == policy::IdentityType::Ipv4 ||
                  identity.type == policy::IdentityType::Ipv6)) {
    return {to_id_type(identity.type), to_bytes(address->bytes())};
  }
  return {to_id_type(identity.type), to_bytes(as_bytes(identity.text))};
}

ike::PeerConfig to_peer_config(const policy::TunnelPlan& plan, TunnelId tunnel,
                               const TunnelCredentials& credentials, unsigned workers) {
  ike::PeerConfig peer{
      .tunnel = tunnel,
      .name = plan.connection,
      .local_address = plan.local_address,
      .remote_address = plan.remote_address,
      .remote_name = plan.remote_name,
      .local_identity = to_identity(plan.local_identity),
      .remote_identity = to_identity(plan.remote_identity),
      .authentication = credentials.authentication,
      .ppk = to_ppk(plan, credentials.ppk),
      .ike_proposals = {},
      .children = {},
      .resources = to_resources(plan, workers),
      .aggfrag = plan.aggfrag,
      .mode = to_mode(plan.mode),
      .encapsulation = plan.encapsulation,
      .fragment_size = plan.ike_fragment_size,
      .ike_soft_lifetime = soft_of(plan.ike_lifetime_seconds),
      .ike_hard_lifetime = std::chrono::seconds(plan.ike_lifetime_seconds),
      .dpd_interval = std::chrono::seconds(plan.dpd_timeout_seconds),
  };
  for (const policy::ChildPlan& child : plan.children)
    peer.children.push_back(to_child_config(plan, child));
  for (const policy::IkeProposal& proposal : plan.ike_proposals) {
    peer.ike_proposals.push_back({proposal.encryption, proposal.integrity, proposal.prf,
                                  proposal.group, proposal.additional});
  }
  return peer;
}

esp::SourcePolicy to_source_policy(const policy::Plan& plan, const policy::TunnelSources& sources,
                                   const policy::TunnelPlan& tunnel) {
  if (!tunnel.any_to_any) return {};
  esp::SourcePolicy policy{
      .refuse_martians = true, .refuse_remote = true, .refused_sources = attached_prefixes(plan)};
  for (const IpAddress& address : plan.local_addresses) {
    policy.refused_sources.push_back(IpPrefix::host(address));
  }
  for (const IpPrefix& prefix : sources.foreign_to(tunnel))
    policy.refused_sources.push_back(prefix);
  if (tunnel.remote_name.empty())
    policy.refused_sources.push_back(IpPrefix::host(tunnel.remote_address));
  return policy;
}

unsigned inner_mtu(const policy::TunnelPlan& plan, unsigned path_mtu, bool aggfrag) {
  const unsigned overhead = esp::outer_overhead(plan.remote_address.family(), plan.encapsulation);
  const unsigned room = path_mtu > overhead ? path_mtu - overhead : 0;
  unsigned mtu = path_mtu;
  for (const policy::EspProposal& proposal : plan.esp_proposals) {
    const esp::EspLayout layout = esp::layout_of(proposal.encryption, proposal.integrity, aggfrag);
    mtu = std::min(mtu, esp::largest_inner(layout, room));
  }
  return std::max(mtu, kInnerMtuMin);
}

tun::TunSpec to_tun_spec(const policy::TunnelPlan& plan, unsigned path_mtu, unsigned workers) {
  return {
      .name = plan.device, .mtu = inner_mtu(plan, path_mtu), .queues = to_resources(plan, workers)};
}

size_t descriptors_needed(const policy::Plan& plan, unsigned workers) {
  // Two epolls, two wake-ups and the handover from other workers.
  constexpr size_t kPerWorker = 5;
  // Ports 500 and 4500 at least, protocol 50, and what SAs with a port of their own are sent by.
  const size_t per_address = 1 + size_t{3} * workers;
  // Control clients, name look-ups, netlink, files that are read, what libraries open.
  constexpr size_t kOthers = 192;
  size_t queues = 0;
  for (const policy::TunnelPlan& tunnel : plan.tunnels) queues += to_resources(tunnel, workers);
  return queues + plan.local_addresses.size() * per_address + workers * kPerWorker + kOthers;
}

std::vector<IpPrefix> attached_prefixes(const policy::Plan& plan) {
  std::vector<IpPrefix> prefixes = plan.own_prefixes;
  for (const policy::AttachedNetwork& network : plan.networks.attached) {
    if (network.gateway_use == policy::GatewayUse::Own) continue;
    prefixes.insert(prefixes.end(), network.prefixes.begin(), network.prefixes.end());
  }
  return prefixes;
}

std::vector<IpPrefix> protected_prefixes(const policy::Plan& plan) {
  std::vector<IpPrefix> prefixes;
  for (const policy::TunnelPlan& tunnel : plan.tunnels) {
    prefixes.insert(prefixes.end(), tunnel.remote_prefixes.begin(), tunnel.remote_prefixes.end());
  }
  std::sort(prefixes.begin(), prefixes.end());
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
  return prefixes;
}

}  // namespace twinspan::tools
