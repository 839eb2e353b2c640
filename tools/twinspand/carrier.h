// The carrier of one tunnel's device: on while the tunnel has a usable SA pair. A loss shows at
// once; after it the carrier stays off for a hold-down time, because the kernel passes on only one
// loss per second and a flap faster than that would be seen half. Thread: the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "base/log.h"
#include "tun/host.h"

namespace twinspan::tools {

class Carrier {
 public:
  static constexpr std::chrono::milliseconds kHoldDown{1000};

  // `device` carries a descriptor of its own on the TUN device (carrier needs one); it starts off.
  Carrier(boost::asio::io_context& context, tun::Host& host, tun::TunDevice device, Log log);

  void want(bool on);
  const std::string& device() const { return device_.name; }

 private:
  void set(bool on);

  tun::Host& host_;
  tun::TunDevice device_;
  Log log_;
  boost::asio::steady_timer hold_down_;
  std::chrono::steady_clock::time_point lost_at_{};
  bool wanted_ = false;
  bool on_ = false;
};

}  // namespace twinspan::tools
