#include "tun/linux_host.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tun/host_checks.h"
#include "tun/linux_host_error.h"
#include "tun/linux_host_files.h"
#include "tun/port_owner.h"

namespace twinspan::tun {
namespace {

constexpr size_t kStateBytesMax = 4096;

std::string rules_of(IpFamily family) {
  return family == IpFamily::V4 ? "IPv4 routing rules" : "IPv6 routing rules";
}

HostError already_running(const InstanceIds& ids, const std::string& run_dir) {
  return {"instance in " + run_dir, "it is already run by " + describe_unix_owner(lock_name(ids)),
          "stop that process, or start this one with another --instance or --run-dir"};
}

Result<std::string, HostError> make_run_dir(const std::string& run_dir) {
  std::error_code error;
  const auto absolute = std::filesystem::weakly_canonical(run_dir, error);
  if (!error) std::filesystem::create_directories(absolute, error);
  if (!error) return absolute.string();
  return Err<HostError>(HostError{"run directory " + run_dir, error.message(),
                                  "create it for this user, or choose another with --run-dir"});
}

}  // namespace

std::unique_ptr<Host> make_linux_host(Log log) {
  return std::make_unique<LinuxHost>(std::move(log));
}

Result<NetlinkSocket*, HostError> LinuxHost::netlink() {
  if (!netlink_) {
    auto opened = NetlinkSocket::open();
    if (!opened) return Err<HostError>(host_error("rtnetlink socket", opened.error()));
    netlink_ = std::move(*opened);
  }
  return &*netlink_;
}

std::vector<IpFamily> LinuxHost::families() const {
  if (::access("/proc/net/if_inet6", F_OK) != 0) return {IpFamily::V4};
  return {IpFamily::V4, IpFamily::V6};
}

std::vector<HostFinding> LinuxHost::check(const std::vector<IpAddress>& local_addresses) {
  const auto socket = netlink();
  if (!socket) return {{true, socket.error()}};
  return judge_host(gather_host_facts(**socket, local_addresses));
}

Result<void, HostError> LinuxHost::claim(const std::string& instance_key,
                                         const std::string& run_dir) {
  TRY(netlink());
  TRY_ASSIGN(run_dir_, make_run_dir(run_dir));
  const auto text = read_file(state_file_path(run_dir_), kStateBytesMax);
  const auto state = text ? parse_instance_state(*text) : std::nullopt;
  if (text && !state) {
    log_.warning("{} is damaged; the ids are derived anew", state_file_path(run_dir_));
  }
  if (!state && instance_key.empty()) {
    return Err<HostError>(HostError{"run directory " + run_dir_,
                                    "no instance has left a record here",
                                    "name the run directory of the instance with --run-dir"});
  }
  if (state && !instance_key.empty() && state->key != instance_key) {
    return Err<HostError>(HostError{
        "run directory " + run_dir_, "it belongs to instance " + state->key,
        "`twinspan --run-dir " + run_dir_ + " flush` first, or choose another run directory"});
  }
  if (state) {
    TRY(claim_recorded(*state));
  } else {
    TRY(claim_fresh(instance_key));
  }
  // Without a key the claim is for flush(): nothing new is put up.
  return instance_key.empty() ? Result<void, HostError>{} : add_rules();
}

Result<void, HostError> LinuxHost::claim_recorded(const InstanceState& state) {
  if (ids_) return {};  // Claimed before by this very host.
  auto lock = take_instance_lock(state.ids);
  if (!lock) return Err<HostError>(already_running(state.ids, run_dir_));
  instance_lock_ = *std::move(lock);
  ids_ = state.ids;
  return {};
}

Result<void, HostError> LinuxHost::claim_fresh(const std::string& instance_key) {
  for (unsigned probe = 0; probe < kIdProbesMax; ++probe) {
    const InstanceIds ids = derive_instance_ids(instance_key, run_dir_, probe);
    auto lock = take_instance_lock(ids);
    if (!lock && lock.error() != EADDRINUSE) {
      return Err<HostError>(host_error("the instance's lock", lock.error()));
    }
    if (!lock) continue;
    TRY_ASSIGN(const bool in_use, is_in_use(ids));
    // What nobody holds under the first derivation is our own, from a run whose state file is lost.
    if (in_use && probe > 0) continue;
    const int code = write_file_atomically(state_file_path(run_dir_),
                                           format_instance_state({instance_key, ids}));
    if (code != 0) return Err<HostError>(host_error(state_file_path(run_dir_), code));
    instance_lock_ = *std::move(lock);
    ids_ = ids;
    return {};
  }
  return Err<HostError>(HostError{"instance " + instance_key, "no free routing tables were found",
                                  "flush instances that are no longer used (twinspan flush)"});
}

Result<bool, HostError> LinuxHost::is_in_use(const InstanceIds& ids) {
  for (const IpFamily family : families()) {
    const auto rules = dump_rules(*netlink_, family);
    if (!rules) return Err<HostError>(host_error(rules_of(family), rules.error()));
    if (uses_tables(*rules, ids.tables)) return true;
  }
  const auto links = dump_links(*netlink_);
  if (!links) return Err<HostError>(host_error("network devices", links.error()));
  for (const Link& link : *links) {
    if (link.group == ids.link_group) return true;
  }
  return false;
}

Result<void, HostError> LinuxHost::add_rules() {
  for (const IpFamily family : families()) {
    std::vector<Rule> rules = own_rules(*ids_, family);
    rules.push_back(shared_rule(family));
    for (const Rule& rule : rules) {
      const auto added = add_rule(*netlink_, rule);
      if (!added && added.error().code != EEXIST) {
        return Err<HostError>(host_error(rules_of(family), added.error()));
      }
    }
  }
  return {};
}

void LinuxHost::flush() {
  if (!ids_) return;  // Nothing is claimed, or it was flushed before.
  const auto deleted = delete_link_group(*netlink_, ids_->link_group);
  if (!deleted) log_.warning("flush: the tunnels' devices: {}", deleted.error().text);
  // Rules before routes: an emptied table leads on to the next rule exactly as a missing one.
  delete_rules();
  delete_routes();
  ::unlink(state_file_path(run_dir_).c_str());
  instance_lock_.reset();
  ids_.reset();
}

void LinuxHost::delete_rules() {
  for (const IpFamily family : families()) {
    for (const Rule& rule : own_rules(*ids_, family)) {
      const auto deleted = delete_rule(*netlink_, rule);
      if (!deleted && deleted.error().code != ENOENT) {
        log_.warning("flush: {}: {}", rules_of(family), deleted.error().text);
      }
    }
    delete_shared_rule(family);
  }
}

void LinuxHost::delete_shared_rule(IpFamily family) {
  const auto before = dump_rules(*netlink_, family);
  if (!before || any_own_rule(*before)) return;
  const auto deleted = delete_rule(*netlink_, shared_rule(family));
  // An instance that started between the look and the removal found the shared rule there: give it
  // back.
  const auto after = dump_rules(*netlink_, family);
  if (!deleted || !after || !any_own_rule(*after)) return;
  const auto added = add_rule(*netlink_, shared_rule(family));
  if (!added && added.error().code != EEXIST) {
    log_.error("flush: {}: {}", rules_of(family), added.error().text);
  }
}

void LinuxHost::delete_routes() {
  const auto routes = dump_routes(*netlink_, {ids_->tables.a, ids_->tables.b});
  if (!routes) {
    log_.warning("flush: the instance's tables: {}", routes.error().text);
    return;
  }
  for (const Route& route : *routes) {
    const auto deleted = change_route(*netlink_, RouteChange::Delete, route);
    if (!deleted && deleted.error().code != ESRCH) {
      log_.warning("flush: {}: {}", describe_route(route), deleted.error().text);
    }
  }
}

}  // namespace twinspan::tun
