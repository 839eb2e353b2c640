#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace twinspan {
namespace {

enum class Fault { Even };

Result<std::unique_ptr<int>, Fault> odd(int number) {
  if (number % 2 == 0) return Err<Fault>(Fault::Even);
  return std::make_unique<int>(number);
}

Result<void, Fault> must_be_odd(int number) {
  TRY(odd(number));
  return {};
}

Result<int, Fault> sum(int a, int b) {
  TRY_ASSIGN(const std::unique_ptr<int> first, odd(a));
  TRY_ASSIGN(const std::unique_ptr<int> second, odd(b));
  TRY(must_be_odd(*first));
  return *first + *second;
}

TEST(Result, TryHandsOnTheFirstErrorAndMovesValues) {
  EXPECT_EQ(sum(1, 3), 4);
  EXPECT_EQ(sum(2, 3), Err<Fault>(Fault::Even));
  EXPECT_EQ(sum(1, 4), Err<Fault>(Fault::Even));
  EXPECT_TRUE(must_be_odd(5));
  EXPECT_FALSE(must_be_odd(6));
}

}  // namespace
}  // namespace twinspan
