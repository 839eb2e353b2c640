#include "ike/core/proposal.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace twinspan::ike {
namespace {

const IkeProposal kGcm{.encryption = {EncryptionId::AesGcm16, 256}};
const IkeProposal kCbc{.encryption = {EncryptionId::AesCbc, 256},
                       .integrity = IntegrityId::HmacSha256_128,
                       .prf = PrfId::HmacSha256,
                       .group = DhGroupId::Modp2048};
const EspProposal kEspGcm{.encryption = {EncryptionId::AesGcm16, 256}};

uint16_t number(DhGroupId group) {
  return static_cast<uint16_t>(group);
}

TEST(Proposal, AnOfferIsAcceptedByWhoeverWantsTheSame) {
  for (const IkeProposal& p : {kGcm, kCbc}) {
    const auto choice = select_ike(offer_ike({p}, std::nullopt), {p}, number(p.group));
    ASSERT_TRUE(choice.has_value());
    EXPECT_EQ(choice->suite, (IkeSuite{p.encryption, p.integrity, p.prf, p.group}));
  }
}

TEST(Proposal, TheAnswerToAChoicePassesTheInitiatorsCheck) {
  const SaPayload offer = offer_ike({kCbc, kGcm}, IkeSpi{5});
  const auto choice = select_ike(offer, {kGcm}, 0);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->number, 2);
  EXPECT_EQ(choice->spi, IkeSpi{5});
  const auto accepted = accept_ike(answer_ike(*choice, IkeSpi{9}), {kCbc, kGcm});
  ASSERT_TRUE(accepted.has_value());
  EXPECT_EQ(accepted->suite, choice->suite);
  EXPECT_EQ(accepted->spi, IkeSpi{9});
}

TEST(Proposal, OurOrderDecidesUnlessTheKePayloadSavesARoundTrip) {
  const SaPayload offer = offer_ike({kCbc, kGcm}, std::nullopt);
  EXPECT_EQ(select_ike(offer, {kGcm, kCbc}, 0)->suite.encryption, kGcm.encryption);
  EXPECT_EQ(select_ike(offer, {kGcm, kCbc}, number(kCbc.group))->suite.encryption, kCbc.encryption);
}

TEST(Proposal, EachDifferingTransformAloneIsNoAgreement) {
  const std::vector<IkeProposal> others = [] {
    std::vector<IkeProposal> list(4, kCbc);
    list[0].encryption.key_bits = 128;
    list[1].integrity = IntegrityId::HmacSha384_192;
    list[2].prf = PrfId::HmacSha512;
    list[3].group = DhGroupId::Ecp256;
    return list;
  }();
  for (const IkeProposal& other : others) {
    EXPECT_FALSE(select_ike(offer_ike({other}, std::nullopt), {kCbc}, 14).has_value());
    EXPECT_FALSE(accept_ike(offer_ike({other}, std::nullopt), {kCbc}).has_value());
  }
}

TEST(Proposal, ExplanationsNameTheFirstDifference) {
  IkeProposal other = kCbc;
  other.prf = PrfId::HmacSha512;
  EXPECT_TRUE(explain_ike(offer_ike({other}, std::nullopt), {kCbc}).starts_with("no common prf"));
  other = kCbc;
  other.group = DhGroupId::Ecp256;
  EXPECT_TRUE(
      explain_ike(offer_ike({other}, std::nullopt), {kCbc}).starts_with("no common DH group"));
  EspProposal without_pfs = kEspGcm;
  without_pfs.pfs_group = DhGroupId::None;
  EXPECT_TRUE(
      explain_esp(offer_esp({without_pfs}, Spi{300}, ChildDh::With), {kEspGcm}, ChildDh::With)
          .starts_with("no common DH group"));
}

