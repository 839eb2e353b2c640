// Log records: level, area, text. A sink is passed in; nothing here is global, and no secret may be
// given to it.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>

namespace twinspan {

enum class LogLevel : uint8_t { Debug, Info, Warning, Error };

using LogSink = std::function<void(LogLevel, std::string_view area, std::string_view text)>;

// A copyable front for one area ("ike", "tun"); silent without a sink.
class Log {
 public:
  Log() = default;
  Log(LogSink sink, std::string area) : sink_(std::move(sink)), area_(std::move(area)) {}

  Log with_area(std::string area) const { return Log(sink_, std::move(area)); }

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::Debug, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::Info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::Warning, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    write(LogLevel::Error, format, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  void write(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
    if (sink_) sink_(level, area_, fmt::format(format, std::forward<Args>(args)...));
  }

  LogSink sink_;
  std::string area_;
};

}  // namespace twinspan
