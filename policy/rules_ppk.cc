// Rules about post-quantum pre-shared keys (RFC 8784) of connections.
#include <fmt/format.h>

#include <algorithm>

#include "policy/connection_ends.h"
#include "policy/rules.h"
#include "policy/suggest.h"

namespace twinspan::policy {
namespace {

constexpr size_t kPpkIdSizeMax = 128;

bool is_plain(std::string_view id) {
  return !id.empty() && id.size() <= kPpkIdSizeMax &&
         std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
}

void check_own(const Connection& connection, const PpkReference& ppk, RuleReport& report) {
  if (!is_plain(*ppk.id)) {
    report.error({ppk.id.mark,
                  {path_of(connection)},
                  fmt::format("ppk id {} is not a name of 1 to {} visible characters",
                              in_quotes(*ppk.id), kPpkIdSizeMax),
                  "use letters, digits and dots"});
  }
  if (connection.shared_key_file.is_set && *ppk.file == *connection.shared_key_file) {
    report.error({ppk.file.mark,
                  {path_of(connection)},
                  "the post-quantum key and the shared key are the same file",
                  "give the ppk a file of its own, with at least 32 random bytes"});
  }
}

// The two directions of a vnet-to-vnet connection.
void compare(const Connection& connection, const Connection& back, RuleReport& report) {
  const bool ours = connection.ppk.has_value();
  const bool theirs = back.ppk.has_value();
  if (ours && theirs && *connection.ppk->id != *back.ppk->id) {
    report.error({connection.ppk->id.mark,
                  {path_of(connection), path_of(back)},
                  fmt::format("the two directions name different post-quantum keys, {} and {}",
                              in_quotes(*connection.ppk->id), in_quotes(*back.ppk->id)),
                  "give both the same ppk"});
  }
  if (ours && !theirs && *connection.ppk->required) {
    report.error({connection.ppk->mark,
                  {path_of(connection), path_of(back)},
                  fmt::format("the post-quantum key is required here, and {} has none", back.name),
                  fmt::format("give {} the same ppk", back.name)});
  }
}

}  // namespace

void check_ppk(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    if (!connection.ppk) continue;
    check_own(connection, *connection.ppk, report);
    const Connection* const back = reverse_of(model, connection);
    // Both have one: compared once.
    if (back != nullptr && !(back->ppk && back->name < name)) compare(connection, *back, report);
  }
}

}  // namespace twinspan::policy
