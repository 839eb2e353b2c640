#include "ike/core/legality.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace twinspan::ike {
namespace {

constexpr PayloadSet kEverything = 0x1ff;

std::vector<IkeSaState> all_states() {
  std::vector<IkeSaState> states;
  for (unsigned i = 0; i < kIkeSaStateCount; ++i) states.push_back(static_cast<IkeSaState>(i));
  return states;
}

template <class Visit>
void for_each_situation(Visit visit) {
  for (const IkeSaState state : all_states()) {
    for (unsigned exchange = 0; exchange < 256; ++exchange) {
      for (const Role role : {Role::Initiator, Role::Responder}) {
        for (const Direction direction : {Direction::Request, Direction::Response}) {
          visit(Situation{state, static_cast<uint8_t>(exchange), role, direction});
        }
      }
    }
  }
}

bool admitted(const Situation& situation) {
  for (unsigned set = 0; set <= kEverything; ++set) {
    if (judge(situation, static_cast<PayloadSet>(set)) == Legality::Legal) return true;
  }
  return false;
}

TEST(Legality, OnlyIkeAuthIsAdmittedBetweenIkeSaInitAndAVerifiedAuth) {
  for_each_situation([](const Situation& s) {
    if (s.state != IkeSaState::InitAnswered && s.state != IkeSaState::AuthSent) return;
    if (s.exchange != static_cast<uint8_t>(ExchangeType::IkeAuth)) {
      EXPECT_FALSE(admitted(s));
    }
  });
}

TEST(Legality, CreateChildSaIsAdmittedOnlyAfterAuth) {
  for_each_situation([](const Situation& s) {
    if (s.exchange != static_cast<uint8_t>(ExchangeType::CreateChildSa) || !admitted(s)) return;
    EXPECT_TRUE(s.state == IkeSaState::Established || s.state == IkeSaState::Candidate ||
                s.state == IkeSaState::Replaced || s.state == IkeSaState::Deleting)
        << to_string(s.state);
  });
}

TEST(Legality, UnknownExchangesAndDeadStatesAdmitNothing) {
  for_each_situation([](const Situation& s) {
    const bool known = s.exchange >= 34 && s.exchange <= 37;
    const bool dead = s.state == IkeSaState::Lingering || s.state == IkeSaState::Closed;
    if (!known || dead) {
      EXPECT_FALSE(admitted(s));
    }
  });
}

TEST(Legality, AuthNeedsIdentityAuthAndAChildOffer) {
  const Situation auth{IkeSaState::InitAnswered, static_cast<uint8_t>(ExchangeType::IkeAuth),
                       Role::Responder, Direction::Request};
  const PayloadSet full = kSetIdi | kSetAuth | kSetSa | kSetTsi | kSetTsr;
  EXPECT_EQ(judge(auth, full), Legality::Legal);
  for (const PayloadSet missing : {kSetIdi, kSetAuth, kSetSa, kSetTsi, kSetTsr}) {
    EXPECT_EQ(judge(auth, static_cast<PayloadSet>(full & ~missing)), Legality::MissingPayload);
  }
  EXPECT_EQ(judge(auth, full | kSetKe), Legality::ForbiddenPayload);
}

TEST(Legality, NoTwoRowsSpeakOfTheSameSituation) {
  const auto rows = legality_table();
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = i + 1; j < rows.size(); ++j) {
      EXPECT_FALSE(rows[i].state == rows[j].state && rows[i].exchange == rows[j].exchange &&
                   rows[i].role == rows[j].role && rows[i].direction == rows[j].direction);
    }
    EXPECT_EQ(rows[i].required & rows[i].forbidden, 0);
  }
}

TEST(StateTable, EstablishedIsReachedOnlyThroughAuthOrARekey) {
  for (const StateEdge& edge : kStateEdges) {
    if (edge.to != IkeSaState::Established) continue;
    EXPECT_TRUE(edge.from == IkeSaState::InitAnswered || edge.from == IkeSaState::AuthSent ||
                edge.from == IkeSaState::Candidate);
  }
  EXPECT_EQ(find_edge(IkeSaState::InitSent, IkeSaState::Established), nullptr);
  EXPECT_EQ(find_edge(IkeSaState::Idle, IkeSaState::Established), nullptr);
  EXPECT_EQ(find_edge(IkeSaState::Closed, IkeSaState::Established), nullptr);
}

TEST(StateTable, EveryStateIsReachableAndEveryLiveOneCanEnd) {
  for (const IkeSaState state : all_states()) {
    bool entered = state == IkeSaState::Idle, left = state == IkeSaState::Closed;
    for (const StateEdge& edge : kStateEdges) {
      entered |= edge.to == state;
      left |= edge.from == state;
    }
    EXPECT_TRUE(entered && left) << to_string(state);
  }
}

TEST(StateTable, TheReadmeShowsTheTable) {
  std::ifstream file(TWINSPAN_IKE_CORE_README);
  ASSERT_TRUE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(render_state_edges()), std::string::npos)
      << "paste this into ike/core/README.md:\n"
      << render_state_edges();
}

}  // namespace
}  // namespace twinspan::ike
