// INFORMATIONAL requests of a given size, which ask whether a packet of that size gets through
// (RFC 8899 with RFC 7383 2.5.2). The peer needs to know nothing of it: what fills the request is a
// status notify that nobody knows (RFC 7296 3.10.1), and the answer is empty.
//
// RFC 7296 2.1 has a request repeated until it is answered, as it was. So the first transmission
// alone is of the size in question and goes with DF; repetitions are the same message, cut to what
// every path carries, which is what RFC 7383 2.5.2 has for paths that are found to be narrower. A
// probe that is too large costs a second of the window, never the IKE SA.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

// Whether a search may begin: the peer may be asked, and none is under way.
bool may_search_size(const IkeSa& sa);
void start_size_probe(Context& context, IkeSa& sa, const SizeSearch& search);
void complete_size_probe(Context& context, IkeSa& sa, const SizeProbeExchange& own);

}  // namespace twinspan::ike
