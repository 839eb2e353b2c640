#include "ike/core/legality.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace twinspan::ike {
namespace {

constexpr PayloadSet kEverything = 0x7ff;

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
          for (const bool admits_childless : {false, true}) {
            visit(Situation{state, static_cast<uint8_t>(exchange), role, direction,
                            admits_childless});
          }
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

TEST(Legality, IkeIntermediateStandsOnlyWhereOneIsDue) {
  for_each_situation([](const Situation& s) {
    const bool is_intermediate = s.exchange == static_cast<uint8_t>(ExchangeType::IkeIntermediate);
    const bool is_asked = s.state == IkeSaState::IntermediateDue && s.role == Role::Responder &&
                          s.direction == Direction::Request;
    const bool is_answered = s.state == IkeSaState::IntermediateSent && s.role == Role::Initiator &&
                             s.direction == Direction::Response;
    const bool is_its_state =
        s.state == IkeSaState::IntermediateDue || s.state == IkeSaState::IntermediateSent;
    if (!is_intermediate && !is_its_state) return;
    EXPECT_EQ(admitted(s), is_intermediate && (is_asked || is_answered)) << to_string(s.state);
  });
}

TEST(Legality, KeyExchangesOfTheirOwnCarryNothingElse) {
  for_each_situation([](const Situation& s) {
    if (s.exchange < static_cast<uint8_t>(ExchangeType::IkeIntermediate)) return;
    for (unsigned set = 0; set <= kEverything; ++set) {
      if (judge(s, static_cast<PayloadSet>(set)) != Legality::Legal) continue;
      EXPECT_EQ(set & ~unsigned{kSetKe}, 0u);
      if (s.direction == Direction::Request) {
        EXPECT_EQ(set, unsigned{kSetKe});
      }
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
    const bool known =
        (s.exchange >= 34 && s.exchange <= 37) || s.exchange == 43 || s.exchange == 44;
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

TEST(Legality, WhatMayStandOnceIsForbiddenTwiceInEveryRow) {
  for (const LegalityRow& row : legality_table()) {
    EXPECT_NE(row.forbidden & kSetRepeated, 0) << to_string(row.state);
  }
  const IdPayload idi{.of_initiator = true}, idr{.of_initiator = false};
  const TsPayload tsi{.of_initiator = true}, tsr{.of_initiator = false};
  const std::vector<Payload> once = {SaPayload{},   KePayload{},    idi, idr,
                                     AuthPayload{}, NoncePayload{}, tsi, tsr};
  EXPECT_EQ(payload_set(once) & kSetRepeated, 0);
  for (const Payload& payload : once) {
    std::vector<Payload> twice = once;
    twice.push_back(payload);
    EXPECT_EQ(payload_set(twice), payload_set(once) | kSetRepeated);
  }
  // RFC 7296 1.4.1, 3.6, 3.7, 3.10, 3.12: any number of these.
  const std::vector<Payload> often = {
      DeletePayload{},   DeletePayload{},   NotifyPayload{},      NotifyPayload{},
      VendorIdPayload{}, VendorIdPayload{}, OpaquePayload{37},    OpaquePayload{37},
      CertPayload{},     CertPayload{},     CertRequestPayload{}, CertRequestPayload{}};
  EXPECT_EQ(payload_set(often), kSetDelete | kSetCert | kSetCertRequest);
}

// RFC 6023 3: what makes a child stands in IKE_AUTH as a whole, or not at all where that was
// announced.
TEST(Legality, AChildStandsInIkeAuthAsAWholeOrWhereAnnouncedNotAtAll) {
  constexpr PayloadSet kChild = kSetSa | kSetTsi | kSetTsr;
  for (const bool announced : {false, true}) {
    const Situation auth{IkeSaState::InitAnswered, static_cast<uint8_t>(ExchangeType::IkeAuth),
                         Role::Responder, Direction::Request, announced};
    size_t without = 0, whole = 0;
    for (unsigned set = 0; set <= kEverything; ++set) {
      if (judge(auth, static_cast<PayloadSet>(set)) != Legality::Legal) continue;
      const unsigned child = set & kChild;
      ASSERT_TRUE(child == kChild || (announced && child == 0)) << set;
      ++(child == 0 ? without : whole);
    }
    // Each with and without IDr, CERT and CERTREQ.
    EXPECT_EQ(whole, 8u);
    EXPECT_EQ(without, announced ? 8u : 0u);
  }
}

TEST(Legality, NoOtherExchangeAsksWhatWasAnnounced) {
  for_each_situation([](const Situation& s) {
    if (!s.admits_childless || (s.state == IkeSaState::InitAnswered &&
                                s.exchange == static_cast<uint8_t>(ExchangeType::IkeAuth)))
      return;
    Situation without = s;
    without.admits_childless = false;
    for (unsigned set = 0; set <= kEverything; ++set) {
      ASSERT_EQ(judge(s, static_cast<PayloadSet>(set)),
                judge(without, static_cast<PayloadSet>(set)));
    }
  });
}

TEST(Legality, NoTwoRowsSpeakOfTheSameSituation) {
  const auto rows = legality_table();
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = i + 1; j < rows.size(); ++j) {
      EXPECT_FALSE(rows[i].state == rows[j].state && rows[i].exchange == rows[j].exchange &&
                   rows[i].role == rows[j].role && rows[i].direction == rows[j].direction);
    }
    EXPECT_EQ(rows[i].required & rows[i].forbidden, 0);
    EXPECT_EQ(rows[i].child & (rows[i].required | rows[i].forbidden), 0);
  }
}

// --- The proof that nothing but a verified AUTH leads to Established ---

// Where every chain of edges from Idle leads when `is_taken` says which ones may be used.
template <class IsTaken>
std::set<IkeSaState> reachable(IsTaken is_taken) {
  std::set<IkeSaState> found = {IkeSaState::Idle};
  for (unsigned round = 0; round < kIkeSaStateCount; ++round) {
    for (const StateEdge& edge : kStateEdges) {
      if (found.contains(edge.from) && is_taken(edge)) found.insert(edge.to);
    }
  }
  return found;
}

bool is_auth_edge(const StateEdge& edge) {
  return edge.to == IkeSaState::Established &&
         (edge.from == IkeSaState::InitAnswered || edge.from == IkeSaState::AuthSent);
}

TEST(Legality, WithoutAVerifiedAuthOnlyAnSaThatIsEstablishedMakesAnotherOne) {
  // Idle to Candidate is taken inside of an IKE SA that is established: without it and without
  // AUTH no state remains that has children.
  const auto states = reachable([](const StateEdge& edge) {
    return !is_auth_edge(edge) && edge.to != IkeSaState::Candidate;
  });
  EXPECT_FALSE(states.contains(IkeSaState::Established));
  EXPECT_FALSE(states.contains(IkeSaState::Candidate));
  EXPECT_FALSE(states.contains(IkeSaState::Replaced));
  // With AUTH all are reachable.
  EXPECT_EQ(reachable([](const StateEdge&) { return true; }).size(), size_t{kIkeSaStateCount});
}

TEST(Legality, OnlyARowOfIkeAuthStandsBeforeEstablished) {
  for_each_situation([](const Situation& s) {
    const bool leads_there = std::ranges::any_of(kStateEdges, [&](const StateEdge& edge) {
      return edge.from == s.state && is_auth_edge(edge);
    });
    if (!leads_there || !admitted(s)) return;
    EXPECT_EQ(s.exchange, static_cast<uint8_t>(ExchangeType::IkeAuth)) << to_string(s.state);
    // An initiator is answered, a responder is asked.
    EXPECT_EQ(s.role == Role::Initiator, s.direction == Direction::Response);
    EXPECT_EQ(s.role == Role::Initiator, s.state == IkeSaState::AuthSent);
  });
}

TEST(Legality, ARequestWithoutIdentityAndAuthDoesNotEstablish) {
  for (unsigned set = 0; set <= kEverything; ++set) {
    const Situation auth{IkeSaState::InitAnswered, static_cast<uint8_t>(ExchangeType::IkeAuth),
                         Role::Responder, Direction::Request, true};
    if (judge(auth, static_cast<PayloadSet>(set)) != Legality::Legal) continue;
    EXPECT_EQ(set & (kSetIdi | kSetAuth), kSetIdi | kSetAuth) << set;
  }
}

TEST(Legality, AnExchangeThatMakesChildrenHasNoRowBeforeAuth) {
  const auto before_auth = reachable([](const StateEdge& edge) {
    return !is_auth_edge(edge) && edge.to != IkeSaState::Candidate;
  });
  for_each_situation([&](const Situation& s) {
    const bool makes_children = s.exchange == static_cast<uint8_t>(ExchangeType::CreateChildSa) ||
                                s.exchange == static_cast<uint8_t>(ExchangeType::IkeFollowupKe) ||
                                s.exchange == static_cast<uint8_t>(ExchangeType::Informational);
    // Deleting is reached both ways; what is asked there is answered and installs nothing.
    if (!makes_children || !before_auth.contains(s.state) || s.state == IkeSaState::Deleting)
      return;
    EXPECT_FALSE(admitted(s)) << to_string(s.state);
  });
}

TEST(Legality, IkeSaInitIsAdmittedOnlyAsTheFirstRequestAndItsAnswer) {
  for_each_situation([](const Situation& s) {
    if (s.exchange != static_cast<uint8_t>(ExchangeType::IkeSaInit) || !admitted(s)) return;
    const bool asked = s.state == IkeSaState::Idle && s.role == Role::Responder &&
                       s.direction == Direction::Request;
    const bool answered = s.state == IkeSaState::InitSent && s.role == Role::Initiator &&
                          s.direction == Direction::Response;
    EXPECT_TRUE(asked || answered) << to_string(s.state);
  });
}

TEST(Legality, DeleteComesOnlyInInformationalAndAuthOnlyInIkeAuth) {
  for_each_situation([](const Situation& s) {
    for (unsigned set = 0; set <= kEverything; ++set) {
      if (judge(s, static_cast<PayloadSet>(set)) != Legality::Legal) continue;
      if (set & kSetDelete) {
        ASSERT_EQ(s.exchange, static_cast<uint8_t>(ExchangeType::Informational));
      }
      if (set & kSetAuth) {
        ASSERT_EQ(s.exchange, static_cast<uint8_t>(ExchangeType::IkeAuth));
      }
    }
  });
}

TEST(Legality, TheTableDecidesEverySetOfPayloadsByItsOwnRowAlone) {
  size_t decided = 0;
  for_each_situation([&](const Situation& s) {
    const LegalityRow* own = nullptr;
    for (const LegalityRow& row : legality_table()) {
      const bool is_own = row.state == s.state &&
                          static_cast<uint8_t>(row.exchange) == s.exchange && row.role == s.role &&
                          row.direction == s.direction;
      if (is_own) own = &row;
    }
    for (unsigned set = 0; set <= kEverything; ++set, ++decided) {
      const bool has_child = own != nullptr && ((set & own->child) == own->child ||
                                                (s.admits_childless && (set & own->child) == 0));
      const bool expected = own != nullptr && (set & own->forbidden) == 0 &&
                            (set & own->required) == own->required && has_child;
      ASSERT_EQ(judge(s, static_cast<PayloadSet>(set)) == Legality::Legal, expected);
    }
  });
  EXPECT_EQ(decided, size_t{kIkeSaStateCount} * 256 * 2 * 2 * 2 * (kEverything + 1));
}

TEST(Legality, CertificatesComeOnlyInIkeAuthAndRequestsForThemOnlyBeforeEstablished) {
  for_each_situation([](const Situation& s) {
    for (unsigned set = 0; set <= kEverything; ++set) {
      if (judge(s, static_cast<PayloadSet>(set)) != Legality::Legal) continue;
      const bool in_auth = s.exchange == static_cast<uint8_t>(ExchangeType::IkeAuth);
      if (set & kSetCert) {
        ASSERT_TRUE(in_auth);
      }
      if (set & kSetCertRequest) {
        ASSERT_TRUE(in_auth || s.exchange == static_cast<uint8_t>(ExchangeType::IkeSaInit));
      }
    }
  });
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
