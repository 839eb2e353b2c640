// From the estate that the gateway runs to another one, as people ask for it: what would
// change. Thread: the control thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "policy/change_list.h"
#include "tools/twinspand/gateway.h"

namespace twinspan::tools {

struct ChangeRequest {
  std::string file;      // Empty: the one that the daemon was started with.
  std::string replaced;  // The gateway whose type may change; empty: none.
};

// An error of the control protocol.
struct ChangeFault {
  const char* error;
  nlohmann::json parameters;
};

class EstateChanges {
 public:
  // All of them outlive it.
  EstateChanges(const Gateway& gateway, const DaemonOptions& options)
      : gateway_(gateway), options_(options) {}

  // The answer of the control method.
  Result<nlohmann::json, ChangeFault> plan(const ChangeRequest& request) const;

 private:
  struct Next {
    Estate estate;
    policy::ChangeList list;
  };
  Result<Next, ChangeFault> read(const ChangeRequest& request) const;

  const Gateway& gateway_;
  const DaemonOptions& options_;
};

}  // namespace twinspan::tools
