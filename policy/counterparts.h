// Which connections of an estate are the two directions of one, for those who ask about many:
// looked up once, so that a question costs no walk over the estate.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/two_ends.h"

namespace twinspan::policy {

// Answers as the functions of policy/connection_ends.h do. The model outlives it, unchanged.
//
// Where addresses do not tell, one or both of them may be wrong:
//   - One leads to the other's gateway, which has a connection that lists its network.
//   - Neither does. Each lists the other's network alone or names its BGP speaker, and a key, an
//     identity or that speaker bind the two; nothing else is as much the other end of either.
//   - A connection to a further instance of an active/active gateway does not lead there: it is
//     bound to the connection back, and no more such ones than instances that nothing leads to.
class Counterparts {
 public:
  // Keys of two names are told apart by `compare_keys`; without it they are two keys.
  explicit Counterparts(const Model& model, CompareKeys compare_keys = nullptr);

  const VirtualNetworkGateway* gateway_at(const IpAddress& address) const;
  const VirtualNetworkGateway* counterpart_gateway(const Connection& connection) const;
  const Connection* reverse_of(const Connection& connection) const;
  const Connection* counterpart_of(const Connection& connection) const;

  // The classic network at one of its ends, which keeps it from BGP; nullptr: there is none.
  const VirtualNetwork* classic_end_of(const Connection& connection) const;

  // Whether `connection` is the one that reports what is wrong between it and its counterpart
  // `back`: the first by name, or one of several whose `back` is another one's counterpart.
  bool is_reported_by(const Connection& connection, const Connection& back) const;

  // A connection of the gateway to a local network gateway at that address; nullptr when none is.
  const Connection* way_to(const VirtualNetworkGateway& gateway, const IpAddress& address) const;
  // The public addresses of `other`, of any estate, to which `gateway` has no such connection.
  std::vector<IpAddress> addresses_left_out(const VirtualNetworkGateway& gateway,
                                            const VirtualNetworkGateway& other) const;
  // A connection of `gateway` belongs to one of `other` and leads elsewhere.
  bool has_astray(const VirtualNetworkGateway& gateway, const VirtualNetworkGateway& other) const;

 private:
  using Connections = std::vector<const Connection*>;
  using Gateways = std::vector<const VirtualNetworkGateway*>;
  using GatewayNames = std::pair<std::string_view, std::string_view>;

  void add(const Connection& connection);
  void add_lost();
  const Gateways& gateways_at(const Connection& connection) const;
  const Connection* way_back(const VirtualNetworkGateway& own,
                             const VirtualNetworkGateway& other) const;
  const Connection* way_by_address(const VirtualNetworkGateway& from,
                                   const VirtualNetworkGateway& to) const;
  const Connection* counterpart_by_address(const Connection& connection) const;
  const Connection* astray_counterpart_of(const Connection& connection,
                                          const VirtualNetworkGateway& own) const;
  Connections astray_of(const Connection& right, const VirtualNetworkGateway& own) const;
  Connections right_of(const Connection& astray, const VirtualNetworkGateway& own) const;
  bool is_for_instance(const Connection& astray, const VirtualNetworkGateway& own,
                       const Connection& right, const VirtualNetworkGateway& other) const;
  const Connection* lost_counterpart_of(const Connection& connection) const;
  const Connection* only_bound_to(const Connection& connection) const;
  const Connection* bound_to(const Connection& connection,
                             const VirtualNetworkGateway& other) const;

  const Model& model_;
  const CompareKeys compare_keys_;
  std::map<IpAddress, Gateways> gateways_;  // Each list in the order of names, as those below.
  std::map<std::string_view, Connections> described_;  // Of type ipsec, by their own gateway.
  // The first one of a gateway to a named gateway, or to an address.
  std::map<GatewayNames, const Connection*> to_gateway_;
  std::map<std::pair<std::string_view, IpAddress>, const Connection*> to_address_;
  // Those without a way back by address: which gateways they may be meant for, and of a gateway
  // those that may be meant for another one.
  std::map<const Connection*, Gateways> meant_for_;
  std::map<GatewayNames, Connections> lost_;
};

}  // namespace twinspan::policy
