// Every failed exchange leaves one record on each side that knows of it: who, in which exchange and
// role, both sides' values, the first difference, and the setting to look at.
#include <algorithm>

#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

using Items = std::vector<ComparedItem>;

struct Place {
  std::string exchange;
  std::string role;
  std::string port = "500";
};

// The only record of `host` so far, with everything that does not depend on what differed.
const Diagnosis& only_record(SimHost& host, const Place& place) {
  static const Diagnosis none;
  EXPECT_EQ(host.failures.size(), 1u);
  if (host.failures.empty()) return none;
  const Diagnosis& record = host.failures.front();
  const bool is_a = host.name() == "A";
  EXPECT_EQ(record.connection, is_a ? "a-to-b" : "b-to-a");
  EXPECT_EQ(record.config_object, is_a ? "connections.a-to-b" : "connections.b-to-a");
  EXPECT_EQ(record.peer_identity, is_a ? "b.example.net" : "a.example.net");
  EXPECT_EQ(record.peer_address, (is_a ? "192.0.2.2:" : "192.0.2.1:") + place.port);
  EXPECT_EQ(record.exchange, place.exchange);
  EXPECT_EQ(record.role, place.role);
  EXPECT_FALSE(record.message.empty());
  EXPECT_FALSE(record.likely_cause.empty());
  EXPECT_FALSE(record.remedy.empty());
  return record;
}

void expect_difference(const Diagnosis& record, const Items& items, const std::string& first,
                       const std::string& field) {
  ASSERT_EQ(record.compared.items.size(), items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    const ComparedItem& found = record.compared.items[i];
    EXPECT_EQ(found.item, items[i].item);
    EXPECT_EQ(found.ours, items[i].ours) << found.item;
    EXPECT_EQ(found.theirs, items[i].theirs) << found.item;
    EXPECT_EQ(found.differs, items[i].differs) << found.item;
  }
  EXPECT_EQ(record.compared.first_difference, first);
  EXPECT_EQ(record.config_field, field);
}

// One attempt of A.
void try_once(SimPair& pair) {
  pair.start();
  pair.world.run_for(500ms);
  EXPECT_FALSE(pair.is_up());
  pair.expect_sound();
}

// The items as whoever got NO_PROPOSAL_CHOSEN sees them: the peer's side is unknown, and so is what
// only the peer has.
Items untold(Items items) {
  std::erase_if(items, [](const ComparedItem& item) { return item.ours == "None"; });
  for (ComparedItem& item : items) {
    item.theirs.clear();
    item.differs = false;
  }
  return items;
}

// The same seen from the other side.
Items turned(Items items) {
  for (ComparedItem& item : items) std::swap(item.ours, item.theirs);
  return items;
}

void expect_ike_difference(SimPair& pair, const Items& of_b, const std::string& first,
                           const std::string& field) {
  try_once(pair);
  const Diagnosis& b = only_record(pair.b(), {"IKE_SA_INIT", "responder"});
  EXPECT_EQ(b.cause, "no-ike-proposal");
  expect_difference(b, of_b, first, field);
  EXPECT_FALSE(b.compared.our_offer.empty());
  EXPECT_FALSE(b.compared.peer_offer.empty());
  const Diagnosis& a = only_record(pair.a(), {"IKE_SA_INIT", "initiator"});
  EXPECT_EQ(a.cause, "no-ike-proposal");
  expect_difference(a, untold(turned(of_b)), "", "ipsec_policy");
  EXPECT_EQ(a.compared.our_offer, b.compared.peer_offer);
  EXPECT_EQ(a.compared.peer_offer, "");
}

constexpr IkeProposal kCbc{.encryption = {EncryptionId::AesCbc, 256},
                           .integrity = IntegrityId::HmacSha256_128,
                           .prf = PrfId::HmacSha256,
                           .group = DhGroupId::Modp2048};

TEST(Explanation, IkeEncryptionDiffers) {
  SimPair pair;
  pair.config[kB].ike_proposals[0].encryption = {EncryptionId::AesGcm16, 128};
  expect_ike_difference(pair,
                        {{"encryption", "GCMAES128", "GCMAES256", true},
                         {"prf", "SHA384", "SHA384", false},
                         {"dh_group", "ECP384", "ECP384", false}},
                        "encryption", "ipsec_policy.ike_encryption");
}

