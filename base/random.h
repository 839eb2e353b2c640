// Where unpredictable bytes come from; injected, so that the simulator can replay a run.
#pragma once

#include "base/bytes.h"

namespace twinspan {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(ByteSpan out) = 0;

  uint32_t u32() {
    uint8_t bytes[4];
    fill(bytes);
    return load_be32(bytes);
  }
  uint64_t u64() {
    uint8_t bytes[8];
    fill(bytes);
    return load_be64(bytes);
  }
};

}  // namespace twinspan
