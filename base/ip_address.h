// An IPv4 or IPv6 address: a value that compares, hashes and prints.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace twinspan {

enum class IpFamily : uint8_t { V4 = 4, V6 = 6 };

class IpAddress {
 public:
  constexpr IpAddress() = default;  // 0.0.0.0
  static IpAddress v4(uint32_t host_order);
  static IpAddress v4(const uint8_t* network_order);  // 4 bytes
  static IpAddress v6(const uint8_t* network_order);  // 16 bytes
  static IpAddress any(IpFamily family);              // 0.0.0.0 or ::
  static IpAddress highest(IpFamily family);          // 255.255.255.255 or ff..ff
  static std::optional<IpAddress> parse(std::string_view text);

  IpFamily family() const { return family_; }
  bool is_v4() const { return family_ == IpFamily::V4; }
  bool is_v6() const { return family_ == IpFamily::V6; }
  size_t size() const { return is_v4() ? 4 : 16; }  // Bytes.
  unsigned bits() const { return is_v4() ? 32 : 128; }
  ByteView bytes() const { return {bytes_.data(), size()}; }  // Network order.
  bool is_unspecified() const;
  bool is_loopback() const;
  bool is_multicast() const;
  bool is_link_local() const;

  // The neighbouring address; nullopt past the end of the family's space.
  std::optional<IpAddress> next() const;
  std::optional<IpAddress> previous() const;

  std::string to_string() const;

  auto operator<=>(const IpAddress&) const = default;  // V4 before V6, then numerically.

 private:
  IpFamily family_ = IpFamily::V4;
  std::array<uint8_t, 16> bytes_{};
};

}  // namespace twinspan

template <>
struct std::hash<twinspan::IpAddress> {
  size_t operator()(const twinspan::IpAddress& address) const noexcept;
};
