// Which tunnel of a new plan carries on which one of the old plan, so that a connection that is
// renamed keeps what it has. Pure.
#pragma once

#include <vector>

#include "policy/plan.h"

namespace twinspan::policy {

// Either may be missing: a tunnel that comes, or one that goes.
struct TunnelSuccession {
  const TunnelPlan* before = nullptr;
  const TunnelPlan* after = nullptr;

  bool is_rename() const {
    return before != nullptr && after != nullptr && before->connection != after->connection;
  }
};

// A tunnel carries on the one that has its ends (addresses and identities), by the same name first;
// then the one that has its name. Those that go come first, then the new plan's in its order.
// The plans outlive the result.
std::vector<TunnelSuccession> succession(const Plan& before, const Plan& after);

// Gives tunnels that carry on what has a name of its own while the gateway runs: the device, unless
// it needs one with other queues, and the names of Child SAs by their selectors. New devices get
// names that neither plan has.
void carry_over(const Plan& before, Plan& after);

}  // namespace twinspan::policy
