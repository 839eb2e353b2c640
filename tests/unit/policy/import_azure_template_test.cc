// Templates of Azure's: what their expressions, loops and inner templates come to here.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/azure_template.h"
#include "policy/estate_writer.h"
#include "tests/unit/policy/azure_imports.h"

namespace twinspan::policy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(AzureTemplates, ATemplateNamesThingsByExpressions) {
  const Import import = imported(R"({
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "parameters": { "net": { "type": "string", "defaultValue": "vnet" },
                    "space": { "type": "array", "defaultValue": [ "10.5.0.0/16" ] },
                    "key": { "type": "securestring" } },
    "variables": { "gw": "[concat(parameters('net'), '-gw')]",
                   "subnets": "Microsoft.Network/virtualNetworks/subnets" },
    "resources": [
      { "type": "Microsoft.Network/virtualNetworks", "name": "[parameters('net')]",
        "location": "[resourceGroup().location]",
        "properties": { "addressSpace": { "addressPrefixes": "[parameters('space')]" } },
        "resources": [ { "type": "subnets", "name": "GatewaySubnet",
                         "properties": { "addressPrefix": "10.5.255.0/27" } } ] },
      { "type": "Microsoft.Network/publicIPAddresses", "name": "pip",
        "properties": { "ipAddress": "192.0.2.5" } },
      { "type": "Microsoft.Network/virtualNetworkGateways", "name": "[variables('gw')]",
        "properties": { "gatewayType": "Vpn", "vpnType": "RouteBased", "ipConfigurations": [
          { "name": "default", "properties": {
            "publicIPAddress": {
              "id": "[resourceId('Microsoft.Network/publicIPAddresses', 'pip')]" },
            "subnet": {
              "id": "[resourceId(variables('subnets'), parameters('net'), 'GatewaySubnet')]" }
            } } ] } },
      { "type": "Microsoft.Network/localNetworkGateways", "name": "site",
        "properties": { "fqdn": "site.example.net",
                        "localNetworkAddressSpace": { "addressPrefixes": [ "10.6.0.0/16" ] } } },
      { "type": "Microsoft.Network/connections", "name": "s2s",
        "properties": { "connectionType": "IPsec", "sharedKey": "[parameters('key')]",
          "virtualNetworkGateway1": {
            "id": "[resourceId('Microsoft.Network/virtualNetworkGateways', variables('gw'))]" },
          "localNetworkGateway2": {
            "id": "[resourceId('Microsoft.Network/localNetworkGateways', 'site')]" } } },
      { "type": "Microsoft.Compute/virtualMachines", "name": "vm" } ] })");
  EXPECT_EQ(write_estate(import.model), R"(version: 1
virtual_networks:
  vnet:
    address_space: [10.5.0.0/16]
    subnets:
      GatewaySubnet: 10.5.255.0/27
virtual_network_gateways:
  vnet-gw:
    virtual_network: vnet
    vpn_type: route-based
    ip_configurations:
      - name: default
        public_ip_address: 192.0.2.5
local_network_gateways:
  site:
    fqdn: site.example.net
    address_prefixes: [10.6.0.0/16]
connections:
  s2s:
    connection_type: ipsec
    virtual_network_gateway1: vnet-gw
    local_network_gateway2: site
    shared_key:
      file: s2s.psk
    ipsec_policy: azure-default
    legacy: true
)");
  EXPECT_THAT(notes_of(import),
              Contains(HasSubstr("the key is not in the file; the estate looks")));
  EXPECT_THAT(notes_of(import), Contains(HasSubstr("resources.vm: a resource of this type")));
}

TEST(AzureTemplates, ResourcesMayHaveSymbolicNamesAndFormattedOnes) {
  const Import import = imported(R"({
    "parameters": { "net": { "type": "string", "defaultValue": "vnet" } },
    "resources": {
      "elsewhere": { "existing": true, "type": "Microsoft.Network/virtualNetworks", "name": "x" },
      "network": { "type": "Microsoft.Network/virtualNetworks",
        "name": "[format('{0}-{{{1}}}', parameters('net'), 'a')]",
        "properties": { "addressSpace": { "addressPrefixes": [ "10.5.0.0/16" ] } } },
      "subnet": { "type": "Microsoft.Network/virtualNetworks/subnets",
        "name": "[format('{0}/{1}', format('{0}-{{{1}}}', parameters('net'), 'a'), 'hosts')]",
        "properties": { "addressPrefix": "10.5.0.0/24" } } } })");
  EXPECT_EQ(write_estate(import.model), R"(version: 1
virtual_networks:
  vnet--a-:
    address_space: [10.5.0.0/16]
    subnets:
      hosts: 10.5.0.0/24
)");
  for (const char* const format :
       {"{0}{2}", "{9}", "{0", "}", "{}", "{-1}", "{00}", "{0:d}", "{"}) {
    SCOPED_TRACE(format);
    const Import bad =
        imported(fmt::format(R"({{ "resources": [ {{ "type": "Microsoft.Network/virtualNetworks",
                          "name": "[format('{}', 'a', 'b')]" }} ] }})",
                             format));
    EXPECT_TRUE(bad.model.virtual_networks.empty());
    EXPECT_THAT(notes_of(bad),
                ElementsAre(HasSubstr("error: virtualNetworks: its name is computed")));
  }
}

