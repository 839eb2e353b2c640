#include "policy/shared_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <ranges>

#include "policy/binary_text.h"
#include "policy/connection_ends.h"
#include "policy/rules.h"
#include "policy/sku.h"

namespace twinspan::policy {
namespace {

constexpr uint8_t kFirstPrintable = ' ';
constexpr uint8_t kLastPrintable = '~';
constexpr uint8_t kByteOrderMark[] = {0xEF, 0xBB, 0xBF};  // Of UTF-8.

bool is_printable(uint8_t byte) {
  return byte >= kFirstPrintable && byte <= kLastPrintable;
}

bool is_taken_by_the_cloud(uint8_t byte) {
  return is_printable(byte) && byte != ' ' && byte != '-' && byte != '~';
}

std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// How a text that is none came about. Where, but not what: it is a key.
std::string slip_in(ByteView key) {
  if (key.size() >= std::size(kByteOrderMark) &&
      std::ranges::equal(key.first(std::size(kByteOrderMark)), kByteOrderMark))
    return "it begins with a byte order mark, which an editor put there";
  const auto odd = std::ranges::find_if_not(key, is_printable);
  const auto place = odd - key.begin() + 1;
  if (*odd == '\r')
    return fmt::format("byte {} is a carriage return, as of a file with Windows line ends", place);
  if (*odd == '\n') return fmt::format("it has more than one line (byte {} ends the first)", place);
  return fmt::format("byte {} of {} is no printable ASCII character", place, key.size());
}

ByteView without_line_end(ByteView file) {
  const bool ends_line = !file.empty() && file.back() == '\n';
  return file.first(file.size() - (ends_line ? 1 : 0));
}

std::optional<SecretBytes> decode(ByteView file, KeyEncoding encoding) {
  switch (encoding) {
    case KeyEncoding::Text:
      break;
    case KeyEncoding::Base64:
      return read_base64(text_of(file));
    case KeyEncoding::Hex:
      return read_hex(text_of(file));
  }
  return SecretBytes(without_line_end(file));
}

Result<SecretBytes, std::string> of_right_size(SecretBytes key) {
  if (key.empty()) return Err<std::string>("the key is empty");
  if (key.size() > kSharedKeyMax)
    return Err(fmt::format("the key is longer than {} bytes", kSharedKeyMax));
  return key;
}

// Who names a file, and as what.
struct Users {
  SourceMark mark;  // Of the first.
  std::vector<std::string> objects;

  void add(const Connection& connection, SourceMark where) {
    if (objects.empty()) mark = where;
    objects.push_back(path_of(connection));
  }
};

void report_unread(const KeyReading& reading, const Users& users, RuleReport& report) {
  const auto remark = [&](const char* remedy) {
    return Remark{users.mark, users.objects, reading.why, remedy};
  };
  switch (reading.state) {
    case KeyReading::State::Read:
      break;
    case KeyReading::State::Missing:
      return report.info(
          remark("nothing to do on a machine without that gateway; twinspand needs it"));
    case KeyReading::State::Forbidden:
      return report.warning(remark("validate as the user that twinspand runs as"));
    case KeyReading::State::Exposed:
      return report.warning(remark("do so: twinspand refuses to start with it"));
    case KeyReading::State::Refused:
      return report.error(
          remark("mend the file, or name another one: twinspand refuses to start with it"));
  }
}

void report_faults(const KeyFile& file, const std::vector<KeyFault>& faults, const Users& users,
                   RuleReport& report) {
  for (const KeyFault& fault : faults) {
    const Remark remark{users.mark, users.objects,
                        fmt::format("the key in {}: {}", in_quotes(file.name), fault.message),
                        fault.remedy};
    fault.severity == Severity::Error ? report.error(remark) : report.warning(remark);
  }
}

class UserMap {
 public:
  void add_files_of(const Model& model, const Connection& connection) {
    if (const MarkedText& file = connection.shared_key_file; file.is_set)
      add({*file, KeyFileKind::SharedKey, key_form(model, connection)}, connection, file.mark);
    if (const auto& ppk = connection.ppk) add(ppk->file, KeyFileKind::PostQuantumKey, connection);
    if (const auto& own = connection.certificate) {
      add(own->certificate, KeyFileKind::Public, connection);
      add(own->private_key, KeyFileKind::PrivateKey, connection);
      for (const auto& file : *own->chain) add(file, KeyFileKind::Public, connection);
      for (const auto& file : *own->revocation_lists) add(file, KeyFileKind::Public, connection);
    }
    if (const auto& own = connection.raw_key) {
      add(own->private_key, KeyFileKind::PrivateKey, connection);
      add(own->peer_public_key, KeyFileKind::Public, connection);
    }
  }

  const std::map<KeyFile, Users>& all() const { return users_; }

 private:
  void add(const MarkedText& file, KeyFileKind kind, const Connection& connection) {
    if (file.is_set) add({*file, kind, {}}, connection, file.mark);
  }
  void add(const KeyFile& file, const Connection& connection, SourceMark mark) {
    const bool is_refused = file.kind != KeyFileKind::Public && goes_up(file.name);
    if (!is_refused) users_[file].add(connection, mark);  // Else by connection.key-file.
  }

