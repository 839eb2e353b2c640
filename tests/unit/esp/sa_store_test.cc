// The control thread's edits and the tables they lead to.
#include <set>

#include "esp/flow_hash.h"
#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

constexpr EspTransforms kSuite{kGcm256, IntegrityId::None, true};

// A pair in tunnel kTunnel that is told apart by its numbers.
SaPairParams numbered(uint32_t number, const char* local, const char* remote) {
  SaPairParams params = left_params(kSuite);
  params.child = {number};
  params.inbound_spi = {0x1000 + number};
  params.outbound_spi = {0x2000 + number};
  params.local_selectors = prefix_selectors(local);
  params.remote_selectors = prefix_selectors(remote);
  return params;
}

struct Store : testing::Test {
  Gateway gateway{1};

  // The child whose SA takes a packet to this destination, or the verdict as a negative number.
  int64_t route(const char* destination) {
    const Bytes inner = make_inner({.destination = destination});
    Verdict verdict = Verdict::Count_;
    OutboundSa* const sa = gateway.table->find_outbound(kTunnel, inner, verdict);
    EXPECT_EQ(sa != nullptr, verdict == Verdict::Accept);
    return sa != nullptr ? static_cast<int64_t>(sa->child().value) : -static_cast<int64_t>(verdict);
  }
  static constexpr int64_t failure(Verdict verdict) { return -static_cast<int64_t>(verdict); }
};

TEST_F(Store, AnUnknownTunnelAndOneWithoutChildrenHaveNoSa) {
  EXPECT_EQ(route("10.2.0.1"), failure(Verdict::NoSa));
  Verdict verdict = Verdict::Accept;
  EXPECT_EQ(gateway.table->find_outbound({99}, make_inner({}), verdict), nullptr);
  EXPECT_EQ(verdict, Verdict::NoSa);
  EXPECT_EQ(gateway.table->find_inbound(0), nullptr);
}

TEST_F(Store, LinkScopeMulticastStaysOutOfTheTunnelAndWiderScopesPass) {
  gateway.install(numbered(1, "0.0.0.0/0", "0.0.0.0/0"));
  EXPECT_EQ(route("224.0.0.251"), failure(Verdict::LinkScope));
  EXPECT_EQ(route("224.0.1.1"), 1);
  EXPECT_EQ(route("223.255.255.255"), 1);
  Verdict verdict = Verdict::Accept;
  for (const char* const destination : {"ff02::16", "ff32::1", "ff01::1"}) {
    const Bytes inner = make_inner({.source = "fe80::1", .destination = destination});
    EXPECT_EQ(gateway.table->find_outbound(kTunnel, inner, verdict), nullptr);
    EXPECT_EQ(verdict, Verdict::LinkScope) << destination;
  }
  const Bytes site = make_inner({.source = "fe80::1", .destination = "ff05::2"});
  gateway.table->find_outbound(kTunnel, site, verdict);
  EXPECT_NE(verdict, Verdict::LinkScope);
}

TEST_F(Store, SequenceNumbersEndAt32BitsWithoutEsnAndGoOnWithIt) {
  for (const bool esn : {false, true}) {
    SaPairParams params = numbered(esn ? 1 : 2, "0.0.0.0/0", "0.0.0.0/0");
    params.transforms.esn = esn;
    Gateway own{1};
    own.install(std::move(params));
    OutboundSequence& sequence = own.outbound().state().sequence;
    EXPECT_EQ(sequence.reserve(UINT32_MAX).count, uint64_t{UINT32_MAX});
    EXPECT_EQ(sequence.reserve(1).count, esn ? 1u : 0u);
  }
}

TEST_F(Store, TheFirstEntryThatAdmitsThePacketWins) {
  gateway.install(numbered(1, "10.1.0.0/16", "10.2.3.0/24"));
  gateway.install(numbered(2, "10.1.0.0/16", "10.2.0.0/16"));
  gateway.install(numbered(3, "10.1.0.0/16", "10.2.3.0/25"));
  EXPECT_EQ(route("10.2.3.1"), 1);
  EXPECT_EQ(route("10.2.4.1"), 2);
  EXPECT_EQ(route("10.3.0.1"), failure(Verdict::NoSelector));
}

