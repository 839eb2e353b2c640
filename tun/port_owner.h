// Who holds a socket that we need: /proc/net tables give the inode, /proc/PID/fd gives the process.
// Only for the text of a refusal, so that nothing depends on it: a process may go while we look.
// Thread: the control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"

namespace twinspan::tun {

// A row of /proc/net/udp, udp6, raw or raw6; for raw sockets the port is the IP protocol.
struct BoundSocket {
  Endpoint local;
  uint64_t inode = 0;
};
std::vector<BoundSocket> parse_bound_sockets(std::string_view table);

// The rows that keep `wanted` from being bound: the same address first, then wildcards.
std::vector<BoundSocket> find_conflicts(const std::vector<BoundSocket>& sockets,
                                        const Endpoint& wanted);

// The inode of an abstract UNIX socket ("@name") in /proc/net/unix.
std::optional<uint64_t> find_unix_inode(std::string_view table, std::string_view name);

// "charon (pid 812)"; with a hint when the owner cannot be seen from here.
std::string describe_udp_owner(const Endpoint& local);
std::string describe_unix_owner(const std::string& name);
// Who has the TUN device open, in this network namespace.
std::string describe_tun_owner(const std::string& device);

// Raw sockets of the protocol on the very address; empty when there are none.
std::string describe_raw_owner(const IpAddress& local, uint8_t protocol);

}  // namespace twinspan::tun
