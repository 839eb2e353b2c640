// A rtnetlink socket: requests with acknowledgement, dumps, and the kernel's own words on refusal.
// In the flow: below LinuxHost; nothing else in the program talks to the kernel's routing tables.
// Thread: the control thread; every call waits for the kernel's answer, which rtnetlink gives at
// once.
#pragma once

#include <libmnl/libmnl.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "tun/unique_fd.h"

namespace twinspan::tun {

struct NetlinkError {
  int code = 0;      // errno
  std::string text;  // The kernel's extended message where it gives one, else strerror.
};

template <class T>
using NetlinkResult = Result<T, NetlinkError>;

// One request under construction. The buffer is fixed: a multipath route of kNextHopsMax fits.
class NetlinkRequest {
 public:
  NetlinkRequest(uint16_t type, uint16_t flags);
  NetlinkRequest(const NetlinkRequest&) = delete;
  NetlinkRequest& operator=(const NetlinkRequest&) = delete;

  // The family header, zeroed. Before any attribute.
  template <class Header>
  Header* put_header() {
    return static_cast<Header*>(mnl_nlmsg_put_extra_header(message_, sizeof(Header)));
  }
  void put_u8(uint16_t type, uint8_t value) { mnl_attr_put_u8(message_, type, value); }
  void put_u32(uint16_t type, uint32_t value) { mnl_attr_put_u32(message_, type, value); }
  void put_text(uint16_t type, const std::string& text) {
    mnl_attr_put_strz(message_, type, text.c_str());
  }
  void put_address(uint16_t type, const IpAddress& address) {
    mnl_attr_put(message_, type, address.size(), address.bytes().data());
  }
  // Bytes that are no attribute, inside an open nest. A multiple of four of them.
  void append(ByteView bytes);
  nlattr* open_nest(uint16_t type) { return mnl_attr_nest_start(message_, type); }
  void close_nest(nlattr* nest) { mnl_attr_nest_end(message_, nest); }

  nlmsghdr* message() { return message_; }

 private:
  static constexpr size_t kRequestBytesMax = 16 * 1024;

  std::vector<char> buffer_;
  nlmsghdr* message_;
};

using NetlinkReply = std::function<void(const nlmsghdr*)>;

class NetlinkSocket {
 public:
  static NetlinkResult<NetlinkSocket> open();

  // A change, or a question with one answer.
  NetlinkResult<void> transact(NetlinkRequest& request, const NetlinkReply& on_reply = {});
  // A whole table. Starts again when the table changed meanwhile, so `on_begin` empties what was
  // gathered.
  NetlinkResult<void> dump(NetlinkRequest& request, const std::function<void()>& on_begin,
                           const NetlinkReply& on_reply);

 private:
  explicit NetlinkSocket(UniqueFd fd);

  NetlinkResult<void> send(nlmsghdr* message);
  NetlinkResult<size_t> receive();
  // Reads until the acknowledgement; true when the kernel says that the dump is inconsistent.
  NetlinkResult<bool> read_replies(const NetlinkReply& on_reply);

  UniqueFd fd_;
  uint32_t sequence_ = 0;
  std::vector<char> buffer_;
};

// The attributes of a message or nest by type; null where absent. Types above the table are
// ignored.
class AttributeTable {
 public:
  AttributeTable(const nlmsghdr* message, size_t header_bytes);
  explicit AttributeTable(const nlattr* nest);
  AttributeTable(const void* start, size_t bytes);  // Attributes behind some other structure.

  const nlattr* find(uint16_t type) const { return type < kTypesMax ? table_[type] : nullptr; }
  uint32_t u32(uint16_t type, uint32_t otherwise = 0) const;
  uint8_t u8(uint16_t type, uint8_t otherwise = 0) const;
  std::string text(uint16_t type) const;
  std::optional<IpAddress> address(uint16_t type) const;

 private:
  static constexpr size_t kTypesMax = 80;
  const nlattr* table_[kTypesMax] = {};
};

}  // namespace twinspan::tun
