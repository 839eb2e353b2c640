// The settings of swanctl.conf that a model does not carry, and what that means for each.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "policy/import.h"
#include "policy/settings_text.h"

namespace twinspan::policy {

struct SwanctlSetting {
  std::string_view key;
  // Values that change nothing, separated by '|'; "*": all do, or they are carried.
  std::string_view harmless;
  bool is_refused = false;  // Without it the connection or child would be something else.
  std::string_view why = {};
  std::string_view remedy = {};
};

std::span<const SwanctlSetting> connection_settings();
std::span<const SwanctlSetting> round_settings();  // local and remote.
std::span<const SwanctlSetting> child_settings();

// Notes what is set in the section and not carried. False: because of one, the object that the
// section describes must be left out.
bool admit_settings(const SettingsSection& section, std::span<const SwanctlSetting> settings,
                    const std::string& path, ImportNotes& notes);

}  // namespace twinspan::policy
