#include "tun/netlink_link.h"

#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace twinspan::tun {
namespace {

constexpr uint8_t kAddressGenerationNone = 1;  // IN6_ADDR_GEN_MODE_NONE

Link parse_link(const nlmsghdr* message) {
  const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  const AttributeTable attributes(message, sizeof(ifinfomsg));
  Link link;
  link.index = header->ifi_index;
  link.name = attributes.text(IFLA_IFNAME);
  link.group = attributes.u32(IFLA_GROUP);
  link.mtu = attributes.u32(IFLA_MTU);
  link.is_up = (header->ifi_flags & IFF_UP) != 0;
  link.has_carrier = attributes.u8(IFLA_CARRIER) != 0;
  if (const nlattr* stats = attributes.find(IFLA_STATS64)) {
    rtnl_link_stats64 values{};
    std::memcpy(&values, mnl_attr_get_payload(stats),
                std::min<size_t>(sizeof values, mnl_attr_get_payload_len(stats)));
    link.tx_dropped = values.tx_dropped;
  }
  const nlattr* nest = attributes.find(IFLA_LINKINFO);
  if (!nest) return link;
  const AttributeTable kind(nest);
  link.kind = kind.text(IFLA_INFO_KIND);
  const nlattr* details = kind.find(IFLA_INFO_DATA);
  if (link.kind != "tun" || !details) return link;
  const AttributeTable tun(details);
  link.is_layer3_tun = tun.u8(IFLA_TUN_TYPE) == IFF_TUN;
  link.multi_queue = tun.u8(IFLA_TUN_MULTI_QUEUE) != 0;
  link.queues = tun.u32(IFLA_TUN_NUM_QUEUES) + tun.u32(IFLA_TUN_NUM_DISABLED_QUEUES);
  return link;
}

NetlinkResult<std::optional<Link>> ask_link(NetlinkSocket& socket, NetlinkRequest& request) {
  std::optional<Link> found;
  const auto asked =
      socket.transact(request, [&](const nlmsghdr* message) { found = parse_link(message); });
  if (!asked && asked.error().code != ENODEV) return Err<NetlinkError>(asked.error());
  return found;
}

void put_quiet(NetlinkRequest& request) {
  nlattr* families = request.open_nest(IFLA_AF_SPEC);
  nlattr* ipv6 = request.open_nest(AF_INET6);
  request.put_u8(IFLA_INET6_ADDR_GEN_MODE, kAddressGenerationNone);
  request.close_nest(ipv6);
  request.close_nest(families);
}

NetlinkResult<void> change_attributes(NetlinkSocket& socket, int index, const LinkChange& change) {
  NetlinkRequest request(RTM_NEWLINK, 0);
  auto* header = request.put_header<ifinfomsg>();
  header->ifi_family = AF_UNSPEC;
  header->ifi_index = index;
  if (change.up) {
    header->ifi_change |= IFF_UP;
    header->ifi_flags |= *change.up ? static_cast<unsigned>(IFF_UP) : 0U;
  }
  if (change.quiet) header->ifi_change |= IFF_MULTICAST;
  if (change.group) request.put_u32(IFLA_GROUP, *change.group);
  if (change.mtu) request.put_u32(IFLA_MTU, *change.mtu);
  if (change.queue_length) request.put_u32(IFLA_TXQLEN, *change.queue_length);
  if (change.carrier) request.put_u8(IFLA_CARRIER, *change.carrier ? 1 : 0);
  return socket.transact(request);
}

}  // namespace

NetlinkResult<std::optional<Link>> find_link(NetlinkSocket& socket, const std::string& name) {
  NetlinkRequest request(RTM_GETLINK, 0);
  request.put_header<ifinfomsg>();
  request.put_text(IFLA_IFNAME, name);
  return ask_link(socket, request);
}

NetlinkResult<std::optional<Link>> find_link(NetlinkSocket& socket, int index) {
  NetlinkRequest request(RTM_GETLINK, 0);
  request.put_header<ifinfomsg>()->ifi_index = index;
  return ask_link(socket, request);
}

NetlinkResult<std::vector<Link>> dump_links(NetlinkSocket& socket) {
  NetlinkRequest request(RTM_GETLINK, 0);
  request.put_header<ifinfomsg>();
  std::vector<Link> links;
  TRY(socket.dump(
      request, [&] { links.clear(); },
      [&](const nlmsghdr* message) { links.push_back(parse_link(message)); }));
  return links;
}

NetlinkResult<void> change_link(NetlinkSocket& socket, int index, const LinkChange& change) {
  if (change.quiet) {
    NetlinkRequest request(RTM_NEWLINK, 0);
    request.put_header<ifinfomsg>()->ifi_index = index;
    put_quiet(request);
    const auto done = socket.transact(request);
    // A kernel without IPv6 knows no such mode, and needs none.
    if (!done && done.error().code != EAFNOSUPPORT) return done;
  }
  return change_attributes(socket, index, change);
}

NetlinkResult<void> delete_link(NetlinkSocket& socket, int index) {
  NetlinkRequest request(RTM_DELLINK, 0);
  request.put_header<ifinfomsg>()->ifi_index = index;
  return socket.transact(request);
}

NetlinkResult<void> delete_link_group(NetlinkSocket& socket, uint32_t group) {
  NetlinkRequest request(RTM_DELLINK, 0);
  request.put_header<ifinfomsg>();
  request.put_u32(IFLA_GROUP, group);
  auto done = socket.transact(request);
  if (!done && done.error().code == ENODEV) return {};
  return done;
}

NetlinkResult<void> set_noqueue(NetlinkSocket& socket, int index) {
  NetlinkRequest request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
  auto* header = request.put_header<tcmsg>();
  header->tcm_ifindex = index;
  header->tcm_parent = TC_H_ROOT;
  request.put_text(TCA_KIND, "noqueue");
  return socket.transact(request);
}

NetlinkResult<std::vector<InterfaceAddress>> dump_addresses(NetlinkSocket& socket) {
  NetlinkRequest request(RTM_GETADDR, 0);
  request.put_header<ifaddrmsg>();
  std::vector<InterfaceAddress> addresses;
  const auto on_reply = [&](const nlmsghdr* message) {
    const auto* header = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
    const AttributeTable attributes(message, sizeof(ifaddrmsg));
    // IFA_LOCAL is this end's address on point-to-point links, where IFA_ADDRESS is the other
    // end's.
    auto address = attributes.address(IFA_LOCAL);
    if (!address) address = attributes.address(IFA_ADDRESS);
    if (!address) return;
    const uint32_t flags = attributes.u32(IFA_FLAGS, header->ifa_flags);
    addresses.push_back(
        {*address, static_cast<int>(header->ifa_index),
         (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0 || (flags & IFA_F_OPTIMISTIC) != 0,
         header->ifa_scope == RT_SCOPE_UNIVERSE});
  };
  TRY(socket.dump(request, [&] { addresses.clear(); }, on_reply));
  return addresses;
}

}  // namespace twinspan::tun
