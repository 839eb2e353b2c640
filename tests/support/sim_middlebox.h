// What stands between the hosts of a simulated world besides the link: NATs, and one who copies.
#pragma once

#include "base/endpoint.h"
#include "base/time.h"

namespace twinspan::ike {

// A NAT in front of one host, with a mapping for each of its two ports. Giving it other values is a
// remap: what is sent to the old ones reaches nobody.
struct SimNat {
  IpAddress address;
  uint16_t port_500 = 0;
  uint16_t port_4500 = 0;

  Endpoint outside(const Endpoint& inside) const {
    return {address, inside.port == 500 ? port_500 : port_4500};
  }
  // The host's port behind it; 0: there is no such mapping.
  uint16_t inside_port(const Endpoint& outside) const {
    if (outside.address != address) return 0;
    return outside.port == port_500 ? 500 : outside.port == port_4500 ? 4500 : 0;
  }
};

// Sits on the path of `victim` and sends a copy of all that leaves it, from an endpoint of its own
// and faster than the original. It cannot drop anything.
struct SimCopier {
  size_t victim = 0;
  Endpoint endpoint;
  Duration lead = 1ms;      // By so much its copies are ahead.
  bool relays = false;      // Carries what is sent to it on to the victim, as a NAT would.
  uint64_t caught_esp = 0;  // ESP that was sent to it: traffic that it redirected.
  uint64_t caught_ike = 0;
};

}  // namespace twinspan::ike
