// What must hold for whatever an import takes: it is written as an estate that parses, to the same
// text again, and it can be validated and compared with our own side without harm.
#pragma once

#include "base/check.h"
#include "policy/checklist.h"
#include "policy/config_parse.h"
#include "policy/estate_writer.h"
#include "policy/import.h"
#include "policy/pairing.h"
#include "policy/validate.h"
#include "policy/yaml_tree.h"

namespace twinspan::policy {

inline const Model& own_side() {
  static const Model kOwn = *parse_config(R"(version: 1
virtual_networks:
  net: { address_space: [10.1.0.0/16], subnets: { GatewaySubnet: 10.1.255.0/27 } }
virtual_network_gateways:
  gw: { virtual_network: net, ip_configurations: [ { public_ip_address: 192.0.2.1 } ] }
local_network_gateways:
  far: { gateway_ip_address: 192.0.2.2, address_prefixes: [10.2.0.0/16] }
connections:
  to-far: { connection_type: ipsec, virtual_network_gateway1: gw, local_network_gateway2: far,
            shared_key: { file: a.psk } }
)",
                                          "own.yaml");
  return kOwn;
}

inline void check_import(const Result<Import, ConfigErrors>& imported) {
  if (!imported) {
    CHECK(!imported.error().empty());
    return;
  }
  const CompareKeys unread = [](const End&, const End&, KeyKind) { return Verdict::Unknown; };
  validate(imported->model);
  validate_pair(own_side(), imported->model, unread);
  CHECK(checklist({own_side(), &imported->model, "to-far", unread}).has_value());
  const std::string estate = write_estate(imported->model);
  if (estate.size() > kYamlTextMax) return;
  const auto again = parse_config(estate, "e.yaml");
  CHECK(again.has_value());
  CHECK(write_estate(*again) == estate);
}

}  // namespace twinspan::policy
