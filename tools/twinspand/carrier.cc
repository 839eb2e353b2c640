#include "tools/twinspand/carrier.h"

namespace twinspan::tools {

using std::chrono::steady_clock;

Carrier::Carrier(boost::asio::io_context& context, tun::Host& host, tun::TunDevice device, Log log)
    : host_(host), device_(std::move(device)), log_(std::move(log)), hold_down_(context) {}

void Carrier::want(bool on) {
  if (on == wanted_) return;
  wanted_ = on;
  hold_down_.cancel();
  if (!on) {
    lost_at_ = steady_clock::now();
    return set(false);
  }
  const auto allowed_at = lost_at_ + kHoldDown;
  if (lost_at_ == steady_clock::time_point{} || steady_clock::now() >= allowed_at) return set(true);
  hold_down_.expires_at(allowed_at);
  hold_down_.async_wait([this](const boost::system::error_code& error) {
    if (!error) set(wanted_);
  });
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
