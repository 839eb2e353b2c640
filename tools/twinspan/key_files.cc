#include "tools/twinspan/key_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "tools/twinspand/secret_store.h"

namespace twinspan::tools {
namespace {

using policy::End;
using policy::KeyFile;
using policy::KeyFileKind;
using policy::KeyReading;
using policy::Verdict;

using State = KeyReading::State;

// The pre-shared key of a connection.
struct KeyOfEnd {
  KeyFolder folder;
  std::string name;
  policy::KeyForm form;
  std::string path() const { return folder.path_of(name); }
  auto read() const { return folder.read_psk(name, form); }
};

KeyOfEnd key_of(const End& end) {
  const std::string estate = end.model.files.empty() ? "" : end.model.files.front();
  return {KeyFolder::of_estate(estate), *end.connection.shared_key_file,
          policy::key_form(end.model, end.connection)};
}

State state_of(KeyFileFault::Kind kind) {
  switch (kind) {
    case KeyFileFault::Kind::Missing:
      return State::Missing;
    case KeyFileFault::Kind::Forbidden:
      return State::Forbidden;
    case KeyFileFault::Kind::Exposed:
      return State::Exposed;
    case KeyFileFault::Kind::Unfit:
      break;
  }
  return State::Refused;
}

KeyReading unread(const KeyFileFault& fault, const KeyFolder& folder, const KeyFile& file) {
  const State state = state_of(fault.kind);
  const char* const what = file.kind == KeyFileKind::Public ? "file" : "key file";
  return {.state = state,
          .why = state == State::Missing
                     ? fmt::format("there is no {} {}", what, folder.path_of(file.name))
                     : fault.text,
          .faults = {}};
}

template <class Content>
KeyReading read_or_not(const KeyFileResult<Content>& read, const KeyFolder& folder,
                       const KeyFile& file) {
  return read ? KeyReading{} : unread(read.error(), folder, file);
}

bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return std::filesystem::weakly_canonical(a, ignored) ==
         std::filesystem::weakly_canonical(b, ignored);
}

Verdict compare_with_key_in_file(const End& own, const End& theirs, const policy::Import& content) {
  const auto key = std::ranges::find(content.keys, *theirs.connection.shared_key_file,
                                     &policy::ImportedKey::file);
  if (key == content.keys.end()) return Verdict::Unknown;
  const auto read = key_of(own).read();
  if (!read) return Verdict::Unknown;
  return (*read)->equals(key->bytes.view()) ? Verdict::Right : Verdict::Wrong;
}

}  // namespace

KeyReading read_key_of(const std::string& estate_path, const KeyFile& file) {
  const KeyFolder folder = KeyFolder::of_estate(estate_path);
  switch (file.kind) {
    case KeyFileKind::SharedKey: {
      const auto key = folder.read_psk(file.name, file.form);
      if (!key) return unread(key.error(), folder, file);
      return {.faults = policy::faults_of_key((*key)->view(), file.form)};
    }
    case KeyFileKind::PostQuantumKey:
      return read_or_not(folder.read_ppk(file.name), folder, file);
    case KeyFileKind::PrivateKey:
      return read_or_not(folder.read_private(file.name, kKeyFileSizeMax), folder, file);
    case KeyFileKind::Public:
      break;
  }
  return read_or_not(folder.read_public(file.name, kPublicFileSizeMax), folder, file);
}

Verdict compare_keys(const End& a, const End& b, const PeerFile* peer) {
  const auto is_foreign = [&](const End& end) {
    return peer != nullptr && peer->kind != policy::PeerFileKind::Estate &&
           &end.model == &peer->content.model;
  };
  if (is_foreign(a)) return compare_with_key_in_file(b, a, peer->content);
  if (is_foreign(b)) return compare_with_key_in_file(a, b, peer->content);
  const KeyOfEnd first = key_of(a);
  const KeyOfEnd second = key_of(b);
  if (is_same_file(first.path(), second.path()))
    return first.form.encoding == second.form.encoding ? Verdict::Right : Verdict::Wrong;
  const auto one = first.read();
  const auto other = second.read();
  if (!one || !other) return Verdict::Unknown;
  return (*one)->equals((*other)->view()) ? Verdict::Right : Verdict::Wrong;
}

}  // namespace twinspan::tools
