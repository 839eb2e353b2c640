#include "ike/driver/asio_driver.h"

namespace twinspan::ike {

AsioDriver::AsioDriver(boost::asio::io_context& context, IkeEndpoint& endpoint, DatagramPort& port,
                       Callbacks callbacks)
    : endpoint_(endpoint), port_(port), callbacks_(std::move(callbacks)), timer_(context, [this] {
        armed_for_.reset();
        endpoint_.handle_timeout(BootTimer::now());
        carry_out();
      }) {}

void AsioDriver::deliver(const Datagram& datagram) {
  const Instant now = BootTimer::now();
  // What came in while the host slept does not go before the deadlines that passed meanwhile.
  if (armed_for_ && *armed_for_ <= now) endpoint_.handle_timeout(now);
  endpoint_.handle_datagram(now, datagram);
  carry_out();
}

void AsioDriver::command(Command command) {
  endpoint_.handle_command(BootTimer::now(), std::move(command));
  carry_out();
}

void AsioDriver::carry_out() {
  if (carrying_out_) return;  // A callback called back; the loop below picks up what it caused.
  carrying_out_ = true;
  for (bool idle = false; !idle;) {
    idle = true;
    while (auto event = endpoint_.poll_event()) {
      callbacks_.event(*std::move(event));
      idle = false;
    }
    if (!idle) callbacks_.turn_done();
    while (const auto datagram = endpoint_.poll_datagram()) {
      port_.send(*datagram);
      idle = false;
    }
  }
  carrying_out_ = false;
  arm();
}

void AsioDriver::arm() {
  const std::optional<Instant> deadline = endpoint_.poll_timeout();
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  if (deadline) {
    timer_.arm(*deadline);
  } else {
    timer_.cancel();
  }
}

}  // namespace twinspan::ike
