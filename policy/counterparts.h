// Which connections of an estate are the two directions of one, for those who ask about many:
// looked up once, so that a question costs no walk over the estate.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/model.h"

namespace twinspan::policy {

// Answers as the functions of policy/connection_ends.h do. The model outlives it, unchanged.
class Counterparts {
 public:
  explicit Counterparts(const Model& model);

  const VirtualNetworkGateway* gateway_at(const IpAddress& address) const;
  const VirtualNetworkGateway* counterpart_gateway(const Connection& connection) const;
  const Connection* reverse_of(const Connection& connection) const;
  const Connection* counterpart_of(const Connection& connection) const;

  // Whether `connection` is the one that reports what is wrong between it and its counterpart
  // `back`: the first by name, or one of several whose `back` is another one's counterpart.
  bool is_reported_by(const Connection& connection, const Connection& back) const;

  // A connection of the gateway to a local network gateway at that address; nullptr when none is.
  const Connection* way_to(const VirtualNetworkGateway& gateway, const IpAddress& address) const;
  // The public addresses of `other`, of any estate, to which `gateway` has no such connection.
  std::vector<IpAddress> addresses_left_out(const VirtualNetworkGateway& gateway,
                                            const VirtualNetworkGateway& other) const;

 private:
  using Connections = std::vector<const Connection*>;
  using Gateways = std::vector<const VirtualNetworkGateway*>;

  void add(const Connection& connection);
  const Gateways& gateways_at(const Connection& connection) const;
  const Connection* way_back(const VirtualNetworkGateway& own,
                             const VirtualNetworkGateway& other) const;
  const Connection* astray_counterpart_of(const Connection& connection,
                                          const VirtualNetworkGateway& own) const;
  Connections astray_of(const Connection& right, const VirtualNetworkGateway& own) const;
  Connections right_of(const Connection& astray, const VirtualNetworkGateway& own) const;

  const Model& model_;
  std::map<IpAddress, Gateways> gateways_;  // Each list in the order of names, as those below.
  std::map<std::string_view, Connections> described_;  // Of type ipsec, by their own gateway.
  std::map<IpAddress, Connections> leading_;           // Likewise, by the peer's address.
  // The first one of a gateway to a named gateway, or to an address.
  std::map<std::pair<std::string_view, std::string_view>, const Connection*> to_gateway_;
  std::map<std::pair<std::string_view, IpAddress>, const Connection*> to_address_;
};

}  // namespace twinspan::policy
