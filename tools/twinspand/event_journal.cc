#include "tools/twinspand/event_journal.h"

#include <fmt/chrono.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace twinspan::tools {

EventJournal::EventJournal() = default;
EventJournal::~EventJournal() = default;

std::string rfc3339(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)),
                     time.time_since_epoch().count() % 1000);
}

std::string rfc3339_now() {
  return rfc3339(
      std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now()));
}

void EventJournal::add(std::string_view event, std::string_view connection, nlohmann::json fields) {
  fields["time"] = rfc3339_now();
  fields["event"] = event;
  fields["connection"] = connection.empty() ? nlohmann::json() : nlohmann::json(connection);
  if (recent_.size() == kEventsMax) recent_.pop_front();
  recent_.push_back(fields);
  const auto subscribers = subscribers_;  // One of them may leave while it is told.
  for (const auto& [id, subscriber] : subscribers) subscriber(fields);
}

int EventJournal::subscribe(Subscriber subscriber) {
  subscribers_[next_id_] = std::move(subscriber);
  return next_id_++;
}

}  // namespace twinspan::tools
