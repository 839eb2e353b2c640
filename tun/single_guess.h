// Whether a descriptor that is ready holds one packet only. Where packets come one by one, as in
// an exchange of requests and answers, asking for a second one costs a system call before the first
// one goes on its way; the descriptor is still ready in the next round if the guess was wrong.
// Thread: the loop that reads the descriptor.
#pragma once

#include <cstddef>
#include <cstdint>

namespace twinspan::tun {

class SingleGuess {
 public:
  // Called once each time the descriptor is ready, with WorkerThread::round() and whether it is the
  // only one. True: read once. Never in two rounds in a row: the second one asks what the first
  // left open.
  bool guess(uint64_t round, bool is_alone) {
    const bool was_wrong_maybe = is_open_ && round == last_round_ + 1;
    last_round_ = round;
    return is_open_ = is_alone && comes_singly_ && !was_wrong_maybe;
  }
  // How much it held when it was read until it was empty.
  void note_emptied(size_t packets) { comes_singly_ = packets == 1; }

 private:
  uint64_t last_round_ = 0;
  bool comes_singly_ = false;
  bool is_open_ = false;
};

}  // namespace twinspan::tun
