// Every crossing of exchanges (RFC 7296 2.8.1, 2.8.2, 2.25) as one row: what each side starts and
// in which order the messages arrive. Each row runs with every outcome of the nonce comparison; in
// the end there is one working pair and one IKE SA, and a rekey has lost no packet.
//
// A script is read letter by letter:
//   a b   the oldest message on its way from A, from B, arrives
//   A B   ... is set aside     x y   what was set aside of A, of B, arrives
//   1 2   ... is lost          *     all that is on its way arrives, until nothing is
//   t     time passes until somebody sends again, if anybody does
//   w     time passes until what was deleted is created anew
// What is on its way when the script ends arrives in order. A letter that finds no message is an
// error of the row.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/crossing.h"

namespace twinspan::ike {
namespace {

constexpr LowestNonce kOrders[] = {LowestNonce::RequestOfA, LowestNonce::AnswerOfA,
                                   LowestNonce::RequestOfB, LowestNonce::AnswerOfB};

struct Row {
  const char* name;
  Operation of_a, of_b;
  const char* script;
  GroupDispute dispute = GroupDispute::None;
  unsigned b_starts_after = 0;
};

constexpr auto kChild = Operation::RekeyChild;
constexpr auto kIke = Operation::RekeyIke;
constexpr auto kReplace = Operation::ReplaceChild;
constexpr auto kDownUp = Operation::DownUp;
constexpr auto kNone = Operation::None;

// clang-format off
constexpr Row kRows[] = {
    // --- One rekey, each message lost or late ---
    {"ChildRekey", kChild, kNone, "abab"},
    {"ChildRekeyOfTheResponder", kNone, kChild, "baba"},
    {"ChildRekeyRequestLost", kChild, kNone, "1tab"},
    {"ChildRekeyAnswerLost", kChild, kNone, "a2tab"},
    {"ChildRekeyDeleteLost", kChild, kNone, "ab1tab"},
    {"ChildRekeyDeleteAnswerLost", kChild, kNone, "aba2tab"},
    {"ChildRekeyAnswerComesTwice", kChild, kNone, "aBtaby*"},
    {"ChildRekeyGroupRefused", kChild, kNone, "ababab", GroupDispute::OfA},
    {"ChildRekeyGroupRefusedAnswerLost", kChild, kNone, "a2tabab", GroupDispute::OfA},
    {"IkeRekey", kIke, kNone, "abab"},
    {"IkeRekeyOfTheResponder", kNone, kIke, "baba"},
    {"IkeRekeyRequestLost", kIke, kNone, "1tab"},
    {"IkeRekeyAnswerLost", kIke, kNone, "a2tab"},
    {"IkeRekeyDeleteLost", kIke, kNone, "ab1tab"},
    {"IkeRekeyDeleteAnswerLost", kIke, kNone, "aba2tab"},

    // --- Child rekey against child rekey ---
    {"ChildChild", kChild, kChild, "abab"},
    {"ChildChildRequestOfALost", kChild, kChild, "1b*t*"},
    {"ChildChildRequestOfBLost", kChild, kChild, "2a*t*"},
    {"ChildChildBothRequestsLost", kChild, kChild, "12t*"},
    {"ChildChildAnswerToALost", kChild, kChild, "ab2*t*"},
    {"ChildChildAnswerToBLost", kChild, kChild, "ab1*t*"},
    {"ChildChildAnswerToALateAfterTheWinnersDelete", kChild, kChild, "abBay"},
    {"ChildChildAnswerToBLateAfterTheWinnersDelete", kChild, kChild, "abAbx"},
    {"ChildChildAnswerToALateAfterAllDeletes", kChild, kChild, "abB*y*"},
    {"ChildChildAnswerToBLateAfterAllDeletes", kChild, kChild, "abA*x*"},
    {"ChildChildOneSideNeverNotices", kChild, kChild, "Babya"},
    {"ChildChildOneSideNeverNoticesOfB", kChild, kChild, "Abaxb"},
    {"ChildChildOneSideNeverNoticesUntilTheDelete", kChild, kChild, "Bababy"},
    {"ChildChildRequestAfterTheOldIsGone", kChild, kChild, "B*y*"},
    {"ChildChildRequestOfAAfterTheOldIsGone", kChild, kChild, "A*x*"},
    {"ChildChildGroupOfOneRefused", kChild, kChild, "abab", GroupDispute::OfA},
    {"ChildChildGroupOfBothRefused", kChild, kChild, "ababab", GroupDispute::OfBoth},
    {"ChildChildGroupOfBothRefusedRetryLate", kChild, kChild, "ababB*y*", GroupDispute::OfBoth},
    {"ChildChildGroupOfBothRefusedRetryOfALate", kChild, kChild, "ababA*x*", GroupDispute::OfBoth},
    {"ChildChildGroupOfBothRefusedAnswerLate", kChild, kChild, "abB*y*", GroupDispute::OfBoth},

    // --- Child rekey against delete of the child, and the new one that follows ---
    {"ChildDelete", kChild, kReplace, "abab"},
    {"DeleteChild", kReplace, kChild, "abab"},
    {"ChildDeleteNoticedByB", kChild, kReplace, "ab*"},
    {"ChildDeleteLost", kChild, kReplace, "2a*t*"},
    {"ChildDeleteRekeyLost", kChild, kReplace, "1b*t*"},
    {"ChildDeleteAnswerLate", kChild, kReplace, "abB*y*"},
    {"ChildDeleteAnswerToTheDeleteLate", kChild, kReplace, "abA*x*"},
    {"DeleteDelete", kReplace, kReplace, "abab"},
    {"DeleteDeleteOneLost", kReplace, kReplace, "1b*t*"},
    {"DeleteDeleteOtherLost", kReplace, kReplace, "2a*t*"},
    {"DeleteDeleteAnswerLate", kReplace, kReplace, "abB*y*"},
    {"CreateCreate", kReplace, kReplace, "ababwwwwwab*"},
    {"CreateCreateAnswerLost", kReplace, kReplace, "ababwwwwwab2*t*"},
    {"DeleteLost", kReplace, kNone, "1tab"},
    {"DeleteAnswerLost", kReplace, kNone, "a2tab"},

    // --- Child against IKE SA ---
    {"ChildIke", kChild, kIke, "abab"},
    {"IkeChild", kIke, kChild, "abab"},
    {"ChildIkeRequestOfBLate", kChild, kIke, "B*y*"},
    {"ChildIkeRequestOfALate", kChild, kIke, "A*x*"},
    {"ChildIkeAnswerLate", kChild, kIke, "abB*y*"},
    {"ChildIkeOtherAnswerLate", kChild, kIke, "abA*x*"},
    {"ChildDownUp", kChild, kDownUp, "abab"},
    {"DownUpChild", kDownUp, kChild, "abab"},
    {"ChildDownUpRequestLate", kChild, kDownUp, "A*x*"},
    {"DeleteIke", kReplace, kIke, "abab"},
    {"DeleteIkeRequestLate", kReplace, kIke, "A*x*"},
    {"DeleteIkeOtherRequestLate", kReplace, kIke, "B*y*"},
    {"CreateIke", kReplace, kIke, "abwab", GroupDispute::None, 2},
    {"DeleteDownUp", kReplace, kDownUp, "abab"},
    {"CreateDownUp", kReplace, kDownUp, "abwab", GroupDispute::None, 2},
    {"DownUpDownUp", kDownUp, kDownUp, "abab"},
    {"DownUpDeleteLost", kDownUp, kNone, "1t*"},

    // --- IKE rekey against IKE rekey ---
    {"IkeIke", kIke, kIke, "abab"},
    {"IkeIkeRequestOfALost", kIke, kIke, "1b*t*"},
    {"IkeIkeRequestOfBLost", kIke, kIke, "2a*t*"},
    {"IkeIkeAnswerToALost", kIke, kIke, "ab2*t*"},
    {"IkeIkeAnswerToBLost", kIke, kIke, "ab1*t*"},
    {"IkeIkeRequestLateBeforeTheDelete", kIke, kIke, "Babya"},
    {"IkeIkeRequestOfALateBeforeTheDelete", kIke, kIke, "Abaxb"},
    {"IkeIkeRequestLateAfterTheDelete", kIke, kIke, "B*y*"},
    {"IkeIkeRequestOfALateAfterTheDelete", kIke, kIke, "A*x*"},
    {"IkeIkeAnswerToALate", kIke, kIke, "abB*y*"},
    {"IkeIkeAnswerToBLate", kIke, kIke, "abA*x*"},
    {"IkeDownUp", kIke, kDownUp, "abab"},
    {"DownUpIke", kDownUp, kIke, "abab"},
    {"IkeDownUpRequestLate", kIke, kDownUp, "A*x*"},
    {"IkeDownUpAnswerLate", kIke, kDownUp, "abB*y*"},
};
// clang-format on

class Script {
 public:
  explicit Script(Crossing& crossing) : crossing_(crossing) {}

