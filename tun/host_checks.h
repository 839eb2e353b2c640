// What the host must have before a gateway starts: facts are gathered, then judged. judge_host() is
// pure. Thread: the control thread, before anything is touched.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tun/host.h"
#include "tun/netlink_link.h"

namespace twinspan::tun {

struct LocalAddressFact {
  IpAddress address;
  bool present = false;
  std::string interface;         // Where it is present.
  std::optional<int> rp_filter;  // The stricter of the interface's and the host's; IPv4 only.
};

struct HostFacts {
  int tun_open_error = 0;  // errno of opening /dev/net/tun; 0 is well.
  uint64_t capabilities = 0;
  bool has_ipv4 = false;  // Addresses other than loopback.
  bool has_ipv6 = false;  // Global addresses.
  bool forwards_ipv4 = false;
  bool forwards_ipv6 = false;
  int rp_filter_of_all = 0;  // What no device can go below; IPv4.
  std::vector<LocalAddressFact> local_addresses;
  std::string present_addresses;  // "10.0.0.1, 192.0.2.1", for the text.
};

std::vector<HostFinding> judge_host(const HostFacts& facts);

HostFacts gather_host_facts(NetlinkSocket& socket, const std::vector<IpAddress>& local_addresses);

// The stricter of the interface's and the host's, which is the kernel's own rule; IPv4.
std::optional<int> reverse_path_filter(const std::string& interface);

// "CapEff:" of /proc/PID/status.
std::optional<uint64_t> parse_effective_capabilities(std::string_view status);
std::string list_addresses(const std::vector<InterfaceAddress>& addresses);

}  // namespace twinspan::tun
