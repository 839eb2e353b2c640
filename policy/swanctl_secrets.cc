#include "policy/swanctl_secrets.h"

#include <fmt/format.h>

#include <algorithm>

namespace twinspan::policy {
namespace {

// "10.0.0.1" of an end that has no other identity.
std::string identity_of_end(const MarkedText& id, const Marked<IpAddress>& address,
                            const MarkedText* name) {
  if (id.is_set) return *id;
  if (address.is_set) return address->to_string();
  return name == nullptr ? "" : **name;
}

constexpr std::string_view kOtherKinds[] = {"eap",   "xauth", "ntlm",   "private", "rsa",
                                            "ecdsa", "pkcs8", "pkcs12", "token"};

struct Owners {
  std::vector<std::string> ids;
  bool has_any = false;  // Of every identity.
};

Owners owners_of(const SettingsSection& secret) {
  Owners owners;
  for (const SettingsValue& value : secret.values) {
    if (!value.key.starts_with("id") || value.text.empty()) continue;
    if (is_any_identity(value.text)) {
      owners.has_any = true;
      continue;
    }
    owners.ids.push_back(read_swanctl_identity(value.text).value_or(value.text));
  }
  owners.has_any |= owners.ids.empty();
  return owners;
}

bool contains(const Owners& owners, const std::string& id) {
  return std::ranges::find(owners.ids, id) != owners.ids.end();
}

int fit_of(const Owners& owners, const std::string& id) {
  constexpr int kFits = 2, kFitsAll = 1;
  if (contains(owners, id)) return kFits;
  return owners.has_any ? kFitsAll : 0;
}

}  // namespace

const SettingsValue* find_shared_key(const SettingsSection& root,
                                     const SwanctlConnection& connection) {
  const SettingsSection* const secrets = root.section("secrets");
  if (secrets == nullptr) return nullptr;
  const std::string own =
      identity_of_end(connection.connection.local_id, connection.local_address, nullptr);
  const std::string theirs = identity_of_end(connection.connection.remote_id,
                                             connection.remote_address, &connection.remote_name);
  const SettingsValue* best = nullptr;
  int best_fit = 0;
  for (const SettingsSection& secret : secrets->sections) {
    const SettingsValue* const value = secret.value("secret");
    if (!secret.name.starts_with("ike") || value == nullptr) continue;
    const Owners owners = owners_of(secret);
    // Who the peer is counts for more than all that could be said of us.
    const int fit = 3 * fit_of(owners, theirs) + fit_of(owners, own);
    if (fit <= best_fit) continue;
    best_fit = fit;
    best = value;
  }
  return best;
}

const SettingsValue* find_ppk(const SettingsSection& root, std::string_view id) {
  const SettingsSection* const secrets = root.section("secrets");
  if (secrets == nullptr) return nullptr;
  const SettingsValue* otherwise = nullptr;
  for (const SettingsSection& secret : secrets->sections) {
    const SettingsValue* const value = secret.value("secret");
    if (!secret.name.starts_with("ppk") || value == nullptr) continue;
    const Owners owners = owners_of(secret);
    if (contains(owners, std::string(id))) return value;
    if (owners.has_any && otherwise == nullptr) otherwise = value;
  }
  return otherwise;
}

void note_other_secrets(const SettingsSection& root, const std::set<const SettingsValue*>& taken,
                        ImportNotes& notes) {
  const SettingsSection* const secrets = root.section("secrets");
  if (secrets == nullptr) return;
  for (const SettingsSection& secret : secrets->sections) {
    if (secret.name.starts_with("ike") || secret.name.starts_with("ppk")) {
      if (taken.contains(secret.value("secret"))) continue;
      notes.not_carried({secret.mark, "secrets." + secret.name,
                         "no connection that is carried takes this key", ""});
      continue;
    }
    const auto kind = std::ranges::find_if(
        kOtherKinds, [&](std::string_view word) { return secret.name.starts_with(word); });
    // What is no kind of secret may be a part of one, with a brace in it.
    const bool is_known = kind != std::end(kOtherKinds);
    notes.not_carried({secret.mark, is_known ? "secrets." + secret.name : "secrets",
                       is_known ? "only the keys of psk and ppk are carried"
                                : "what begins here is no kind of secret that strongSwan knows",
                       is_known ? "private keys have to be files without a passphrase" : ""});
  }
}

}  // namespace twinspan::policy
