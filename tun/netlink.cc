#include "tun/netlink.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace twinspan::tun {
namespace {

// The kernel fills dump datagrams up to 32 KB when the reader offers that much.
constexpr size_t kReceiveBytes = 64 * 1024;
constexpr int kSocketBufferBytes = 1 << 20;
constexpr int kDumpAttemptsMax = 10;
constexpr int kNetlinkOptionLevel = 270;  // SOL_NETLINK

NetlinkError error_of(int code) {
  return {code, std::strerror(code)};
}

// An NLMSG_ERROR carries errno, a copy of the request's header (capped), and perhaps a text.
NetlinkError error_of(const nlmsghdr* message) {
  const auto* body = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
  NetlinkError error = error_of(-body->error);
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return error;
  size_t header_bytes = sizeof(nlmsgerr);
  if ((message->nlmsg_flags & NLM_F_CAPPED) == 0) {
    header_bytes += body->msg.nlmsg_len - sizeof(nlmsghdr);
  }
  const std::string text = AttributeTable(message, header_bytes).text(NLMSGERR_ATTR_MSG);
  if (!text.empty()) error.text += " (" + text + ")";
  return error;
}

}  // namespace

NetlinkRequest::NetlinkRequest(uint16_t type, uint16_t flags) : buffer_(kRequestBytesMax) {
  message_ = mnl_nlmsg_put_header(buffer_.data());
  message_->nlmsg_type = type;
  message_->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
}

void NetlinkRequest::append(ByteView bytes) {
  CHECK(message_->nlmsg_len + bytes.size() <= buffer_.size());
  std::memcpy(mnl_nlmsg_get_payload_tail(message_), bytes.data(), bytes.size());
  message_->nlmsg_len += static_cast<uint32_t>(bytes.size());
}

NetlinkSocket::NetlinkSocket(UniqueFd fd) : fd_(std::move(fd)), buffer_(kReceiveBytes) {}

NetlinkResult<NetlinkSocket> NetlinkSocket::open() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return Err<NetlinkError>(error_of(errno));
  const int on = 1;
  // Both are refinements that old kernels lack: error texts, and dumps filtered by the kernel.
  ::setsockopt(fd.get(), kNetlinkOptionLevel, NETLINK_EXT_ACK, &on, sizeof(on));
  ::setsockopt(fd.get(), kNetlinkOptionLevel, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kSocketBufferBytes, sizeof(kSocketBufferBytes));
  return NetlinkSocket(std::move(fd));
}

NetlinkResult<void> NetlinkSocket::send(nlmsghdr* message) {
  message->nlmsg_seq = ++sequence_;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    const ssize_t sent = ::sendto(fd_.get(), message, message->nlmsg_len, 0,
                                  reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel));
    if (sent >= 0) return {};
    if (errno != EINTR) return Err<NetlinkError>(error_of(errno));
  }
}

NetlinkResult<size_t> NetlinkSocket::receive() {
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Err<NetlinkError>(error_of(errno));
    if (static_cast<size_t>(got) > buffer_.size()) return Err<NetlinkError>(error_of(EMSGSIZE));
    return static_cast<size_t>(got);
  }
}

NetlinkResult<bool> NetlinkSocket::read_replies(const NetlinkReply& on_reply) {
  bool inconsistent = false;
  for (;;) {
    TRY_ASSIGN(const size_t got, receive());
    int left = static_cast<int>(got);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer_.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_seq != sequence_) continue;  // The tail of an answer that was given up.
      if (message->nlmsg_flags & NLM_F_DUMP_INTR) inconsistent = true;
      if (message->nlmsg_type == NLMSG_DONE) {
        const int code = message->nlmsg_len >= NLMSG_LENGTH(sizeof(int))
                             ? *static_cast<const int*>(mnl_nlmsg_get_payload(message))
                             : 0;
        if (code < 0) return Err<NetlinkError>(error_of(-code));
        return inconsistent;
      }
      if (message->nlmsg_type == NLMSG_ERROR) {
        if (static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error == 0) {
          return inconsistent;
        }
        return Err<NetlinkError>(error_of(message));
      }
      if (on_reply) on_reply(message);
    }
  }
}

NetlinkResult<void> NetlinkSocket::transact(NetlinkRequest& request, const NetlinkReply& on_reply) {
  request.message()->nlmsg_flags |= NLM_F_ACK;
  TRY(send(request.message()));
  TRY(read_replies(on_reply));
  return {};
}

NetlinkResult<void> NetlinkSocket::dump(NetlinkRequest& request,
                                        const std::function<void()>& on_begin,
                                        const NetlinkReply& on_reply) {
  request.message()->nlmsg_flags |= NLM_F_DUMP;
  for (int attempt = 0; attempt < kDumpAttemptsMax; ++attempt) {
    on_begin();
    TRY(send(request.message()));
    auto inconsistent = read_replies(on_reply);
    if (inconsistent && !*inconsistent) return {};
    // ENOBUFS: answers were lost; the next attempt's sequence number skips what is left of this
    // one.
    if (!inconsistent && inconsistent.error().code != ENOBUFS) {
      return Err<NetlinkError>(inconsistent.error());
    }
  }
  return Err<NetlinkError>(
      NetlinkError{EBUSY, "the kernel's table keeps changing while it is read"});
}

AttributeTable::AttributeTable(const nlmsghdr* message, size_t header_bytes)
    : AttributeTable(
          mnl_nlmsg_get_payload_offset(message, header_bytes),
          message->nlmsg_len -
              std::min<size_t>(message->nlmsg_len, MNL_NLMSG_HDRLEN + MNL_ALIGN(header_bytes))) {}

AttributeTable::AttributeTable(const nlattr* nest)
    : AttributeTable(mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest)) {}

AttributeTable::AttributeTable(const void* start, size_t bytes) {
  const char* end = static_cast<const char*>(start) + bytes;
  const auto* attribute = static_cast<const nlattr*>(start);
  while (mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char*>(attribute)))) {
    const uint16_t type = mnl_attr_get_type(attribute);
    if (type < kTypesMax) table_[type] = attribute;
    attribute = mnl_attr_next(attribute);
  }
}

uint32_t AttributeTable::u32(uint16_t type, uint32_t otherwise) const {
  const nlattr* found = find(type);
  if (!found || mnl_attr_get_payload_len(found) < sizeof(uint32_t)) return otherwise;
  return mnl_attr_get_u32(found);
}

uint8_t AttributeTable::u8(uint16_t type, uint8_t otherwise) const {
  const nlattr* found = find(type);
  if (!found || mnl_attr_get_payload_len(found) < 1) return otherwise;
  return mnl_attr_get_u8(found);
}

std::string AttributeTable::text(uint16_t type) const {
  const nlattr* found = find(type);
  if (!found) return {};
  const char* start = static_cast<const char*>(mnl_attr_get_payload(found));
  return std::string(start, ::strnlen(start, mnl_attr_get_payload_len(found)));
}

std::optional<IpAddress> AttributeTable::address(uint16_t type) const {
  const nlattr* found = find(type);
  if (!found) return std::nullopt;
  const auto* bytes = static_cast<const uint8_t*>(mnl_attr_get_payload(found));
  const uint16_t length = mnl_attr_get_payload_len(found);
  if (length == 4) return IpAddress::v4(bytes);
  if (length == 16) return IpAddress::v6(bytes);
  return std::nullopt;
}

}  // namespace twinspan::tun