constexpr const char* kLoop = R"({ "resources": [
  { "type": "Microsoft.Network/localNetworkGateways", "name": "hq",
    "properties": { "gatewayIpAddress": "203.0.113.9" } },
  { "type": "Microsoft.Network/localNetworkGateways", "name": "[concat('site', copyIndex())]",
    "copy": { "name": "sites", "count": 3 }, "properties": {} },
  { "type": "Microsoft.Compute/virtualMachines", "name": "[concat('vm', copyIndex())]" },
  { "type": "Microsoft.Network/localNetworkGateways", "name": "off", "condition": false },
  { "type": "Microsoft.Resources/deployments", "name": "inner", "properties": { "template": {
    "resources": [ { "type": "Microsoft.Network/localNetworkGateways", "name": "deep",
                     "properties": { "gatewayIpAddress": "203.0.113.8" } } ] } } },
  { "type": "Microsoft.Resources/deployments", "name": "own", "properties": {
    "expressionEvaluationOptions": { "scope": "inner" }, "template": { "resources": [] } } },
  { "type": "Microsoft.Resources/deployments", "name": "linked", "properties": {
    "templateLink": { "uri": "https://example.net/x.json" } } } ] })";

TEST(AzureTemplates, WhatTheCloudUnrollsIsNamedAndTheRestIsCarried) {
  const Import import = imported(kLoop);
  EXPECT_THAT(
      notes_of(import),
      ElementsAre("a.json:4:3: error: localNetworkGateways: a loop makes it when the template "
                  "is deployed; import what az prints of the deployed resources "
                  "[import.left-out]",
                  HasSubstr("a.json:6:3: warning: resources: its name is computed"),
                  HasSubstr("a.json:7:83: info: localNetworkGateways: its condition is false"),
                  HasSubstr("a.json:11:3: error: deployments.own: its expressions are of a "
                            "template of its own"),
                  HasSubstr("a.json:13:3: error: deployments.linked: its template is not in "
                            "the file")));
  EXPECT_EQ(import.model.local_network_gateways.size(), 2u);
  EXPECT_TRUE(import.model.local_network_gateways.contains("deep"));
}

TEST(AzureTemplates, FewWordsDoNotUnfoldToMuch) {
  std::string text = R"({ "variables": { "p": [ "10.0.0.0/8")";
  for (size_t i = 0; i < 4000; ++i) text += ", \"10.0.0.0/8\"";
  text += "], \"long\": \"" + std::string(4000, 'x') + "\" }, \"resources\": [";
  for (size_t i = 0; i < 1000; ++i) {
    text += fmt::format(R"({}{{ "type": "Microsoft.Network/virtualNetworks", "name": "n{}",
      "location": "[variables('long')]",
      "properties": {{ "addressSpace": {{ "addressPrefixes": "[variables('p')]" }} }} }})",
                        i == 0 ? "" : ",", i);
  }
  const Import import = imported(text + "] }");
  size_t prefixes = 0;
  for (const auto& [name, network] : import.model.virtual_networks)
    prefixes += network.address_space->size();
  EXPECT_LT(prefixes, kExpressionStepsMax);
  EXPECT_GT(prefixes, 4000u);
  EXPECT_TRUE(has_error(import.notes));
}

TEST(AzureTemplates, ExpressionsThatGoInCirclesAreGivenUp) {
  const Import import =
      imported(R"({ "variables": { "a": "[variables('b')]", "b": "[variables('a')]" },
    "resources": [ { "type": "Microsoft.Network/virtualNetworks", "name": "n",
      "properties": { "addressSpace": { "addressPrefixes": "[variables('a')]" } } } ] })");
  EXPECT_THAT(notes_of(import), Contains(HasSubstr("'[variables('a')]' is computed")));
}

}  // namespace
}  // namespace twinspan::policy