TEST(Explanation, IkeIntegrityDiffers) {
  SimPair pair;
  pair.config[kA].ike_proposals = {kCbc};
  pair.config[kB].ike_proposals = {kCbc};
  pair.config[kB].ike_proposals[0].integrity = IntegrityId::HmacSha512_256;
  expect_ike_difference(pair,
                        {{"encryption", "AES256", "AES256", false},
                         {"integrity", "SHA512", "SHA256", true},
                         {"prf", "SHA256", "SHA256", false},
                         {"dh_group", "DHGroup14", "DHGroup14", false}},
                        "integrity", "ipsec_policy.ike_integrity");
}

TEST(Explanation, IkePrfDiffers) {
  SimPair pair;
  pair.config[kB].ike_proposals[0].prf = PrfId::HmacSha512;
  expect_ike_difference(pair,
                        {{"encryption", "GCMAES256", "GCMAES256", false},
                         {"prf", "SHA512", "SHA384", true},
                         {"dh_group", "ECP384", "ECP384", false}},
                        "prf", "ipsec_policy.ike_prf");
}

TEST(Explanation, IkeGroupDiffers) {
  SimPair pair;
  pair.config[kB].ike_proposals[0].group = DhGroupId::Modp2048;
  expect_ike_difference(pair,
                        {{"encryption", "GCMAES256", "GCMAES256", false},
                         {"prf", "SHA384", "SHA384", false},
                         {"dh_group", "DHGroup14", "ECP384", true}},
                        "dh_group", "ipsec_policy.dh_group");
}

TEST(Explanation, AnAeadAgainstASeparateIntegrityDiffersInTheEncryptionFirst) {
  SimPair pair;
  pair.config[kB].ike_proposals = {kCbc};
  expect_ike_difference(pair,
                        {{"encryption", "AES256", "GCMAES256", true},
                         {"integrity", "SHA256", "None", true},
                         {"prf", "SHA256", "SHA384", true},
                         {"dh_group", "DHGroup14", "ECP384", true}},
                        "encryption", "ipsec_policy.ike_encryption");
}

void expect_esp_difference(SimPair& pair, const Items& of_b, const std::string& first,
                           const std::string& field) {
  pair.config[kB].admits_childless = false;
  try_once(pair);
  const Diagnosis& b = only_record(pair.b(), {"IKE_AUTH", "responder", "4500"});
  EXPECT_EQ(b.cause, "no-esp-proposal");
  expect_difference(b, of_b, first, field);
  const Diagnosis& a = only_record(pair.a(), {"IKE_AUTH", "initiator", "4500"});
  EXPECT_EQ(a.cause, "no-esp-proposal");
  expect_difference(a, untold(turned(of_b)), "", "ipsec_policy");
}

TEST(Explanation, EspEncryptionDiffers) {
  SimPair pair;
  pair.config[kB].children[0].proposals[0].encryption = {EncryptionId::ChaCha20Poly1305, 256};
  expect_esp_difference(pair,
                        {{"encryption", "CHACHA20POLY1305", "GCMAES256", true},
                         {"esn", "true false", "true false", false}},
                        "encryption", "ipsec_policy.ipsec_encryption");
}

TEST(Explanation, EspIntegrityDiffers) {
  SimPair pair;
  for (const size_t side : {kA, kB}) {
    EspProposal& esp = pair.config[side].children[0].proposals[0];
    esp.encryption = {EncryptionId::AesCbc, 128};
    esp.integrity = side == kA ? IntegrityId::HmacSha256_128 : IntegrityId::HmacSha384_192;
  }
  expect_esp_difference(pair,
                        {{"encryption", "AES128", "AES128", false},
                         {"integrity", "SHA384", "SHA256", true},
                         {"esn", "true false", "true false", false}},
                        "integrity", "ipsec_policy.ipsec_integrity");
}

