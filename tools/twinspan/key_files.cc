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

// Relative names start at the estate file, as the daemon has it.
std::string path_of_key(const std::string& estate_path, const std::string& file) {
  if (file.starts_with('/')) return file;
  return (std::filesystem::absolute(estate_path).parent_path() / file).string();
}

std::string path_of_key(const End& end) {
  const std::string estate = end.model.files.empty() ? "" : end.model.files.front();
  return path_of_key(estate, *end.connection.shared_key_file);
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
  const auto read = read_psk(path_of_key(own));
  if (!read) return Verdict::Unknown;
  return (*read)->equals(key->bytes.view()) ? Verdict::Right : Verdict::Wrong;
}

}  // namespace

KeyReading read_key_of(const std::string& estate_path, const std::string& file) {
  const std::string path = path_of_key(estate_path, file);
  if (!key_file_exists(path)) {
    return {.state = KeyReading::State::Missing,
            .why = fmt::format("there is no key file {}", path),
            .faults = {}};
  }
  // One byte more than a key may have shows that there are too many, another is a newline.
  const auto key = read_private_file(path, policy::kSharedKeyMax + 2);
  if (!key) return {.state = KeyReading::State::Refused, .why = key.error(), .faults = {}};
  ByteView bytes = key->view();
  if (bytes.back() == '\n') bytes = bytes.first(bytes.size() - 1);
  return {.state = KeyReading::State::Read, .why = "", .faults = policy::faults_of_key(bytes)};
}

Verdict compare_keys(const End& a, const End& b, const PeerFile* peer) {
  const auto is_foreign = [&](const End& end) {
    return peer != nullptr && peer->kind != policy::PeerFileKind::Estate &&
           &end.model == &peer->content.model;
  };
  if (is_foreign(a)) return compare_with_key_in_file(b, a, peer->content);
  if (is_foreign(b)) return compare_with_key_in_file(a, b, peer->content);
  const std::string first = path_of_key(a);
  const std::string second = path_of_key(b);
  if (is_same_file(first, second)) return Verdict::Right;
  const auto one = read_psk(first);
  const auto other = read_psk(second);
  if (!one || !other) return Verdict::Unknown;
  return (*one)->equals((*other)->view()) ? Verdict::Right : Verdict::Wrong;
}

}  // namespace twinspan::tools
