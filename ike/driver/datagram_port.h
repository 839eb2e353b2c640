// Where the driver hands outgoing IKE datagrams; the daemon connects it to the data plane's
// sockets.
#pragma once

#include "ike/core/endpoint.h"

namespace twinspan::ike {

class DatagramPort {
 public:
  virtual ~DatagramPort() = default;
  // Best effort, as UDP is: a datagram that the host refuses is lost, and retransmission covers it.
  virtual void send(const Datagram& datagram) = 0;
};

}  // namespace twinspan::ike
