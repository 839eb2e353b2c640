#include "tools/twinspan/key_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "tools/twinspand/secret_store.h"

namespace twinspan::tools {
namespace {

using policy::End;
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

KeyFile key_file_of(const End& end) {
  const std::string estate = end.model.files.empty() ? "" : end.model.files.front();
  return {KeyFolder::of_estate(estate), *end.connection.shared_key_file};
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

Verdict compare_with_key_in_file(const End& own, const End& theirs, const policy::Import& content) {
  const auto key = std::ranges::find(content.keys, *theirs.connection.shared_key_file,
                                     &policy::ImportedKey::file);
  if (key == content.keys.end()) return Verdict::Unknown;
  const auto read = key_file_of(own).read();
  if (!read) return Verdict::Unknown;
  return (*read)->equals(key->bytes.view()) ? Verdict::Right : Verdict::Wrong;
}

}  // namespace

KeyReading read_key_of(const std::string& estate_path, const std::string& file) {
  const KeyFolder folder = KeyFolder::of_estate(estate_path);
  const auto key = folder.read_psk(file);
  if (key) return {.faults = policy::faults_of_key((*key)->view())};
  const State state = state_of(key.error().kind);
  return {.state = state,
          .why = state == State::Missing
                     ? fmt::format("there is no key file {}", folder.path_of(file))
                     : key.error().text,
          .faults = {}};
}

Verdict compare_keys(const End& a, const End& b, const PeerFile* peer) {
  const auto is_foreign = [&](const End& end) {
    return peer != nullptr && peer->kind != policy::PeerFileKind::Estate &&
           &end.model == &peer->content.model;
  };
  if (is_foreign(a)) return compare_with_key_in_file(b, a, peer->content);
  if (is_foreign(b)) return compare_with_key_in_file(a, b, peer->content);
  const KeyFile first = key_file_of(a);
  const KeyFile second = key_file_of(b);
  if (is_same_file(first.path(), second.path())) return Verdict::Right;
  const auto one = first.read();
  const auto other = second.read();
  if (!one || !other) return Verdict::Unknown;
  return (*one)->equals((*other)->view()) ? Verdict::Right : Verdict::Wrong;
}

}  // namespace twinspan::tools
