// The daemon's log: one line per record on stderr.
#pragma once

#include "base/log.h"

namespace twinspan::tools {

// `verbose` lets LogLevel::Debug through.
LogSink make_stderr_sink(bool verbose);

}  // namespace twinspan::tools
