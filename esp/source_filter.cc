#include "esp/source_filter.h"

#include <algorithm>

#include "base/check.h"

namespace twinspan::esp {
namespace {

// RFC 6890 ranges that no packet from another host can have as its source.
constexpr const char* kMartians[] = {
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32",
    "::/128",    "::1/128",     "::ffff:0:0/96",  "fe80::/10",   "ff00::/8",
};

// Whether a range that ends at `last` overlaps or touches one from `first` on.
bool reaches(const AddressNumber& last, const AddressNumber& first) {
  if (first <= last) return true;
  const AddressNumber next = {last.high + (last.low == UINT64_MAX ? 1 : 0), last.low + 1};
  return first == next;
}

}  // namespace

SourceFilter::SourceFilter(const SourcePolicy& policy) {
  const auto insert = [&](const IpPrefix& prefix) {
    add(prefix.family() == IpFamily::V4 ? v4_ : v6_, prefix);
  };
  for (const IpPrefix& prefix : policy.refused_sources) insert(prefix);
  if (policy.refuse_martians) {
    for (const char* text : kMartians) {
      const auto prefix = IpPrefix::parse(text);
      CHECK(prefix.has_value());
      insert(*prefix);
    }
  }
  merge(v4_);
  merge(v6_);
}

void SourceFilter::add(std::vector<Range>& ranges, const IpPrefix& prefix) {
  ranges.push_back({to_number(prefix.address()), to_number(prefix.last_address())});
}

// What overlaps or touches becomes one range: what is behind no prefix of a tunnel is made of two
// dozen neighbours for each of them.
void SourceFilter::merge(std::vector<Range>& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  std::vector<Range> disjoint;
  for (const Range& range : ranges) {
    if (disjoint.empty() || !reaches(disjoint.back().last, range.first)) {
      disjoint.push_back(range);
    } else {
      disjoint.back().last = std::max(disjoint.back().last, range.last);
    }
  }
  disjoint.shrink_to_fit();
  ranges = std::move(disjoint);
}

bool SourceFilter::refuses(IpFamily family, const AddressNumber& source) const {
  const std::vector<Range>& candidates = ranges(family);
  const auto behind =
      std::upper_bound(candidates.begin(), candidates.end(), source,
                       [](const AddressNumber& a, const Range& range) { return a < range.first; });
  return behind != candidates.begin() && source <= std::prev(behind)->last;
}

}  // namespace twinspan::esp
