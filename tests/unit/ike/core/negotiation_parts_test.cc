// NAT detection, selector narrowing, cookies, diagnoses, duplicates: the small pure parts.
#include <gtest/gtest.h>

#include <set>

#include "ike/core/child_selection.h"
#include "ike/core/cookie.h"
#include "ike/core/diagnosis.h"
#include "ike/core/hints.h"
#include "ike/core/nat_detection.h"
#include "ike/core/selector_narrowing.h"
#include "ike/core/supervisor.h"
#include "tests/support/fake_crypto.h"

namespace twinspan::ike {
namespace {

const NatSpis kSpis{IkeSpi{1}, IkeSpi{2}};
const Endpoint kHere{*IpAddress::parse("192.0.2.1"), 500};
const Endpoint kThere{*IpAddress::parse("192.0.2.2"), 500};
const Endpoint kElsewhere{*IpAddress::parse("198.51.100.9"), 1024};

NatStatus seen(Encapsulation sender, const Endpoint& sent_from, const Endpoint& came_from,
               const Endpoint& sent_to, const Endpoint& came_to) {
  FakeCrypto crypto(1);
  const auto notifies = nat_notifies(crypto, kSpis, sent_from, sent_to, sender);
  return read_nat_notifies(crypto, kSpis, came_to, came_from, notifies);
}

TEST(NatDetection, NothingIsFoundOnAStraightPath) {
  const NatStatus status = seen(Encapsulation::Esp, kThere, kThere, kHere, kHere);
  EXPECT_EQ(status, (NatStatus{.peer_supports = true}));
  EXPECT_EQ(decide_encapsulation(status, Encapsulation::Esp), Encapsulation::Esp);
  EXPECT_EQ(decide_encapsulation(status, Encapsulation::Udp), Encapsulation::Udp);
}

TEST(NatDetection, ANatInFrontOfThePeerIsSeen) {
  const NatStatus status = seen(Encapsulation::Esp, kThere, kElsewhere, kHere, kHere);
  EXPECT_TRUE(status.remote_behind_nat);
  EXPECT_FALSE(status.local_behind_nat);
  EXPECT_EQ(decide_encapsulation(status, Encapsulation::Esp), Encapsulation::Udp);
}

TEST(NatDetection, ANatInFrontOfUsIsSeen) {
  const NatStatus status = seen(Encapsulation::Esp, kThere, kThere, kElsewhere, kHere);
  EXPECT_TRUE(status.local_behind_nat);
  EXPECT_FALSE(status.remote_behind_nat);
}

TEST(NatDetection, AForcedHashAsksForUdpAndIsNoNat) {
  const NatStatus status = seen(Encapsulation::Udp, kThere, kThere, kHere, kHere);
  EXPECT_TRUE(status.remote_forces_udp);
  EXPECT_FALSE(status.remote_behind_nat);
  EXPECT_EQ(decide_encapsulation(status, Encapsulation::Esp), Encapsulation::Udp);
}

TEST(NatDetection, APeerWithoutTheNotifiesGetsRawEsp) {
  FakeCrypto crypto(1);
  const NatStatus status = read_nat_notifies(crypto, kSpis, kHere, kThere, {});
  EXPECT_FALSE(status.peer_supports);
  EXPECT_EQ(decide_encapsulation(status, Encapsulation::Udp), Encapsulation::Esp);
}

TrafficSelectors prefix(const char* text) {
  return {TrafficSelector::from_prefix(*IpPrefix::parse(text))};
}

TEST(SelectorNarrowing, KeepsWhatBothWantAndSaysWhenThatIsLess) {
  const SelectorPair ours{prefix("10.1.0.0/16"), prefix("10.2.0.0/16")};
  const auto same = narrow_selectors(ours, {prefix("10.0.0.0/8"), prefix("0.0.0.0/0")});
  ASSERT_TRUE(same.has_value());
  EXPECT_EQ(same->pair.local, ours.local);
  EXPECT_FALSE(same->is_less);
  const auto less = narrow_selectors(ours, {prefix("10.1.7.0/24"), prefix("10.2.0.0/16")});
  ASSERT_TRUE(less.has_value());
  EXPECT_EQ(less->pair.local, prefix("10.1.7.0/24"));
  EXPECT_TRUE(less->is_less);
  EXPECT_FALSE(narrow_selectors(ours, {prefix("10.3.0.0/16"), prefix("10.2.0.0/16")}).has_value());
}

std::vector<ChildConfig> pairs_of_children() {
  const auto child = [](const char* name, const char* local, const char* remote) {
    ChildConfig config;
    config.name = name;
    config.local = prefix(local);
    config.remote = prefix(remote);
    return config;
  };
  return {child("1", "10.1.1.0/24", "10.2.1.0/24"), child("2", "10.1.2.0/24", "10.2.2.0/24"),
          child("wide", "10.1.0.0/16", "10.2.0.0/16")};
}

TEST(ChildSelection, TakesTheClosestFitAndOfEqualsOneThatIsFree) {
  const auto children = pairs_of_children();
  const auto chosen = [&](const SelectorPair& proposed, std::vector<std::string> served) {
    const ChildConfig* const found = select_child(children, proposed, served);
    return found == nullptr ? std::string("none") : found->name;
  };
  EXPECT_EQ(chosen({prefix("10.1.2.0/24"), prefix("10.2.2.0/24")}, {}), "2");
  EXPECT_EQ(chosen({prefix("10.1.2.0/24"), prefix("10.2.2.0/24")}, {"2"}), "2");
  EXPECT_EQ(chosen({prefix("10.1.0.0/16"), prefix("10.2.0.0/16")}, {}), "wide");
  EXPECT_EQ(chosen({prefix("10.1.9.0/24"), prefix("10.2.9.0/24")}, {}), "wide");
  EXPECT_EQ(chosen({prefix("10.1.2.0/24"), prefix("10.9.0.0/16")}, {}), "none");
  // Everything is proposed, again and again.
  const SelectorPair all{prefix("0.0.0.0/0"), prefix("0.0.0.0/0")};
  EXPECT_EQ(chosen(all, {}), "1");
  EXPECT_EQ(chosen(all, {"1"}), "2");
  EXPECT_EQ(chosen(all, {"1", "2"}), "wide");
}

TEST(ChildSelection, ThereIsMoreWhileAnotherFreeOneFits) {
  const auto children = pairs_of_children();
  const SelectorPair all{prefix("0.0.0.0/0"), prefix("0.0.0.0/0")};
  using Served = std::vector<std::string>;
  EXPECT_TRUE(has_more_for(children, children[0], all, Served{}));
  EXPECT_TRUE(has_more_for(children, children[1], all, Served{"1"}));
  EXPECT_FALSE(has_more_for(children, children[2], all, Served{"1", "2"}));
  // The proposal is granted as it is.
  EXPECT_FALSE(has_more_for(children, children[0], {prefix("10.1.1.0/24"), prefix("10.2.1.0/24")},
                            Served{}));
}

TEST(Cookie, OneTo64BytesAreTakenAndReturned) {
  for (const size_t size : {1u, 64u})
    EXPECT_EQ(find_cookie({cookie_payload(Bytes(size, 7))}), Bytes(size, 7));
  for (const size_t size : {0u, 65u})
    EXPECT_FALSE(find_cookie({cookie_payload(Bytes(size, 7))}).has_value());
  EXPECT_FALSE(find_cookie({}).has_value());
}

TEST(Diagnosis, EveryCauseHasAnIdOfItsOwnAndNamesTheConnection) {
  std::set<std::string> ids;
  for (unsigned i = 0; i <= static_cast<unsigned>(Cause::NoResources); ++i) {
    const Diagnosis d = diagnose(static_cast<Cause>(i), "a-to-b", "because");
    EXPECT_TRUE(ids.insert(d.cause).second) << d.cause;
    EXPECT_NE(d.message.find("because"), std::string::npos);
    EXPECT_NE(d.remedy.find("a-to-b"), std::string::npos) << d.cause;
  }
}

TEST(Duplicates, OverlappingNegotiationsKeepTheLowerInitiatorSpiOnBothSides) {
  const auto peer = std::make_shared<const PeerConfig>();
  IkeSa a(Role::Initiator, peer, {}), b(Role::Responder, peer, {});
  // What they began with decides, whatever rekeys have made of them since.
  a.origin = IkeSpi{5};
  b.origin = IkeSpi{9};
  a.spi_i = IkeSpi{11};
  b.spi_i = IkeSpi{9};
  a.created_at = b.created_at = Instant{} + 1s;
  a.established_at = b.established_at = Instant{} + 2s;
  EXPECT_EQ(&choose_loser(a, b), &b);
  EXPECT_EQ(&choose_loser(b, a), &b);
}

TEST(Duplicates, ALaterNegotiationReplacesAnEarlierOne) {
  const auto peer = std::make_shared<const PeerConfig>();
  IkeSa old(Role::Initiator, peer, {}), fresh(Role::Responder, peer, {});
  old.spi_i = IkeSpi{1};
  fresh.spi_i = IkeSpi{9};
  old.created_at = Instant{} + 1s;
  old.established_at = Instant{} + 2s;
  fresh.created_at = Instant{} + 3s;
  fresh.established_at = Instant{} + 4s;
  EXPECT_EQ(&choose_loser(old, fresh), &old);
  EXPECT_EQ(&choose_loser(fresh, old), &old);
}

TEST(RateLimit, AdmitsOnePerAddressAndSecondAndIsBounded) {
  RateLimit limit;
  Instant now = Instant{} + 10s;
  EXPECT_TRUE(limit.admit(now, kHere.address));
  EXPECT_FALSE(limit.admit(now + 999ms, kHere.address));
  EXPECT_TRUE(limit.admit(now + 1s, kHere.address));
  now += 10s;
  size_t admitted = 0;
  for (uint32_t i = 0; i < 1000; ++i) admitted += limit.admit(now, IpAddress::v4(i));
  EXPECT_EQ(admitted, RateLimit::kAddressesMax);
}

}  // namespace
}  // namespace twinspan::ike
