// Every pair of operations that may cross, under every schedule with a bounded number of faults.
//
// TWINSPAN_SEARCH_FAULTS sets the bound; without it one fault, which `ctest` does in seconds.
// `tools/test --long` asks for two, on the release build.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/support/schedule_search.h"

namespace twinspan::ike {
namespace {

constexpr Operation kOperations[] = {Operation::None, Operation::RekeyChild, Operation::RekeyIke,
                                     Operation::ReplaceChild, Operation::DownUp};
constexpr LowestNonce kOrders[] = {LowestNonce::RequestOfA, LowestNonce::AnswerOfA,
                                   LowestNonce::RequestOfB, LowestNonce::AnswerOfB};
constexpr unsigned kLatestStart = 3;

unsigned faults_max() {
  unsigned faults = 1;
  if (const char* text = std::getenv("TWINSPAN_SEARCH_FAULTS"))
    std::from_chars(text, text + std::strlen(text), faults);
  return faults;
}

bool is_rekey(Operation operation) {
  return operation == Operation::RekeyChild || operation == Operation::RekeyIke;
}

// How many schedules there were.
uint64_t expect_none(const CrossingCase& wanted) {
  const SearchResult result = search(wanted, faults_max());
  EXPECT_EQ(result.violations, std::vector<std::string>{}) << result.picture;
  EXPECT_GT(result.schedules, 0u);
  return result.schedules;
}

void tell(uint64_t schedules) {
  const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
  fmt::print("{}: {} schedules of up to {} faults\n", test->name(), schedules, faults_max());
  std::fflush(stdout);
}

class Schedules : public testing::TestWithParam<std::tuple<Operation, Operation>> {};
INSTANTIATE_TEST_SUITE_P(Crossing, Schedules,
                         testing::Combine(testing::ValuesIn(kOperations),
                                          testing::ValuesIn(kOperations)),
                         [](const auto& tested) {
                           std::string name = std::string(to_string(std::get<0>(tested.param))) +
                                              "_x_" + to_string(std::get<1>(tested.param));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_P(Schedules, EndInOneWorkingPairWhateverTheNetworkDoes) {
  const auto [of_a, of_b] = GetParam();
  const bool nonces_decide = of_a == of_b && is_rekey(of_a);
  uint64_t schedules = 0;
  for (const LowestNonce lowest : kOrders) {
    if (!nonces_decide && lowest != LowestNonce::RequestOfA) break;
    for (unsigned start = 0; start <= (of_b == Operation::None ? 0 : kLatestStart); ++start) {
      schedules +=
          expect_none({.of_a = of_a, .of_b = of_b, .b_starts_after = start, .lowest = lowest});
      if (HasFailure()) return;
    }
  }
  tell(schedules);
}

// RFC 9370 2.2.4: the same with key exchanges between the agreement and the SA.
class AdditionalExchanges : public testing::TestWithParam<std::tuple<Operation, Operation>> {};
INSTANTIATE_TEST_SUITE_P(Crossing, AdditionalExchanges,
                         testing::Combine(testing::Values(Operation::RekeyChild,
                                                          Operation::RekeyIke),
                                          testing::ValuesIn(kOperations)),
                         [](const auto& tested) {
                           std::string name = std::string(to_string(std::get<0>(tested.param))) +
                                              "_x_" + to_string(std::get<1>(tested.param));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_P(AdditionalExchanges, EndInOneWorkingPairWhateverTheNetworkDoes) {
  const auto [of_a, of_b] = GetParam();
  uint64_t schedules = 0;
  for (const LowestNonce lowest : kOrders) {
    if (of_a != of_b && lowest != LowestNonce::RequestOfA) break;
    for (unsigned start = 0; start <= (of_b == Operation::None ? 0 : kLatestStart); ++start) {
      schedules += expect_none({.of_a = of_a,
                                .of_b = of_b,
                                .b_starts_after = start,
                                .lowest = lowest,
                                .additional_of_a = 1,
                                .additional_of_b = 1});
      if (HasFailure()) return;
    }
  }
  tell(schedules);
}

class Disputes : public testing::TestWithParam<std::tuple<Operation, GroupDispute, LowestNonce>> {};
INSTANTIATE_TEST_SUITE_P(Groups, Disputes,
                         testing::Combine(testing::Values(Operation::RekeyChild,
                                                          Operation::RekeyIke),
                                          testing::Values(GroupDispute::OfA, GroupDispute::OfBoth),
                                          testing::ValuesIn(kOrders)));

TEST_P(Disputes, AboutTheGroupEndInOneWorkingPair) {
  const auto [operation, dispute, lowest] = GetParam();
  uint64_t schedules = 0;
  for (const Operation of_b : {Operation::None, operation}) {
    schedules +=
        expect_none({.of_a = operation, .of_b = of_b, .lowest = lowest, .dispute = dispute});
    if (HasFailure()) return;
  }
  tell(schedules);
}

}  // namespace
}  // namespace twinspan::ike
