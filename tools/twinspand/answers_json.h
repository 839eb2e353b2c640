// The JSON of `twinspan explain`, `drops` and `verify`; add-only within a schema's version.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "esp/drop_log.h"
#include "policy/explain.h"
#include "policy/firewall_text.h"
#include "policy/verify.h"

namespace twinspan::tools {

nlohmann::json explanation_json(const policy::ExplainQuestion& question,
                                const policy::Explanation& explanation);

struct ExplainedDrop {
  esp::DropRecord record;
  WallTime at;
  std::string connection;           // Empty: none.
  bool is_explained = false;        // There is an inner packet to walk with.
  policy::Explanation explanation;  // As the live tables are by now.
};

// What the kernel dropped before the daemon could see it: counted, and by nftables noted.
struct NotedDrop {
  policy::FirewallNote note;
  policy::Explanation explanation;
};
struct KernelDrops {
  std::string where;       // "nftables", "device", "socket"
  std::string reason;      // "another network", "device-queue-full"
  std::string connection;  // Empty: none.
  uint64_t packets = 0;
  std::optional<uint64_t> bytes = std::nullopt;  // nullopt: not counted.
  std::string explanation;
  std::string fix;
  std::vector<NotedDrop> notes;
};

nlohmann::json drops_json(const std::vector<ExplainedDrop>& drops,
                          const std::vector<KernelDrops>& kernel);

struct VerifiedConnection {
  std::string name;
  std::vector<policy::VerifyItem> items;
};
nlohmann::json verify_json(const std::vector<VerifiedConnection>& connections);

}  // namespace twinspan::tools
