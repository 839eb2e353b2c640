// The sockets of an instance's addresses: UDP 500 and 4500, what SAs with a port of their own are
// sent by, and protocol 50 where a tunnel wants it. Opened first, which the host may refuse, and
// handed to the data plane when all else has been granted too. Thread: the control thread.
#pragma once

#include <set>
#include <vector>

#include "base/result.h"
#include "policy/plan.h"
#include "tools/twinspand/options.h"
#include "tun/data_plane.h"
#include "tun/host.h"

namespace twinspan::tools {

inline constexpr uint16_t kIkePort = 500;
inline constexpr uint16_t kNatPort = 4500;

class OuterSockets {
 public:
  struct Group {
    Endpoint local;
    std::vector<tun::UniqueFd> sockets;
  };
  struct Opened {
    std::vector<Group> udp;
    std::vector<Group> senders;
    std::vector<Group> raw;  // The port means nothing.
  };

  // What the plan needs and the data plane does not have yet.
  Result<Opened, tun::HostError> open(tun::Host& host, const policy::Plan& plan,
                                      const DaemonOptions& options) const;
  void hand_over(Opened opened, tun::DataPlane& data_plane);

 private:
  std::set<IpAddress> udp_;
  std::set<IpAddress> raw_;
};

}  // namespace twinspan::tools
