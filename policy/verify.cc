#include "policy/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/explain_stages.h"
#include "policy/firewall_faults.h"
#include "policy/prefix_index.h"

namespace twinspan::policy {
namespace {

constexpr unsigned kMtuMin = 1280;  // RFC 8200 5.
// Lifetimes are reckoned by the monotonic clock; certificates and logs are off by as much.
constexpr std::chrono::seconds kClockJumpMax{60};

VerifyItem pass(std::string check, std::string message) {
  return {std::move(check), CheckResult::Pass, std::move(message), ""};
}
VerifyItem fail(std::string check, std::string message, std::string remedy) {
  return {std::move(check), CheckResult::Fail, std::move(message), std::move(remedy)};
}
VerifyItem unknown(std::string check, std::string message, std::string remedy) {
  return {std::move(check), CheckResult::Unknown, std::move(message), std::move(remedy)};
}

constexpr const char* kRestart = "restart twinspand: it puts its devices and routes up again";

VerifyItem check_remote(const TunnelPlan& tunnel, const VerifyFacts& facts) {
  const char* const check = "remote-address";
  if (facts.cause == "name-unresolved")
    return fail(check, facts.tunnel.reason, facts.tunnel.remedy);
  if (facts.outer_route.kind != FoundRoute::Kind::Device) {
    return fail(
        check,
        fmt::format("the host has no way to {} ({})", tunnel.remote_text(), facts.outer_route.text),
        fmt::format("give the host a route to {}", tunnel.remote_text()));
  }
  if (facts.tunnel.is_connected) {
    return pass(check,
                fmt::format("{} answers, by {}", facts.tunnel.remote, facts.outer_route.device));
  }
  if (facts.cause.starts_with("no-answer"))
    return fail(check, facts.tunnel.reason, facts.tunnel.remedy);
  if (!facts.cause.empty()) {
    return pass(check, fmt::format("{} answers, by {}, though there is no connection",
                                   tunnel.remote_text(), facts.outer_route.device));
  }
  return unknown(check, fmt::format("{} was not heard of", tunnel.remote_text()),
                 fmt::format("`twinspan up {}` asks it", tunnel.connection));
}

VerifyItem check_negotiation(const TunnelPlan& tunnel, const VerifyFacts& facts) {
  const char* const check = "negotiation";
  if (!facts.tunnel.is_connected) {
    return fail(check, facts.tunnel.reason.empty() ? "not connected" : facts.tunnel.reason,
                facts.tunnel.remedy.empty() ? fmt::format("`twinspan up {}`", tunnel.connection)
                                            : facts.tunnel.remedy);
  }
  if (!facts.tunnel.trouble.empty())
    return fail(check, facts.tunnel.trouble, facts.tunnel.trouble_remedy);
  return pass(check, "connected with " + facts.tunnel.remote);
}

// Whether one Child SA carries all between the two.
bool is_carried(const VerifyFacts& facts, const IpPrefix& local, const IpPrefix& remote) {
  return std::ranges::any_of(facts.children, [&](const LiveChild& child) {
    return covers(child.local, {TrafficSelector::from_prefix(local)}) &&
           covers(child.remote, {TrafficSelector::from_prefix(remote)});
  });
}

// With an own choice of selectors it is that which counts, else what the routes lead into it.
VerifyItem check_selectors(const Plan& plan, const TunnelPlan& tunnel, const VerifyFacts& facts) {
  const char* const check = "selectors";
  if (facts.children.empty())
    return unknown(check, "there is no Child SA to compare", "see the check of the negotiation");
  std::vector<std::string> uncovered;
  for (const ChildPlan& child : tunnel.children) {
    for (const TrafficSelector& remote : tunnel.any_to_any ? TrafficSelectors{} : child.remote) {
      for (const TrafficSelector& local : child.local) {
        if (local.family() != remote.family()) continue;
        const bool is_there = std::ranges::any_of(facts.children, [&](const LiveChild& live) {
          return covers(live.local, {local}) && covers(live.remote, {remote});
        });
        if (!is_there) uncovered.push_back(local.to_string() + " === " + remote.to_string());
      }
    }
  }
  for (const IpPrefix& remote :
       tunnel.any_to_any ? tunnel.remote_prefixes : std::vector<IpPrefix>{}) {
    for (const IpPrefix& local : plan.own_prefixes) {
      if (local.family() == remote.family() && !is_carried(facts, local, remote))
        uncovered.push_back(local.to_string() + " === " + remote.to_string());
    }
  }
  if (!uncovered.empty()) {
    return fail(check,
                fmt::format("agreed is {}; not carried: {}", facts.tunnel.selectors,
                            fmt::join(uncovered, ", ")),
                fmt::format("the peer has narrower prefixes for connections.{}: give it these, or "
                            "take them away here",
                            tunnel.connection));
  }
  return pass(check, facts.tunnel.selectors);
}

VerifyItem check_counters(const VerifyFacts& facts) {
  const char* const check = "counters";
  const std::string text =
      fmt::format("{} packets in, {} out", facts.packets_in, facts.packets_out);
  if (facts.packets_in > 0 && facts.packets_out > 0) return pass(check, text);
  if (facts.packets_in == 0 && facts.packets_out == 0)
    return unknown(check, text, "send something through it, such as a ping, and ask again");
  if (facts.packets_in == 0) {
    return fail(
        check, text + ": nothing comes back",
        "run `twinspan explain` and `twinspan drops` at the peer; when it sends and nothing "
        "arrives, something on the way drops UDP 4500 or protocol 50");
  }
  return fail(
      check, text + ": nothing is answered",
      "run `twinspan explain` from a host of ours to one of the peer's: a route, a firewall "
      "or the host itself keeps the answers");
}

VerifyItem check_routes(const TunnelPlan& tunnel, const VerifyFacts& facts) {
  const char* const check = "routes";
  std::vector<std::string> missing;
  for (const IpPrefix& prefix : tunnel.remote_prefixes) {
    if (std::ranges::find(facts.present_routes, prefix) == facts.present_routes.end())
      missing.push_back(prefix.to_string());
  }
  if (missing.empty()) {
    return pass(
        check, fmt::format("{} in the kernel by {}", tunnel.remote_prefixes.size(), tunnel.device));
  }
  return fail(check,
              fmt::format("not in the kernel by {}: {}", tunnel.device, fmt::join(missing, ", ")),
              fmt::format("somebody deleted them: {}", kRestart));
}

VerifyItem check_device(const TunnelPlan& tunnel, const VerifyFacts& facts) {
  const char* const check = "device";
  if (!facts.device.exists)
    return fail(check, tunnel.device + " is gone: somebody deleted it", kRestart);
  if (!facts.device.is_up) {
    return fail(check, tunnel.device + " was set down",
                fmt::format("`ip link set {} up`, then {}", tunnel.device, kRestart));
  }
  if (facts.tunnel.is_connected && !facts.device.has_carrier) {
    return fail(check, tunnel.device + " has no carrier though the connection is up",
                "ask again in some seconds; if it stays so, restart twinspand");
  }
  return pass(check, fmt::format("{} is up{}", tunnel.device,
                                 facts.device.has_carrier ? "" : ", without carrier"));
}

// Answers have to go the same way, with a loose filter too: the device has no address.
VerifyItem check_reverse_path(const TunnelPlan& tunnel, const VerifyFacts& facts) {
  const char* const check = "reverse-path";
  if (!facts.device.exists) return unknown(check, "there is no device", kRestart);
  const int filter = facts.device.reverse_path_filter;
  if (filter == 0) return pass(check, fmt::format("no filter of the kernel on {}", tunnel.device));
  const std::string what =
      fmt::format("the kernel's reverse path filter of {} is {}", tunnel.device, filter);
  if (!facts.shares_prefixes)
    return pass(check, what + ", and no other tunnel leads to the same network");
  return fail(check,
              what +
                  ": what comes out of it is dropped when answers go into another tunnel to the "
                  "same network",
              reverse_path_fix(tunnel.device));
}

VerifyItem check_mtu(const TunnelPlan& tunnel, const VerifyFacts& facts) {
  const char* const check = "mtu";
  if (!facts.device.exists) return unknown(check, "there is no device", kRestart);
  if (facts.device.mtu != facts.device_mtu) {
    return fail(check,
                fmt::format("{} has MTU {}, and {} fits the path", tunnel.device, facts.device.mtu,
                            facts.device_mtu),
                fmt::format("`ip link set {} mtu {}`", tunnel.device, facts.device_mtu));
  }
  const unsigned path = facts.tunnel.path_mtu;
  if (path != 0 && path < kMtuMin) {
    return fail(
        check,
        fmt::format("the path to the peer carries {} bytes at once: IPv6 inside needs {}, so "
                    "its packets are sent in fragments",
                    path, kMtuMin),
        "find the narrow link on the way and raise its MTU");
  }
  return pass(check, path == 0
                         ? fmt::format("{} inside", facts.device.mtu)
                         : fmt::format("{} inside; the path carries {}", facts.device.mtu, path));
}

VerifyItem check_clock(const VerifyFacts& facts) {
  const char* const check = "clock";
  if (!facts.is_clock_plausible) {
    return fail(check, "the system clock is years behind: certificates are not valid yet",
                "set the clock, and let NTP keep it");
  }
  if (facts.clock_jump > kClockJumpMax || facts.clock_jump < -kClockJumpMax) {
    return fail(check,
                fmt::format("the system clock has jumped by {} s since the start",
                            facts.clock_jump.count()),
                "let NTP keep the clock; SAs do not depend on it, certificates and logs do");
  }
  if (!facts.credential_warning.empty())
    return fail(check, facts.credential_warning, "renew it, or set the clock right");
  return pass(check, "plausible, and without jumps since the start");
}

VerifyItem check_isolation(const Plan& plan, const VerifyFacts& facts) {
  const char* const check = "isolation";
  if (!plan.networks.needs_isolation())
    return pass(check, "one network is attached here: nothing to keep apart");
  if (!facts.firewall_faults)
    return unknown(check, "nftables cannot be read", "see the daemon's log");
  if (facts.firewall_faults->empty())
    return pass(check, "the rules that keep networks apart are as they were put up");
  return fail(check, firewall_fault(*facts.firewall_faults), kFirewallFix);
}

}  // namespace

std::set<std::string> sharing_tunnels(const Plan& plan) {
  struct Item {
    IpPrefix prefix;
    const TunnelPlan* tunnel;
  };
  std::vector<Item> items;
  for (const TunnelPlan& tunnel : plan.tunnels) {
    for (const IpPrefix& prefix : tunnel.remote_prefixes) {
      if (prefix.family() == IpFamily::V4) items.push_back({prefix, &tunnel});
    }
  }
  std::set<std::string> names;
  visit_overlaps(std::move(items), [&](const Item& outer, const Item& inner) {
    if (outer.tunnel == inner.tunnel) return true;
    const bool is_same = outer.prefix == inner.prefix;
    // What a longer prefix of another tunnel holds does not come out of an any-to-any one
    // (policy/tunnel_sources).
    if (is_same || !outer.tunnel->any_to_any) names.insert(outer.tunnel->connection);
    if (is_same) names.insert(inner.tunnel->connection);
    return true;
  });
  return names;
}

std::vector<VerifyItem> verify(const Plan& plan, const TunnelPlan& tunnel,
                               const VerifyFacts& facts) {
  return {check_remote(tunnel, facts),
          check_negotiation(tunnel, facts),
          check_selectors(plan, tunnel, facts),
          check_counters(facts),
          check_routes(tunnel, facts),
          check_device(tunnel, facts),
          check_reverse_path(tunnel, facts),
          check_mtu(tunnel, facts),
          check_clock(facts),
          check_isolation(plan, facts)};
}

}  // namespace twinspan::policy
