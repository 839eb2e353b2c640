// Keys and certificates as files: who may read them, how large they may be, where they are looked
// for (docs/decisions/0025-key-files.md). What is in them is for the caller to say.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "policy/shared_keys.h"

namespace twinspan::tools {

inline constexpr size_t kKeyFileSizeMax = 64 * 1024;
inline constexpr size_t kPublicFileSizeMax = 4 * 1024 * 1024;  // CRLs grow.

struct KeyFileFault {
  enum class Kind : uint8_t {
    Missing,
    Forbidden,  // This user may not read it.
    Exposed,    // Others than its owner may.
    Unfit,      // A link, not a file, empty, too large, outside the folder.
  };
  Kind kind = Kind::Unfit;
  std::string text;  // Names the file and the remedy.
};

template <class T>
using KeyFileResult = Result<T, KeyFileFault>;

// The folder of an estate file, where the files lie that it names. A name with a leading '/' is a
// path of its own; when nothing is there and $CREDENTIALS_DIRECTORY is set, the file of the same
// name in there is meant.
class KeyFolder {
 public:
  static KeyFolder of_estate(const std::string& estate_path);

  // Where a name leads, links or not.
  std::string path_of(const std::string& name) const;

  // A file that only its owner may read. Beneath the folder no symbolic link is followed, nor '..';
  // elsewhere the file itself is no link.
  KeyFileResult<SecretBytes> read_private(const std::string& name, size_t size_max) const;
  // A file that anybody may read; links are followed.
  KeyFileResult<SecretBytes> read_public(const std::string& name, size_t size_max) const;
  // A pre-shared key: a private file, decoded.
  KeyFileResult<std::shared_ptr<const SecretBytes>> read_psk(const std::string& name,
                                                             const policy::KeyForm& form) const;
  // A post-quantum key: a private file with 1 to kSharedKeyMax bytes of any kind. One trailing
  // newline is not part of the key.
  KeyFileResult<std::shared_ptr<const SecretBytes>> read_ppk(const std::string& name) const;

 private:
  explicit KeyFolder(std::string path) : path_(std::move(path)) {}
  KeyFileResult<SecretBytes> read_key(const std::string& name) const;

  std::string path_;  // Absolute; ends with '/'.
};

}  // namespace twinspan::tools
