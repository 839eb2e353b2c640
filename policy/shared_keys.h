// Pre-shared keys: how they stand in files, what makes one good, and what validation says about the
// files. The files are read by the caller; no byte of a key gets into a finding.
#pragma once

#include <functional>
#include <optional>

#include "base/result.h"
#include "base/secret.h"
#include "policy/finding.h"
#include "policy/model.h"

namespace twinspan::policy {

inline constexpr size_t kSharedKeyMax = 128;       // Bytes.
inline constexpr size_t kSharedKeyFileMax = 1024;  // As many, in any encoding and layout.
inline constexpr std::string_view kSharedKeyRule = "connection.shared-key";
inline constexpr std::string_view kCredentialFileRule = "connection.credential-file";
inline constexpr std::string_view kPpkRule = "connection.ppk";

// Which bytes a key may consist of: those of the cloud with a gateway whose SKU is one of the
// cloud.
enum class KeyCharacters : uint8_t { Any, OfTheCloud };
KeyCharacters key_characters(const VirtualNetworkGateway& gateway);

// How a pre-shared key stands in its file, and what it may be.
struct KeyForm {
  KeyEncoding encoding = KeyEncoding::Text;
  KeyCharacters characters = KeyCharacters::Any;
  auto operator<=>(const KeyForm&) const = default;
};
KeyForm key_form(const Model& model, const Connection& connection);

// RFC 8784 6: 256 bits of entropy are as much as 128 against a quantum computer. Fewer bytes cannot
// have them.
inline constexpr size_t kPpkSizeMin = 32;

struct KeyFault {
  Severity severity = Severity::Warning;
  std::string message;
  std::string remedy;
  bool operator==(const KeyFault&) const = default;
};

// Of a decoded key. What the cloud does not take is an error where it has to, and else a warning of
// a text; bytes that are no printable ASCII are an error of a text, where they are nearly always a
// slip (docs/decisions/0026-key-encodings.md).
std::vector<KeyFault> faults_of_key(ByteView key, const KeyForm& form);

// The key that a file holds, 1 to kSharedKeyMax bytes. A text is one line, whose end is no part of
// it. The error says what is wrong, and the remedy.
Result<SecretBytes, std::string> decode_key(ByteView file, const KeyForm& form);
// A post-quantum key: the bytes of the file but for one newline at its end.
Result<SecretBytes, std::string> decode_ppk(ByteView file);
// The file for a key, and the encoding that takes it: a text where it is one.
SecretBytes encode_key(ByteView key, KeyEncoding encoding);
KeyEncoding encoding_for(ByteView key);

// Of a post-quantum key: whether it is long enough.
std::vector<KeyFault> faults_of_ppk(size_t size);

// What became of reading one key file.
struct KeyReading {
  enum class State : uint8_t {
    Read,
    Missing,    // Not on this machine, as of an estate whose other end is elsewhere.
    Forbidden,  // This user may not read it; the one of twinspand may.
    Exposed,    // Readable by others, which a change of its mode mends.
    Refused,    // Nothing twinspand could use: a link, not a file, no key.
  };
  State state = State::Read;
  std::string why;               // Of all but Read; names the file.
  std::vector<KeyFault> faults;  // Of Read: warnings.
};

enum class KeyFileKind : uint8_t {
  SharedKey,
  PostQuantumKey,  // Of any bytes.
  PrivateKey,
  Public,  // A certificate, a CA, a CRL, a public key.
};

// A file as a connection has it.
struct KeyFile {
  std::string name;
  KeyFileKind kind = KeyFileKind::SharedKey;
  KeyForm form{};  // Of a SharedKey.
  auto operator<=>(const KeyFile&) const = default;
};

// A step of the name is "..".
bool goes_up(std::string_view name);

using ReadKey = std::function<KeyReading(const KeyFile& file)>;

// Of every file that a connection names, except that one whose name goes up is refused without
// being read; each is read once in each form. Of kSharedKeyRule; of certificates, their keys and
// raw public keys kCredentialFileRule; kPpkRule where a post-quantum key is too short.
Findings check_credential_files(const Model& model, const ReadKey& read);

// Of the other administrator's estate, as far as `connections` of it go. What is not on this
// machine, or not for this user, is no fault of theirs; a name that goes up is one, of the rule
// connection.key-file.
Findings check_their_credential_files(const Model& model,
                                      const std::vector<const Connection*>& connections,
                                      const ReadKey& read);

}  // namespace twinspan::policy
