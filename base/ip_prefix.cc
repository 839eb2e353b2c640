#include "base/ip_prefix.h"

#include <array>
#include <charconv>

#include "base/check.h"

namespace twinspan {
namespace {

IpAddress from_bytes(IpFamily family, const std::array<uint8_t, 16>& bytes) {
  return family == IpFamily::V4 ? IpAddress::v4(bytes.data()) : IpAddress::v6(bytes.data());
}

// The address with all bits past `length` set to `ones`.
IpAddress with_host_bits(const IpAddress& address, unsigned length, bool ones) {
  std::array<uint8_t, 16> bytes{};
  const ByteView view = address.bytes();
  for (unsigned i = 0; i < view.size(); ++i) {
    const unsigned kept = length >= (i + 1) * 8 ? 8 : (length <= i * 8 ? 0 : length - i * 8);
    const auto mask = static_cast<uint8_t>(0xff00u >> kept);
    bytes[i] = static_cast<uint8_t>((view[i] & mask) | (ones ? static_cast<uint8_t>(~mask) : 0));
  }
  return from_bytes(address.family(), bytes);
}

}  // namespace

IpPrefix::IpPrefix(const IpAddress& address, unsigned length)
    : address_(with_host_bits(address, length, false)), length_(length) {
  CHECK(length <= address.bits());
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return host(*address);
  const std::string_view digits = text.substr(slash + 1);
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (length > address->bits()) return std::nullopt;
  const IpPrefix prefix(*address, length);
  if (prefix.address() != *address) return std::nullopt;
  return prefix;
}

IpAddress IpPrefix::last_address() const {
  return with_host_bits(address_, length_, true);
}

bool IpPrefix::contains(const IpAddress& address) const {
  return address.family() == family() && with_host_bits(address, length_, false) == address_;
}

bool IpPrefix::contains(const IpPrefix& other) const {
  return other.length_ >= length_ && contains(other.address_);
}

std::string IpPrefix::to_string() const {
  return address_.to_string() + "/" + std::to_string(length_);
}

}  // namespace twinspan
