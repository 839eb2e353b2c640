// The stages of policy/explain that look at one thing each: what was asked of it, and the step that
// follows from the answer. Pure.
#pragma once

#include "policy/explain.h"

namespace twinspan::policy {

ExplainStep passed(std::string stage, std::string object, std::string why);

struct Fault {
  std::string why;
  std::string fix;
};
ExplainStep dropped(std::string stage, std::string object, Fault fault);
ExplainStep unclear(std::string stage, std::string object, Fault fault);

// Whether the connection is up.
ExplainStep connection_stage(const TunnelPlan& tunnel, const TunnelAnswer& answer);
// "selector", and "sa" behind it when the selectors admit the packet. The last one decides.
std::vector<ExplainStep> outbound_stages(const TunnelPlan& tunnel, const Flow& flow,
                                         const SaAnswer& sa, const TunnelAnswer& answer);
// "sa", "selector", "source": what a packet passes that comes out of the tunnel.
std::vector<ExplainStep> inbound_stages(const TunnelPlan& tunnel, const Flow& flow,
                                        const SaAnswer& sa, const TunnelAnswer& answer);
ExplainStep mtu_stage(const Flow& flow, unsigned device_mtu, unsigned path_max);
ExplainStep device_stage(const std::string& device, const DeviceState& answer);
ExplainStep outer_route_stage(const TunnelPlan& tunnel, const FoundRoute& route);

// Whether the kernel sends the packet to one of `expected`; an address of the host's own will do
// where `may_be_local`.
struct ExpectedRoute {
  std::vector<std::string> devices;
  bool is_tunnel = false;
  bool may_be_local = false;
  std::string filtered_tunnel;  // It came out of this device, whose reverse path filter is on.
};
ExplainStep kernel_route_stage(const Flow& flow, const FoundRoute& route,
                               const ExpectedRoute& expected);

// What turns off the reverse path filter of a tunnel's device.
std::string reverse_path_fix(const std::string& device);

// Nothing leads from one network or site of the estate to the other: which flag, on which object.
ExplainStep closed_way(const Model& model, const std::string& from, const std::string& to);

// The network, else the local network gateway, with the longest prefix that holds the address;
// empty: none.
std::string place_of(const Model& model, const IpAddress& address);
// The network or local network gateway at the other end of the connection; empty: not known.
std::string place_behind(const Model& model, const std::string& connection);

}  // namespace twinspan::policy
