#include "tun/route_programmer.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <tuple>

#include "tun/linux_host_error.h"

namespace twinspan::tun {
namespace {

// What the kernel takes for the same route: at most one of them exists.
using RouteKey = std::tuple<uint32_t, IpPrefix, uint32_t>;

RouteKey key_of(const Route& route) {
  return {route.table, route.prefix, route.metric};
}

uint32_t table_of(const RouteTables& tables, const IpPrefix& prefix) {
  return prefix.length() == 0 ? tables.b : tables.a;
}

// Steps are applied stage by stage.
enum class Stage : uint8_t {
  AddUnreachable,
  DeleteThrow,
  ChangeTunnel,
  AddThrow,
  DeleteTunnel,
  DeleteUnreachable,
};

Stage stage_of(const RouteStep& step) {
  const bool deletes = step.change == RouteChange::Delete;
  switch (step.route.kind) {
    case RouteKind::Unreachable:
      return deletes ? Stage::DeleteUnreachable : Stage::AddUnreachable;
    case RouteKind::Throw:
      return deletes ? Stage::DeleteThrow : Stage::AddThrow;
    case RouteKind::Unicast:
    case RouteKind::Other:
      break;
  }
  return deletes ? Stage::DeleteTunnel : Stage::ChangeTunnel;
}

// In the order of the stages; within a stage in the order of insertion.
using StagedSteps = std::multimap<Stage, RouteStep>;

// IPv6 has no replacement between routes with and without gateways; the unreachable route below
// holds while the old one is away.
void add_change(StagedSteps& steps, const Route& before, const Route& after) {
  const Stage stage = stage_of({RouteChange::Replace, after});
  if (after.prefix.family() == IpFamily::V4) {
    steps.emplace(stage, RouteStep{RouteChange::Replace, after});
    return;
  }
  steps.emplace(stage, RouteStep{RouteChange::Delete, before});
  steps.emplace(stage, RouteStep{RouteChange::Add, after});
}

std::string remedy_of_step(const RouteStep& step, int code) {
  if (code == EEXIST) {
    return "another program put a route there: see `ip route show table " +
           std::to_string(step.route.table) + "`";
  }
  if (code == ENODEV && step.route.prefix.family() == IpFamily::V6) {
    return "the device is gone, or its MTU is below the 1280 that IPv6 needs: raise the MTU of the "
           "path to the peer, or take the IPv6 prefixes out";
  }
  return remedy_for(code);
}

}  // namespace

std::vector<Route> wanted_unreachable_routes(const RouteTables& tables,
                                             const std::vector<IpPrefix>& protected_prefixes,
                                             const std::vector<TunnelRoute>& tunnel_routes) {
  std::set<IpPrefix> prefixes(protected_prefixes.begin(), protected_prefixes.end());
  for (const TunnelRoute& route : tunnel_routes) prefixes.insert(route.prefix);
  std::vector<Route> routes;
  for (const IpPrefix& prefix : prefixes) {
    routes.push_back({.prefix = prefix,
                      .table = table_of(tables, prefix),
                      .kind = RouteKind::Unreachable,
                      .metric = kUnreachableMetric,
                      .devices = {},
                      .preferred_source = {}});
  }
  return routes;
}

std::vector<Route> wanted_tunnel_routes(const RouteTables& tables,
                                        const std::vector<ResolvedRoute>& routes) {
  std::map<IpPrefix, Route> by_prefix;
  for (const ResolvedRoute& resolved : routes) {
    Route& route = by_prefix[resolved.prefix];
    route.prefix = resolved.prefix;
    route.table = table_of(tables, resolved.prefix);
    route.metric = kTunnelMetric;
    const auto at = std::lower_bound(route.devices.begin(), route.devices.end(), resolved.device);
    if (at == route.devices.end() || *at != resolved.device) {
      route.devices.insert(at, resolved.device);
    }
    if (!route.preferred_source) route.preferred_source = resolved.preferred_source;
  }
  std::vector<Route> wanted;
  for (auto& [prefix, route] : by_prefix) wanted.push_back(std::move(route));
  return wanted;
}

std::vector<Route> wanted_throw_routes(const RouteTables& tables,
                                       const std::vector<IpPrefix>& attached,
                                       const std::vector<Route>& unreachable) {
  std::set<IpPrefix> held;
  for (const Route& route : unreachable) held.insert(route.prefix);
  const std::set<IpPrefix> ordered(attached.begin(), attached.end());
  std::vector<Route> routes;
  for (const IpPrefix& prefix : ordered) {
    // A throw of /0 says no more than the end of the table does.
    if (prefix.length() == 0 || held.contains(prefix)) continue;
    routes.push_back({.prefix = prefix,
                      .table = tables.a,
                      .kind = RouteKind::Throw,
                      .metric = kThrowMetric,
                      .devices = {},
                      .preferred_source = {}});
  }
  return routes;
}

std::vector<RouteStep> plan_route_steps(const std::vector<Route>& present,
                                        const std::vector<Route>& wanted) {
  std::map<RouteKey, const Route*> stale;
  for (const Route& route : present) {
    if (route.protocol == kRouteProtocol) stale[key_of(route)] = &route;
  }
  StagedSteps staged;
  for (const Route& route : wanted) {
    const auto found = stale.find(key_of(route));
    if (found == stale.end()) {
      const RouteStep step{RouteChange::Add, route};
      staged.emplace(stage_of(step), step);
      continue;
    }
    if (*found->second != route) add_change(staged, *found->second, route);
    stale.erase(found);
  }
  for (const auto& [key, route] : stale) {
    const RouteStep step{RouteChange::Delete, *route};
    staged.emplace(stage_of(step), step);
  }
  std::vector<RouteStep> steps;
  for (auto& [stage, step] : staged) steps.push_back(std::move(step));
  return steps;
}

Result<void, HostError> apply_route_steps(NetlinkSocket& socket,
                                          const std::vector<RouteStep>& steps) {
  for (const RouteStep& step : steps) {
    const auto done = change_route(socket, step.change, step.route);
    if (done) continue;
    // ESRCH: the route went with its device meanwhile.
    if (step.change == RouteChange::Delete && done.error().code == ESRCH) continue;
    const char* verb = step.change == RouteChange::Delete ? "removing " : "adding ";
    return Err<HostError>(HostError{verb + describe_route(step.route), done.error().text,
                                    remedy_of_step(step, done.error().code)});
  }
  return {};
}

std::string describe_route(const Route& route) {
  std::string text = "route ";
  if (route.kind == RouteKind::Unreachable) text = "unreachable route ";
  if (route.kind == RouteKind::Throw) text = "throw route ";
  text += route.prefix.to_string() + " in table " + std::to_string(route.table);
  if (route.preferred_source) text += " (source " + route.preferred_source->to_string() + ")";
  return text;
}

}  // namespace twinspan::tun
