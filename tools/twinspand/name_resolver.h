// Looks up names without holding up the control thread.
//
// getaddrinfo() cannot be ended, and takes as long as its servers let it: each look-up has a thread
// of its own that nobody ever waits for, at most kThreadsMax of them. Who waited kWaitMax gets an
// error, whether its look-up hangs or was never begun. docs/decisions/0014-names.md has the choice.
//
// Threads: every method and every answer on the control thread. A look-up's thread touches only its
// own arguments and, under a lock, the way back.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"

namespace twinspan::tools {

// The addresses of `name` of both families in the name service's order; the error is for people.
// May block for as long as it likes.
using NameAnswer = Result<std::vector<IpAddress>, std::string>;
NameAnswer look_up(const std::string& name);

class NameResolver {
 public:
  static constexpr size_t kThreadsMax = 8;
  static constexpr std::chrono::seconds kWaitMax{20};

  using LookUp = std::function<NameAnswer(const std::string&)>;
  using Tell = std::function<void(const NameAnswer&)>;

  // `look_up` runs on other threads, at the same time as itself. `context` outlives the resolver.
  explicit NameResolver(boost::asio::io_context& context, LookUp look_up = tools::look_up,
                        std::chrono::milliseconds wait_max = kWaitMax);
  ~NameResolver();  // Does not wait; nobody is told any more.
  NameResolver(const NameResolver&) = delete;
  NameResolver& operator=(const NameResolver&) = delete;

  // `tell` is called exactly once, never from within this call.
  void resolve(const std::string& name, Tell tell);
  size_t running_count() const { return running_; }

 private:
  struct WayBack;
  struct Wish {
    std::string name;
    Tell tell;
    std::unique_ptr<boost::asio::steady_timer> patience;
  };
  void begin_waiting();
  void finish(uint64_t id, const NameAnswer& answer);
  void tell(uint64_t id, const NameAnswer& answer);

  boost::asio::io_context& context_;
  LookUp look_up_;
  std::chrono::milliseconds wait_max_;
  std::shared_ptr<WayBack> way_back_;
  std::map<uint64_t, Wish> wishes_;  // Not told yet.
  std::deque<uint64_t> waiting_;  // For a thread; some may have been told that it takes too long.
  uint64_t last_id_ = 0;
  size_t running_ = 0;
};

}  // namespace twinspan::tools
