// Steps that are taken back, the last one first, unless all of them were granted.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tun/host.h"

namespace twinspan::tools {

class Undo {
 public:
  using Step = std::function<Result<void, tun::HostError>()>;

  Undo() = default;
  ~Undo() { take_back(); }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  void add(Step step) { steps_.push_back(std::move(step)); }
  void forget() { steps_.clear(); }

  // What could not be taken back; the steps before it are tried all the same.
  std::vector<tun::HostError> take_back() {
    std::vector<tun::HostError> failed;
    const std::vector<Step> steps = std::exchange(steps_, {});
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      if (auto undone = (*step)(); !undone) failed.push_back(std::move(undone).error());
    }
    return failed;
  }

 private:
  std::vector<Step> steps_;
};

// A change that the host has refused.
struct ChangeRefusal {
  tun::HostError reason;
  std::vector<tun::HostError> not_undone;  // Empty: everything is as it was.

  std::string to_string() const;
  std::string remedy() const;
};

}  // namespace twinspan::tools
