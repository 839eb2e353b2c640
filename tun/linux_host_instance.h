// What belongs to one gateway instance inside a network namespace: two routing tables, a link
// group, rules.
//
// Ids are derived from the instance's key and run directory, so that a lost state file does not
// lose what the kernel still holds. The state file wins over the derivation: two keys may fall on
// the same ids, and the later one then takes the next. While an instance lives it listens on an
// abstract UNIX socket named after its ids; such names are per network namespace, as the ids are,
// and end with the process. Thread: the control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tun/host.h"
#include "tun/netlink_route.h"
#include "tun/route_programmer.h"

namespace twinspan::tun {

// Outer sockets carry it in every instance: rules send what does not carry it to the tunnels. The
// whole mark is compared, since a masked part would collide with the bits that other programs
// reserve.
constexpr uint32_t kSocketMark = 0x5457494e;  // "TWIN"

// All first rules stand before all second ones, and these before all third ones: what the main
// table knows must not hide the second instance's table A, and a default route of the first not the
// main table.
constexpr uint32_t kTableARulePriority = 5210;
constexpr uint32_t kMainRulePriority = 5220;  // Shared by the instances of a namespace.
constexpr uint32_t kTableBRulePriority = 5230;

constexpr unsigned kIdProbesMax = 64;

// Ids start with 'T' so that a person recognizes them; two table numbers to each of 2^23 slots, and
// a link group.
constexpr uint32_t kInstanceIdBase = 0x54000000;
constexpr uint32_t kInstanceSlots = 1U << 23;

struct InstanceIds {
  RouteTables tables;
  uint32_t link_group = 0;
};
InstanceIds derive_instance_ids(std::string_view key, std::string_view run_dir, unsigned probe);

struct InstanceState {
  std::string key;
  InstanceIds ids;
};
std::string format_instance_state(const InstanceState& state);
std::optional<InstanceState> parse_instance_state(std::string_view text);
std::string state_file_path(const std::string& run_dir);

// The instance's own rules, in the order in which they are to be added.
std::vector<Rule> own_rules(const InstanceIds& ids, IpFamily family);
Rule shared_rule(IpFamily family);
// Whether rules of any instance are there, so that the shared rule must stay.
bool any_own_rule(const std::vector<Rule>& rules);
bool uses_tables(const std::vector<Rule>& rules, const RouteTables& tables);

// The name that marks the ids as taken, in the form of /proc/net/unix.
std::string lock_name(const InstanceIds& ids);
// Result: the held lock; its loss ends it. EADDRINUSE: a live instance has it.
Result<UniqueFd, int> take_instance_lock(const InstanceIds& ids);

}  // namespace twinspan::tun
