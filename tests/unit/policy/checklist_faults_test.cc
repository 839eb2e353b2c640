// What the rules refuse about the objects of a connection's list fails it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/pairing.h"
#include "policy/validate.h"
#include "tests/unit/policy/checklists.h"
#include "tests/unit/policy/estate.h"
#include "tests/unit/policy/transit_estates.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Checklist judged(const std::string& text, std::string_view name) {
  const Model model = model_of(text);
  const auto list = checklist(
      {.model = model, .name = name, .compare_keys = same_file_only, .findings = validate(model)});
  if (!list) {
    ADD_FAILURE() << list.error();
    return {};
  }
  return *list;
}

std::vector<std::string> failed(const std::string& text, std::string_view name) {
  std::vector<std::string> failed;
  for (std::string& line : lines(judged(text, name))) {
    if (line.find(" fail ") != std::string::npos) failed.push_back(std::move(line));
  }
  return failed;
}

TEST(ChecklistFaults, WhatNoStepIsAboutIsAStepMore) {
  EXPECT_THAT(failed(kGoodEstate, "a-to-b"), ElementsAre());
  const std::string strange =
      estate_with({{"remote_id: gw-a.example.net", "remote_id: nobody.example"}});
  EXPECT_THAT(failed(strange, "a-to-b"), ElementsAre("8 fail connections.a-to-b local_id"));
  EXPECT_THAT(failed(strange, "b-to-a"), ElementsAre("8 fail connections.a-to-b local_id"));
  EXPECT_THAT(failed(strange, "a-to-branch"), ElementsAre());
}

TEST(ChecklistFaults, AStepThatPassedAtThatVeryFieldFailsWithTheRulesWords) {
  const std::string text = replaced(hub_and_spoke("true", "true"), "spoke: { address_space",
                                    "spoke: { deployment_model: classic, address_space");
  const Checklist list = judged(text, "a-to-branch");
  EXPECT_THAT(lines(list), Contains(HasSubstr(" fail peerings.hub allow_gateway_transit")));
  EXPECT_THAT(lines(list), Not(Contains(HasSubstr(" pass peerings.hub allow_gateway_transit"))));
  const std::string twice =
      estate_with({{"public_ip_address: 192.0.2.2", "public_ip_address: 192.0.2.1"}});
  EXPECT_THAT(failed(twice, "a-to-b"),
              Contains("6 fail virtual_network_gateways.gw-b ip_configurations.public_ip_address"));
}

// What a step says already is not said again.
TEST(ChecklistFaults, AFaultIsToldOnce) {
  const std::string overlap =
      estate_with({{"address_space: [10.2.0.0/16]", "address_space: [10.1.0.0/16]"},
                   {"GatewaySubnet: 10.2.255.0/27", "GatewaySubnet: 10.1.254.0/27"}});
  EXPECT_THAT(failed(overlap, "a-to-b"),
              ElementsAre("1 fail virtual_networks.vnet-a address_space"));
  const std::string bgp = chain("enable_bgp: true, ", "enable_bgp: true, ");
  EXPECT_THAT(failed(replaced(bgp, "65002", "65001"), "c12"),
              ElementsAre(HasSubstr("fail virtual_network_gateways.g1 bgp_settings.asn")));
}

}  // namespace
}  // namespace twinspan::policy
