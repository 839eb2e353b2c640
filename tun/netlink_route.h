// Routes and routing rules, by rtnetlink.
// Thread: the control thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip_prefix.h"
#include "tun/netlink.h"

namespace twinspan::tun {

// The routing protocol number of every route and rule of ours ("T"); /etc/iproute2/rt_protos does
// not know it.
constexpr uint8_t kRouteProtocol = 84;

enum class RouteKind : uint8_t { Unicast, Unreachable, Throw, Other };

struct Route {
  IpPrefix prefix;
  uint32_t table = 0;
  RouteKind kind = RouteKind::Unicast;
  uint32_t metric = 0;
  std::vector<int> devices;  // Interface indexes, ascending. More than one: equal-cost multipath.
  std::optional<IpAddress> preferred_source;
  uint8_t protocol = kRouteProtocol;

  bool operator==(const Route&) const = default;
};

enum class RouteChange : uint8_t { Add, Replace, Delete };

constexpr size_t kNextHopsMax = 64;  // Devices of one multipath route.

NetlinkResult<void> change_route(NetlinkSocket& socket, RouteChange change, const Route& route);
// All routes of the tables, of both families.
NetlinkResult<std::vector<Route>> dump_routes(NetlinkSocket& socket,
                                              const std::vector<uint32_t>& tables);

struct RouteLookup {
  int device = 0;
  bool is_local = false;        // An address of this host.
  std::optional<unsigned> mtu;  // Where the route, or what path MTU discovery found, says so.
};

struct RouteQuestion {
  IpAddress source;
  IpAddress destination;
  uint32_t mark = 0;
  int input_device = 0;  // Of a packet that comes in; 0: the host sends it.
};

NetlinkResult<RouteLookup> look_up_route(NetlinkSocket& socket, const RouteQuestion& question);

// "[not] fwmark MARK lookup TABLE [suppress_prefixlength N]"
struct Rule {
  IpFamily family = IpFamily::V4;
  uint32_t priority = 0;
  uint32_t table = 0;
  uint32_t mark = 0;
  bool inverted = false;
  std::optional<uint32_t> suppressed_prefix_length;
  uint8_t protocol = kRouteProtocol;

  bool operator==(const Rule&) const = default;
};

// EEXIST when the very rule is there.
NetlinkResult<void> add_rule(NetlinkSocket& socket, const Rule& rule);
NetlinkResult<void> delete_rule(NetlinkSocket& socket, const Rule& rule);
NetlinkResult<std::vector<Rule>> dump_rules(NetlinkSocket& socket, IpFamily family);

}  // namespace twinspan::tun
