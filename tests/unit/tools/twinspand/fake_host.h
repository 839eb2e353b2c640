// A host that does nothing and remembers what it was asked, for tests of its callers.
#pragma once

#include "tun/host.h"

namespace twinspan::tools {

class FakeHost : public tun::Host {
 public:
  std::string firewall_json;           // What read_firewall() gives.
  std::optional<std::string> refusal;  // Of change_firewall().
  std::vector<std::string> firewall_changes;
  std::vector<std::string> calls;  // In their order.

  std::vector<tun::HostFinding> check(const std::vector<IpAddress>&) override { return {}; }
  Result<void, tun::HostError> claim(const std::string&, const std::string&) override { return {}; }
  Result<tun::TunDevice, tun::HostError> open_tun(const tun::TunSpec&) override { return none(); }
  Result<void, tun::HostError> set_carrier(const tun::TunDevice&, bool) override { return {}; }
  Result<void, tun::HostError> set_mtu(const std::string&, unsigned) override { return {}; }
  uint64_t queue_drops(const std::string&) override { return 0; }
  void delete_tun(const std::string&) override {}
  std::vector<std::string> list_tuns() override { return {}; }
  Result<void, tun::HostError> set_routes(const std::vector<IpPrefix>&,
                                          const std::vector<tun::TunnelRoute>&,
                                          const std::vector<IpPrefix>&) override {
    calls.push_back("set_routes");
    return {};
  }
  Result<void, tun::HostError> change_firewall(const std::string& commands) override {
    calls.push_back("change_firewall");
    if (refusal) return Err(tun::HostError{"nftables", *refusal, ""});
    firewall_changes.push_back(commands);
    return {};
  }
  Result<std::string, tun::HostError> read_firewall() override { return firewall_json; }
  Result<tun::UniqueFd, tun::HostError> watch_firewall() override { return none(); }
  uint32_t link_group() const override { return 0x54000012; }
  Result<std::vector<tun::UniqueFd>, tun::HostError> open_udp(const tun::UdpSocketSpec&) override {
    return none();
  }
  Result<std::vector<tun::UniqueFd>, tun::HostError> open_udp_senders(const IpAddress&,
                                                                      unsigned) override {
    return none();
  }
  Result<std::vector<tun::UniqueFd>, tun::HostError> open_raw_esp(const IpAddress&,
                                                                  unsigned) override {
    return none();
  }
  std::optional<IpAddress> find_local_address(const std::vector<IpPrefix>&) override {
    return std::nullopt;
  }
  unsigned path_mtu(const IpAddress&, const IpAddress&) override { return 1500; }
  FoundRoute find_route(const tun::PacketPath&) override { return {}; }
  FoundRoute find_outer_route(const IpAddress&, const IpAddress&) override { return {}; }
  DeviceState device_state(const std::string&) override { return {}; }
  std::vector<tun::TunnelRoute> present_routes() override { return {}; }
  void flush() override { calls.push_back("flush"); }

 private:
  static Err<tun::HostError> none() { return Err(tun::HostError{"fake host", "it has none", ""}); }
};

}  // namespace twinspan::tools
