#include "base/ip_address.h"

#include <arpa/inet.h>

#include <cstring>

namespace twinspan {

IpAddress IpAddress::v4(uint32_t host_order) {
  uint8_t bytes[4];
  store_be32(bytes, host_order);
  return v4(bytes);
}

IpAddress IpAddress::v4(const uint8_t* network_order) {
  IpAddress address;
  std::memcpy(address.bytes_.data(), network_order, 4);
  return address;
}

IpAddress IpAddress::v6(const uint8_t* network_order) {
  IpAddress address;
  address.family_ = IpFamily::V6;
  std::memcpy(address.bytes_.data(), network_order, 16);
  return address;
}

IpAddress IpAddress::any(IpFamily family) {
  IpAddress address;
  address.family_ = family;
  return address;
}

IpAddress IpAddress::highest(IpFamily family) {
  IpAddress address = any(family);
  std::memset(address.bytes_.data(), 0xff, address.size());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() != std::strlen(terminated.c_str())) return std::nullopt;
  uint8_t bytes[16];
  if (inet_pton(AF_INET, terminated.c_str(), bytes) == 1) return v4(bytes);
  if (inet_pton(AF_INET6, terminated.c_str(), bytes) == 1) return v6(bytes);
  return std::nullopt;
}

bool IpAddress::is_unspecified() const {
  return *this == any(family_);
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes_[0] == 127;
  IpAddress one = any(IpFamily::V6);
  one.bytes_[15] = 1;
  return *this == one;
}

bool IpAddress::is_multicast() const {
  return is_v4() ? (bytes_[0] & 0xf0) == 0xe0 : bytes_[0] == 0xff;
}

bool IpAddress::is_link_local() const {
  if (is_v4()) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

std::optional<IpAddress> IpAddress::next() const {
  IpAddress result = *this;
  for (size_t i = size(); i-- > 0;) {
    if (++result.bytes_[i] != 0) return result;
  }
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::previous() const {
  IpAddress result = *this;
  for (size_t i = size(); i-- > 0;) {
    if (result.bytes_[i]-- != 0) return result;
  }
  return std::nullopt;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), text, sizeof(text));
  return text;
}

}  // namespace twinspan

size_t std::hash<twinspan::IpAddress>::operator()(
    const twinspan::IpAddress& address) const noexcept {
  const twinspan::ByteView bytes = address.bytes();
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}
