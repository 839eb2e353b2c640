#include "ike/core/remote_name.h"

#include <fmt/format.h>

#include <algorithm>

namespace twinspan::ike {
namespace {

bool contains(const std::vector<IpAddress>& addresses, const IpAddress& address) {
  return std::ranges::find(addresses, address) != addresses.end();
}

bool is_usable(const IpAddress& address, const IpAddress& local) {
  return address.family() == local.family() && address != local && !address.is_unspecified() &&
         !address.is_loopback() && !address.is_multicast() && !address.is_link_local() &&
         address != IpAddress::highest(address.family());
}

}  // namespace

void RemoteName::take(const std::vector<IpAddress>& answer, const IpAddress& local) {
  addresses_.clear();
  for (const IpAddress& address : answer) {
    if (addresses_.size() == kRemoteAddressesMax) break;
    if (is_usable(address, local) && !contains(addresses_, address)) addresses_.push_back(address);
  }
  std::erase_if(tried_, [&](const IpAddress& address) { return !has(address); });
}

bool RemoteName::has(const IpAddress& address) const {
  return contains(addresses_, address);
}

std::optional<IpAddress> RemoteName::next() {
  if (addresses_.empty()) return std::nullopt;
  if (tried_.size() == addresses_.size()) tried_.clear();
  const auto untried = std::ranges::find_if(
      addresses_, [&](const IpAddress& address) { return !contains(tried_, address); });
  tried_.push_back(*untried);
  return *untried;
}

std::string describe_useless(const std::vector<IpAddress>& answer, const IpAddress& local) {
  if (answer.empty()) return "it has no address";
  std::string listed;
  for (size_t i = 0; i < std::min(answer.size(), kRemoteAddressesMax); ++i) {
    listed += (i == 0 ? "" : ", ") + answer[i].to_string();
  }
  return fmt::format("it has only {}, which cannot be reached from {}", listed, local.to_string());
}

}  // namespace twinspan::ike
