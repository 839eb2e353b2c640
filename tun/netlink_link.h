// Network devices and their addresses, by rtnetlink.
// Thread: the control thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "tun/netlink.h"

namespace twinspan::tun {

struct Link {
  int index = 0;
  std::string name;
  std::string kind;  // "tun", "veth", ...; empty for hardware.
  uint32_t group = 0;
  unsigned mtu = 0;
  bool is_up = false;  // By an administrator.
  bool has_carrier = false;
  uint64_t tx_dropped = 0;     // Packets that the device dropped on their way out, ever.
  bool is_layer3_tun = false;  // Kind "tun" carrying IP, not Ethernet frames (TAP).
  bool multi_queue = false;
  unsigned queues = 0;  // Of a multi-queue device: those that processes have open.
};

struct LinkChange {
  std::optional<uint32_t> group;
  std::optional<unsigned> mtu;
  std::optional<unsigned> queue_length;
  std::optional<bool> up;
  std::optional<bool> carrier;
  // No link-local address, and no multicast: the kernel then sends nothing on the device by itself.
  bool quiet = false;
};

NetlinkResult<std::optional<Link>> find_link(NetlinkSocket& socket, const std::string& name);
NetlinkResult<std::optional<Link>> find_link(NetlinkSocket& socket, int index);
NetlinkResult<std::vector<Link>> dump_links(NetlinkSocket& socket);
NetlinkResult<void> change_link(NetlinkSocket& socket, int index, const LinkChange& change);
NetlinkResult<void> delete_link(NetlinkSocket& socket, int index);
// All devices of the group in one step. A group without devices is no error.
NetlinkResult<void> delete_link_group(NetlinkSocket& socket, uint32_t group);
// A root queueing discipline that does not queue: the TUN ring is the queue.
NetlinkResult<void> set_noqueue(NetlinkSocket& socket, int index);

struct InterfaceAddress {
  IpAddress address;
  int interface_index = 0;
  bool usable = true;   // False while duplicate address detection runs, or after it failed.
  bool global = false;  // Scope.
};

NetlinkResult<std::vector<InterfaceAddress>> dump_addresses(NetlinkSocket& socket);

}  // namespace twinspan::tun
