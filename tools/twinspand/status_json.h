// The JSON of `twinspan status` and `twinspan show connection`; add-only within a schema's version.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "ike/core/endpoint.h"
#include "tools/twinspand/tunnel_board.h"
#include "tun/data_plane.h"

namespace twinspan::tools {

struct DataPlaneStatus {
  std::string kernel;
  unsigned workers = 0;
  tun::OffloadStatus offloads;
  tun::DirectionTotals orphans;
  uint64_t ring_overflows = 0;
  uint64_t handover_overflows = 0;
  tun::PathTotals path;
  std::vector<tun::TunnelTotals> by_worker;
  unsigned busy_poll_microseconds = 0;  // 0: off.
};

nlohmann::json connection_json(const TunnelView& tunnel, const tun::TunnelTotals& totals);
// Everything that is known: identities, suites, selectors configured and in use, every live SA.
nlohmann::json connection_detail_json(const TunnelView& tunnel, const tun::TunnelTotals& totals);
nlohmann::json data_plane_json(const DataPlaneStatus& status);
nlohmann::json ike_json(const ike::EndpointCounters& counters);

// What is wrong with a path that swallows packets above `path_mtu` bytes, and what to do.
std::string silent_path_text(unsigned path_mtu);

}  // namespace twinspan::tools