TEST_F(Store, ARekeyTakesThePlaceOfTheOldSaInTheOrder) {
  gateway.install(numbered(1, "10.1.0.0/16", "10.2.3.0/24"));
  gateway.install(numbered(2, "10.1.0.0/16", "10.2.0.0/16"));
  SaPairParams rekeyed = numbered(3, "10.1.0.0/16", "10.2.3.0/24");
  rekeyed.outbound_active = false;
  gateway.install(std::move(rekeyed));
  EXPECT_EQ(route("10.2.3.1"), 1);
  EXPECT_NE(gateway.table->find_inbound(0x1003), nullptr) << "receives before it sends";
  gateway.store.activate_outbound({3});
  gateway.publish();
  EXPECT_EQ(route("10.2.3.1"), 3);
  gateway.store.remove_outbound({1});
  gateway.publish();
  EXPECT_EQ(route("10.2.3.1"), 3) << "the old one's removal leaves the new one alone";
}

TEST_F(Store, SelectorsInAnotherOrderAreTheSameSelectors) {
  SaPairParams first = left_params(kSuite);
  gateway.install(copy_of(first));
  SaPairParams second = copy_of(first);
  second.child = {2};
  second.inbound_spi = {0x1002};
  std::swap(second.local_selectors[0], second.local_selectors[1]);
  gateway.install(std::move(second));
  EXPECT_EQ(gateway.table->find_tunnel(kTunnel)->spd.size(), 1u);
  EXPECT_EQ(route("10.2.0.1"), 2);
}

TEST_F(Store, WithoutItsActiveSaAnEntryDropsWhatNoOtherEntryTakes) {
  gateway.install(numbered(1, "10.1.0.0/16", "10.2.3.0/24"));
  gateway.install(numbered(2, "10.1.0.0/16", "10.2.0.0/16"));
  gateway.store.remove_outbound({2});
  gateway.publish();
  EXPECT_EQ(route("10.2.3.1"), 1);
  EXPECT_EQ(route("10.2.4.1"), failure(Verdict::NoSa));
  gateway.store.remove_outbound({1});
  gateway.publish();
  EXPECT_EQ(route("10.2.3.1"), failure(Verdict::NoSa));
  EXPECT_EQ(route("10.9.0.1"), failure(Verdict::NoSelector));
}

TEST_F(Store, AWiderNegotiationAfterALossIsNotShadowedByTheOldEntry) {
  gateway.install(numbered(1, "10.1.0.0/16", "10.2.3.0/24"));
  gateway.store.remove_outbound({1});
  gateway.install(numbered(2, "10.0.0.0/8", "10.0.0.0/8"));
  EXPECT_EQ(route("10.2.3.1"), 2);
  EXPECT_EQ(gateway.table->find_tunnel(kTunnel)->spd.size(), 1u);
}

TEST_F(Store, OnlyAnAnyToAnySaOfBothFamiliesTakesTheShortCut) {
  gateway.install(left_params(kSuite));
  EXPECT_EQ(gateway.table->find_tunnel(kTunnel)->only_any, &gateway.outbound());
  EXPECT_EQ(route("10.2.0.1"), 1);
  gateway.store.remove_outbound({1});
  SaPairParams v4 = left_params(kSuite);
  v4.child = {2};
  v4.inbound_spi = {0x1002};
  v4.local_selectors.pop_back();
  v4.remote_selectors.pop_back();
  gateway.install(std::move(v4));
  EXPECT_EQ(gateway.table->find_tunnel(kTunnel)->only_any, nullptr);
  EXPECT_EQ(route("10.2.0.1"), 2);
  Verdict verdict = Verdict::Accept;
  const Bytes inner = make_inner({.source = "fd01::1", .destination = "fd02::1"});
  EXPECT_EQ(gateway.table->find_outbound(kTunnel, inner, verdict), nullptr);
  EXPECT_EQ(verdict, Verdict::NoSa);
}

TEST_F(Store, WhatIsNoIpPacketFindsNoSa) {
  gateway.install(left_params(kSuite));
  Verdict verdict = Verdict::Accept;
  EXPECT_EQ(gateway.table->find_outbound(kTunnel, {}, verdict), nullptr);
  EXPECT_EQ(verdict, Verdict::BadInnerPacket);
  const Bytes arp(28, 0x11);
  EXPECT_EQ(gateway.table->find_outbound(kTunnel, arp, verdict), nullptr);
  EXPECT_EQ(verdict, Verdict::BadInnerPacket);
}

