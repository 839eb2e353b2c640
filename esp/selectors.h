// The negotiated traffic selectors of a Child SA, compiled for matching packets (RFC 4301 4.4.1).
#pragma once

#include <vector>

#include "base/traffic_selector.h"
#include "esp/inner_packet.h"

namespace twinspan::esp {

class SelectorPair {
 public:
  SelectorPair(const TrafficSelectors& local, const TrafficSelectors& remote);

  // Some selector of each side admits the packet. Outbound, the local side is its source.
  bool admits_outbound(const InnerPacket& packet) const;
  bool admits_inbound(const InnerPacket& packet) const;

  bool is_any(IpFamily family) const { return family == IpFamily::V4 ? is_any_v4_ : is_any_v6_; }
  bool is_any_both_families() const { return is_any_v4_ && is_any_v6_; }

 private:
  struct Selector {
    IpFamily family;
    uint8_t protocol;
    bool all_ports;
    uint16_t first_port, last_port;
    AddressNumber first, last;
  };
  struct End {  // One end of a packet.
    AddressNumber address;
    uint16_t port;
  };
  static std::vector<Selector> compile(const TrafficSelectors& selectors);
  static bool admits(const Selector& selector, const End& end, const UpperLayer* upper);
  bool admits(IpFamily family, const End& local, const End& remote, const UpperLayer* upper) const;

  std::vector<Selector> local_;
  std::vector<Selector> remote_;
  bool is_any_v4_ = false;
  bool is_any_v6_ = false;
  bool by_address_alone_ = true;  // No selector has a protocol or ports.
};

}  // namespace twinspan::esp
