// Which of a tunnel's configured children an IKE SA has. Pure.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

bool serves(const IkeSa& sa, std::string_view config);
bool has_usable_child(const IkeSa& sa);
bool is_complete(const IkeSa& sa);  // It serves all that are configured.

// The established IKE SA of a tunnel that new exchanges should use: the one that stays of those
// with a child, otherwise the one that stays.
IkeSa* preferred(Context& context, TunnelId id);
// The one that stays of all.
IkeSa* surviving(Context& context, TunnelId id);

}  // namespace twinspan::ike
