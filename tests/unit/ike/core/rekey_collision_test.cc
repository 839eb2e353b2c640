#include "ike/core/rekey_collision.h"

#include <gtest/gtest.h>

#include <vector>

namespace twinspan::ike {
namespace {

ExchangeNonces nonces(uint8_t initiator, uint8_t responder) {
  return {Bytes(16, initiator), Bytes(16, responder)};
}

TEST(RekeyCollision, TheExchangeWithTheLowestOfFourNoncesLoses) {
  EXPECT_EQ(resolve_collision(nonces(0, 9), nonces(1, 2)), CollisionOutcome::KeepTheirs);
  EXPECT_EQ(resolve_collision(nonces(9, 0), nonces(1, 2)), CollisionOutcome::KeepTheirs);
  EXPECT_EQ(resolve_collision(nonces(3, 9), nonces(1, 2)), CollisionOutcome::KeepOurs);
  EXPECT_EQ(resolve_collision(nonces(3, 9), nonces(8, 2)), CollisionOutcome::KeepOurs);
}

TEST(RekeyCollision, BothSidesDecideAlikeForEveryOrderOfTheNonces) {
  std::vector<uint8_t> order = {1, 2, 3, 4};
  do {
    const auto a = nonces(order[0], order[1]);
    const auto b = nonces(order[2], order[3]);
    EXPECT_NE(resolve_collision(a, b), resolve_collision(b, a));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(RekeyCollision, APrefixIsLowerThanWhatItBegins) {
  EXPECT_TRUE(nonce_is_lower(Bytes{1, 2}, Bytes{1, 2, 0}));
  EXPECT_FALSE(nonce_is_lower(Bytes{1, 2, 0}, Bytes{1, 2}));
  EXPECT_FALSE(nonce_is_lower(Bytes{1}, Bytes{1}));
  EXPECT_TRUE(nonce_is_lower(Bytes{0x7f, 0xff}, Bytes{0x80, 0x00}));  // Octets are unsigned.
}

TEST(RekeyCollision, CrossingsAreAnsweredAsTheTableSays) {
  using enum OurExchange;
  using enum CrossingAnswer;
  struct Row {
    OurExchange ours;
    CrossingAnswer create, rekey_child, rekey_ike;
  };
  const Row rows[] = {
      {None, Proceed, Proceed, Proceed},
      {OurExchange::CreateChild, Proceed, Proceed, TemporaryFailure},
      {OurExchange::RekeyChild, Proceed, Proceed, TemporaryFailure},
      {DeleteChild, Proceed, Proceed, TemporaryFailure},
      {OurExchange::RekeyIke, TemporaryFailure, TemporaryFailure, Proceed},
      {FollowupIke, TemporaryFailure, TemporaryFailure, TemporaryFailure},
      {DeleteIke, TemporaryFailure, TemporaryFailure, TemporaryFailure},
      {Other, Proceed, Proceed, Proceed},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(answer_crossing({row.ours, TheirRequest::CreateChild, ChildStanding::None}),
              row.create);
    EXPECT_EQ(answer_crossing({row.ours, TheirRequest::RekeyChild, ChildStanding::Usable}),
              row.rekey_child);
    EXPECT_EQ(answer_crossing({row.ours, TheirRequest::RekeyIke, ChildStanding::None}),
              row.rekey_ike);
  }
  EXPECT_EQ(answer_crossing({None, TheirRequest::RekeyChild, ChildStanding::None}),
            ChildSaNotFound);
  EXPECT_EQ(answer_crossing({None, TheirRequest::RekeyChild, ChildStanding::Closing}),
            TemporaryFailure);
  EXPECT_EQ(answer_crossing({None, TheirRequest::RekeyChild, ChildStanding::AlreadyReplaced}),
            TemporaryFailure);
}

}  // namespace
}  // namespace twinspan::ike
