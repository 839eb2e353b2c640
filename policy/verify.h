// What `twinspan verify` says of one connection of the running gateway: what was asked of the live
// tables, judged. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/checklist.h"
#include "policy/live_tables.h"
#include "policy/plan.h"

namespace twinspan::policy {

struct VerifyItem {
  std::string check;  // "remote-address", "negotiation", ...: stable words.
  CheckResult result = CheckResult::Unknown;
  std::string message;
  std::string remedy;  // Empty with Pass.
  bool operator==(const VerifyItem&) const = default;
};

struct LiveChild {
  std::string name;
  TrafficSelectors local;
  TrafficSelectors remote;
};

struct VerifyFacts {
  TunnelAnswer tunnel;
  std::string cause;  // Of its last failure: "no-answer"; empty when it is connected.
  FoundRoute outer_route;
  std::vector<LiveChild> children;
  uint64_t packets_in = 0;  // Since the device was opened.
  uint64_t packets_out = 0;
  std::vector<IpPrefix> present_routes;  // Into its device.
  DeviceState device;
  unsigned device_mtu = 0;       // As it was set.
  bool shares_prefixes = false;  // It is one of sharing_tunnels().
  // Of the rules that keep networks apart; nullopt: they cannot be read.
  std::optional<std::vector<std::string>> firewall_faults;
  std::string credential_warning;      // Certificates that are not valid, or soon will not be.
  std::chrono::seconds clock_jump{0};  // The wall clock's largest, since the start; signed.
  bool is_clock_plausible = true;      // Not before this program was written.
};

// The connections out of whose tunnel may come, by IPv4, what another one's answers go into: both
// have its prefix, or the other one a longer one.
std::set<std::string> sharing_tunnels(const Plan& plan);

// The names of the checks, in their order: remote-address, negotiation, selectors, counters,
// routes, device, reverse-path, mtu, clock, isolation.
std::vector<VerifyItem> verify(const Plan& plan, const TunnelPlan& tunnel,
                               const VerifyFacts& facts);

}  // namespace twinspan::policy
