#include "tools/twinspand/outer_sockets.h"

#include <algorithm>

namespace twinspan::tools {

Result<OuterSockets::Opened, tun::HostError> OuterSockets::open(
    tun::Host& host, const policy::Plan& plan, const DaemonOptions& options) const {
  Opened opened;
  const bool wants_raw = std::ranges::any_of(
      plan.tunnels, [](const auto& tunnel) { return tunnel.encapsulation == Encapsulation::Esp; });
  for (const IpAddress& address : plan.local_addresses) {
    if (!udp_.contains(address)) {
      for (const uint16_t port : {kIkePort, kNatPort}) {
        const Endpoint local{address, port};
        const unsigned sockets = port == kNatPort ? options.workers : 1;
        TRY_ASSIGN(auto group, host.open_udp({local, sockets, options.udp_gro}));
        opened.udp.push_back({local, std::move(group)});
      }
      if (options.workers > 1) {
        TRY_ASSIGN(auto group, host.open_udp_senders(address, options.workers));
        opened.senders.push_back({{address, kNatPort}, std::move(group)});
      }
    }
    if (!wants_raw || raw_.contains(address)) continue;
    TRY_ASSIGN(auto group, host.open_raw_esp(address, options.workers));
    opened.raw.push_back({{address, 0}, std::move(group)});
  }
  return opened;
}

void OuterSockets::hand_over(Opened opened, tun::DataPlane& data_plane) {
  for (Group& group : opened.udp) {
    udp_.insert(group.local.address);
    data_plane.add_udp(group.local, std::move(group.sockets));
  }
  for (Group& group : opened.senders)
    data_plane.add_udp_senders(group.local, std::move(group.sockets));
  for (Group& group : opened.raw) {
    raw_.insert(group.local.address);
    data_plane.add_raw_esp(group.local.address, std::move(group.sockets));
  }
}

}  // namespace twinspan::tools
