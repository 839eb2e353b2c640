// Rules about post-quantum pre-shared keys (RFC 8784) of connections.
#include <fmt/format.h>

#include <algorithm>

#include "policy/counterparts.h"
#include "policy/rules.h"
#include "policy/shared_keys.h"
#include "policy/suggest.h"
#include "policy/two_ends.h"
#include "policy/two_offers.h"

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
                  fmt::format("give the ppk a file of its own, with at least {} random bytes",
                              kPpkSizeMin)});
  }
}

}  // namespace

void check_ppk(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  for (const auto& [name, connection] : model.connections) {
    if (connection.ppk) check_own(connection, *connection.ppk, report);
    const Connection* const back = counterparts.counterpart_of(connection);
    if (back != nullptr && counterparts.is_reported_by(connection, *back))
      compare_ppks({{model, connection}, {model, *back}}, report);
  }
}

}  // namespace twinspan::policy
