#include "esp/sequence.h"

#include <algorithm>

namespace twinspan::esp {

OutboundSequence::Range OutboundSequence::reserve(uint64_t wanted) {
  const Range range{.first = used_ + 1, .count = std::min(wanted, last_ - used_)};
  used_ += range.count;
  return range;
}

}  // namespace twinspan::esp
