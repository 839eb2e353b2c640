// The addresses behind a peer that is configured by name. Pure.
//
// The name is resolved anew before each attempt to connect. Of the addresses that fit they are
// tried in turn, also when the name service turns them round from answer to answer. An SA that
// stands is no matter of the name: the peer itself shows where it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

namespace twinspan::ike {

inline constexpr size_t kRemoteAddressesMax = 16;  // Of one answer; the rest is left out.
// The name service answers within this time or is taken to have failed.
inline constexpr Duration kResolveMax = 30s;
// A peer that only calls is looked up so often, so that it is known when it does.
inline constexpr Duration kResolveInterval = 60s;

class RemoteName {
 public:
  bool is_resolving = false;

  // What the name service said, in its order. Kept is what a tunnel from `local` may lead to: of
  // its family, unicast, and not `local` itself.
  void take(const std::vector<IpAddress>& answer, const IpAddress& local);
  const std::vector<IpAddress>& addresses() const { return addresses_; }
  bool has(const IpAddress& address) const;
  // The next one to try; nullopt: there is none.
  std::optional<IpAddress> next();
  // It worked: the first comes first again.
  void connected() { tried_.clear(); }

 private:
  friend class StateDump;

  std::vector<IpAddress> addresses_;
  std::vector<IpAddress> tried_;  // Since all were, or it last worked. All of them in addresses_.
};

// Why `answer` is of no use: "it has only 2001:db8::1, which 192.0.2.1 cannot reach".
std::string describe_useless(const std::vector<IpAddress>& answer, const IpAddress& local);

}  // namespace twinspan::ike
