// How many descriptors the process may have open: a tunnel's device takes one. Thread: any, before
// descriptors are opened.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "tun/host.h"

namespace twinspan::tun {

// Raises the soft limit to the hard one. The error: even that is less than `needed`; the limit is
// raised all the same.
Result<void, HostError> raise_descriptor_limit(size_t needed);

}  // namespace twinspan::tun
