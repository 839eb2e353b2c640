#include "tun/netlink_route.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace twinspan::tun {
namespace {

// IPv6 refuses equal-cost next hops without a gateway. On a TUN device (NOARP) any link-local
// gateway will do, since there is no link layer to resolve it on.
const IpAddress& multipath_gateway() {
  static const IpAddress gateway = *IpAddress::parse("fe80::5457");
  return gateway;
}

uint8_t family_number(IpFamily family) {
  return static_cast<uint8_t>(family == IpFamily::V4 ? AF_INET : AF_INET6);
}

uint8_t type_of(RouteKind kind) {
  switch (kind) {
    case RouteKind::Unreachable:
      return RTN_UNREACHABLE;
    case RouteKind::Throw:
      return RTN_THROW;
    case RouteKind::Unicast:
    case RouteKind::Other:
      break;
  }
  return RTN_UNICAST;
}

RouteKind kind_of(uint8_t type) {
  switch (type) {
    case RTN_UNICAST:
      return RouteKind::Unicast;
    case RTN_UNREACHABLE:
      return RouteKind::Unreachable;
    case RTN_THROW:
      return RouteKind::Throw;
    default:
      return RouteKind::Other;
  }
}

void put_next_hops(NetlinkRequest& request, const Route& route) {
  nlattr* nest = request.open_nest(RTA_MULTIPATH);
  for (const int device : route.devices) {
    // rtnexthop is laid out by hand: its length covers the gateway attribute behind it.
    alignas(rtnexthop) uint8_t bytes[sizeof(rtnexthop) + sizeof(rtattr) + 16] = {};
    rtnexthop hop{};
    hop.rtnh_len = sizeof(rtnexthop);
    hop.rtnh_ifindex = device;
    if (route.prefix.family() == IpFamily::V6) {
      rtattr gateway{.rta_len = sizeof(rtattr) + 16, .rta_type = RTA_GATEWAY};
      std::memcpy(bytes + sizeof(hop), &gateway, sizeof(gateway));
      std::memcpy(bytes + sizeof(hop) + sizeof(gateway), multipath_gateway().bytes().data(), 16);
      hop.rtnh_len = sizeof(bytes);
    }
    std::memcpy(bytes, &hop, sizeof(hop));
    request.append({bytes, hop.rtnh_len});
  }
  request.close_nest(nest);
}

// The next hops of a dumped multipath route.
std::vector<int> parse_next_hops(const nlattr* nest) {
  std::vector<int> devices;
  const auto* at = static_cast<const uint8_t*>(mnl_attr_get_payload(nest));
  size_t left = mnl_attr_get_payload_len(nest);
  while (left >= sizeof(rtnexthop)) {
    rtnexthop hop;
    std::memcpy(&hop, at, sizeof(hop));
    const size_t length = RTNH_ALIGN(hop.rtnh_len);
    if (hop.rtnh_len < sizeof(rtnexthop) || length > left) break;
    devices.push_back(hop.rtnh_ifindex);
    at += length;
    left -= length;
  }
  std::sort(devices.begin(), devices.end());
  return devices;
}

std::optional<Route> parse_route(const nlmsghdr* message) {
  const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  if (header->rtm_flags & RTM_F_CLONED) return std::nullopt;
  const AttributeTable attributes(message, sizeof(rtmsg));
  const IpFamily family = header->rtm_family == AF_INET ? IpFamily::V4 : IpFamily::V6;
  Route route;
  route.prefix =
      IpPrefix(attributes.address(RTA_DST).value_or(IpAddress::any(family)), header->rtm_dst_len);
  route.table = attributes.u32(RTA_TABLE, header->rtm_table);
  route.kind = kind_of(header->rtm_type);
  route.metric = attributes.u32(RTA_PRIORITY);
  route.protocol = header->rtm_protocol;
  route.preferred_source = attributes.address(RTA_PREFSRC);
  // IPv6 shows the loopback device on routes that lead nowhere.
  if (route.kind != RouteKind::Unicast) return route;
  if (const nlattr* nest = attributes.find(RTA_MULTIPATH)) route.devices = parse_next_hops(nest);
  if (attributes.find(RTA_OIF)) {
    route.devices = {static_cast<int>(attributes.u32(RTA_OIF))};
  }
  return route;
}

Rule parse_rule(const nlmsghdr* message) {
  const auto* header = static_cast<const fib_rule_hdr*>(mnl_nlmsg_get_payload(message));
  const AttributeTable attributes(message, sizeof(fib_rule_hdr));
  Rule rule;
  rule.family = header->family == AF_INET ? IpFamily::V4 : IpFamily::V6;
  rule.priority = attributes.u32(FRA_PRIORITY);
  rule.table = attributes.u32(FRA_TABLE, header->table);
  rule.mark = attributes.u32(FRA_FWMARK);
  rule.inverted = (header->flags & FIB_RULE_INVERT) != 0;
  // The kernel writes "no limit" as the highest number.
  const uint32_t suppressed = attributes.u32(FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
  if (suppressed != UINT32_MAX) rule.suppressed_prefix_length = suppressed;
  rule.protocol = attributes.u8(FRA_PROTOCOL);
  return rule;
}

NetlinkResult<void> change_rule(NetlinkSocket& socket, uint16_t type, const Rule& rule) {
  const uint16_t flags = type == RTM_NEWRULE ? NLM_F_CREATE | NLM_F_EXCL : 0;
  NetlinkRequest request(type, flags);
  auto* header = request.put_header<fib_rule_hdr>();
  header->family = family_number(rule.family);
  header->action = FR_ACT_TO_TBL;
  header->flags = rule.inverted ? FIB_RULE_INVERT : 0;
  request.put_u32(FRA_PRIORITY, rule.priority);
  request.put_u32(FRA_TABLE, rule.table);
  request.put_u8(FRA_PROTOCOL, rule.protocol);
  if (rule.mark != 0) {
    request.put_u32(FRA_FWMARK, rule.mark);
    request.put_u32(FRA_FWMASK, UINT32_MAX);
  }
  if (rule.suppressed_prefix_length) {
    request.put_u32(FRA_SUPPRESS_PREFIXLEN, *rule.suppressed_prefix_length);
  }
  return socket.transact(request);
}

NetlinkResult<void> dump_table(NetlinkSocket& socket, IpFamily family, uint32_t table,
                               std::vector<Route>& routes) {
  NetlinkRequest request(RTM_GETROUTE, 0);
  request.put_header<rtmsg>()->rtm_family = family_number(family);
  request.put_u32(RTA_TABLE, table);
  std::vector<Route> found;
  const auto on_reply = [&](const nlmsghdr* message) {
    auto route = parse_route(message);
    // Kernels without strict checking ignore the filter and send every table.
    if (route && route->table == table) found.push_back(*std::move(route));
  };
  const auto dumped = socket.dump(request, [&] { found.clear(); }, on_reply);
  // A table that does not exist yet, or a kernel without the family, has no routes.
  const bool absent =
      !dumped && (dumped.error().code == ENOENT || dumped.error().code == EAFNOSUPPORT ||
                  dumped.error().code == EOPNOTSUPP);
  if (!dumped && !absent) return dumped;
  routes.insert(routes.end(), found.begin(), found.end());
  return {};
}

}  // namespace

NetlinkResult<void> change_route(NetlinkSocket& socket, RouteChange change, const Route& route) {
  const bool deletes = change == RouteChange::Delete;
  const uint16_t flags = deletes                          ? 0
                         : change == RouteChange::Replace ? NLM_F_CREATE | NLM_F_REPLACE
                                                          : NLM_F_CREATE | NLM_F_EXCL;
  NetlinkRequest request(deletes ? RTM_DELROUTE : RTM_NEWROUTE, flags);
  auto* header = request.put_header<rtmsg>();
  header->rtm_family = family_number(route.prefix.family());
  header->rtm_dst_len = static_cast<uint8_t>(route.prefix.length());
  header->rtm_protocol = route.protocol;
  header->rtm_type = type_of(route.kind);
  const bool links = route.kind == RouteKind::Unicast && route.prefix.family() == IpFamily::V4;
  header->rtm_scope = links ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  if (deletes) header->rtm_scope = RT_SCOPE_NOWHERE;
  request.put_u32(RTA_TABLE, route.table);
  request.put_address(RTA_DST, route.prefix.address());
  if (route.metric != 0) request.put_u32(RTA_PRIORITY, route.metric);
  if (!deletes && route.preferred_source) {
    request.put_address(RTA_PREFSRC, *route.preferred_source);
  }
  if (route.devices.size() == 1) {
    request.put_u32(RTA_OIF, static_cast<uint32_t>(route.devices.front()));
  } else if (route.devices.size() > 1) {
    put_next_hops(request, route);
  }
  return socket.transact(request);
}

NetlinkResult<std::vector<Route>> dump_routes(NetlinkSocket& socket,
                                              const std::vector<uint32_t>& tables) {
  std::vector<Route> routes;
  for (const uint32_t table : tables) {
    for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
      TRY(dump_table(socket, family, table, routes));
    }
  }
  return routes;
}