  bool play(const char* letters) {
    for (const char* letter = letters; *letter != 0; ++letter) {
      crossing_.begin_b_when_due();
      if (!play_one(*letter)) return false;
      crossing_.pass_time();
    }
    crossing_.begin_b_when_due();
    return true;
  }

 private:
  bool play_one(char letter) {
    switch (letter) {
      case 'a':
      case 'b':
        return bring_forward(letter == 'a' ? kA : kB) && (crossing_.deliver_front(), true);
      case 'A':
      case 'B':
        return set_aside(letter == 'A' ? kA : kB);
      case 'x':
      case 'y':
        return bring_back(letter == 'x' ? kA : kB);
      case '1':
      case '2':
        return bring_forward(letter == '1' ? kA : kB) && (crossing_.world().drop(0), true);
      case '*':
        return deliver_all();
      case 't':
        crossing_.wait_for_message();
        return true;
      case 'w':
        crossing_.world().run_for(kCreateWait);
        return true;
      default:
        return false;
    }
  }
  bool bring_forward(size_t side) {
    auto& held = crossing_.held();
    const auto found = std::ranges::find(held, side, &WireMessage::from);
    if (found == held.end()) return false;
    std::rotate(held.begin(), found, found + 1);
    return true;
  }
  bool set_aside(size_t side) {
    if (!bring_forward(side)) return false;
    aside_[side].push_back(crossing_.held().front());
    crossing_.world().drop(0);
    return true;
  }
  bool bring_back(size_t side) {
    if (aside_[side].empty()) return false;
    crossing_.held().push_front(aside_[side].front());
    aside_[side].erase(aside_[side].begin());
    crossing_.deliver_front();
    return true;
  }
  bool deliver_all() {
    for (unsigned i = 0; i < kDeliveriesMax && !crossing_.held().empty(); ++i) {
      crossing_.deliver_front();
      crossing_.begin_b_when_due();
      crossing_.pass_time();
    }
    return crossing_.held().empty();
  }

