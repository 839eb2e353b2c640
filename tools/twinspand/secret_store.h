// Pre-shared keys, and post-quantum ones, from files: bytes are literal, one trailing newline is
// not part of the key.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace twinspan::tools {

inline constexpr size_t kPskSizeMax = 128;

// What one tunnel is authenticated with.
struct TunnelSecrets {
  std::shared_ptr<const SecretBytes> psk;
  std::shared_ptr<const SecretBytes> ppk;  // Null when the plan names none.
};

// `path` as the plan has it; when it does not exist and $CREDENTIALS_DIRECTORY is set, the file of
// the same name in there. Refused: unreadable, not a regular file, readable by group or others,
// empty, more than kPskSizeMax bytes. The error names the file and the remedy.
Result<std::shared_ptr<const SecretBytes>, std::string> read_psk(const std::string& path);

}  // namespace twinspan::tools
