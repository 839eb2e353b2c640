#include "tools/twinspan/key_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "tools/twinspand/secret_store.h"

namespace twinspan::tools {
namespace {

using policy::End;
using policy::KeyKind;
using policy::KeyReading;
using policy::Verdict;

using State = KeyReading::State;

// A file of an estate, as one of its connections names it.
struct KeyFile {
  KeyFolder folder;
  std::string name;
  std::string path() const { return folder.path_of(name); }
  auto read() const { return folder.read_psk(name); }
};

const std::string& name_of(const End& end, KeyKind kind) {
  return kind == KeyKind::PostQuantum ? *end.connection.ppk->file : *end.connection.shared_key_file;
}

KeyFile key_file_of(const End& end, KeyKind kind) {
  const std::string estate = end.model.files.empty() ? "" : end.model.files.front();
  return {KeyFolder::of_estate(estate), name_of(end, kind)};
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

bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return std::filesystem::weakly_canonical(a, ignored) ==
         std::filesystem::weakly_canonical(b, ignored);
}

// `pair.b` is of the file that `content` was made of.
Verdict compare_with_key_in_file(const KeyPair& pair, const policy::Import& content) {
  const auto key =
      std::ranges::find(content.keys, name_of(pair.b, pair.kind), &policy::ImportedKey::file);
  if (key == content.keys.end()) return Verdict::Unknown;
  const auto read = key_file_of(pair.a, pair.kind).read();
  if (!read) return Verdict::Unknown;
  return (*read)->equals(key->bytes.view()) ? Verdict::Right : Verdict::Wrong;
}

}  // namespace

KeyReading read_key_of(const std::string& estate_path, const std::string& file) {
  const KeyFolder folder = KeyFolder::of_estate(estate_path);
  const auto key = folder.read_psk(file);
  if (key) {
    return {.faults = policy::faults_of_key((*key)->view()),
            .ppk_faults = policy::faults_of_ppk((*key)->size())};
  }
  const State state = state_of(key.error().kind);
  return {.state = state,
          .why = state == State::Missing
                     ? fmt::format("there is no key file {}", folder.path_of(file))
                     : key.error().text,
          .faults = {},
          .ppk_faults = {}};
}

Verdict compare_keys(const KeyPair& pair, const PeerFile* peer) {
  const auto is_foreign = [&](const End& end) {
    return peer != nullptr && peer->kind != policy::PeerFileKind::Estate &&
           &end.model == &peer->content.model;
  };
  if (is_foreign(pair.a))
    return compare_with_key_in_file({pair.b, pair.a, pair.kind}, peer->content);
  if (is_foreign(pair.b)) return compare_with_key_in_file(pair, peer->content);
  const KeyFile first = key_file_of(pair.a, pair.kind);
  const KeyFile second = key_file_of(pair.b, pair.kind);
  if (is_same_file(first.path(), second.path())) return Verdict::Right;
  const auto one = first.read();
  const auto other = second.read();
  if (!one || !other) return Verdict::Unknown;
  return (*one)->equals((*other)->view()) ? Verdict::Right : Verdict::Wrong;
}

}  // namespace twinspan::tools
