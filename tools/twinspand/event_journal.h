// What happened, for `twinspan events`: a bounded ring of JSON lines and the subscribers that
// follow it. Thread: the control thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/time.h"

namespace twinspan::tools {

class EventJournal {
 public:
  static constexpr size_t kEventsMax = 1024;

  using Subscriber = std::function<void(const nlohmann::json&)>;

  EventJournal();
  ~EventJournal();

  // Adds `time` (RFC 3339), `event` and `connection` (null when empty) to `fields` and hands it on.
  void add(std::string_view event, std::string_view connection, nlohmann::json fields);

  const std::deque<nlohmann::json>& recent() const { return recent_; }
  int subscribe(Subscriber subscriber);
  void unsubscribe(int id) { subscribers_.erase(id); }

 private:
  std::deque<nlohmann::json> recent_;
  std::map<int, Subscriber> subscribers_;
  int next_id_ = 1;
};

// "2026-01-02T03:04:05.678Z"
std::string rfc3339_now();
std::string rfc3339(WallTime time);

}  // namespace twinspan::tools