TEST(Explanation, PfsDiffersAtTheFirstRekey) {
  SimPair pair;
  pair.config[kB].children[0].proposals[0].pfs_group = DhGroupId::None;
  pair.config[kB].admits_childless = false;
  pair.establish();
  EXPECT_TRUE(pair.a().failures.empty());
  pair.rekey_child(kA);
  pair.world.run_for(500ms);
  const Items of_b = {{"encryption", "GCMAES256", "GCMAES256", false},
                      {"dh_group", "None", "ECP384", true},
                      {"esn", "true false", "true false", false}};
  const Diagnosis& b = only_record(pair.b(), {"CREATE_CHILD_SA", "responder", "4500"});
  EXPECT_EQ(b.cause, "pfs-mismatch");
  expect_difference(b, of_b, "dh_group", "ipsec_policy.pfs_group");
  const Diagnosis& a = only_record(pair.a(), {"CREATE_CHILD_SA", "initiator", "4500"});
  EXPECT_EQ(a.cause, "pfs-mismatch");
  expect_difference(a, untold(turned(of_b)), "", "ipsec_policy.pfs_group");
  ASSERT_EQ(pair.a().done.size(), 1u);
  EXPECT_EQ(pair.a().done[0].diagnosis.exchange, "CREATE_CHILD_SA");
  EXPECT_TRUE(pair.is_up());
}

TEST(Explanation, PreSharedKeysDiffer) {
  SimPair pair;
  pair.config[kB].authentication = psk("another key");
  try_once(pair);
  const Diagnosis& b = only_record(pair.b(), {"IKE_AUTH", "responder", "4500"});
  EXPECT_EQ(b.cause, "wrong-psk");
  expect_difference(b, {}, "", "shared_key");
  // The peer does not say whether it was the key or the identity, so both are shown.
  const Diagnosis& a = only_record(pair.a(), {"IKE_AUTH", "initiator", "4500"});
  EXPECT_EQ(a.cause, "auth-refused");
  expect_difference(
      a, {{"remote_id", "b.example.net", "", false}, {"local_id", "a.example.net", "", false}}, "",
      "shared_key");
}

TEST(Explanation, TheInitiatorsIdentityDiffers) {
  SimPair pair;
  pair.config[kA].local_identity = fqdn("c.example.net");
  try_once(pair);
  const Diagnosis& b = only_record(pair.b(), {"IKE_AUTH", "responder", "4500"});
  EXPECT_EQ(b.cause, "wrong-identity");
  expect_difference(b,
                    {{"remote_id", "a.example.net", "c.example.net", true},
                     {"local_id", "b.example.net", "b.example.net", false}},
                    "remote_id", "remote_id");
}

TEST(Explanation, TheRespondersIdentityDiffers) {
  SimPair pair;
  pair.config[kB].local_identity = fqdn("c.example.net");
  try_once(pair);
  const Diagnosis& b = only_record(pair.b(), {"IKE_AUTH", "responder", "4500"});
  EXPECT_EQ(b.cause, "wrong-identity");
  expect_difference(b,
                    {{"remote_id", "a.example.net", "a.example.net", false},
                     {"local_id", "c.example.net", "b.example.net", true}},
                    "local_id", "local_id");
}

void expect_selectors_differ(SimPair& pair, const char* exchange) {
  pair.config[kA].children[0].local = selectors({"10.1.0.0/16"});
  pair.config[kB].children[0].remote = selectors({"10.9.0.0/16"});
  try_once(pair);
  const Items of_b = {{"local_selectors", "0.0.0.0/0, ::/0", "0.0.0.0/0, ::/0", false},
                      {"remote_selectors", "10.9.0.0/16", "10.1.0.0/16", true}};
  const Diagnosis& b = only_record(pair.b(), {exchange, "responder", "4500"});
  EXPECT_EQ(b.cause, "no-common-selectors");
  expect_difference(b, of_b, "remote_selectors", "remote_selectors");
  const Diagnosis& a = only_record(pair.a(), {exchange, "initiator", "4500"});
  EXPECT_EQ(a.cause, "no-common-selectors");
  expect_difference(a,
                    {{"local_selectors", "10.1.0.0/16", "", false},
                     {"remote_selectors", "0.0.0.0/0, ::/0", "", false}},
                    "", "remote_selectors");
}

TEST(Explanation, SelectorsDiffer) {
  SimPair pair;
  expect_selectors_differ(pair, "CREATE_CHILD_SA");
}

TEST(Explanation, SelectorsDifferInIkeAuth) {
  SimPair pair;
  pair.config[kB].admits_childless = false;
  expect_selectors_differ(pair, "IKE_AUTH");
}

