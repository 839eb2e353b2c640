#include "ike/driver/asio_driver.h"

#include <chrono>

namespace twinspan::ike {

AsioDriver::AsioDriver(boost::asio::io_context& context, IkeEndpoint& endpoint, DatagramPort& port,
                       Callbacks callbacks)
    : endpoint_(endpoint), port_(port), callbacks_(std::move(callbacks)), timer_(context) {}

Instant AsioDriver::now() {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

void AsioDriver::deliver(const Datagram& datagram) {
  endpoint_.handle_datagram(now(), datagram);
  carry_out();
}

void AsioDriver::command(Command command) {
  endpoint_.handle_command(now(), std::move(command));
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
  timer_.cancel();
  if (!deadline) return;
  timer_.expires_at(std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
          deadline->time_since_epoch())));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // Cancelled: another deadline took its place.
    armed_for_.reset();
    endpoint_.handle_timeout(now());
    carry_out();
  });
}

}  // namespace twinspan::ike