  std::map<KeyFile, Users> users_;
};

bool is_key_alone(KeyFileKind kind) {
  return kind == KeyFileKind::SharedKey || kind == KeyFileKind::PostQuantumKey;
}

Findings check_files(const Model& model, const UserMap& users, const ReadKey& read) {
  RuleReport keys(model, kSharedKeyRule), ppks(model, kPpkRule),
      credentials(model, kCredentialFileRule);
  for (const auto& [file, of] : users.all()) {
    const KeyReading reading = read(file);
    report_unread(reading, of, is_key_alone(file.kind) ? keys : credentials);
    report_faults(file, reading.faults, of, file.kind == KeyFileKind::PostQuantumKey ? ppks : keys);
  }
  Findings findings;
  for (RuleReport* const report : {&keys, &ppks, &credentials})
    std::ranges::move(report->take(), std::back_inserter(findings));
  return findings;
}

// What is on another machine, or another user's there, says nothing.
ReadKey as_far_as_here(const ReadKey& read) {
  return [&read](const KeyFile& file) {
    const KeyReading reading = read(file);
    const bool is_elsewhere = reading.state == KeyReading::State::Missing ||
                              reading.state == KeyReading::State::Forbidden;
    return is_elsewhere ? KeyReading{} : reading;
  };
}

}  // namespace

KeyCharacters key_characters(const VirtualNetworkGateway& gateway) {
  return has_cloud_sku(gateway) ? KeyCharacters::OfTheCloud : KeyCharacters::Any;
}

KeyForm key_form(const Model& model, const Connection& connection) {
  const VirtualNetworkGateway* const gateway = local_gateway(model, connection);
  return {*connection.shared_key_encoding,
          gateway == nullptr ? KeyCharacters::Any : key_characters(*gateway)};
}

std::vector<KeyFault> faults_of_key(ByteView key, const KeyForm& form) {
  const bool is_text = form.encoding == KeyEncoding::Text;
  if (is_text && !std::ranges::all_of(key, is_printable)) {
    return {{Severity::Error, slip_in(key),
             "write the key alone, in one line of ASCII; a key of other bytes needs encoding: "
             "base64 or hex beside its file"}};
  }
  if (std::ranges::all_of(key, is_taken_by_the_cloud)) return {};
  constexpr const char* kRemedy =
      "a key for the cloud consists of printable ASCII without space, '-' and '~'";
  if (form.characters == KeyCharacters::OfTheCloud)
    return {{Severity::Error,
             "it has characters that the cloud, whose sku the gateway has, does not take",
             kRemedy}};
  if (!is_text) return {};  // Bytes of the author's choice.
  return {{Severity::Warning, "it has characters that the cloud does not take", kRemedy}};
}

Result<SecretBytes, std::string> decode_key(ByteView file, const KeyForm& form) {
  auto decoded = decode(file, form.encoding);
  if (!decoded) {
    return Err(fmt::format("holds no key in {}; write it so, or take the encoding away",
                           name_of(form.encoding)));
  }
  TRY_ASSIGN(SecretBytes key, of_right_size(*std::move(decoded)));
  for (const KeyFault& fault : faults_of_key(key.view(), form)) {
    if (fault.severity == Severity::Error)
      return Err(fmt::format("{}; {}", fault.message, fault.remedy));
  }
  return key;
}

Result<SecretBytes, std::string> decode_ppk(ByteView file) {
  return of_right_size(SecretBytes(without_line_end(file)));
}

SecretBytes encode_key(ByteView key, KeyEncoding encoding) {
  std::string text(text_of(key));
  if (encoding == KeyEncoding::Base64) text = base64_of(key);
  if (encoding == KeyEncoding::Hex) text = to_hex(key);
  text += '\n';
  const ByteSpan bytes(reinterpret_cast<uint8_t*>(text.data()), text.size());
  SecretBytes file{ByteView(bytes)};
  wipe(bytes);
  return file;
}

KeyEncoding encoding_for(ByteView key) {
  return std::ranges::all_of(key, is_printable) ? KeyEncoding::Text : KeyEncoding::Base64;
}

bool goes_up(std::string_view name) {
  const auto is_climb = [](auto step) { return std::ranges::equal(step, std::string_view("..")); };
  return std::ranges::any_of(std::views::split(name, '/'), is_climb);
}

std::vector<KeyFault> faults_of_ppk(size_t size) {
  if (size >= kPpkSizeMin) return {};
  return {{Severity::Warning,
           fmt::format("{} byte{} are too few for a post-quantum key, of which a quantum computer "
                       "halves the strength (RFC 8784 6)",
                       size, size == 1 ? "" : "s"),
           fmt::format("put at least {} random bytes into it on both sides", kPpkSizeMin)}};
}

Findings check_credential_files(const Model& model, const ReadKey& read) {
  UserMap users;
  for (const auto& [name, connection] : model.connections) users.add_files_of(model, connection);
  return check_files(model, users, read);
}

Findings check_their_credential_files(const Model& model,
                                      const std::vector<const Connection*>& connections,
                                      const ReadKey& read) {
  UserMap users;
  RuleReport climbing(model, kKeyFileRule);
  for (const Connection* const connection : connections) {
    users.add_files_of(model, *connection);
    check_key_files(*connection, climbing);
  }
  Findings findings = climbing.take();
  std::ranges::move(check_files(model, users, as_far_as_here(read)), std::back_inserter(findings));
  return findings;
}

}  // namespace twinspan::policy