TEST(Explanation, NobodyAnswersOnPort500) {
  SimPair pair;
  pair.start(kA);
  pair.world.run_for(40s);
  const Diagnosis& a = only_record(pair.a(), {"IKE_SA_INIT", "initiator"});
  EXPECT_EQ(a.cause, "no-answer");
  expect_difference(a, {}, "", "remote_address");
  EXPECT_NE(a.remedy.find("port 500"), std::string::npos);
}

TEST(Explanation, PortFiveHundredAnswersAndPort4500DoesNot) {
  SimPair pair;
  pair.world.filter = [](const WireMessage& m) {
    return m.header.exchange == static_cast<uint8_t>(ExchangeType::IkeSaInit);
  };
  pair.start();
  pair.world.run_for(34s);
  const Diagnosis& a = only_record(pair.a(), {"IKE_AUTH", "initiator", "4500"});
  EXPECT_EQ(a.cause, "no-answer-4500");
  expect_difference(a, {}, "", "");
  EXPECT_NE(a.remedy.find("4500"), std::string::npos);
  const Diagnosis& b = only_record(pair.b(), {"IKE_AUTH", "responder", "500"});
  EXPECT_EQ(b.cause, "no-ike-auth");
  EXPECT_NE(b.remedy.find("4500"), std::string::npos);
}

TEST(Explanation, AFloodOfUselessOffersIsOneRecordASecond) {
  SimPair pair;
  pair.config[kB].ike_proposals[0].prf = PrfId::HmacSha512;
  pair.world.keeps_sent = true;
  pair.start(kB);
  pair.start(kA);
  pair.world.run_for(10ms);
  pair.b().failures.clear();
  const Datagram first = pair.world.sent.at(0).datagram;
  for (uint32_t i = 0; i < 1000; ++i) {
    Datagram other = first;
    store_be32(other.bytes.data(), i + 1);
    pair.b().endpoint().handle_datagram(pair.world.now() + 2s + i * 5ms, other);
    while (pair.b().endpoint().poll_datagram()) {
    }
    while (auto event = pair.b().endpoint().poll_event()) pair.b().carry_out(*std::move(event));
  }
  EXPECT_GE(pair.b().failures.size(), 5u);
  EXPECT_LE(pair.b().failures.size(), 6u);
}

// What a connection without `legacy: true` holds, against a peer that has nothing but weak ones.
TEST(Explanation, WeakOffersAreNeverTakenInEitherRole) {
  const IkeProposal sha1{.encryption = {EncryptionId::AesCbc, 256},
                         .integrity = IntegrityId::HmacSha1_96,
                         .prf = PrfId::HmacSha1,
                         .group = DhGroupId::Modp2048};
  IkeProposal group2 = kCbc;
  group2.group = DhGroupId::Modp1024;
  IkeProposal group24 = kCbc;
  group24.group = DhGroupId::Modp2048_256;
  for (const IkeProposal& weak : {sha1, group2, group24}) {
    for (const size_t weak_side : {kA, kB}) {
      SimPair pair;
      pair.config[kA].ike_proposals = pair.config[kB].ike_proposals = {kCbc};
      pair.config[weak_side].ike_proposals = {weak};
      try_once(pair);
      EXPECT_TRUE(pair.a().ike_established.empty());
      EXPECT_TRUE(pair.b().ike_established.empty());
      EXPECT_EQ(only_record(pair.b(), {"IKE_SA_INIT", "responder"}).cause, "no-ike-proposal");
    }
  }
}

TEST(Explanation, ASuiteOfSha1AndGroup2WorksWhereBothHaveIt) {
  SimPair pair;
  const IkeProposal weak{.encryption = {EncryptionId::AesCbc, 128},
                         .integrity = IntegrityId::HmacSha1_96,
                         .prf = PrfId::HmacSha1,
                         .group = DhGroupId::Modp1024};
  for (const size_t side : {kA, kB}) {
    pair.config[side].ike_proposals = {weak};
    pair.config[side].children[0].proposals = {{.encryption = {EncryptionId::AesCbc, 256},
                                                .integrity = IntegrityId::HmacSha1_96,
                                                .pfs_group = DhGroupId::Modp2048_256,
                                                .esn = false}};
  }
  pair.a().use(make_system_provider());
  pair.b().use(make_system_provider());
  pair.establish();
  pair.rekey_child(kA);
  pair.rekey_ike(kB);
  pair.settle();
  pair.expect_at_rest();
  EXPECT_TRUE(pair.a().failures.empty());
}

}  // namespace
}  // namespace twinspan::ike
