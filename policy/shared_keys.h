// Pre-shared keys: what makes one good, and what validation says about the files that hold them.
// The files are read by the caller; no byte of a key gets into a finding.
#pragma once

#include <functional>

#include "base/bytes.h"
#include "policy/finding.h"
#include "policy/model.h"

namespace twinspan::policy {

inline constexpr size_t kSharedKeyMax = 128;  // Bytes.
inline constexpr std::string_view kSharedKeyRule = "connection.shared-key";
inline constexpr std::string_view kPpkRule = "connection.ppk";

// RFC 8784 6: 256 bits of entropy are as much as 128 against a quantum computer. Fewer bytes cannot
// have them.
inline constexpr size_t kPpkSizeMin = 32;

struct KeyFault {
  Severity severity = Severity::Warning;
  std::string message;
  std::string remedy;
  bool operator==(const KeyFault&) const = default;
};

// Of 1 to kSharedKeyMax literal bytes: what the cloud does not take (anything but printable ASCII,
// and space, '-' and '~') is a warning.
std::vector<KeyFault> faults_of_key(ByteView key);

// Of a post-quantum key: whether it is long enough.
std::vector<KeyFault> faults_of_ppk(size_t size);

// What became of reading one key file.
struct KeyReading {
  enum class State : uint8_t {
    Read,
    Missing,    // Not on this machine, as of an estate whose other end is elsewhere.
    Forbidden,  // This user may not read it; the one of twinspand may.
    Exposed,    // Readable by others, which a change of its mode mends.
    Refused,    // Nothing twinspand could use: a link, not a file, empty, too long.
  };
  State state = State::Read;
  std::string why;                   // Of all but Read; names the file.
  std::vector<KeyFault> faults;      // Of Read: as a pre-shared key.
  std::vector<KeyFault> ppk_faults;  // Of Read: as a post-quantum key.
};

// `file`: as the connection has it.
using ReadKey = std::function<KeyReading(const std::string& file)>;

// Of every connection with a pre-shared key or a post-quantum one; each file is read once. Of the
// rule kSharedKeyRule, and kPpkRule where a post-quantum key is too short.
Findings check_shared_keys(const Model& model, const ReadKey& read);

}  // namespace twinspan::policy