NetlinkResult<RouteLookup> look_up_route(NetlinkSocket& socket, const RouteQuestion& question) {
  NetlinkRequest request(RTM_GETROUTE, 0);
  auto* header = request.put_header<rtmsg>();
  header->rtm_family = family_number(question.destination.family());
  header->rtm_dst_len = static_cast<uint8_t>(question.destination.bits());
  request.put_address(RTA_DST, question.destination);
  if (!question.source.is_unspecified()) {
    header->rtm_src_len = static_cast<uint8_t>(question.source.bits());
    request.put_address(RTA_SRC, question.source);
  }
  if (question.mark != 0) request.put_u32(RTA_MARK, question.mark);
  if (question.input_device != 0)
    request.put_u32(RTA_IIF, static_cast<uint32_t>(question.input_device));
  RouteLookup answer;
  TRY(socket.transact(request, [&](const nlmsghdr* message) {
    const AttributeTable attributes(message, sizeof(rtmsg));
    answer.is_local =
        static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message))->rtm_type == RTN_LOCAL;
    answer.device = static_cast<int>(attributes.u32(RTA_OIF));
    if (const nlattr* metrics = attributes.find(RTA_METRICS)) {
      const uint32_t mtu = AttributeTable(metrics).u32(RTAX_MTU);
      if (mtu != 0) answer.mtu = mtu;
    }
  }));
  return answer;
}

NetlinkResult<void> add_rule(NetlinkSocket& socket, const Rule& rule) {
  return change_rule(socket, RTM_NEWRULE, rule);
}

NetlinkResult<void> delete_rule(NetlinkSocket& socket, const Rule& rule) {
  return change_rule(socket, RTM_DELRULE, rule);
}

NetlinkResult<std::vector<Rule>> dump_rules(NetlinkSocket& socket, IpFamily family) {
  NetlinkRequest request(RTM_GETRULE, 0);
  request.put_header<fib_rule_hdr>()->family = family_number(family);
  std::vector<Rule> rules;
  const auto dumped = socket.dump(
      request, [&] { rules.clear(); },
      [&](const nlmsghdr* message) { rules.push_back(parse_rule(message)); });
  if (!dumped && dumped.error().code != EAFNOSUPPORT && dumped.error().code != EOPNOTSUPP) {
    return Err<NetlinkError>(dumped.error());
  }
  return rules;
}

}  // namespace twinspan::tun
