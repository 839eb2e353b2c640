// What `twinspan explain` asks of the running gateway and its host: the answers of the live tables,
// never of the plan. An interface, so that policy/explain stays pure and its tests write the
// answers down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/host_state.h"
#include "base/traffic_selector.h"

namespace twinspan::policy {

// A packet that is asked about.
struct Flow {
  IpAddress source;
  IpAddress destination;
  uint8_t protocol = 0;  // 0: not said.
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint32_t length = 0;            // Of the IP packet; 0: not said.
  bool may_fragment = true;       // IPv4 without DF.
  std::string to_string() const;  // "10.1.0.2 -> 10.2.0.2 tcp 443"
};

struct TunnelAnswer {
  bool is_connected = false;
  std::string reason;     // Why not.
  std::string remedy;     // Against that; may be empty.
  std::string remote;     // Where the peer is, or should be.
  std::string selectors;  // Of all live Child SAs.
  std::string trouble;    // What is wrong with a Child SA that is wanted and not there.
  std::string trouble_remedy;
  unsigned path_mtu = 0;  // Learned of the outer path; 0: nothing.
};

struct SaAnswer {
  enum class Kind : uint8_t { Carries, NoSa, NoSelector, SourceRefused };
  Kind kind = Kind::NoSa;
  std::string sa;          // "child net, SPI 0x12345678"
  std::string selectors;   // Of the one that carries it.
  unsigned inner_max = 0;  // The largest packet that fits its path; 0: nothing is known.
};

class LiveTables {
 public:
  virtual ~LiveTables() = default;
  virtual bool is_host_address(const IpAddress& address) const = 0;
  // `input`: the interface it comes in by; empty: the host sends it itself.
  virtual FoundRoute route(const Flow& flow, const std::string& input) const = 0;
  virtual FoundRoute outer_route(const std::string& connection) const = 0;
  virtual DeviceState device(const std::string& name) const = 0;
  virtual TunnelAnswer tunnel(const std::string& connection) const = 0;
  virtual SaAnswer outbound(const std::string& connection, const Flow& flow) const = 0;
  virtual SaAnswer inbound(const std::string& connection, const Flow& flow) const = 0;
  // What of the rules that keep networks apart is not as it was put up (policy/firewall_faults);
  // nullopt: cannot be read.
  virtual std::optional<std::vector<std::string>> firewall_faults() const = 0;
};

}  // namespace twinspan::policy
