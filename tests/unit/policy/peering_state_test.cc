#include "policy/peering_state.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

std::string estate(const std::string& halves, const std::string& spoke_space = "10.2.0.0/16",
                   const std::string& hub_space = "10.1.0.0/16") {
  return "version: 1\nvirtual_networks:\n  hub: { address_space: [" + hub_space +
         "], subnets: { GatewaySubnet: 10.1.255.0/27 } }\n  spoke: { address_space: [" +
         spoke_space +
         "] }\n  old: { deployment_model: classic, address_space: [10.3.0.0/16] }\n"
         "virtual_network_gateways:\n  gw: { virtual_network: hub, ip_configurations: [ { "
         "public_ip_address: 192.0.2.1 } ] }\npeerings:\n" +
         halves;
}

const std::string kThere = "  h: { virtual_network: hub, remote_virtual_network: spoke }\n";
const std::string kBack = "  s: { virtual_network: spoke, remote_virtual_network: hub }\n";

PeeringStatus status_in(const std::string& text, const std::string& name,
                        const std::optional<PeeringRecord>& record = std::nullopt) {
  const Model model = model_of(text);
  return status_of(model, model.peerings.at(name), record);
}

PeeringRecord record_in(const std::string& text) {
  const Model model = model_of(text);
  return record_of(model, model.peerings.at("h"));
}

TEST(PeeringStateTest, OneHalfIsInitiatedTwoAreConnected) {
  EXPECT_EQ(status_in(estate(kThere), "h").state, PeeringState::Initiated);
  EXPECT_EQ(status_in(estate(kThere + kBack), "h").state, PeeringState::Connected);
  EXPECT_EQ(status_in(estate(kThere + kBack), "s").state, PeeringState::Connected);
}

TEST(PeeringStateTest, AHalfWhoseOtherHalfWasDeletedIsDisconnected) {
  const PeeringRecord connected = record_in(estate(kThere + kBack));
  EXPECT_TRUE(connected.was_connected);
  EXPECT_EQ(status_in(estate(kThere), "h", connected).state, PeeringState::Disconnected);
  EXPECT_EQ(status_in(estate(kThere), "h", record_in(estate(kThere))).state,
            PeeringState::Initiated);
}

TEST(PeeringStateTest, TheHalfOfAClassicNetworkIsNotWritten) {
  const std::string half = "  h: { virtual_network: hub, remote_virtual_network: old }\n";
  EXPECT_EQ(status_in(estate(half), "h").state, PeeringState::Connected);
}

TEST(PeeringStateTest, ChangedAddressSpacesAreOutOfSyncUntilTheyAreCarriedOut) {
  using enum PeeringSyncLevel;
  const PeeringRecord then = record_in(estate(kThere + kBack));
  const auto level = [&](const std::string& spoke, const std::string& hub) {
    return status_in(estate(kThere + kBack, spoke, hub), "h", then).sync_level;
  };
  EXPECT_EQ(level("10.2.0.0/16", "10.1.0.0/16"), FullyInSync);
  EXPECT_EQ(level("10.2.0.0/15", "10.1.0.0/16"), LocalNotInSync);
  EXPECT_EQ(level("10.2.0.0/16", "10.1.0.0/16, 10.8.0.0/16"), RemoteNotInSync);
  EXPECT_EQ(level("10.4.0.0/16", "10.1.0.0/16, 10.8.0.0/16"), LocalAndRemoteNotInSync);
  EXPECT_EQ(status_in(estate(kThere + kBack, "10.4.0.0/16"), "h").sync_level, FullyInSync);
}

TEST(PeeringStateTest, NamesAreTheClouds) {
  EXPECT_EQ(name_of(PeeringState::Disconnected), "Disconnected");
  EXPECT_EQ(name_of(PeeringSyncLevel::LocalAndRemoteNotInSync), "LocalAndRemoteNotInSync");
}

TEST(PeeringStateTest, ASpokeUsesTheHubsGatewayWhenBothAgree) {
  const auto gateway = [](const std::string& hub_flag, const std::string& spoke_flag) {
    const Model model =
        model_of(estate(replaced(kThere, " }", ", allow_gateway_transit: " + hub_flag + " }") +
                        replaced(kBack, " }", ", use_remote_gateways: " + spoke_flag + " }")));
    const auto* const found = transit_gateway(model, model.virtual_networks.at("spoke"));
    return found == nullptr ? "" : found->name;
  };
  EXPECT_EQ(gateway("true", "true"), "gw");
  EXPECT_EQ(gateway("false", "true"), "");
  EXPECT_EQ(gateway("true", "false"), "");
}

}  // namespace
}  // namespace twinspan::policy
