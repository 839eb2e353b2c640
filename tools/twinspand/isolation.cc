#include "tools/twinspand/isolation.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "policy/firewall_faults.h"
#include "tools/twinspand/firewall_listing.h"
#include "tun/linux_host_instance.h"
#include "tun/unique_fd.h"

namespace twinspan::tools {
namespace {

using tun::HostError;

static_assert(policy::kLinkGroupFirst == tun::kInstanceIdBase);
static_assert(policy::kLinkGroupLast == tun::kInstanceIdBase + tun::kInstanceSlots - 1);

// Another instance holds the lock for one transaction.
constexpr auto kLockPatience = std::chrono::seconds(10);
constexpr auto kLockPause = std::chrono::milliseconds(20);

Result<tun::UniqueFd, HostError> lock_firewall(const std::string& run_dir) {
  std::error_code ignored;
  const auto parent = std::filesystem::weakly_canonical(run_dir, ignored).parent_path();
  const std::string path = (parent / kFirewallLockName).string();
  tun::UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) {
    return Err(HostError{path, std::strerror(errno),
                         "instances of one host take turns by it: choose a run directory whose "
                         "parent belongs to this user"});
  }
  const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= deadline) {
      return Err(
          HostError{path, "another process holds it", "see who does with `fuser` and end it"});
    }
    std::this_thread::sleep_for(kLockPause);
  }
  return lock;
}

Result<policy::FirewallTable, HostError> read_table(tun::Host& host) {
  TRY_ASSIGN(const std::string text, host.read_firewall());
  return parse_firewall_table(text);
}

Result<policy::FirewallTable, HostError> tolerate(const policy::Plan& plan,
                                                  const HostError& refusal, const Log& log) {
  if (plan.networks.needs_isolation()) return Err(refusal);
  log.warning("{}; nothing but this gateway's own network is attached here, so it goes on",
              refusal.to_string());
  return policy::FirewallTable{};
}

}  // namespace

Result<policy::FirewallTable, HostError> isolate(tun::Host& host, const policy::Plan& plan,
                                                 const std::string& run_dir, const Log& log) {
  TRY_ASSIGN(const tun::UniqueFd lock, lock_firewall(run_dir));
  const auto present = read_table(host);
  if (!present) return tolerate(plan, present.error(), log);
  if (auto overlap = policy::overlap_with_others(plan.networks, host.link_group(), *present)) {
    return Err(HostError{"networks attached to this host", *std::move(overlap),
                         "renumber one side; an instance that is no longer used is taken away by "
                         "`twinspan --run-dir DIRECTORY flush`"});
  }
  const std::string key = plan.gateway + "-" + std::to_string(plan.instance);
  auto text = policy::firewall_text(plan.networks, {key, host.link_group()}, *present);
  if (!text) {
    return Err(HostError{"isolation of the attached networks", text.error(),
                         "join neighbouring prefixes, or attach fewer networks to this host"});
  }
  if (const auto changed = host.change_firewall(*text); !changed)
    return tolerate(plan, changed.error(), log);
  return read_table(host);
}

std::optional<std::vector<std::string>> isolation_faults(tun::Host& host,
                                                         const policy::FirewallTable& installed) {
  const auto present = read_table(host);
  if (!present || !installed.exists) return std::nullopt;
  return policy::firewall_faults(host.link_group(), installed, *present);
}

std::map<std::string, policy::FirewallDrops> isolation_drops(tun::Host& host) {
  auto present = read_table(host);
  return present ? std::move(present->drops) : std::map<std::string, policy::FirewallDrops>{};
}

Result<void, HostError> flush_host(tun::Host& host, const std::string& run_dir) {
  const uint32_t link_group = host.link_group();
  host.flush();
  TRY_ASSIGN(const tun::UniqueFd lock, lock_firewall(run_dir));
  TRY_ASSIGN(const policy::FirewallTable present, read_table(host));
  const std::string text = policy::firewall_removal_text(link_group, present);
  return text.empty() ? Result<void, HostError>{} : host.change_firewall(text);
}

}  // namespace twinspan::tools
