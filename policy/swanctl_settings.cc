#include "policy/swanctl_settings.h"

#include <fmt/format.h>

#include <algorithm>

namespace twinspan::policy {
namespace {

constexpr std::string_view kAll = "*";
constexpr bool kRefused = true;
constexpr std::string_view kOwnDevices = "devices, routes and marks are Twinspan's own";

constexpr SwanctlSetting kConnectionSettings[] = {
    {"version", kAll},
    {"local_addrs", kAll},
    {"remote_addrs", kAll},
    {"proposals", kAll},
    {"dpd_delay", kAll},
    {"dpd_timeout", kAll},  // Of IKEv1.
    {"encap", kAll},
    {"fragmentation", kAll},
    {"ppk_id", kAll},
    {"ppk_required", kAll},
    {"rekey_time", kAll},
    {"over_time", kAll},
    {"rand_time", kAll},
    {"pull", kAll},  // Of IKEv1.
    {"send_cert", kAll},
    {"send_certreq", kAll},
    {"aggressive", kAll},  // Of IKEv1.
    {"vips", "", kRefused, "virtual addresses are of remote access, which is not part of the model",
     "give the peer's network prefixes of its own"},
    {"pools", "", kRefused, "address pools are of remote access, which is not part of the model",
     "give the peer's network prefixes of its own"},
    {"mediation", "no", kRefused, "mediation is not spoken here", "connect the peers directly"},
    {"mediated_by", "", kRefused, "mediation is not spoken here", "connect the peers directly"},
    {"mediation_peer", "", kRefused, "mediation is not spoken here", "connect the peers directly"},
    {"local_port", "500|0", false, "IKE runs on ports 500 and 4500 here", ""},
    {"remote_port", "500|0", false, "IKE runs on ports 500 and 4500 here", ""},
    {"mobike", "no", false, "a peer that moves is followed without MOBIKE", ""},
    {"dscp", "000000", false, "IKE is sent without a DSCP", ""},
    {"childless", "allow", false, "childless IKE SAs are answered, and not asked for", ""},
    {"keyingtries", kAll},  // Here a connection is tried for ever.
    {"unique", kAll},       // Here a connection has one peer.
    {"reauth_time", "0|0s", false, "IKE SAs are rekeyed and never authenticated anew", ""},
    {"if_id_in", "0", false, kOwnDevices, ""},
    {"if_id_out", "0", false, kOwnDevices, ""},
};

constexpr std::string_view kConstraint =
    "the peer would be admitted without what this asks of its certificate";

constexpr SwanctlSetting kRoundSettings[] = {
    {"auth", kAll},
    {"id", kAll},
    {"certs", kAll},
    {"cacerts", kAll},
    {"pubkeys", kAll},
    {"round", kAll},
    {"groups", "", kRefused, kConstraint, "use a CA that certifies this peer alone"},
    {"cert_policy", "", kRefused, kConstraint, "use a CA that certifies this peer alone"},
    {"ca_id", "", kRefused, kConstraint, "use a CA that certifies this peer alone"},
    {"revocation", "relaxed", false, "revocation is checked when there are CRLs",
     "write certificate_revocation_lists"},
};

constexpr SwanctlSetting kChildSettings[] = {
    {"local_ts", kAll},
    {"remote_ts", kAll},
    {"esp_proposals", kAll},
    {"rekey_time", kAll},
    {"life_time", kAll},
    {"rand_time", kAll},
    {"rekey_bytes", kAll},
    {"life_bytes", kAll},
    {"rand_bytes", kAll},
    {"rekey_packets", kAll},
    {"life_packets", kAll},
    {"rand_packets", kAll},
    {"start_action", kAll},
    {"close_action", kAll},
    {"dpd_action", kAll},
    {"copy_dscp", kAll},
    {"copy_ecn", kAll},
    {"copy_df", kAll},
    {"label_mode", kAll},
    {"ah_proposals", "", kRefused, "AH is not spoken here", "use ESP"},
    {"mode", "tunnel", kRefused, "only tunnel mode is spoken here",
     "use tunnel mode; what bypasses or drops traffic belongs into nftables"},
    {"label", "", kRefused, "security labels are not negotiated here",
     "without them the child would carry traffic of every label"},
    {"sha256_96", "no", kRefused, "the short truncation of SHA-256 is not spoken here",
     "use another integrity, or an AEAD"},
    {"ipcomp", "no", false, "nothing is compressed", ""},
    {"inactivity", "0|0s", false, "children stay up when they are idle", ""},
    {"tfc_padding", "0", false, "packets are not padded to hide their sizes", ""},
    {"replay_window", "32", false, "the replay window is Twinspan's own", ""},
    {"hw_offload", "no|auto", false, "nothing is given to hardware", ""},
    {"policies", "yes", false, kOwnDevices, ""},
    {"policies_fwd_out", "no", false, kOwnDevices, ""},
    {"updown", "", false, "no script is run when a child comes or goes", "follow twinspan events"},
    {"hostaccess", "no", false, kOwnDevices, ""},
    {"reqid", "0", false, kOwnDevices, ""},
    {"priority", "0", false, kOwnDevices, ""},
    {"interface", "", false, kOwnDevices, ""},
    {"mark_in", "0", false, kOwnDevices, ""},
    {"mark_in_sa", "no", false, kOwnDevices, ""},
    {"mark_out", "0", false, kOwnDevices, ""},
    {"set_mark_in", "0", false, kOwnDevices, ""},
    {"set_mark_out", "0", false, kOwnDevices, ""},
    {"if_id_in", "0", false, kOwnDevices, ""},
    {"if_id_out", "0", false, kOwnDevices, ""},
};

bool is_harmless(const SwanctlSetting& setting, std::string_view value) {
  if (setting.harmless == kAll) return true;
  std::string_view rest = setting.harmless;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('|'));
    if (one == value) return true;
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  return false;
}

}  // namespace

std::span<const SwanctlSetting> connection_settings() {
  return kConnectionSettings;
}
std::span<const SwanctlSetting> round_settings() {
  return kRoundSettings;
}
std::span<const SwanctlSetting> child_settings() {
  return kChildSettings;
}

bool admit_settings(const SettingsSection& section, std::span<const SwanctlSetting> settings,
                    const std::string& path, ImportNotes& notes) {
  bool is_admitted = true;
  for (const SettingsValue& value : section.values) {
    if (value.text.empty()) continue;
    const std::string place = fmt::format("{}.{}", path, value.key);
    const auto found = std::ranges::find(settings, value.key, &SwanctlSetting::key);
    if (found == settings.end()) {
      notes.not_carried({value.mark, place, "is not known here", "is it spelled right?"});
      continue;
    }
    if (is_harmless(*found, value.text)) continue;
    const ImportNotes::Note note{value.mark, place, std::string(found->why),
                                 std::string(found->remedy)};
    if (found->is_refused) {
      notes.left_out(note);
      is_admitted = false;
    } else {
      notes.not_carried(note);
    }
  }
  return is_admitted;
}

}  // namespace twinspan::policy
