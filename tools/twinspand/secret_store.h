// Keys and certificates as files: who may read them, how large they may be, where they are looked
// for. What is in them is for the caller to say.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace twinspan::tools {

inline constexpr size_t kPskSizeMax = 128;

inline constexpr size_t kKeyFileSizeMax = 64 * 1024;
inline constexpr size_t kPublicFileSizeMax = 4 * 1024 * 1024;  // CRLs grow.

// In all of these `path` is as the plan has it; when it does not exist and $CREDENTIALS_DIRECTORY
// is set, the file of the same name in there. The error names the file and the remedy.

bool key_file_exists(const std::string& path);
// A file that only its owner may read. Refused: unreadable, not a regular file, a link, readable by
// group or others, empty, larger than `size_max`.
Result<SecretBytes, std::string> read_private_file(const std::string& path, size_t size_max);
// A file that anybody may read. Refused: unreadable, not a regular file, empty, too large.
Result<SecretBytes, std::string> read_public_file(const std::string& path, size_t size_max);

// A pre-shared key, or a post-quantum one: a private file of at most kPskSizeMax bytes. Bytes are
// literal, one trailing newline is not part of the key.
Result<std::shared_ptr<const SecretBytes>, std::string> read_psk(const std::string& path);

}  // namespace twinspan::tools
