// LinuxHost: the tunnels' routes, and questions about the host's.
#include <algorithm>
#include <map>

#include "base/check.h"
#include "tun/host_checks.h"
#include "tun/linux_host.h"
#include "tun/linux_host_error.h"
#include "tun/route_programmer.h"

namespace twinspan::tun {
namespace {

constexpr unsigned kMtuUnknown = 1500;

std::vector<InterfaceAddress> usable_addresses(NetlinkSocket& socket) {
  auto addresses = dump_addresses(socket).value_or(std::vector<InterfaceAddress>{});
  std::erase_if(addresses, [](const InterfaceAddress& entry) { return !entry.usable; });
  return addresses;
}

Result<std::map<std::string, int>, HostError> find_devices(NetlinkSocket& socket,
                                                           const std::vector<TunnelRoute>& routes) {
  std::map<std::string, int> indexes;
  for (const TunnelRoute& route : routes) {
    if (indexes.contains(route.device)) continue;
    const auto link = find_link(socket, route.device);
    if (!link) return Err<HostError>(host_error("device " + route.device, link.error()));
    if (!*link) {
      return Err<HostError>(
          HostError{"route " + route.prefix.to_string() + " to device " + route.device,
                    "the device is gone; the prefix is refused until it is back",
                    "restart the gateway, which makes the device anew"});
    }
    indexes[route.device] = (*link)->index;
  }
  return indexes;
}

}  // namespace

Result<void, HostError> LinuxHost::set_routes(const std::vector<IpPrefix>& protected_prefixes,
                                              const std::vector<TunnelRoute>& routes,
                                              const std::vector<IpPrefix>& attached) {
  CHECK(ids_.has_value());
  if (protected_prefixes.size() + routes.size() + attached.size() > kRoutesMax) {
    return Err<HostError>(HostError{"routes of this instance",
                                    "more than " + std::to_string(kRoutesMax),
                                    "summarize the prefixes"});
  }
  TRY(add_rules());  // Somebody's `ip rule flush` must not be for ever.
  const auto unreachable = wanted_unreachable_routes(ids_->tables, protected_prefixes, routes);
  warn_of_reverse_path(unreachable);
  const auto throws = wanted_throw_routes(ids_->tables, attached, unreachable);
  const auto indexes = find_devices(*netlink_, routes);
  std::vector<Route> wanted = unreachable;
  wanted.insert(wanted.end(), throws.begin(), throws.end());
  if (indexes) {
    const auto tunnels = wanted_tunnel_routes(ids_->tables, resolve(routes, *indexes));
    wanted.insert(wanted.end(), tunnels.begin(), tunnels.end());
  }
  // A missing device keeps no prefix from its protection.
  TRY(apply_routes(wanted));
  if (!indexes) return Err<HostError>(indexes.error());
  return {};
}

std::vector<ResolvedRoute> LinuxHost::resolve(const std::vector<TunnelRoute>& routes,
                                              const std::map<std::string, int>& indexes) {
  const auto addresses = usable_addresses(*netlink_);
  std::vector<ResolvedRoute> resolved;
  resolved.reserve(routes.size());
  for (const TunnelRoute& route : routes) {
    auto source = route.preferred_source;
    if (source &&
        std::ranges::find(addresses, *source, &InterfaceAddress::address) == addresses.end()) {
      log_.warning("route {}: {} is not on this host, so it is not its source",
                   route.prefix.to_string(), source->to_string());
      source.reset();
    }
    resolved.push_back({route.prefix, indexes.at(route.device), source});
  }
  return resolved;
}

// The filter looks up the way back to the sender without our mark. Loose, it takes any device, but
// it does not take "unreachable": with 0.0.0.0/0 in a tunnel that is down it would drop the peer's
// first answer.
void LinuxHost::warn_of_reverse_path(const std::vector<Route>& unreachable) {
  const IpPrefix everything = IpPrefix::any(IpFamily::V4);
  const bool covers_peers =
      std::ranges::find(unreachable, everything, &Route::prefix) != unreachable.end();
  if (!covers_peers || warned_of_reverse_path_) return;
  const std::vector<IpAddress> outer(outer_addresses_.begin(), outer_addresses_.end());
  for (const LocalAddressFact& fact : gather_host_facts(*netlink_, outer).local_addresses) {
    if (fact.rp_filter.value_or(0) == 0) continue;
    warned_of_reverse_path_ = true;
    log_.warning(
        "reverse path filter of {}: on, and 0.0.0.0/0 leads into a tunnel: while the tunnel is "
        "down "
        "the kernel drops what its peer sends. `sysctl -w net.ipv4.conf.all.rp_filter=0 "
        "net.ipv4.conf.{}.rp_filter=0`",
        fact.interface, fact.interface);
  }
}

Result<void, HostError> LinuxHost::apply_routes(const std::vector<Route>& wanted) {
  const auto present = dump_routes(*netlink_, {ids_->tables.a, ids_->tables.b});
  if (!present) return Err<HostError>(host_error("the instance's routes", present.error()));
  return apply_route_steps(*netlink_, plan_route_steps(*present, wanted));
}

std::optional<IpAddress> LinuxHost::find_local_address(const std::vector<IpPrefix>& prefixes) {
  const auto socket = netlink();
  if (!socket) return std::nullopt;
  const auto addresses = usable_addresses(**socket);
  for (const IpPrefix& prefix : prefixes) {
    const auto found = std::ranges::find_if(addresses, [&](const InterfaceAddress& entry) {
      return prefix.contains(entry.address) && !entry.address.is_link_local() &&
             !entry.address.is_loopback();
    });
    if (found != addresses.end()) return found->address;
  }
  return std::nullopt;
}

unsigned LinuxHost::path_mtu(const IpAddress& local, const IpAddress& remote) {
  const auto socket = netlink();
  if (!socket) return kMtuUnknown;
  const auto found = look_up_route(**socket, {local, remote, kSocketMark});
  if (!found || found->device == 0) return kMtuUnknown;
  const auto link = find_link(**socket, found->device);
  const unsigned device_mtu = link && *link ? (*link)->mtu : kMtuUnknown;
  return found->mtu ? std::min(*found->mtu, device_mtu) : device_mtu;
}

}  // namespace twinspan::tun
