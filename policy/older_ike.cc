#include "policy/older_ike.h"

#include <fmt/format.h>

namespace twinspan::policy {
namespace {

// Of the cloud both are there for good: what is to be of the other kind is made anew.
constexpr const char* kGatewayRemedy =
    "delete its connection and the gateway there, and create a RouteBased one and the connection "
    "anew, with UsePolicyBasedTrafficSelectors on it where this side has pairs of prefixes";

const char* connection_remedy(const Connection& connection) {
  return connection.latitude ? "write version = 2 there"
                             : "use IKEv2 there; in the cloud, delete the connection and create it "
                               "anew with connectionProtocol IKEv2";
}

}  // namespace

std::optional<OlderIke> older_ike_of(const End& end) {
  const auto* const gateway = local_gateway(end.model, end.connection);
  if (gateway != nullptr && gateway->speaks_ike_v1) {
    return OlderIke{{path_of(*gateway), "vpn_type", gateway->vpn_type.mark},
                    fmt::format("{} is a policy-based gateway of the cloud, which speaks IKEv1 "
                                "alone; Twinspan speaks IKEv2",
                                gateway->name),
                    kGatewayRemedy};
  }
  const auto& protocol = end.connection.connection_protocol;
  if (*protocol != ConnectionProtocol::IkeV1) return std::nullopt;
  return OlderIke{{path_of(end.connection), "connection_protocol", protocol.mark},
                  "it speaks IKEv1; Twinspan speaks IKEv2 alone",
                  connection_remedy(end.connection)};
}

}  // namespace twinspan::policy