TEST_F(Store, RemovedInboundSasAreGoneFromTheNextTable) {
  gateway.install(left_params(kSuite));
  const auto old_table = std::move(gateway.table);
  gateway.store.remove_inbound(kLeftSpi);
  gateway.store.remove_inbound({0x4711});
  gateway.publish();
  EXPECT_EQ(gateway.table->find_inbound(kLeftSpi.value), nullptr);
  EXPECT_EQ(gateway.table->inbound_count(), 0u);
  EXPECT_EQ(old_table->find_inbound(kLeftSpi.value)->child(), ChildId{1}) << "still alive there";
}

TEST_F(Store, AChildIsForgottenWhenBothDirectionsAreGone) {
  gateway.install(left_params(kSuite));
  gateway.store.remove_inbound(kLeftSpi);
  EXPECT_FALSE(gateway.store.install(left_params(kSuite)).has_value())
      << "its sending half is there";
  gateway.store.remove_outbound({1});
  EXPECT_TRUE(gateway.store.install(left_params(kSuite)).has_value());
}

TEST_F(Store, RemovingATunnelTakesItsSasAndLeavesTheOthers) {
  gateway.install(left_params(kSuite));
  gateway.store.add_tunnel({8}, {});
  SaPairParams other = numbered(2, "10.1.0.0/16", "10.2.0.0/16");
  other.tunnel = {8};
  gateway.install(std::move(other));
  const auto counters = gateway.store.counters(kTunnel).at(0);
  gateway.store.remove_tunnel(kTunnel);
  gateway.publish();
  EXPECT_EQ(gateway.table->find_tunnel(kTunnel), nullptr);
  EXPECT_EQ(gateway.table->find_inbound(kLeftSpi.value), nullptr);
  EXPECT_NE(gateway.table->find_inbound(0x1002), nullptr);
  EXPECT_TRUE(gateway.store.counters(kTunnel).empty());
  EXPECT_EQ(counters->inbound.packets.read(), 0u) << "valid while held";
  gateway.store.add_tunnel(kTunnel, {});
  EXPECT_TRUE(gateway.store.install(left_params(kSuite)).has_value()) << "the SPI is free again";
}

TEST_F(Store, AMovedRemoteKeepsSequenceNumbersAndWindow) {
  TunnelPair pair(kSuite);
  Bytes first = pair.seal_on_left(make_inner({}));
  Bytes copy = first;
  EXPECT_EQ(pair.open_on_right(first).verdict, Verdict::Accept);
  const Endpoint local{*IpAddress::parse("198.51.100.1"), 4500};
  const Endpoint remote{*IpAddress::parse("198.51.100.2"), 1234};
  const auto old_table = std::move(pair.left.table);
  pair.left.store.update_remote({1}, local, remote);
  pair.left.publish();
  pair.right.store.update_remote({1}, remote, local);
  pair.right.publish();
  EXPECT_EQ(pair.left.outbound().remote(), remote);
  EXPECT_EQ(pair.left.outbound().local(), local);
  EXPECT_EQ(pair.left.inbound(kLeftSpi).remote(), remote);
  EXPECT_EQ(old_table->find_inbound(kLeftSpi.value)->remote().port, 4500);
  EXPECT_EQ(pair.open_on_right(copy).verdict, Verdict::Replayed);
  Bytes second = pair.seal_on_left(make_inner({}));
  EXPECT_EQ(load_be32(&second[4]), 2u);
  EXPECT_EQ(pair.open_on_right(second).verdict, Verdict::Accept);
}

TEST_F(Store, ThePeersAddressIsRefusedAsInnerSourceWhereverItIs) {
  TunnelPair pair(left_params(kSuite), {.refuse_remote = true, .refused_sources = {}});
  const auto verdict = [&](const char* source) {
    Bytes frame = pair.seal_on_left(make_inner({.source = source}));
    return pair.open_on_right(frame).verdict;
  };
  const std::string before = pair.right.inbound(kRightSpi).remote().address.to_string();
  EXPECT_EQ(verdict(before.c_str()), Verdict::SourceRefused);
  EXPECT_EQ(verdict("198.51.100.2"), Verdict::Accept);
  const Endpoint local = pair.right.inbound(kRightSpi).local();
  pair.right.store.update_remote({1}, local, {*IpAddress::parse("198.51.100.2"), 1234});
  pair.right.publish();
  EXPECT_EQ(verdict(before.c_str()), Verdict::Accept);
  EXPECT_EQ(verdict("198.51.100.2"), Verdict::SourceRefused);
}

