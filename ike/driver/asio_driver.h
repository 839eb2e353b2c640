// The Asio shell around the sans-IO IkeEndpoint: gives it the time and its deadlines, and carries
// out what it asks for, in an order that never exposes a half-made state: events first (SAs
// installed), then one turn_done() (tables published), then the datagrams that tell the peer about
// it.
//
// Thread: the one that runs the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>

#include "ike/core/endpoint.h"
#include "ike/driver/boot_timer.h"
#include "ike/driver/datagram_port.h"

namespace twinspan::ike {

class AsioDriver {
 public:
  struct Callbacks {
    std::function<void(Event)> event;
    std::function<void()> turn_done;  // After the events of one turn, before its datagrams.
  };

  // `endpoint` and `port` outlive the driver. Callbacks may call deliver() and command(); what
  // these cause is carried out in the same turn.
  AsioDriver(boost::asio::io_context& context, IkeEndpoint& endpoint, DatagramPort& port,
             Callbacks callbacks);

  void deliver(const Datagram& datagram);
  void command(Command command);

 private:
  void carry_out();
  void arm();

  IkeEndpoint& endpoint_;
  DatagramPort& port_;
  Callbacks callbacks_;
  BootTimer timer_;
  std::optional<Instant> armed_for_;
  bool carrying_out_ = false;
};

}  // namespace twinspan::ike
