#include "tools/twinspan/key_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "tools/twinspand/secret_store.h"

namespace twinspan::tools {
namespace {

using policy::End;
using policy::KeyComparison;
using policy::KeyFile;
using policy::KeyFileKind;
using policy::KeyKind;
using policy::KeyReading;
using policy::Verdict;

using State = KeyReading::State;

// A key of a connection.
struct KeyOfEnd {
  KeyFolder folder;
  std::string name;
  KeyKind kind = KeyKind::PreShared;
  policy::KeyForm form;  // Of a pre-shared one.

  std::string path() const { return folder.path_of(name); }
  auto read() const {
    return kind == KeyKind::PostQuantum ? folder.read_ppk(name) : folder.read_psk(name, form);
  }
  // Whether the same bytes are the same key.
  bool is_read_as(const KeyOfEnd& other) const {
    return kind == KeyKind::PostQuantum || form.encoding == other.form.encoding;
  }
};

const std::string& name_of(const End& end, KeyKind kind) {
  return kind == KeyKind::PostQuantum ? *end.connection.ppk->file : *end.connection.shared_key_file;
}

KeyOfEnd key_of(const End& end, KeyKind kind) {
  const std::string estate = end.model.files.empty() ? "" : end.model.files.front();
  return {KeyFolder::of_estate(estate), name_of(end, kind), kind,
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

KeyComparison not_compared(const KeyFileFault& fault, const KeyOfEnd& key) {
  const bool is_missing = fault.kind == KeyFileFault::Kind::Missing;
  return {Verdict::Unknown,
          is_missing ? fmt::format("there is no key file {} here", key.path()) : fault.text};
}

// `pair.b` is of the file that `content` was made of.
KeyComparison compare_with_key_in_file(const KeyPair& pair, const policy::Import& content) {
  const auto key =
      std::ranges::find(content.keys, name_of(pair.b, pair.kind), &policy::ImportedKey::file);
  if (key == content.keys.end())
    return {Verdict::Unknown, fmt::format("that of {} is not in {}", pair.b.connection.name,
                                          pair.b.model.files.front())};
  const KeyOfEnd own = key_of(pair.a, pair.kind);
  const auto read = own.read();
  if (!read) return not_compared(read.error(), own);
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
    case KeyFileKind::PostQuantumKey: {
      const auto key = folder.read_ppk(file.name);
      if (!key) return unread(key.error(), folder, file);
      return {.faults = policy::faults_of_ppk((*key)->size())};
    }
    case KeyFileKind::PrivateKey:
      return read_or_not(folder.read_private(file.name, kKeyFileSizeMax), folder, file);
    case KeyFileKind::Public:
      break;
  }
  return read_or_not(folder.read_public(file.name, kPublicFileSizeMax), folder, file);
}

KeyComparison compare_keys(const KeyPair& pair, const PeerFile* peer) {
  const auto is_foreign = [&](const End& end) {
    return peer != nullptr && peer->kind != policy::PeerFileKind::Estate &&
           &end.model == &peer->content.model;
  };
  if (is_foreign(pair.a))
    return compare_with_key_in_file({pair.b, pair.a, pair.kind}, peer->content);
  if (is_foreign(pair.b)) return compare_with_key_in_file(pair, peer->content);
  const KeyOfEnd first = key_of(pair.a, pair.kind);
  const KeyOfEnd second = key_of(pair.b, pair.kind);
  if (is_same_file(first.path(), second.path()))
    return first.is_read_as(second) ? Verdict::Right : Verdict::Wrong;
  const auto one = first.read();
  if (!one) return not_compared(one.error(), first);
  const auto other = second.read();
  if (!other) return not_compared(other.error(), second);
  return (*one)->equals((*other)->view()) ? Verdict::Right : Verdict::Wrong;
}

}  // namespace twinspan::tools
