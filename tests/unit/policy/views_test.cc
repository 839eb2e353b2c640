// What is shown of gateways and peerings, and what is remembered of the latter.
#include "policy/views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/attach.h"
#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const char* const kWorld = R"(version: 1
virtual_networks:
  hub: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 },
         interfaces: [lan0] }
  spoke: { address_space: [10.11.0.0/16], interfaces: [lan1] }
virtual_network_gateways:
  gw:
    virtual_network: hub
    sku: VpnGw1AZ
    generation: Generation1
    default_local_network_gateway: site
    bgp_settings: { asn: 65010, peer_weight: 5 }
    ip_configurations:
      - { name: first, public_ip_address: 192.0.2.1, private_ip_address: 10.1.0.9,
          custom_bgp_ip_addresses: [169.254.21.5] }
  plain: { virtual_network: other, ip_configurations: [ { public_ip_address: 192.0.2.2 } ] }
peerings:
  hub-spoke: { virtual_network: hub, remote_virtual_network: spoke, allow_gateway_transit: true }
  spoke-hub: { virtual_network: spoke, remote_virtual_network: hub, use_remote_gateways: true,
               allow_forwarded_traffic: true }
)";

const std::string kSpokeHalf =
    "  spoke-hub: { virtual_network: spoke, remote_virtual_network: hub, use_remote_gateways: "
    "true,\n               allow_forwarded_traffic: true }\n";

std::vector<PeeringView> views(const std::string& text, const PeeringRecords& records = {},
                               const HostFacts& facts = {{"lan0", "lan1"}}) {
  const Model model = model_of(text);
  return peering_views(model, attach_networks(model, model.gateways.at("gw"), facts), records);
}

TEST(Views, AGatewayIsShownWithItsBgpSpeaker) {
  const auto gateways = gateway_views(model_of(kWorld));
  ASSERT_THAT(gateways, SizeIs(2));
  const GatewayView& gateway = gateways[0];
  EXPECT_EQ(gateway.name, "gw");
  EXPECT_EQ(gateway.sku, "VpnGw1AZ");
  EXPECT_EQ(gateway.generation, "Generation1");
  EXPECT_EQ(gateway.default_local_network_gateway, "site");
  EXPECT_EQ(gateway.asn, 65010u);
  EXPECT_EQ(gateway.peer_weight, 5u);
  EXPECT_THAT(gateway.bgp_peering_addresses, ElementsAre(*IpAddress::parse("10.1.255.30")));
  EXPECT_THAT(gateway.transit_networks, ElementsAre("spoke"));
  ASSERT_THAT(gateway.ip_configurations, SizeIs(1));
  EXPECT_EQ(gateway.ip_configurations[0].name, "first");
  EXPECT_THAT(gateway.ip_configurations[0].custom_bgp_ip_addresses,
              ElementsAre(*IpAddress::parse("169.254.21.5")));
  EXPECT_EQ(gateway.ip_configurations[0].private_ip_address, *IpAddress::parse("10.1.0.9"));
}

TEST(Views, AGatewayWithoutSettingsHasTheCloudsNumber) {
  const auto gateways = gateway_views(model_of(kWorld));
  EXPECT_EQ(gateways[1].asn, 65515u);
  EXPECT_EQ(gateways[1].generation, "");
  EXPECT_THAT(gateways[1].bgp_peering_addresses, IsEmpty());
}

TEST(Views, APeeringIsShownWithItsFlagsAndWhatItUses) {
  const auto shown = views(kWorld);
  ASSERT_THAT(shown, SizeIs(2));
  EXPECT_EQ(shown[0].name, "hub-spoke");
  EXPECT_TRUE(shown[0].is_carried_out);
  EXPECT_EQ(shown[0].status.state, PeeringState::Connected);
  EXPECT_TRUE(shown[0].allow_gateway_transit);
  EXPECT_THAT(shown[0].remote_gateways, IsEmpty());
  EXPECT_THAT(shown[0].remote_virtual_network_address_space,
              ElementsAre(*IpPrefix::parse("10.11.0.0/16")));
  EXPECT_TRUE(shown[1].allow_forwarded_traffic);
  EXPECT_THAT(shown[1].remote_gateways, ElementsAre("gw"));
}

TEST(Views, APeeringWithANetworkThatIsNotHereIsNotCarriedOut) {
  const auto shown = views(kWorld, {}, {{"lan0"}});
  ASSERT_THAT(shown, SizeIs(2));
  EXPECT_FALSE(shown[0].is_carried_out);
  EXPECT_FALSE(shown[1].is_carried_out);
}

TEST(Views, AHalfWhoseOtherHalfIsDeletedStaysDisconnectedOverRestarts) {
  PeeringRecords records = next_records(model_of(kWorld), {});
  const std::string half = replaced(kWorld, kSpokeHalf, "");
  for (int restart = 0; restart < 2; ++restart) {
    EXPECT_EQ(views(half, records)[0].status.state, PeeringState::Disconnected);
    records = parse_records(to_text(next_records(model_of(half), records)));
  }
  EXPECT_EQ(views(half)[0].status.state, PeeringState::Initiated);
}

TEST(Views, WhatChangedSinceItWasConnectedIsOutOfSync) {
  PeeringRecords records = next_records(model_of(kWorld), {});
  const std::string half =
      replaced(replaced(kWorld, kSpokeHalf, ""), "[10.11.0.0/16]", "[10.13.0.0/16]");
  EXPECT_EQ(views(half, records)[0].status.sync_level, PeeringSyncLevel::LocalNotInSync);
  // Carried out, a connected peering is in step again.
  const std::string changed = replaced(kWorld, "[10.11.0.0/16]", "[10.13.0.0/16]");
  records = next_records(model_of(changed), records);
  EXPECT_EQ(views(changed, records)[0].status.sync_level, PeeringSyncLevel::FullyInSync);
}

TEST(Views, RecordsSurviveTheirTextAndDamage) {
  const PeeringRecords records = next_records(model_of(kWorld), {});
  EXPECT_EQ(to_text(records),
            "hub-spoke connected 10.1.0.0/16 10.11.0.0/16\n"
            "spoke-hub connected 10.11.0.0/16 10.1.0.0/16\n");
  EXPECT_EQ(to_text(parse_records(to_text(records))), to_text(records));
  EXPECT_THAT(parse_records("hub-spoke connected 10.1.0.0/16 nonsense\nx\n\n  \nx perhaps - -\n"),
              IsEmpty());
  EXPECT_THAT(parse_records("x initiated - -"), SizeIs(1));
}

}  // namespace
}  // namespace twinspan::policy
