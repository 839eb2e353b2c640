// The carrier of one tunnel's device: on while the tunnel has a usable SA pair. A change shows at
// once, unless the tunnel flaps: the kernel passes on only one carrier loss per second, so after
// several losses in a short time the carrier stays off for a hold-down time, and whoever watches it
// sees each loss. Thread: the control thread.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "base/log.h"
#include "tun/host.h"

namespace twinspan::tools {

class Carrier {
 public:
  static constexpr std::chrono::milliseconds kHoldDown{1000};
  static constexpr std::chrono::seconds kFlapWindow{10};
  static constexpr size_t kFlapLosses = 3;  // So many losses within the window make a flap.

  // The carrier starts off. `device` needs its name and index only.
  Carrier(boost::asio::io_context& context, tun::Host& host, tun::TunDevice device, Log log);

  void want(bool on);
  const std::string& device() const { return device_.name; }

 private:
  void set(bool on);
  bool is_flapping() const;

  tun::Host& host_;
  tun::TunDevice device_;
  Log log_;
  boost::asio::steady_timer hold_down_;
  // The newest losses, oldest first.
  std::array<std::chrono::steady_clock::time_point, kFlapLosses> losses_{};
  bool wanted_ = false;
  bool on_ = false;
};

}  // namespace twinspan::tools
