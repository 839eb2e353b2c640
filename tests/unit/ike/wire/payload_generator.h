// Random payload values within the codec's limits, from a seed: the same values on every machine.
#pragma once

#include <random>
#include <vector>

#include "ike/wire/message.h"

namespace twinspan::ike {

class PayloadGenerator {
 public:
  explicit PayloadGenerator(uint64_t seed) : engine_(seed) {}

  Payload payload();
  std::vector<Payload> chain(size_t size_max);  // 0 to size_max payloads.

  // In 0..limit. The raw output only: the standard distributions differ between libraries.
  size_t up_to(size_t limit) { return static_cast<size_t>(engine_() % (limit + 1)); }

 private:
  bool coin() { return up_to(1) == 1; }
  uint8_t u8() { return static_cast<uint8_t>(engine_()); }
  uint16_t u16() { return static_cast<uint16_t>(engine_()); }
  uint32_t u32() { return static_cast<uint32_t>(engine_()); }
  size_t size_up_to(size_t limit);  // Favours 0 and the limit.
  Bytes bytes(size_t size);
  Transform transform();
  Proposal proposal();
  IpAddress address(IpFamily family);
  TrafficSelector selector();

  SaPayload sa();
  IdPayload id();
  NotifyPayload notify();
  DeletePayload deletion();
  TsPayload ts();
  OpaquePayload opaque();

  std::mt19937_64 engine_;
};

}  // namespace twinspan::ike
