// One seed: two gateways live for at least ten virtual minutes on a faulty network while both
// rekey, then the network heals and everything must be in order. The same seed is the same run.
#pragma once

#include <string>
#include <vector>

#include "tests/support/sim_world.h"
#include "tests/support/walk_plan.h"

namespace twinspan::ike {

// Every walk goes on until it has seen so much.
inline constexpr unsigned kWalkChildRekeysMin = 3;
inline constexpr unsigned kWalkIkeRekeysMin = 1;
inline constexpr unsigned kWalkFaultPercentMin = 5;

struct WalkVerdict {
  std::vector<std::string> violations;
  std::string picture;  // With Picture::Ladder.
  double fault_percent() const {
    return datagrams == 0 ? 0
                          : 100.0 * static_cast<double>(faults) / static_cast<double>(datagrams);
  }
  // Until the network healed.
  Duration span{};  // Virtual.
  unsigned child_rekeys = 0, ike_rekeys = 0;
  uint64_t datagrams = 0, faults = 0;
  // In all.
  uint64_t esp_packets = 0;
};

class RandomWalk {
 public:
  RandomWalk(uint64_t seed, Picture picture);
  WalkVerdict run();

 private:
  bool is_lossy() const { return plan_.kind == WalkKind::Lossy; }
  bool is_up();
  // The figures until this moment.
  WalkVerdict so_far();
  bool has_seen_enough();

  void start(size_t side);
  void roam();
  void heal();

  // --- What may happen in any walk ---
  void disturb();
  void rekey_child(size_t side);
  void rekey_ike(size_t side);
  void order(size_t side, Command command);  // One that is answered.
  void speak_as_stranger();
  void change_settings();
  // --- What costs packets ---
  void break_something();
  void cut_off();
  void crash();
  void toggle(size_t side);
  void map_ports();
  void reach_hard_limit();
  void hasten();
  void follow_up();  // Ends what has lasted long enough.

  // --- Judgement ---
  void note_first_up();
  void collect(size_t side);  // Its figures, before a restart forgets them.
  void judge_resources();
  void judge_commands();
  void judge_losses();
  void judge_flow();
  void complain(std::string what) { verdict_.violations.push_back(std::move(what)); }

  WalkPlan plan_;
  std::mt19937_64 dice_;
  std::mt19937_64 change_dice_;  // Of changed settings: the other choices stay as they are.
  SimWorld world_;
  Instant began_ = world_.now();
  WalkVerdict verdict_;
  bool is_held_down_[2] = {false, false};
  std::optional<Instant> back_at_[2];  // A crashed host starts again.
  std::optional<Instant> joined_at_;   // The cuts end.
  size_t asked_[2] = {0, 0};
  uint16_t next_port_ = 40000;
  std::optional<uint64_t> lost_before_;  // ESP lost until both ends were up for the first time.
};

}  // namespace twinspan::ike
