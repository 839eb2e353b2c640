#include "tools/twinspand/carrier.h"

#include <algorithm>

namespace twinspan::tools {

using std::chrono::steady_clock;

Carrier::Carrier(boost::asio::io_context& context, tun::Host& host, tun::TunDevice device, Log log)
    : host_(host), device_(std::move(device)), log_(std::move(log)), hold_down_(context) {}

void Carrier::want(bool on) {
  if (on == wanted_) return;
  wanted_ = on;
  hold_down_.cancel();
  if (!on) {
    std::rotate(losses_.begin(), losses_.begin() + 1, losses_.end());
    losses_.back() = steady_clock::now();
    return set(false);
  }
  if (!is_flapping()) return set(true);
  hold_down_.expires_at(losses_.back() + kHoldDown);
  hold_down_.async_wait([this](const boost::system::error_code& error) {
    if (!error) set(wanted_);
  });
}

bool Carrier::is_flapping() const {
  const bool has_lost_often = losses_.front() != steady_clock::time_point{};
  return has_lost_often && losses_.back() - losses_.front() < kFlapWindow &&
         steady_clock::now() < losses_.back() + kHoldDown;
}

void Carrier::set(bool on) {
  if (on == on_) return;
  if (const auto done = host_.set_carrier(device_, on); !done) {
    log_.error("{}", done.error().to_string());
    return;
  }
  on_ = on;
}

}  // namespace twinspan::tools
