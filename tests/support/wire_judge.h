// What every IKE datagram that a host sends must keep, whatever else happens (RFC 7296 2.1, 2.2,
// 2.3; RFC 5282 3.1).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>

#include "tests/support/ladder.h"

namespace twinspan::ike {

// Of every byte of a datagram.
uint64_t digest_of(ByteView bytes);

class WireJudge {
 public:
  // The complaint, if there is one. `digest` is that of the message's bytes.
  std::optional<std::string> judge(const WireMessage& message, uint64_t digest);
  void forget(size_t host);  // It restarts and knows nothing of its SAs any more.

 private:
  // Host, initiator SPI, responder SPI.
  using SaKey = std::tuple<size_t, uint64_t, uint64_t>;
  struct Requests {
    uint32_t highest = 0;
    std::map<uint16_t, uint64_t> digests;  // Of the highest one, by fragment number; 0: SK.
  };
  std::map<SaKey, Requests> requests_;
  std::map<SaKey, std::unordered_map<uint64_t, uint64_t>> ivs_;  // IV to digest.
};

}  // namespace twinspan::ike
