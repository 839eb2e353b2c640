#include "ike/core/selector_narrowing.h"

#include <utility>

namespace twinspan::ike {

std::optional<NarrowedSelectors> narrow_selectors(const SelectorPair& configured,
                                                  const SelectorPair& proposed) {
  NarrowedSelectors result{.pair = {.local = narrow(proposed.local, configured.local),
                                    .remote = narrow(proposed.remote, configured.remote)},
                           .is_less = false};
  if (result.pair.local.empty() || result.pair.remote.empty()) return std::nullopt;
  result.is_less = !covers(result.pair.local, configured.local) ||
                   !covers(result.pair.remote, configured.remote);
  return result;
}

bool is_same_traffic(const ChildTraffic& a, const ChildTraffic& b) {
  if (a.resource != b.resource) return false;
  if (a.local == b.local && a.remote == b.remote) return true;
  return a.config == b.config && ((covers(a.local, b.local) && covers(a.remote, b.remote)) ||
                                  (covers(b.local, a.local) && covers(b.remote, a.remote)));
}

}  // namespace twinspan::ike
