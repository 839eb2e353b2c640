#include "ike/core/reassembly.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/fake_crypto.h"

namespace twinspan::ike {
namespace {

using Verdict = Reassembly::Verdict;
using Outcome = Reassembly::Outcome;

// One fragment as the peer's SKF payload tells it.
struct Piece {
  uint32_t id = 5;
  uint16_t number = 1;
  uint16_t total = 3;
  uint8_t first_payload = 0;
  Bytes content = {};
  ExchangeType exchange = ExchangeType::IkeAuth;

  Header header() const {
    Header header;
    header.exchange = static_cast<uint8_t>(exchange);
    header.message_id = MessageId{id};
    return header;
  }
  EncryptedBlock block() const {
    EncryptedBlock block;
    block.first_inner_payload = first_payload;
    block.fragment_number = number;
    block.fragment_total = total;
    return block;
  }
};

Verdict judge(const Reassembly& reassembly, const Piece& piece) {
  return reassembly.judge(piece.header(), piece.block());
}

Outcome add(Reassembly& reassembly, const Piece& piece) {
  EXPECT_EQ(judge(reassembly, piece), Verdict::Wanted);
  const Header header = piece.header();
  const EncryptedBlock block = piece.block();
  const Bytes datagram = {static_cast<uint8_t>(piece.number), 0xda};
  return reassembly.add({header, block, piece.content, datagram});
}

TEST(Reassembly, FragmentsInAnyOrderMakeTheMessage) {
  std::vector<Piece> pieces = {{.number = 1, .first_payload = 33, .content = {1, 2}},
                               {.number = 2, .content = {3}},
                               {.number = 3, .content = {4, 5, 6}}};
  std::vector<size_t> order = {0, 1, 2};
  do {
    Reassembly reassembly;
    EXPECT_EQ(add(reassembly, pieces[order[0]]), Outcome::Kept);
    EXPECT_EQ(add(reassembly, pieces[order[1]]), Outcome::Kept);
    EXPECT_EQ(add(reassembly, pieces[order[2]]), Outcome::Complete);
    const Reassembly::Whole whole = reassembly.take();
    EXPECT_EQ(whole.message.payloads, (Bytes{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(whole.message.first_payload, 33);
    EXPECT_EQ(whole.message.header.message_id, MessageId{5});
    EXPECT_EQ(whole.first_datagram, (Bytes{1, 0xda}));
    EXPECT_EQ(whole.total, 3);
    EXPECT_TRUE(reassembly.is_empty());
    EXPECT_EQ(reassembly.held_bytes(), 0u);
  } while (std::ranges::next_permutation(order).found);
}

TEST(Reassembly, AMessageOfOneFragmentIsCompleteAtOnce) {
  Reassembly reassembly;
  EXPECT_EQ(add(reassembly, {.number = 1, .total = 1, .first_payload = 40, .content = {9}}),
            Outcome::Complete);
  EXPECT_EQ(reassembly.take().message.payloads, Bytes{9});
}

TEST(Reassembly, ARepeatedNumberIsNotLookedAtAgain) {
  Reassembly reassembly;
  add(reassembly, {.number = 2, .content = {3}});
  EXPECT_EQ(judge(reassembly, {.number = 2}), Verdict::Duplicate);
  EXPECT_EQ(judge(reassembly, {.number = 1}), Verdict::Wanted);
}

TEST(Reassembly, ALargerTotalReplacesAndASmallerOneIsOutdated) {
  Reassembly reassembly;
  add(reassembly, {.number = 1, .total = 2, .first_payload = 33, .content = {1, 2, 3}});
  EXPECT_EQ(add(reassembly, {.number = 3, .total = 3, .content = {7}}), Outcome::Kept);
  EXPECT_EQ(reassembly.total(), 3);
  EXPECT_EQ(reassembly.held_bytes(), 1u);
  EXPECT_EQ(judge(reassembly, {.number = 2, .total = 2}), Verdict::Outdated);
  add(reassembly, {.number = 1, .total = 3, .first_payload = 34, .content = {5}});
  EXPECT_EQ(add(reassembly, {.number = 2, .total = 3, .content = {6}}), Outcome::Complete);
  const Reassembly::Whole whole = reassembly.take();
  EXPECT_EQ(whole.message.payloads, (Bytes{5, 6, 7}));
  EXPECT_EQ(whole.message.first_payload, 34);
}

TEST(Reassembly, AnotherMessageReplacesWhateverItsTotal) {
  Reassembly reassembly;
  add(reassembly, {.id = 5, .number = 2, .total = 9, .content = {1}});
  add(reassembly, {.id = 6, .number = 1, .total = 2, .content = {2}});
  EXPECT_EQ(reassembly.message_id(), MessageId{6});
  EXPECT_EQ(reassembly.parts().size(), 1u);
}

TEST(Reassembly, TooManyFragmentsAreUnusable) {
  const Reassembly reassembly;
  EXPECT_EQ(judge(reassembly, {.number = 1, .total = kFragmentsMax}), Verdict::Wanted);
  EXPECT_EQ(judge(reassembly, {.number = 1, .total = kFragmentsMax + 1}), Verdict::Unusable);
  EXPECT_EQ(judge(reassembly, {.number = 65535, .total = 65535}), Verdict::Unusable);
}

TEST(Reassembly, OnlyTheFirstFragmentNamesTheFirstPayload) {
  const Reassembly reassembly;
  EXPECT_EQ(judge(reassembly, {.number = 2, .first_payload = 33}), Verdict::Unusable);
  EXPECT_EQ(judge(reassembly, {.number = 2, .first_payload = 0}), Verdict::Wanted);
}

TEST(Reassembly, FragmentsOfTwoExchangesAreRefusedAndNothingIsKept) {
  Reassembly reassembly;
  add(reassembly, {.number = 1, .content = {1}});
  EXPECT_EQ(add(reassembly, {.number = 2, .content = {2}, .exchange = ExchangeType::Informational}),
            Outcome::Refused);
  EXPECT_TRUE(reassembly.is_empty());
  EXPECT_EQ(reassembly.held_bytes(), 0u);
}

TEST(Reassembly, ContentAboveTheBoundIsRefusedAndNothingIsKept) {
  Reassembly reassembly;
  const Bytes large(16000);
  for (uint16_t number = 1; number <= 4; ++number) {
    EXPECT_EQ(add(reassembly, {.number = number, .total = 64, .content = large}), Outcome::Kept);
  }
  EXPECT_LE(reassembly.held_bytes(), kReassembledSizeMax + 2);
  EXPECT_EQ(add(reassembly, {.number = 5, .total = 64, .content = large}), Outcome::Refused);
  EXPECT_TRUE(reassembly.is_empty());
  EXPECT_EQ(reassembly.held_bytes(), 0u);
}

TEST(Reassembly, ExactlyTheBoundIsTaken) {
  Reassembly reassembly;
  add(reassembly, {.number = 1, .total = 2, .content = Bytes(kReassembledSizeMax - 1)});
  EXPECT_EQ(add(reassembly, {.number = 2, .total = 2, .content = Bytes(1)}), Outcome::Complete);
  EXPECT_EQ(reassembly.take().message.payloads.size(), kReassembledSizeMax);
}

}  // namespace
}  // namespace twinspan::ike
