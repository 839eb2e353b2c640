// The secrets section of swanctl.conf: which pre-shared key belongs to which connection.
#pragma once

#include <set>

#include "policy/settings_text.h"
#include "policy/swanctl_connection.h"

namespace twinspan::policy {

// The key that strongSwan would take for the connection: the one whose identities fit both ends, or
// the peer; of those that fit every peer, or none, one of ours. nullptr: there is none. A view into
// `root`.
const SettingsValue* find_shared_key(const SettingsSection& root,
                                     const SwanctlConnection& connection);
const SettingsValue* find_ppk(const SettingsSection& root, std::string_view id);

// Names, in `notes`, the keys that are not `taken`, and the secrets of other kinds, by the words
// that strongSwan has for them alone.
void note_other_secrets(const SettingsSection& root, const std::set<const SettingsValue*>& taken,
                        ImportNotes& notes);

}  // namespace twinspan::policy
