#include "tests/support/schedule_search.h"

#include <fmt/format.h>

#include <algorithm>

namespace twinspan::ike {
namespace {

constexpr unsigned kStepsMax = 200;

enum class Fate : uint8_t {
  Deliver,
  Drop,
  Repeat,   // Delivered, and once more when the wire is idle.
  Idle,     // Held back until the wire is idle.
  Overdue,  // Held back until its sender has sent it again.
  Last,     // Held back past what is on the wire with it.
};
const char* to_string(Fate fate) {
  static constexpr const char* kNames[] = {"deliver",         "drop",         "repeat",
                                           "hold until idle", "hold overdue", "hold past others"};
  return kNames[static_cast<size_t>(fate)];
}

// The choices of one run, and how many there were at each step.
struct Schedule {
  std::vector<uint8_t> choices;
  std::vector<uint8_t> alternatives;

  // The next one in depth-first order; false: all were tried.
  bool advance() {
    while (!choices.empty()) {
      if (choices.back() + 1 < alternatives[choices.size() - 1]) {
        ++choices.back();
        return true;
      }
      choices.pop_back();
      alternatives.resize(choices.size());
    }
    return false;
  }
};

class Run {
 public:
  Run(const CrossingCase& wanted, unsigned faults_max, Schedule& schedule, Picture picture)
      : crossing_(wanted, picture), schedule_(schedule), faults_left_(faults_max) {}
  std::vector<std::string> carry_out();
  std::string picture() { return crossing_.world().picture(); }

 private:
  Fate choose();
  void apply(Fate fate);
  bool step();  // False: the wire is at rest.
  bool wake_held();

  Crossing crossing_;
  Schedule& schedule_;
  size_t position_ = 0;
  unsigned faults_left_;
  std::vector<WireMessage> until_idle_, overdue_;
};

Fate Run::choose() {
  const bool has_company = crossing_.held().size() > 1;
  const auto count = static_cast<uint8_t>(faults_left_ == 0 ? 1 : has_company ? 6 : 5);
  if (position_ == schedule_.choices.size()) schedule_.choices.push_back(0);
  if (position_ == schedule_.alternatives.size()) schedule_.alternatives.push_back(count);
  const auto fate = static_cast<Fate>(schedule_.choices[position_++]);
  if (fate != Fate::Deliver) --faults_left_;
  return fate;
}

void Run::apply(Fate fate) {
  std::deque<WireMessage>& held = crossing_.held();
  switch (fate) {
    case Fate::Repeat:
      until_idle_.push_back(held.front());
      return crossing_.deliver_front();
    case Fate::Deliver:
      return crossing_.deliver_front();
    case Fate::Drop:
      return crossing_.world().drop(0);
    case Fate::Idle:
      until_idle_.push_back(held.front());
      return crossing_.world().drop(0);
    case Fate::Overdue:
      overdue_.push_back(held.front());
      return crossing_.world().drop(0);
    case Fate::Last:
      std::rotate(held.begin(), held.begin() + 1, held.end());
      return;
  }
}

// What was held back comes when nothing else does.
bool Run::wake_held() {
  std::deque<WireMessage>& held = crossing_.held();
  if (!until_idle_.empty()) {
    held.insert(held.end(), until_idle_.begin(), until_idle_.end());
    until_idle_.clear();
    return true;
  }
  crossing_.wait_for_message();
  held.insert(held.end(), overdue_.begin(), overdue_.end());
  overdue_.clear();
  return !held.empty();
}

bool Run::step() {
  crossing_.begin_b_when_due();
  if (crossing_.held().empty() && !wake_held()) return false;
  apply(choose());
  crossing_.pass_time();
  return true;
}

std::vector<std::string> Run::carry_out() {
  if (!crossing_.establish()) return {"the tunnel does not come up"};
  for (unsigned i = 0; i < kStepsMax && step(); ++i) continue;
  crossing_.heal();
  return crossing_.judge();
}

std::string describe(const CrossingCase& wanted, const Schedule& schedule) {
  std::string text = to_string(wanted) + ", choices:";
  for (const uint8_t choice : schedule.choices)
    text += fmt::format(" [{}]", to_string(static_cast<Fate>(choice)));
  return text + "\n";
}

}  // namespace

SearchResult search(const CrossingCase& wanted, unsigned faults_max) {
  SearchResult result;
  Schedule schedule;
  do {
    ++result.schedules;
    result.violations = Run(wanted, faults_max, schedule, Picture::None).carry_out();
    if (result.violations.empty()) continue;
    Run recorded(wanted, faults_max, schedule, Picture::Ladder);
    recorded.carry_out();
    result.picture = describe(wanted, schedule) + recorded.picture();
    return result;
  } while (schedule.advance());
  return result;
}

}  // namespace twinspan::ike
