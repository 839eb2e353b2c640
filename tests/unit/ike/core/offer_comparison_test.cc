#include "ike/core/offer_comparison.h"

#include <gtest/gtest.h>

#include "ike/exchange/payloads.h"
#include "ike/exchange/refusals.h"

namespace twinspan::ike {
namespace {

using Items = std::vector<ComparedItem>;

const IkeProposal kGcm{.encryption = {EncryptionId::AesGcm16, 256}};
const IkeProposal kCbc{.encryption = {EncryptionId::AesCbc, 256},
                       .integrity = IntegrityId::HmacSha256_128,
                       .prf = PrfId::HmacSha256,
                       .group = DhGroupId::Modp2048};

Transform transform(TransformType type, uint16_t id) {
  return {.type = type, .id = id};
}

TEST(OfferComparison, EsnAloneMayDiffer) {
  EspProposal ours{.encryption = {EncryptionId::AesGcm16, 256}, .esn = false};
  SaPayload theirs = offer_esp({ours}, Spi{256}, ChildDh::Without);
  for (Transform& t : theirs.proposals[0].transforms) {
    if (t.type == TransformType::Esn) t.id = 1;
  }
  const OfferComparison found = compare_esp(&theirs, {ours}, ChildDh::Without);
  EXPECT_EQ(found.items, (Items{{"encryption", "GCMAES256", "GCMAES256", false},
                                {"esn", "false", "true", true}}));
  EXPECT_EQ(found.first_difference, "esn");
  EXPECT_EQ(found.config_field, "ipsec_policy.esn");
}

TEST(OfferComparison, OfSeveralCombinationsTheMostSimilarOnesDecide) {
  // Each value is on both sides, and no combination is.
  IkeProposal other = kCbc;
  other.group = DhGroupId::Ecp384;
  const SaPayload theirs = offer_ike({kGcm, kCbc}, std::nullopt);
  IkeProposal gcm_with_14 = kGcm;
  gcm_with_14.group = DhGroupId::Modp2048;
  const OfferComparison found = compare_ike(&theirs, {gcm_with_14, other});
  for (const ComparedItem& item : found.items) EXPECT_FALSE(item.differs) << item.item;
  EXPECT_EQ(found.first_difference, "dh_group");
  EXPECT_EQ(found.config_field, "ipsec_policy.dh_group");
}

TEST(OfferComparison, WhatHasNoWordIsANumber) {
  SaPayload theirs = offer_ike({kCbc}, std::nullopt);
  for (Transform& t : theirs.proposals[0].transforms) {
    if (t.type == TransformType::Encryption) t = transform(TransformType::Encryption, 3);
    if (t.type == TransformType::DhGroup) t.id = 5;
  }
  const OfferComparison found = compare_ike(&theirs, {kCbc});
  EXPECT_EQ(found.items[0], (ComparedItem{"encryption", "AES256", "#3", true}));
  EXPECT_EQ(found.items[3], (ComparedItem{"dh_group", "DHGroup14", "#5", true}));
}

TEST(OfferComparison, AHostileOfferIsCut) {
  SaPayload theirs;
  for (uint8_t number = 1; number <= 32; ++number) {
    Proposal proposal{.number = number, .protocol = ProtocolId::Ike, .spi = {}, .transforms = {}};
    for (uint16_t id = 0; id < 200; ++id) {
      proposal.transforms.push_back(
          transform(TransformType::DhGroup, static_cast<uint16_t>(1000 + 200 * number + id)));
    }
    theirs.proposals.push_back(proposal);
  }
  const OfferComparison found = compare_ike(&theirs, {kGcm});
  EXPECT_LE(found.peer_offer.size(), kComparedTextMax + 4);
  for (const ComparedItem& item : found.items)
    EXPECT_LE(item.theirs.size(), kComparedTextMax + 4) << item.item;
}

TEST(Refusals, InvalidKePayloadNamesThePeersGroup) {
  PeerConfig peer;
  peer.name = "a-to-b";
  peer.ike_proposals = {kGcm};
  const Payload notify = invalid_ke_notify(14);
  const Diagnosis ike = ike_refused(peer, {kGcm}, std::get<NotifyPayload>(notify));
  EXPECT_EQ(ike.cause, "no-common-group");
  EXPECT_EQ(ike.compared.items.back(), (ComparedItem{"dh_group", "ECP384", "DHGroup14", true}));
  EXPECT_EQ(ike.compared.first_difference, "dh_group");
  EXPECT_EQ(ike.config_field, "ipsec_policy.dh_group");
  const std::vector<EspProposal> esp = {{.encryption = {EncryptionId::AesGcm16, 256}}};
  const TrafficSelectors none;
  const std::string config = "net";
  const Diagnosis child = child_refused(peer, {config, esp, none, none, ChildDh::With},
                                        std::get<NotifyPayload>(notify));
  EXPECT_EQ(child.compared.first_difference, "dh_group");
  EXPECT_EQ(child.config_field, "ipsec_policy.pfs_group");
}

TEST(Refusals, AnErrorThatComparesNothingStillHasItsMeaning) {
  PeerConfig peer;
  peer.name = "a-to-b";
  const NotifyPayload error{
      .protocol = ProtocolId::None, .spi = {}, .type = NotifyType::FailedCpRequired, .value = {}};
  const Diagnosis why = ike_refused(peer, {kGcm}, error);
  EXPECT_NE(why.likely_cause.find("ask for an address"), std::string::npos);
  EXPECT_NE(why.message.find("FAILED_CP_REQUIRED"), std::string::npos);
}

}  // namespace
}  // namespace twinspan::ike
