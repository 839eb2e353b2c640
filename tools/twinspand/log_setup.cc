#include "tools/twinspand/log_setup.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace twinspan::tools {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

// Log front ends are used on worker threads too, hence the sink with a lock.
LogSink make_stderr_sink(bool verbose) {
  auto logger = std::make_shared<spdlog::logger>("twinspand",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(verbose ? spdlog::level::debug : spdlog::level::info);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %-7l %v");
  return [logger](LogLevel level, std::string_view area, std::string_view text) {
    logger->log(to_spdlog(level), "{}: {}", area, text);
  };
}

}  // namespace twinspan::tools
