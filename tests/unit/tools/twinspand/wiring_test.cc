#include "tools/twinspand/wiring.h"

#include <gtest/gtest.h>

#include "esp/source_filter.h"

namespace twinspan::tools {
namespace {

policy::TunnelPlan plan_with(Encryption encryption, IntegrityId integrity,
                             Encapsulation encapsulation, const char* remote) {
  policy::TunnelPlan plan;
  plan.remote_address = *IpAddress::parse(remote);
  plan.encapsulation = encapsulation;
  plan.esp_proposals = {{.encryption = encryption, .integrity = integrity}};
  return plan;
}

// max_inner = floor4(MTU - outer IP - UDP - 8 - IV - ICV) - 2, for an AEAD on an outer MTU of 1500.
TEST(InnerMtu, OfAesGcmFollowsTheFormula) {
  const Encryption gcm{EncryptionId::AesGcm16, 256};
  const auto mtu = [&](Encapsulation encapsulation, const char* remote) {
    return inner_mtu(plan_with(gcm, IntegrityId::None, encapsulation, remote), 1500);
  };
  EXPECT_EQ(mtu(Encapsulation::Udp, "192.0.2.2"), 1438u);
  EXPECT_EQ(mtu(Encapsulation::Esp, "192.0.2.2"), 1446u);
  EXPECT_EQ(mtu(Encapsulation::Udp, "2001:db8::2"), 1418u);
  EXPECT_EQ(mtu(Encapsulation::Esp, "2001:db8::2"), 1426u);
}

TEST(InnerMtu, OfCbcFillsWholeBlocks) {
  // 1500 - 20 - 8 - 8 - 16 (IV) - 16 (ICV) = 1432; 89 blocks of 16 are 1424, less 2 bytes of
  // trailer.
  EXPECT_EQ(inner_mtu(plan_with({EncryptionId::AesCbc, 256}, IntegrityId::HmacSha256_128,
                                Encapsulation::Udp, "192.0.2.2"),
                      1500),
            1422u);
}

TEST(InnerMtu, LeavesRoomForTheHeaderOfAnAggfragPayload) {
  const auto plan =
      plan_with({EncryptionId::AesGcm16, 256}, IntegrityId::None, Encapsulation::Udp, "192.0.2.2");
  EXPECT_EQ(inner_mtu(plan, 1500, true), 1434u);
}

TEST(InnerMtu, NeverFallsBelowWhatIpv6Needs) {
  EXPECT_EQ(inner_mtu(plan_with({EncryptionId::AesGcm16, 256}, IntegrityId::None,
                                Encapsulation::Udp, "192.0.2.2"),
                      600),
            1280u);
}

TEST(PeerConfig, AddressIdentitiesAreSentAsBytes) {
  policy::TunnelPlan plan;
  plan.local_identity = {policy::IdentityType::Ipv4, "192.0.2.1"};
  plan.remote_identity = {policy::IdentityType::Fqdn, "gw-b.example.net"};
  const ike::PeerConfig peer = to_peer_config(plan, TunnelId{3}, {}, 4);
  EXPECT_EQ(peer.local_identity.type, ike::IdType::Ipv4Address);
  EXPECT_EQ(peer.local_identity.value, (Bytes{192, 0, 2, 1}));
  EXPECT_EQ(peer.remote_identity.value.size(), 16u);
}

TEST(PeerConfig, EachChildOfThePlanIsNegotiatedInItsOrder) {
  policy::TunnelPlan plan =
      plan_with({EncryptionId::AesGcm16, 256}, IntegrityId::None, Encapsulation::Udp, "192.0.2.2");
  const auto selector = [](const char* prefix) {
    return TrafficSelectors{TrafficSelector::from_prefix(*IpPrefix::parse(prefix))};
  };
  plan.children = {{"a/1", selector("10.1.0.0/24"), selector("10.2.0.0/24")},
                   {"a/2", selector("10.1.1.0/24"), selector("10.2.1.0/24")}};
  const ike::PeerConfig peer = to_peer_config(plan, TunnelId{3}, {}, 4);
  ASSERT_EQ(peer.children.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(peer.children[i].name, plan.children[i].name);
    EXPECT_EQ(peer.children[i].local, plan.children[i].local);
    EXPECT_EQ(peer.children[i].remote, plan.children[i].remote);
    EXPECT_EQ(peer.children[i].proposals.size(), 1u);
  }
}

TEST(PeerConfig, HasAChildSaPerWorkerWhereThePlanSaysSo) {
  policy::TunnelPlan plan;
  EXPECT_EQ(to_peer_config(plan, TunnelId{3}, {}, 4).resources, 1u);
  EXPECT_FALSE(to_peer_config(plan, TunnelId{3}, {}, 4).aggfrag);
  plan.per_resource_sas = true;
  plan.aggfrag = true;
  EXPECT_EQ(to_peer_config(plan, TunnelId{3}, {}, 4).resources, 4u);
  EXPECT_EQ(to_peer_config(plan, TunnelId{3}, {}, 1).resources, 1u);
  EXPECT_EQ(to_peer_config(plan, TunnelId{3}, {}, 1000).resources, ike::kResourcesMax);
  EXPECT_TRUE(to_peer_config(plan, TunnelId{3}, {}, 4).aggfrag);
}

TEST(TunSpec, HasAQueueForEachChildSa) {
  policy::TunnelPlan plan;
  EXPECT_EQ(to_tun_spec(plan, 1500, 4).queues, 1u);
  plan.per_resource_sas = true;
  EXPECT_EQ(to_tun_spec(plan, 1500, 4).queues, 4u);
}

TEST(SourcePolicy, AnyToAnyRefusesOwnNetworkAndBothGateways) {
  policy::Plan plan;
  plan.own_prefixes = {*IpPrefix::parse("10.1.0.0/16")};
  plan.local_addresses = {*IpAddress::parse("192.0.2.1")};
  policy::TunnelPlan tunnel;
  tunnel.remote_address = *IpAddress::parse("192.0.2.2");
  tunnel.remote_prefixes = {*IpPrefix::parse("0.0.0.0/0")};
  const esp::SourcePolicy policy = to_source_policy(plan, policy::TunnelSources(plan), tunnel);
  EXPECT_TRUE(policy.refuse_martians);
  EXPECT_EQ(policy.refused_sources.size(), 3u);
  EXPECT_TRUE(policy.refuse_remote);
  tunnel.remote_name = "b.example.net";  // What it leads to is only known of an SA.
  EXPECT_EQ(to_source_policy(plan, policy::TunnelSources(plan), tunnel).refused_sources.size(), 2u);
  tunnel.any_to_any = false;
  EXPECT_TRUE(to_source_policy(plan, policy::TunnelSources(plan), tunnel).refused_sources.empty());
}

TEST(SourcePolicy, AnyToAnyRefusesWhatIsNotBehindTheTunnel) {
  policy::Plan plan;
  policy::TunnelPlan tunnel;
  tunnel.remote_address = *IpAddress::parse("192.0.2.2");
  tunnel.remote_prefixes = {*IpPrefix::parse("10.2.0.0/16")};
  const auto refuses = [&](const char* text) {
    const esp::SourceFilter filter(to_source_policy(plan, policy::TunnelSources(plan), tunnel));
    const IpAddress address = *IpAddress::parse(text);
    return filter.refuses(address.family(), esp::to_number(address));
  };
  EXPECT_FALSE(refuses("10.2.7.7"));
  EXPECT_TRUE(refuses("10.3.0.1"));
  EXPECT_TRUE(refuses("198.51.100.7"));
  tunnel.any_to_any = false;  // Its selectors say it.
  EXPECT_FALSE(refuses("10.3.0.1"));
}

TEST(DescriptorsNeeded, GrowWithTunnelsAndWorkers) {
  policy::Plan plan;
  plan.local_addresses = {*IpAddress::parse("192.0.2.1")};
  const size_t none = descriptors_needed(plan, 1);
  plan.tunnels.resize(1000);
  EXPECT_EQ(descriptors_needed(plan, 1), none + 1000);
  EXPECT_GE(descriptors_needed(plan, 8), none + 1000 + 7 * 2);  // Sockets of port 4500 and ESP.
  const size_t eight = descriptors_needed(plan, 8);
  plan.tunnels[0].per_resource_sas = true;
  EXPECT_EQ(descriptors_needed(plan, 8), eight + 7);
}

TEST(ProtectedPrefixes, AreSortedAndNamedOnce) {
  policy::Plan plan;
  policy::TunnelPlan tunnel;
  tunnel.remote_prefixes = {*IpPrefix::parse("10.2.0.0/16"), *IpPrefix::parse("10.9.0.0/16")};
  plan.tunnels = {tunnel, tunnel};
  EXPECT_EQ(protected_prefixes(plan), tunnel.remote_prefixes);
}

}  // namespace
}  // namespace twinspan::tools
