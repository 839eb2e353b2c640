#include "tun/firewall_watch.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace twinspan::tun {
namespace {

constexpr std::string_view kTable = "twinspan";
constexpr int kReadsMax = 1000;  // Then others get their turn; the descriptor stays readable.

// The kinds of what our table is made of; all of them name their table by attribute 1.
bool is_deletion(const nlmsghdr& message) {
  if (NFNL_SUBSYS_ID(message.nlmsg_type) != NFNL_SUBSYS_NFTABLES) return false;
  switch (NFNL_MSG_TYPE(message.nlmsg_type)) {
    case NFT_MSG_DELTABLE:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_DELRULE:
    case NFT_MSG_DELSET:
    case NFT_MSG_DELSETELEM:
      return true;
    default:
      return false;
  }
}

static_assert(NFTA_TABLE_NAME == 1 && NFTA_CHAIN_TABLE == 1 && NFTA_RULE_TABLE == 1 &&
              NFTA_SET_TABLE == 1 && NFTA_SET_ELEM_LIST_TABLE == 1);

bool names_our_table(const nlmsghdr& message) {
  bool found = false;
  const auto each = [](const nlattr* attribute, void* data) {
    if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME &&
        mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0)
      *static_cast<bool*>(data) = kTable == mnl_attr_get_str(attribute);
    return MNL_CB_OK;
  };
  mnl_attr_parse(&message, sizeof(nfgenmsg), each, &found);
  return found;
}

}  // namespace

Result<UniqueFd, int> open_firewall_watch() {
  UniqueFd watch(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  if (!watch) return Err<int>(errno);
  // Bound before it joins: the kernel takes an unbound socket's membership and tells it nothing.
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  if (::bind(watch.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
    return Err<int>(errno);
  const int group = NFNLGRP_NFTABLES;
  if (::setsockopt(watch.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    return Err<int>(errno);
  return watch;
}

bool take_firewall_deletions(int watch) {
  bool may_be_gone = false;
  alignas(nlmsghdr) std::array<char, 65536> buffer;
  for (int i = 0; i < kReadsMax; ++i) {
    const ssize_t size = ::recv(watch, buffer.data(), buffer.size(), MSG_TRUNC);
    if (size < 0 && errno == EINTR) continue;
    // ENOBUFS: messages were lost, and they may have been any.
    if (size <= 0) return may_be_gone || (size < 0 && errno == ENOBUFS);
    if (static_cast<size_t>(size) > buffer.size()) {
      may_be_gone = true;
      continue;
    }
    int left = static_cast<int>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
      may_be_gone = may_be_gone || (is_deletion(*message) && names_our_table(*message));
  }
  return may_be_gone;
}

}  // namespace twinspan::tun
