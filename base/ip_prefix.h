// A CIDR prefix with host bits zero.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"

namespace twinspan {

class IpPrefix {
 public:
  IpPrefix() = default;  // 0.0.0.0/0
  // Host bits are cleared; `length` is at most address.bits().
  IpPrefix(const IpAddress& address, unsigned length);
  static IpPrefix host(const IpAddress& address) { return {address, address.bits()}; }
  static IpPrefix any(IpFamily family) { return {IpAddress::any(family), 0}; }
  // "10.1.0.0/16", or an address alone for its /32 or /128. Host bits must be zero.
  static std::optional<IpPrefix> parse(std::string_view text);

  const IpAddress& address() const { return address_; }  // The first address of the prefix.
  IpAddress last_address() const;
  unsigned length() const { return length_; }
  IpFamily family() const { return address_.family(); }
  bool contains(const IpAddress& address) const;
  bool contains(const IpPrefix& other) const;
  bool overlaps(const IpPrefix& other) const { return contains(other) || other.contains(*this); }
  std::string to_string() const;

  auto operator<=>(const IpPrefix&) const = default;

 private:
  IpAddress address_;
  unsigned length_ = 0;
};

}  // namespace twinspan
