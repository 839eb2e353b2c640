#include "tun/linux_host_instance.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/check.h"

namespace twinspan::tun {
namespace {

constexpr std::string_view kStateHeading = "twinspan-host-state 1";
constexpr uint32_t kMainTable = 254;  // RT_TABLE_MAIN

// FNV-1a. Nothing depends on its strength: collisions are found and stepped over.
uint64_t hash_text(uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return hash;
}

std::optional<uint32_t> parse_id(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes "name value\n" off the front.
std::optional<std::string_view> take_field(std::string_view& text, std::string_view name) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') {
    return std::nullopt;
  }
  text.remove_prefix(end + 1);
  return line.substr(name.size() + 1);
}

// A damaged or forged file must not lead us to the main table or to somebody's link group.
bool is_own_range(const InstanceIds& ids) {
  const uint32_t slot = ids.link_group - kInstanceIdBase;
  return ids.link_group >= kInstanceIdBase && slot < kInstanceSlots &&
         ids.tables.a == kInstanceIdBase + 2 * slot && ids.tables.b == ids.tables.a + 1;
}

InstanceIds ids_of_slot(uint32_t slot) {
  const uint32_t table_a = kInstanceIdBase + 2 * slot;
  return {.tables = {.a = table_a, .b = table_a + 1}, .link_group = kInstanceIdBase + slot};
}

}  // namespace

InstanceIds derive_instance_ids(std::string_view key, std::string_view run_dir, unsigned probe) {
  CHECK(probe < kIdProbesMax);
  uint64_t hash = hash_text(0xcbf29ce484222325ULL, key);
  hash = hash_text(hash, std::string_view("\0", 1));
  hash = hash_text(hash, run_dir);
  hash ^= hash >> 32;  // The high half mixes best.
  return ids_of_slot((static_cast<uint32_t>(hash) + probe) % kInstanceSlots);
}

std::string format_instance_state(const InstanceState& state) {
  return std::string(kStateHeading) + "\ninstance " + state.key + "\ntable_a " +
         std::to_string(state.ids.tables.a) + "\ntable_b " + std::to_string(state.ids.tables.b) +
         "\nlink_group " + std::to_string(state.ids.link_group) + "\n";
}

std::optional<InstanceState> parse_instance_state(std::string_view text) {
  if (!text.starts_with(kStateHeading) || text.size() <= kStateHeading.size() ||
      text[kStateHeading.size()] != '\n') {
    return std::nullopt;
  }
  text.remove_prefix(kStateHeading.size() + 1);
  const auto key = take_field(text, "instance");
  const auto table_a = take_field(text, "table_a");
  const auto table_b = take_field(text, "table_b");
  const auto group = take_field(text, "link_group");
  if (!key || key->empty() || !table_a || !table_b || !group || !text.empty()) return std::nullopt;
  const auto a = parse_id(*table_a);
  const auto b = parse_id(*table_b);
  const auto link_group = parse_id(*group);
  if (!a || !b || !link_group) return std::nullopt;
  InstanceState state{std::string(*key), {{*a, *b}, *link_group}};
  if (!is_own_range(state.ids)) return std::nullopt;
  return state;
}

std::string state_file_path(const std::string& run_dir) {
  return run_dir + "/host.state";
}

std::vector<Rule> own_rules(const InstanceIds& ids, IpFamily family) {
  const Rule table_a{.family = family,
                     .priority = kTableARulePriority,
                     .table = ids.tables.a,
                     .mark = kSocketMark,
                     .inverted = true,
                     .suppressed_prefix_length = {}};
  Rule table_b = table_a;
  table_b.priority = kTableBRulePriority;
  table_b.table = ids.tables.b;
  return {table_a, table_b};
}

Rule shared_rule(IpFamily family) {
  return {.family = family,
          .priority = kMainRulePriority,
          .table = kMainTable,
          .mark = kSocketMark,
          .inverted = true,
          .suppressed_prefix_length = 0};
}

bool any_own_rule(const std::vector<Rule>& rules) {
  return std::ranges::any_of(rules, [](const Rule& rule) {
    return rule.protocol == kRouteProtocol &&
           (rule.priority == kTableARulePriority || rule.priority == kTableBRulePriority);
  });
}

bool uses_tables(const std::vector<Rule>& rules, const RouteTables& tables) {
  return std::ranges::any_of(
      rules, [&](const Rule& rule) { return rule.table == tables.a || rule.table == tables.b; });
}

std::string lock_name(const InstanceIds& ids) {
  return "@twinspan-host-" + std::to_string(ids.link_group);
}

Result<UniqueFd, int> take_instance_lock(const InstanceIds& ids) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return Err<int>(errno);
  std::string name = lock_name(ids);
  name[0] = '\0';  // The kernel's mark of an abstract name.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  CHECK(name.size() <= sizeof(address.sun_path));
  std::memcpy(address.sun_path, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return Err<int>(errno);
  }
  return fd;
}

}  // namespace twinspan::tun
