// One IKE SA that stands, from one configuration to another (CommandSetPeer, up to Effect::Rekey).
//
// Not before it is settled, so that each exchange ends under the settings that it began with. Then
// all at once: the new settings hold, and each child that they do not fit is marked. Marks are
// worked off in their own time: an outdated child is rekeyed, a former one deleted when others
// carry its traffic. Thread: control.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

// Established, and nothing under way that depends on its settings.
bool is_settled(const IkeSa& sa);

// From now on `sa` has `fresh`: timers are armed anew, children that do not fit are marked. Nothing
// is sent yet.
void adopt_settings(Context& context, IkeSa& sa, std::shared_ptr<const PeerConfig> fresh);

// Deletes the former children whose traffic others carry, or nobody should.
void delete_former_children(Context& context, IkeSa& sa);

// Whether a child stands that has a mark.
bool has_marked_child(const IkeSa& sa);

// Whether `config` takes over what a former child of `sa` carries.
bool succeeds_former(const IkeSa& sa, const ChildConfig& config);

}  // namespace twinspan::ike
