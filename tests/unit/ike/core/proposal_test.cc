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
  const auto esp = established_first(std::vector{kEspGcm, other},
                                     {other.encryption, other.integrity, true}, DhGroupId::Ecp256);
  EXPECT_EQ(esp[0].pfs_group, DhGroupId::Ecp256);
}

}  // namespace
}  // namespace twinspan::ike