TEST_F(Store, AnotherSourcePolicyHoldsForTheSasThatStandAndKeepsTheirWindows) {
  TunnelPair pair(left_params(kSuite));
  Bytes frame = pair.seal_on_left(make_inner({.source = "198.51.100.2"}));
  Bytes copy = frame;
  EXPECT_EQ(pair.open_on_right(frame).verdict, Verdict::Accept);
  const TunnelId tunnel = pair.right.inbound(kRightSpi).tunnel();
  pair.right.store.set_source_policy(tunnel,
                                     {.refused_sources = {*IpPrefix::parse("198.51.100.0/24")}});
  pair.right.publish();
  EXPECT_EQ(pair.open_on_right(copy).verdict, Verdict::Replayed);
  Bytes refused = pair.seal_on_left(make_inner({.source = "198.51.100.2"}));
  EXPECT_EQ(pair.open_on_right(refused).verdict, Verdict::SourceRefused);
  Bytes taken = pair.seal_on_left(make_inner({.source = "198.51.101.2"}));
  EXPECT_EQ(pair.open_on_right(taken).verdict, Verdict::Accept);
}

TEST_F(Store, SaysWhyItRefusesAnInstallation) {
  const auto refusal = [&](auto change) {
    SaPairParams params = left_params(kSuite);
    change(params);
    const auto installed = gateway.store.install(std::move(params));
    return installed ? std::string("installed") : installed.error();
  };
  EXPECT_EQ(refusal([](auto& p) { p.tunnel = {99}; }), "the tunnel is unknown");
  EXPECT_EQ(refusal([](auto& p) { p.inbound_spi = {255}; }), "SPIs up to 255 are reserved");
  EXPECT_EQ(refusal([](auto& p) { p.outbound_spi = {0}; }), "SPIs up to 255 are reserved");
  EXPECT_EQ(refusal([](auto& p) { p.replay_window_packets = 64; }),
            "a replay window of 64 packets is not between 1024 and 1048576");
  EXPECT_EQ(refusal([](auto& p) { p.transforms.encryption.key_bits = 200; }),
            "ESP has no such pair of transforms");
  EXPECT_EQ(refusal([](auto& p) { p.transforms.integrity = IntegrityId::HmacSha256_128; }),
            "ESP has no such pair of transforms");
  EXPECT_EQ(refusal([](auto& p) { p.transforms.encryption = kCbc256; }),
            "ESP has no such pair of transforms");
  EXPECT_EQ(refusal([](auto& p) { p.inbound_keys.encryption = SecretBytes(32); }),
            "the keys do not fit the transforms");
  EXPECT_EQ(refusal([](auto& p) { p.outbound_keys.integrity = SecretBytes(32); }),
            "the keys do not fit the transforms");
  EXPECT_EQ(refusal([](auto&) {}), "installed");
  EXPECT_EQ(refusal([](auto& p) { p.inbound_spi = {0x1234}; }), "the Child SA is already there");
  EXPECT_EQ(refusal([](auto& p) { p.child = {2}; }), "the inbound SPI is taken");
}

TEST_F(Store, ATunnelHoldsABoundedNumberOfChildren) {
  for (uint32_t number = 1; number <= kChildrenMax; ++number) {
    ASSERT_TRUE(gateway.store.install(numbered(number, "10.1.0.0/16", "10.2.0.0/16")).has_value());
  }
  const auto refused = gateway.store.install(numbered(9999, "10.1.0.0/16", "10.2.0.0/16"));
  EXPECT_EQ(refused.error(), "too many Child SAs in a tunnel");
}

TEST_F(Store, EntriesWithoutAnSaAreBounded) {
  for (uint32_t number = 0; number < kSpdEntriesMax + 50; ++number) {
    const std::string remote =
        "10." + std::to_string(number / 200) + "." + std::to_string(number % 200) + ".0/24";
    ASSERT_TRUE(gateway.store.install(numbered(number, "10.1.0.0/16", remote.c_str())).has_value());
    gateway.store.remove_outbound({number});
    gateway.store.remove_inbound({0x1000 + number});
  }
  gateway.publish();
  EXPECT_EQ(gateway.table->find_tunnel(kTunnel)->spd.size(), kSpdEntriesMax);
}

// RFC 9611: several SAs for the same traffic.
struct Resources : testing::Test {
  explicit Resources(unsigned queues = 4) {
    gateway.store.remove_tunnel(kTunnel);
    gateway.store.add_tunnel(kTunnel, {}, queues);
  }

