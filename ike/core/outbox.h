// What the core wants done, in order, until the driver polls it. Bounded by what one input can
// cause.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "ike/core/endpoint.h"

namespace twinspan::ike {

class Outbox {
 public:
  void send(Datagram datagram) { datagrams_.push_back(std::move(datagram)); }
  void emit(Event event) { events_.push_back(std::move(event)); }

  std::optional<Datagram> take_datagram() { return take(datagrams_); }
  std::optional<Event> take_event() { return take(events_); }

 private:
  template <class T>
  static std::optional<T> take(std::deque<T>& queue) {
    if (queue.empty()) return std::nullopt;
    std::optional<T> front(std::move(queue.front()));
    queue.pop_front();
    return front;
  }

  std::deque<Datagram> datagrams_;
  std::deque<Event> events_;
};

}  // namespace twinspan::ike
