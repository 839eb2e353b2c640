// Which inner sources may not come out of a tunnel, compiled: sorted, disjoint address ranges.
#pragma once

#include <vector>

#include "base/ip_prefix.h"
#include "esp/inner_packet.h"

namespace twinspan::esp {

// Used when the selectors of a tunnel's SAs are any-to-any, where they check nothing (empty
// otherwise).
struct SourcePolicy {
  bool refuse_martians = false;  // Loopback, unspecified, multicast, broadcast, link-local sources.
  bool refuse_remote = false;    // The peer's outer address, wherever it is at the time.
  // Own networks, own and peer gateway addresses, and what is behind other tunnels or none.
  std::vector<IpPrefix> refused_sources;
  bool operator==(const SourcePolicy&) const = default;
};

class SourceFilter {
 public:
  explicit SourceFilter(const SourcePolicy& policy);
  bool refuses(IpFamily family, const AddressNumber& source) const;
  // Of both families; what a look-up searches.
  size_t range_count() const { return v4_.size() + v6_.size(); }

 private:
  struct Range {
    AddressNumber first, last;
  };
  static void add(std::vector<Range>& ranges, const IpPrefix& prefix);
  static void merge(std::vector<Range>& ranges);
  const std::vector<Range>& ranges(IpFamily family) const {
    return family == IpFamily::V4 ? v4_ : v6_;
  }

  std::vector<Range> v4_;
  std::vector<Range> v6_;
};

}  // namespace twinspan::esp
