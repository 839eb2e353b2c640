// LinuxHost: Host by rtnetlink, ioctl, libnftables and sockets. No other program is run.
// Split by subject: linux_host.cc (checks, claim, flush), linux_host_tun.cc (devices),
// linux_host_routes.cc (routes), linux_host_questions.cc (what is so at the moment),
// linux_host_firewall.cc (nftables), linux_host_sockets.cc (outer sockets).
// Thread: the control thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tun/host.h"
#include "tun/linux_host_instance.h"
#include "tun/netlink.h"
#include "tun/netlink_link.h"

namespace twinspan::tun {

class LinuxHost : public Host {
 public:
  explicit LinuxHost(Log log) : log_(std::move(log)) {}

  std::vector<HostFinding> check(const std::vector<IpAddress>& local_addresses) override;
  Result<void, HostError> claim(const std::string& instance_key,
                                const std::string& run_dir) override;
  Result<TunDevice, HostError> open_tun(const TunSpec& spec) override;
  Result<void, HostError> set_carrier(const TunDevice& device, bool on) override;
  Result<void, HostError> set_mtu(const std::string& device, unsigned mtu) override;
  uint64_t queue_drops(const std::string& device) override;
  void delete_tun(const std::string& name) override;
  std::vector<std::string> list_tuns() override;
  Result<void, HostError> set_routes(const std::vector<IpPrefix>& protected_prefixes,
                                     const std::vector<TunnelRoute>& routes,
                                     const std::vector<IpPrefix>& attached) override;
  Result<void, HostError> change_firewall(const std::string& commands) override;
  Result<std::string, HostError> read_firewall() override;
  Result<UniqueFd, HostError> watch_firewall() override;
  uint32_t link_group() const override;
  Result<std::vector<UniqueFd>, HostError> open_udp(const UdpSocketSpec& spec) override;
  Result<std::vector<UniqueFd>, HostError> open_udp_senders(const IpAddress& local,
                                                            unsigned sockets) override;
  Result<std::vector<UniqueFd>, HostError> open_raw_esp(const IpAddress& local,
                                                        unsigned sockets) override;
  std::optional<IpAddress> find_local_address(const std::vector<IpPrefix>& prefixes) override;
  unsigned path_mtu(const IpAddress& local, const IpAddress& remote) override;
  FoundRoute find_route(const PacketPath& path) override;
  FoundRoute find_outer_route(const IpAddress& local, const IpAddress& remote) override;
  DeviceState device_state(const std::string& name) override;
  std::vector<TunnelRoute> present_routes() override;
  void flush() override;

 private:
  // Opened at first use, so that a refusal has a place to be told.
  Result<NetlinkSocket*, HostError> netlink();
  std::vector<IpFamily> families() const;  // Those that this kernel has.

  Result<void, HostError> claim_recorded(const InstanceState& state);
  Result<void, HostError> claim_fresh(const std::string& instance_key);
  Result<bool, HostError> is_in_use(const InstanceIds& ids);
  Result<void, HostError> add_rules();
  void delete_rules();
  void delete_shared_rule(IpFamily family);
  void delete_routes();

  Result<TunDevice, HostError> attach_or_recreate(const TunSpec& spec, bool exists);
  Result<void, HostError> configure_tun(const TunDevice& device, const TunSpec& spec);

  std::vector<ResolvedRoute> resolve(const std::vector<TunnelRoute>& routes,
                                     const std::map<std::string, int>& indexes);
  Result<void, HostError> apply_routes(const std::vector<Route>& wanted);
  FoundRoute look_up(const RouteQuestion& question);

  // A loose reverse path filter is harmless until a default route leads into a tunnel.
  void warn_of_reverse_path(const std::vector<Route>& unreachable);

  Result<UniqueFd, HostError> open_one_udp(const UdpSocketSpec& spec,
                                           const std::vector<UniqueFd>& group);
  HostError udp_refusal(const Endpoint& local, int code);
  HostError not_on_this_host(const std::string& what, const IpAddress& address);
  // IPv6 addresses are not bindable until duplicate address detection is over.
  void wait_until_usable(const IpAddress& address);

  Log log_;
  std::optional<NetlinkSocket> netlink_;
  std::string run_dir_;
  std::optional<InstanceIds> ids_;  // Set by claim().
  UniqueFd instance_lock_;
  std::set<IpAddress> outer_addresses_;             // Of sockets opened here.
  std::map<std::string, uint64_t> dropped_before_;  // By device: before it was opened here.
  bool warned_of_reverse_path_ = false;
};

}  // namespace twinspan::tun