TEST(Proposal, IkeOffersCarryNoEsnAndIkeAuthOffersNoGroup) {
  const auto has = [](const SaPayload& sa, TransformType type) {
    return std::ranges::any_of(sa.proposals.front().transforms,
                               [type](const Transform& t) { return t.type == type; });
  };
  EXPECT_FALSE(has(offer_ike({kGcm}, std::nullopt), TransformType::Esn));
  EXPECT_FALSE(has(offer_esp({kEspGcm}, Spi{300}, ChildDh::Without), TransformType::DhGroup));
  EXPECT_TRUE(has(offer_esp({kEspGcm}, Spi{300}, ChildDh::With), TransformType::DhGroup));
}

TEST(Proposal, EsnIsChosenOnlyWhenOffered) {
  EspProposal plain = kEspGcm;
  plain.esn = false;
  const auto chosen = [](const EspProposal& theirs, const EspProposal& ours) {
    return select_esp(offer_esp({theirs}, Spi{300}, ChildDh::Without), {ours}, ChildDh::Without, 0)
        ->transforms.esn;
  };
  EXPECT_TRUE(chosen(kEspGcm, kEspGcm));
  EXPECT_FALSE(chosen(plain, kEspGcm));
  EXPECT_FALSE(chosen(kEspGcm, plain));
}

TEST(Proposal, UnknownTransformTypesAndAttributesAreNeverChosen) {
  SaPayload offer = offer_ike({kGcm}, std::nullopt);
  offer.proposals[0].transforms.push_back({.type = static_cast<TransformType>(6), .id = 35});
  EXPECT_FALSE(select_ike(offer, {kGcm}, 20).has_value());
  // With NONE among its values the type may be left out.
  offer.proposals[0].transforms.push_back({.type = static_cast<TransformType>(6), .id = 0});
  EXPECT_TRUE(select_ike(offer, {kGcm}, 20).has_value());
  SaPayload odd = offer_ike({kGcm}, std::nullopt);
  odd.proposals[0].transforms[0].has_unknown_attribute = true;
  EXPECT_FALSE(select_ike(odd, {kGcm}, 20).has_value());
}

TEST(Proposal, AnAeadWithAnIntegrityTransformIsRefused) {
  SaPayload offer = offer_ike({kGcm}, std::nullopt);
  offer.proposals[0].transforms.push_back({.type = TransformType::Integrity, .id = 12});
  EXPECT_FALSE(select_ike(offer, {kGcm}, 20).has_value());
}

TEST(Proposal, AnAnswerWithSeveralProposalsOrTransformsIsRefused) {
  SaPayload two = offer_ike({kGcm, kCbc}, std::nullopt);
  EXPECT_FALSE(accept_ike(two, {kGcm, kCbc}).has_value());
  SaPayload doubled = offer_ike({kGcm}, std::nullopt);
  doubled.proposals[0].transforms.push_back(doubled.proposals[0].transforms[0]);
  EXPECT_FALSE(accept_ike(doubled, {kGcm}).has_value());
  EXPECT_FALSE(accept_ike(SaPayload{}, {kGcm}).has_value());
}

TEST(Proposal, ReservedSpisAndWrongSpiSizesAreRefused) {
  EXPECT_FALSE(
      select_esp(offer_esp({kEspGcm}, Spi{255}, ChildDh::With), {kEspGcm}, ChildDh::With, 20)
          .has_value());
  SaPayload offer = offer_esp({kEspGcm}, Spi{300}, ChildDh::With);
  offer.proposals[0].spi.push_back(0);
  EXPECT_FALSE(select_esp(offer, {kEspGcm}, ChildDh::With, 20).has_value());
}

TEST(Proposal, AllTransformIdsOfAllTypesGoThroughNegotiationUnharmed) {
  for (uint16_t type = 0; type <= 16; ++type) {
    for (uint32_t id = 0; id <= 65535; id += 7) {
      SaPayload offer = offer_ike({kCbc}, std::nullopt);
      for (Transform& t : offer.proposals[0].transforms) {
        if (static_cast<uint16_t>(t.type) == type) t.id = static_cast<uint16_t>(id);
      }
      const auto choice = select_ike(offer, {kCbc}, static_cast<uint16_t>(id));
      if (choice) {
        EXPECT_EQ(choice->suite.group, kCbc.group);
      }
    }
  }
}