  // Child `number`, of any to any or, with a prefix, of a part.
  void install(uint32_t number, uint16_t resource, const char* remote = nullptr) {
    SaPairParams params = numbered(number, "0.0.0.0/0", remote == nullptr ? "0.0.0.0/0" : remote);
    if (remote == nullptr) {
      params.local_selectors = any_selectors();
      params.remote_selectors = any_selectors();
    }
    params.resource = resource;
    gateway.install(std::move(params));
  }
  void remove(uint32_t number) {
    gateway.store.remove_outbound({number});
    gateway.publish();
  }
  unsigned resources() const { return gateway.table->find_tunnel(kTunnel)->resources; }

  static Bytes packet(uint16_t flow) {
    return make_inner({.protocol = 6, .source_port = static_cast<uint16_t>(40000 + flow)});
  }
  // The child whose SA takes the flow when it is read from that queue, or the negative verdict.
  int64_t route(uint16_t flow, unsigned queue) {
    Verdict verdict = Verdict::Count_;
    OutboundSa* const sa = gateway.table->find_outbound(kTunnel, packet(flow), verdict, queue);
    EXPECT_EQ(sa != nullptr, verdict == Verdict::Accept);
    if (sa == nullptr) return -static_cast<int64_t>(verdict);
    EXPECT_EQ(sa->queue(), queue) << "an SA of another worker";
    return static_cast<int64_t>(sa->child().value);
  }
  unsigned slot(uint16_t flow) { return flow_slot(flow_hash(packet(flow)), resources()); }
  static constexpr int64_t kNoSa = -static_cast<int64_t>(Verdict::NoSa);

  Gateway gateway{1};
};

TEST_F(Resources, AFlowIsCarriedByTheSaOfItsSlot) {
  for (uint16_t resource = 0; resource < 4; ++resource) install(10 + resource, resource);
  EXPECT_EQ(resources(), 4u);
  EXPECT_EQ(gateway.table->find_tunnel(kTunnel)->spd.size(), 1u);
  std::array<unsigned, 4> flows{};
  for (uint16_t flow = 0; flow < 64; ++flow) {
    EXPECT_EQ(route(flow, slot(flow)), 10 + slot(flow));
    ++flows[slot(flow)];
  }
  for (const unsigned count : flows) EXPECT_GT(count, 10u);
}

TEST_F(Resources, AQueueGivesItsOwnSaToAPacketThatIsNotOfItsSlot) {
  for (uint16_t resource = 0; resource < 3; ++resource) install(10 + resource, resource);
  for (uint16_t flow = 0; flow < 16; ++flow) {
    for (unsigned queue = 0; queue < 3; ++queue) EXPECT_EQ(route(flow, queue), 10 + queue);
    EXPECT_EQ(route(flow, 3), kNoSa) << "it has none";
  }
}

TEST_F(Resources, WithOneResourceOnlyTheFirstQueueHasAnSa) {
  install(10, 0);
  EXPECT_EQ(resources(), 1u);
  EXPECT_EQ(route(1, 0), 10);
  for (unsigned queue = 1; queue < 4; ++queue) EXPECT_EQ(route(1, queue), kNoSa);
}

struct TwoQueues : Resources {
  TwoQueues() : Resources(2) {}
};

TEST_F(TwoQueues, MoreResourcesThanQueuesShareThem) {
  for (uint16_t resource = 0; resource < 5; ++resource) install(10 + resource, resource);
  std::set<int64_t> elsewhere;
  for (uint16_t flow = 0; flow < 64; ++flow) {
    const unsigned queue = slot(flow) % 2;
    EXPECT_EQ(route(flow, queue), 10 + slot(flow));
    elsewhere.insert(route(flow, 1 - queue));  // route() looks whose it is.
  }
  EXPECT_EQ(elsewhere, (std::set<int64_t>{10, 11, 12, 13, 14}));
}

TEST_F(Resources, ARekeyReplacesTheSaOfItsResourceAlone) {
  for (uint16_t resource = 0; resource < 3; ++resource) install(10 + resource, resource);
  install(20, 1);
  EXPECT_EQ(resources(), 3u);
  EXPECT_EQ(route(0, 0), 10);
  EXPECT_EQ(route(0, 1), 20);
  EXPECT_EQ(route(0, 2), 12);
  remove(11);
  EXPECT_EQ(route(0, 1), 20) << "the old one's removal leaves the new one alone";
}

