// Steps that are taken back, the last one first, unless all of them were granted.
#pragma once

#include <functional>
#include <vector>

namespace twinspan::tools {

class Undo {
 public:
  Undo() = default;
  ~Undo() {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)();
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  void add(std::function<void()> step) { steps_.push_back(std::move(step)); }
  void forget() { steps_.clear(); }

 private:
  std::vector<std::function<void()>> steps_;
};

}  // namespace twinspan::tools