  static constexpr unsigned kDeliveriesMax = 100;
  static constexpr Duration kCreateWait = std::chrono::milliseconds(1500);  // Above 1 s and jitter.
  Crossing& crossing_;
  std::vector<WireMessage> aside_[2];
};

using Tested = std::tuple<Row, LowestNonce>;

std::string name_of(const testing::TestParamInfo<Tested>& tested) {
  static constexpr const char* kNames[] = {"RequestOfA", "AnswerOfA", "RequestOfB", "AnswerOfB"};
  const auto& [row, lowest] = tested.param;
  return std::string(row.name) + "_LowestIn" + kNames[static_cast<size_t>(lowest)];
}

class CrossingTable : public testing::TestWithParam<Tested> {};
INSTANTIATE_TEST_SUITE_P(Rows, CrossingTable,
                         testing::Combine(testing::ValuesIn(kRows), testing::ValuesIn(kOrders)),
                         name_of);

TEST_P(CrossingTable, EndsInOneWorkingPair) {
  const auto& [row, lowest] = GetParam();
  Crossing crossing({.of_a = row.of_a,
                     .of_b = row.of_b,
                     .b_starts_after = row.b_starts_after,
                     .lowest = lowest,
                     .dispute = row.dispute},
                    Picture::Ladder);
  ASSERT_TRUE(crossing.establish()) << crossing.world().picture();
  EXPECT_TRUE(Script(crossing).play(row.script)) << "the script does not fit\n"
                                                 << crossing.world().picture();
  crossing.heal();
  EXPECT_EQ(crossing.judge(), std::vector<std::string>{}) << crossing.world().picture();
}

}  // namespace
}  // namespace twinspan::ike
