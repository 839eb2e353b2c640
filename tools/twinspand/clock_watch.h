// How far the wall clock has jumped since the start, beside a clock that counts every second, those
// of a sleeping host too. Thread: the control thread.
#pragma once

#include "base/time.h"

namespace twinspan::tools {

class ClockWatch {
 public:
  // `since_boot` is CLOCK_BOOTTIME's.
  void observe(Duration since_boot, WallTime wall);
  Duration jump() const { return jump_; }  // All jumps together; negative: backwards.

 private:
  bool has_begun_ = false;
  Duration first_{};  // Wall time less since_boot.
  Duration jump_{};
};

Duration since_boot();

}  // namespace twinspan::tools
