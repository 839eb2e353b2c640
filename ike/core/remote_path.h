// Where the peer of one IKE SA is, and the effects of finding out: the questions that a PathProbe
// wants asked, and the move of the IKE SA and its children. Thread: control.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

// A fresh authenticated packet of the peer (IKE, or ESP as the data plane reports) came from here.
void note_remote(Context& context, IkeSa& sa, const Endpoint& local, const Endpoint& remote);
// As note_remote(), for the answer to the request in flight: it may end a probe.
void note_answer_path(Context& context, IkeSa& sa, const Endpoint& local, const Endpoint& remote);
// Whether the peer may send IKE_AUTH from there.
bool admits_auth_from(const IkeSa& sa, const Endpoint& remote);
void handle_path_timer(Context& context, IkeSa& sa);

}  // namespace twinspan::ike