TEST(Proposal, WhatIsInUseComesFirst) {
  const auto ordered = established_first(std::vector{kGcm, kCbc},
                                         {kCbc.encryption, kCbc.integrity, kCbc.prf, kCbc.group});
  EXPECT_EQ(ordered[0].encryption, kCbc.encryption);
  EspProposal other = kEspGcm;
  other.pfs_group = DhGroupId::Ecp256;
  const auto esp =
      established_first(std::vector{kEspGcm, other}, {other.encryption, other.integrity, true},
                        {.group = DhGroupId::Ecp256});
  EXPECT_EQ(esp[0].pfs_group, DhGroupId::Ecp256);
}

// --- RFC 9370 2.2.1 ---

IkeProposal with(IkeProposal proposal, std::vector<DhGroupId> additional) {
  proposal.additional = std::move(additional);
  return proposal;
}

// An offer of kCbc with more transforms, by type and method.
SaPayload adding(std::vector<std::pair<size_t, DhGroupId>> more) {
  SaPayload offer = offer_ike({kCbc}, std::nullopt);
  for (const auto& [number, method] : more) {
    offer.proposals.front().transforms.push_back(
        {.type = additional_ke_type(number - 1), .id = static_cast<uint16_t>(method)});
  }
  return offer;
}

std::vector<std::pair<size_t, DhGroupId>> additional_of(const SaPayload& sa) {
  std::vector<std::pair<size_t, DhGroupId>> found;
  for (const Transform& t : sa.proposals.front().transforms) {
    if (!is_additional_ke(t.type)) continue;
    found.emplace_back(static_cast<size_t>(t.type) - 5, static_cast<DhGroupId>(t.id));
  }
  return found;
}

TEST(Proposal, AdditionalMethodsAreAgreedInTheirOrder) {
  using enum DhGroupId;
  const IkeProposal ours = with(kCbc, {Curve25519, Ecp521});
  const SaPayload offer = offer_ike({ours}, std::nullopt);
  EXPECT_EQ(additional_of(offer),
            (std::vector<std::pair<size_t, DhGroupId>>{{1, Curve25519}, {2, Ecp521}}));
  const auto choice = select_ike(offer, {ours}, 14);
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->suite, ours.suite());
  const SaPayload answer = answer_ike(*choice, std::nullopt);
  EXPECT_EQ(additional_of(answer), additional_of(offer));
  EXPECT_EQ(accept_ike(answer, {ours})->suite, ours.suite());
  EXPECT_FALSE(select_ike(offer, {with(kCbc, {Ecp521, Curve25519})}, 14).has_value());
  EXPECT_FALSE(select_ike(offer, {with(kCbc, {Curve25519})}, 14).has_value());
  EXPECT_FALSE(select_ike(offer, {kCbc}, 14).has_value());
  EXPECT_FALSE(select_ike(offer_ike({kCbc}, std::nullopt), {ours}, 14).has_value());
}

