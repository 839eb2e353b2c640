// From the Plan to the inputs of the engines: pure translation, no decisions of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "esp/sa_table.h"
#include "ike/core/peer_config.h"
#include "policy/plan.h"
#include "policy/tunnel_sources.h"
#include "tools/twinspand/credentials.h"
#include "tun/host.h"

namespace twinspan::tools {

ike::PeerConfig to_peer_config(const policy::TunnelPlan& plan, TunnelId tunnel,
                               const TunnelCredentials& credentials, unsigned workers);

ike::Identity to_identity(const policy::Identity& identity);

// Inner sources that must not come out of the tunnel (any-to-any selectors check nothing
// themselves). `sources` is of the same plan.
esp::SourcePolicy to_source_policy(const policy::Plan& plan, const policy::TunnelSources& sources,
                                   const policy::TunnelPlan& tunnel);

// The largest inner packet whose ESP frame fits `path_mtu` unfragmented, for the least favourable
// of the suites that may be negotiated; `aggfrag`: with the header of an AGGFRAG payload (RFC
// 9347). Never below 1280, the least that IPv6 needs.
unsigned inner_mtu(const policy::TunnelPlan& plan, unsigned path_mtu, bool aggfrag = false);

// The device of a tunnel, with a queue for each of the Child SAs that it may get (RFC 9611).
tun::TunSpec to_tun_spec(const policy::TunnelPlan& plan, unsigned path_mtu, unsigned workers);

// How many open files this instance can come to need.
size_t descriptors_needed(const policy::Plan& plan, unsigned workers);

// Of every network that is attached to the host: looked up in its own tables, and never a source
// that comes out of a tunnel.
std::vector<IpPrefix> attached_prefixes(const policy::Plan& plan);

// Prefixes that must never leave in clear, and the routes of all tunnels.
std::vector<IpPrefix> protected_prefixes(const policy::Plan& plan);

}  // namespace twinspan::tools
