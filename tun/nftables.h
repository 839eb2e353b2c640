// nftables by libnftables: commands as one transaction, and what a table holds. The errors are the
// library's own words. Thread: the control thread.
#pragma once

#include <string>

#include "base/result.h"

namespace twinspan::tun {

// All commands hold afterwards, or none.
Result<void, std::string> run_nftables(const std::string& commands);

// A table of family inet as libnftables-json(5) has it; empty when there is none.
Result<std::string, std::string> read_nftables_table(const std::string& table);

}  // namespace twinspan::tun
