// What the tunnels authenticate with, from the files that the plan names: read at the start, and
// again by reload-credentials. Paths are looked up as secret_store.h says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "ike/core/authentication_config.h"
#include "policy/plan.h"
#include "policy/shared_keys.h"

namespace twinspan::tools {

// Where people are warned of an end that comes near.
inline constexpr std::chrono::hours kCertificateWarning{24 * 30};
inline constexpr std::chrono::hours kRevocationListWarning{24 * 2};  // They live for days.

struct DatedCredential {
  std::string file;
  ike::Validity validity;
};

struct TunnelCredentials {
  ike::Authentication authentication;
  std::shared_ptr<const SecretBytes> ppk;  // Null when the plan names none.
  std::vector<DatedCredential> dated;
  std::vector<std::string> warnings;  // Of what is wrong for as long as the files are as they are.
};

// Of each tunnel of the plan, in its order; `characters` as the gateway's SKU has it. The error: a
// line for each fault, with the place in the estate file; nothing is kept then.
Result<std::vector<TunnelCredentials>, std::vector<std::string>> load_credentials(
    const policy::Plan& plan, const std::string& estate_path, policy::KeyCharacters characters);

// "FILE: certificate CN=gw-a expires on 2026-12-01": of what has ended or ends soon.
std::string date_warning(const DatedCredential& credential, WallTime now);  // Empty: none.
std::vector<std::string> warnings_of(const TunnelCredentials& credentials, WallTime now);

}  // namespace twinspan::tools
