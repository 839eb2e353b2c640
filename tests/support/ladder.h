// Control over single messages of a run, and the run as a picture.
#pragma once

#include <string>
#include <vector>

#include "ike/core/endpoint.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

// One IKE datagram on the wire, with what its cleartext header tells.
struct WireMessage {
  size_t from = 0;  // Host index.
  size_t to = 0;
  Datagram datagram;  // As the receiver sees it.
  Header header;

  bool is_request(ExchangeType exchange) const {
    return !header.is_response && header.exchange == static_cast<uint8_t>(exchange);
  }
  bool is_response(ExchangeType exchange) const {
    return header.is_response && header.exchange == static_cast<uint8_t>(exchange);
  }
};

// "A --CREATE_CHILD_SA request 2--> B".
std::string to_string(const WireMessage& message, const std::vector<std::string>& names);

// Whether anybody will look at the ladder: without one a run is several times faster.
enum class Picture : uint8_t { None, Ladder };

class Ladder {
 public:
  bool is_recording = true;  // Off: a run whose picture nobody will look at is faster.
  void note(std::string line) {
    if (!is_recording) return;
    if (lines_.size() == kLinesMax) lines_.erase(lines_.begin(), lines_.begin() + kLinesMax / 2);
    lines_.push_back(std::move(line));
  }
  std::string render() const;

 private:
  static constexpr size_t kLinesMax = 20000;
  std::vector<std::string> lines_;
};

}  // namespace twinspan::ike