TEST_F(Resources, EndAtTheFirstGap) {
  for (uint16_t resource = 0; resource < 4; ++resource) install(10 + resource, resource);
  remove(12);
  EXPECT_EQ(resources(), 2u);
  EXPECT_EQ(route(0, 2), kNoSa);
  EXPECT_EQ(route(0, 3), kNoSa);
  remove(11);
  EXPECT_EQ(resources(), 1u);
  EXPECT_EQ(route(0, 0), 10);
  install(21, 1);
  EXPECT_EQ(resources(), 2u);
  install(22, 2);
  EXPECT_EQ(resources(), 4u);
  EXPECT_EQ(route(0, 3), 13) << "it was there all the time";
  remove(10);
  EXPECT_EQ(resources(), 1u);
  for (unsigned queue = 0; queue < 4; ++queue) EXPECT_EQ(route(0, queue), kNoSa);
}

TEST_F(Resources, AreThoseThatAllSelectorsOfTheTunnelHave) {
  for (uint16_t resource = 0; resource < 3; ++resource) {
    install(10 + resource, resource, "10.2.0.0/24");
    if (resource < 2) install(20 + resource, resource, "10.0.0.0/8");
  }
  EXPECT_EQ(resources(), 2u);
  EXPECT_EQ(route(0, 0), 10);
  EXPECT_EQ(route(0, 1), 11);
  remove(20);
  EXPECT_EQ(resources(), 3u) << "an entry without an SA carries nothing";
  EXPECT_EQ(route(0, 2), 12);
}

TEST_F(Resources, ThatComeBeforeTheFirstWaitForIt) {
  install(11, 1);
  EXPECT_EQ(resources(), 1u);
  EXPECT_EQ(route(0, 1), kNoSa);
  install(10, 0);
  EXPECT_EQ(resources(), 2u);
  EXPECT_EQ(route(0, 1), 11);
}

TEST_F(Resources, AllMoveWithThePeerAndAllAreVisited) {
  for (uint16_t resource = 0; resource < 3; ++resource) install(10 + resource, resource);
  const Endpoint remote{*IpAddress::parse("198.51.100.2"), 4500};
  for (const uint32_t number : {10u, 12u}) gateway.store.update_remote({number}, {}, remote);
  gateway.publish();
  std::set<uint64_t> visited;
  gateway.table->visit_outbound(remote.address,
                                [&](OutboundSa& sa) { visited.insert(sa.child().value); });
  EXPECT_EQ(visited, (std::set<uint64_t>{10, 12}));
  EXPECT_EQ(route(0, 2), 12);
}

TEST_F(Resources, EachQueueHasCountersOfItsOwn) {
  for (uint16_t resource = 0; resource < 2; ++resource) install(10 + resource, resource);
  const auto counters = gateway.store.counters(kTunnel);
  ASSERT_EQ(counters.size(), 4u);
  EXPECT_EQ(&gateway.inbound({0x100a}).counters(), &counters[0]->inbound);
  EXPECT_EQ(&gateway.inbound({0x100b}).counters(), &counters[1]->inbound);
}

TEST_F(Resources, AreBounded) {
  SaPairParams params = numbered(1, "10.1.0.0/16", "10.2.0.0/16");
  params.resource = 256;
  EXPECT_EQ(gateway.store.install(std::move(params)).error(), "resource 256 is not below 256");
}

TEST_F(Store, CommandsForUnknownChildrenChangeNothing) {
  gateway.install(left_params(kSuite));
  gateway.store.activate_outbound({5});
  gateway.store.remove_outbound({5});
  gateway.store.update_remote({5}, {}, {});
  gateway.publish();
  EXPECT_EQ(route("10.2.0.1"), 1);
}

TEST_F(Store, FindsEveryOneOfManySas) {
  for (uint32_t tunnel = 100; tunnel < 400; ++tunnel) {
    gateway.store.add_tunnel({tunnel}, {});
    SaPairParams params = left_params(kSuite);
    params.child = {tunnel};
    params.tunnel = {tunnel};
    params.inbound_spi = {tunnel * 0x01010101u};
    ASSERT_TRUE(gateway.store.install(std::move(params)).has_value());
  }
  gateway.publish();
  for (uint32_t tunnel = 100; tunnel < 400; ++tunnel) {
    ASSERT_EQ(gateway.table->find_inbound(tunnel * 0x01010101u)->tunnel(), TunnelId{tunnel});
    ASSERT_EQ(gateway.table->find_tunnel({tunnel})->tunnel, TunnelId{tunnel});
    ASSERT_EQ(gateway.table->find_inbound(tunnel * 0x01010101u + 7), nullptr);
  }
}

}  // namespace
}  // namespace twinspan::esp
