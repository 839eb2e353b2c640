// From the estate that the gateway runs to another one, as people ask for it: what would change,
// the change itself, and the way back of one that nobody confirms. Thread: the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "policy/change_list.h"
#include "tools/twinspand/gateway.h"

namespace twinspan::tools {

struct ChangeRequest {
  std::string file;                        // Empty: the one that the daemon was started with.
  std::string replaced;                    // The gateway whose type may change; empty: none.
  std::chrono::seconds confirm_within{0};  // 0: the change stands at once.
};

// An error of the control protocol.
struct ChangeFault {
  const char* error;
  nlohmann::json parameters;
};

class EstateChanges {
 public:
  // All of them outlive it.
  EstateChanges(boost::asio::io_context& context, Gateway& gateway, const DaemonOptions& options,
                EventJournal& journal, const Log& log);

  // The answers of the control methods. A file that cannot be run, a change that is refused and a
  // host that refuses change nothing.
  Result<nlohmann::json, ChangeFault> plan(const ChangeRequest& request) const;
  Result<nlohmann::json, ChangeFault> apply(const ChangeRequest& request);
  Result<nlohmann::json, ChangeFault> confirm();

 private:
  struct Next {
    Estate estate;
    policy::ChangeList list;
  };
  Result<Next, ChangeFault> read(const ChangeRequest& request) const;
  ChangeFault bad_estate(const EstateFault& fault, const ChangeRequest& request) const;
  void wait_for_confirmation(Estate former, std::chrono::seconds time);
  void roll_back_after(std::chrono::seconds time);
  void roll_back();  // Tried again and again while the host refuses.
  // Once for each reason in a row.
  void report_refused_roll_back(const std::string& why);

  Gateway& gateway_;
  const DaemonOptions& options_;
  EventJournal& journal_;
  Log log_;
  std::optional<Estate> former_;       // While nobody has confirmed its successor.
  std::string roll_back_refused_for_;  // The last reason; empty: none yet.
  boost::asio::steady_timer deadline_;
};

}  // namespace twinspan::tools