TEST(Proposal, ATypeThatNoMethodOfOursFallsToMustOfferNone) {
  using enum DhGroupId;
  const auto choose = [](const SaPayload& offer, std::vector<DhGroupId> ours) {
    const auto choice = select_ike(offer, {with(kCbc, std::move(ours))}, 14);
    if (!choice) return std::vector<std::pair<size_t, DhGroupId>>{{0, None}};
    return additional_of(answer_ike(*choice, std::nullopt));
  };
  using Taken = std::vector<std::pair<size_t, DhGroupId>>;
  // The example of RFC 9370 2.2.1: types 2, 3 and 5.
  const SaPayload offer =
      adding({{2, Ecp256}, {2, Curve25519}, {3, Ecp256}, {3, Curve25519}, {5, Ecp521}, {5, None}});
  EXPECT_EQ(choose(offer, {Curve25519, Ecp256}), (Taken{{2, Curve25519}, {3, Ecp256}, {5, None}}));
  EXPECT_EQ(choose(offer, {Ecp256, Curve25519, Ecp521}),
            (Taken{{2, Ecp256}, {3, Curve25519}, {5, Ecp521}}));
  EXPECT_EQ(choose(offer, {Ecp256}), (Taken{{0, None}}));
  EXPECT_EQ(choose(offer, {}), (Taken{{0, None}}));
  // What stands first is not always to be taken first.
  EXPECT_EQ(choose(adding({{1, Ecp521}, {1, None}, {4, Ecp521}}), {Ecp521}),
            (Taken{{1, None}, {4, Ecp521}}));
  EXPECT_EQ(choose(adding({{1, Ecp521}, {1, None}}), {}), (Taken{{1, None}}));
}

TEST(Proposal, AnAnswerKeepsTheTypesUnderWhichWeOfferMethods) {
  using enum DhGroupId;
  const std::vector<IkeProposal> ours = {with(kCbc, {Curve25519, Ecp521})};
  EXPECT_TRUE(accept_ike(adding({{1, Curve25519}, {2, Ecp521}}), ours).has_value());
  EXPECT_FALSE(accept_ike(adding({{1, Curve25519}, {3, Ecp521}}), ours).has_value());
  EXPECT_FALSE(accept_ike(adding({{2, Curve25519}, {3, Ecp521}}), ours).has_value());
  EXPECT_FALSE(accept_ike(adding({{1, Ecp521}, {2, Curve25519}}), ours).has_value());
  EXPECT_FALSE(accept_ike(adding({{1, Curve25519}}), ours).has_value());
  EXPECT_FALSE(accept_ike(adding({{1, Curve25519}, {1, Ecp521}, {2, Ecp521}}), ours).has_value());
  EXPECT_FALSE(accept_ike(adding({}), ours).has_value());
}

TEST(Proposal, ChildrenOfIkeAuthHaveNoAdditionalMethodsAndOthersDo) {
  EspProposal ours = kEspGcm;
  ours.additional = {DhGroupId::Curve25519};
  const SaPayload first = offer_esp({ours}, Spi{300}, ChildDh::Without);
  EXPECT_TRUE(additional_of(first).empty());
  EXPECT_TRUE(select_esp(first, {ours}, ChildDh::Without, 0)->additional_methods().empty());
  const SaPayload later = offer_esp({ours}, Spi{300}, ChildDh::With);
  const auto choice = select_esp(later, {ours}, ChildDh::With, number(ours.pfs_group));
  ASSERT_TRUE(choice.has_value());
  EXPECT_EQ(choice->additional_methods(), ours.additional);
  const auto accepted = accept_esp(answer_esp(*choice, Spi{301}), {ours}, ChildDh::With);
  ASSERT_TRUE(accepted.has_value());
  EXPECT_EQ(accepted->additional_methods(), ours.additional);
}

TEST(Proposal, WhatNeedsNoIkeIntermediateCanBeToldApart) {
  const std::vector<IkeProposal> both = {with(kCbc, {DhGroupId::Ecp521}), kCbc};
  EXPECT_TRUE(has_additional(both));
  ASSERT_EQ(without_additional(both).size(), 1u);
  EXPECT_EQ(without_additional(both)[0].suite(), kCbc.suite());
  EXPECT_FALSE(has_additional({kCbc}));
  EXPECT_TRUE(explain_ike(offer_ike({kCbc}, std::nullopt), {both[0]})
                  .starts_with("no common additional key exchange"));
}

}  // namespace
}  // namespace twinspan::ike
