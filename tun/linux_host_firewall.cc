// LinuxHost: the table in which attached networks are kept apart.
#include "base/check.h"
#include "tun/firewall_watch.h"
#include "tun/linux_host.h"
#include "tun/linux_host_error.h"
#include "tun/nftables.h"

namespace twinspan::tun {
namespace {

constexpr const char* kFirewallTable = "twinspan";

Err<HostError> refused(std::string why) {
  return Err<HostError>(HostError{
      std::string("nftables table inet ") + kFirewallTable, std::move(why),
      "it keeps the networks of this host apart: the kernel needs nf_tables with sets, another "
      "program must not own the table, and CAP_NET_ADMIN is needed"});
}

}  // namespace

Result<void, HostError> LinuxHost::change_firewall(const std::string& commands) {
  auto done = run_nftables(commands);
  if (!done) return refused(std::move(done).error());
  return {};
}

Result<std::string, HostError> LinuxHost::read_firewall() {
  auto text = read_nftables_table(kFirewallTable);
  if (!text) return refused(std::move(text).error());
  return *std::move(text);
}

Result<UniqueFd, HostError> LinuxHost::watch_firewall() {
  auto watch = open_firewall_watch();
  if (!watch) return Err<HostError>(host_error("news of nftables", watch.error()));
  return *std::move(watch);
}

uint32_t LinuxHost::link_group() const {
  CHECK(ids_.has_value());
  return ids_->link_group;
}

}  // namespace twinspan::tun
