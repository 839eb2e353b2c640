#include "tools/twinspan/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <set>

#include "policy/checklist.h"
#include "policy/faults.h"
#include "policy/pairing.h"
#include "policy/schema_text.h"
#include "policy/shared_keys.h"
#include "policy/validate.h"
#include "policy/way_checklist.h"
#include "tools/twinspan/finding_json.h"
#include "tools/twinspan/key_files.h"
#include "tools/twinspand/estate_file.h"
#include "tools/twinspand/exit_code.h"

namespace twinspan::tools {
namespace {

using nlohmann::ordered_json;
using policy::CheckItem;
using policy::Checklist;
using policy::CheckResult;
using policy::ConfigErrors;
using policy::Finding;
using policy::Findings;
using policy::Model;
using policy::Severity;

constexpr const char* kFindingsSchema = "twinspan.validate/1";
constexpr const char* kChecklistSchema = "twinspan.checklist/1";

void write_findings(const Findings& findings, std::ostream& out) {
  ordered_json list = ordered_json::array();
  for (const Finding& finding : findings) list.push_back(to_json(finding));
  out << dumped({{"schema", kFindingsSchema}, {"findings", std::move(list)}});
}

int report_bad_file(const ConfigErrors& errors, const ValidateOptions& options, std::ostream& out,
                    std::ostream& error) {
  Findings findings;
  for (const policy::ConfigError& fault : errors) {
    findings.push_back(to_finding(fault));
    if (!options.json) error << fault.to_string() << "\n";
  }
  if (options.json) write_findings(findings, out);
  return kExitConfig;
}

// "1 error", "2 errors"
std::string count(const Findings& findings, Severity severity, std::string_view word) {
  const auto number = std::ranges::count(findings, severity, &Finding::severity);
  return fmt::format("{} {}{}", number, word, number == 1 ? "" : "s");
}

// What the other side's file has or lacks and cannot be compared with: no fault of ours, nor to be
// mended there. What an import merely had to choose, or has kept for comparing, says nothing here.
void add_notes(const Findings& notes, Findings& findings) {
  for (Finding note : notes) {
    if (note.severity == Severity::Info || note.id == policy::kAlternativeNote) continue;
    const bool is_object = note.id == policy::kLeftOutNote;
    note.severity = is_object ? Severity::Warning : Severity::Info;
    note.remedy = is_object ? "the object is not compared" : "what is missing is not compared";
    findings.push_back(std::move(note));
  }
}

policy::CompareKeys key_comparison(const PeerFile* peer) {
  return [peer](const policy::End& a, const policy::End& b, policy::KeyKind kind) {
    return compare_keys({a, b, kind}, peer);
  };
}

policy::ReadKey key_reader(const std::string& estate_path) {
  return [estate_path](const policy::KeyFile& file) { return read_key_of(estate_path, file); };
}

// Of what another program's file names nothing lies here.
void add_findings_of_their_keys(const policy::PairUp& found, const PeerFile& peer,
                                Findings& findings) {
  if (peer.kind != policy::PeerFileKind::Estate) return;
  const Model& model = peer.content.model;
  const auto& pairs = found.pairs;
  std::vector<const policy::Connection*> paired;
  for (const auto& [name, connection] : model.connections) {
    if (std::ranges::find(pairs, &connection, &policy::Pairing::peer) != pairs.end())
      paired.push_back(&connection);
  }
  const auto read = key_reader(model.files.front());
  std::ranges::move(policy::check_their_credential_files(model, paired, read),
                    std::back_inserter(findings));
}

void add_new(Findings more, Findings& findings) {
  for (Finding& finding : more) {
    const bool is_there = std::ranges::find(findings, finding) != findings.end();
    if (!is_there) findings.push_back(std::move(finding));
  }
}

// What is wrong in the other estate by itself about its connections with ours: its gateway does not
// start with it.
void add_their_errors(const policy::PairUp& found, const PeerFile& peer, Findings& findings) {
  if (peer.kind != policy::PeerFileKind::Estate) return;
  const Model& model = peer.content.model;
  std::set<std::string> joined;
  for (const policy::Pairing& pair : found.pairs) {
    for (std::string& object : policy::objects_of({model, *pair.peer}))
      joined.insert(std::move(object));
  }
  Findings theirs = policy::validate(model);
  std::erase_if(theirs, [&](const Finding& finding) {
    return finding.severity != Severity::Error || finding.objects.empty() ||
           !joined.contains(finding.objects.front());
  });
  add_new(std::move(theirs), findings);
}

// Those of our own file first, each file's in its order.
void sort_findings(const std::string& path, Findings& findings) {
  policy::sort_by_place(findings);
  std::ranges::stable_partition(findings,
                                [&](const Finding& finding) { return finding.file == path; });
}

Findings all_findings(const Model& model, const PeerFile* peer, const std::string& path) {
  Findings findings = policy::validate(model);
  std::ranges::move(policy::check_credential_files(model, key_reader(path)),
                    std::back_inserter(findings));
  std::ranges::move(policy::check_key_pairs(model, key_comparison(nullptr)),
                    std::back_inserter(findings));
  if (peer == nullptr) {
    sort_findings(path, findings);
    return findings;
  }
  const Model& other = peer->content.model;
  const auto compare = key_comparison(peer);
  const policy::PairUp found = policy::pair_up(model, other, compare);
  std::ranges::move(policy::validate_pair(model, other, found, compare),
                    std::back_inserter(findings));
  add_findings_of_their_keys(found, *peer, findings);
  add_their_errors(found, *peer, findings);
  sort_findings(path, findings);
  add_notes(peer->content.notes, findings);
  return findings;
}

int report_findings(const Findings& findings, const ValidateOptions& options, std::ostream& out) {
  if (options.json) {
    write_findings(findings, out);
  } else {
    for (const Finding& finding : findings) out << finding.to_string() << "\n";
    out << fmt::format("{}: {}, {}, {}\n", options.file, count(findings, Severity::Error, "error"),
                       count(findings, Severity::Warning, "warning"),
                       count(findings, Severity::Info, "note"));
  }
  return policy::has_error(findings) ? kExitNegative : kExitOk;
}

// There is no connection or peering of that name.
int report_no_checklist(const std::string& why, const ValidateOptions& options, std::ostream& out,
                        std::ostream& error) {
  if (options.json)
    out << dumped(
        {{"schema", kChecklistSchema}, {"checklist", ordered_json::array()}, {"error", why}});
  error << options.file << ": " << why << "\n";
  return kExitUsage;
}

// A list goes through what it is about alone: what passes there may still be wrong elsewhere.
void tell_of_errors(const Findings& findings, const ValidateOptions& options, std::ostream& error) {
  if (!policy::has_error(findings)) return;
  const std::string peer = options.peer_file.empty() ? "" : " --peer " + options.peer_file;
  error << fmt::format("{}: {} besides; `twinspan validate {}{}` names them\n", options.file,
                       count(findings, Severity::Error, "error"), options.file, peer);
}

int report_checklist(const Checklist& list, const ValidateOptions& options, std::ostream& out) {
  ordered_json items = ordered_json::array();
  for (const CheckItem& item : list) {
    items.push_back({{"number", item.number},
                     {"result", name_of(item.result)},
                     {"object", item.object},
                     {"field", item.field},
                     {"message", item.message}});
    if (options.json) continue;
    out << fmt::format("{:2}. {:7} {}{}{}: {}\n", item.number, name_of(item.result), item.object,
                       item.field.empty() ? "" : " ", item.field, item.message);
  }
  if (options.json) out << dumped({{"schema", kChecklistSchema}, {"checklist", std::move(items)}});
  return std::ranges::find(list, CheckResult::Fail, &CheckItem::result) == list.end()
             ? kExitOk
             : kExitNegative;
}

// With what is wrong in the other estate by itself, where traffic has to pass it.
Findings with_findings_of(const PeerFile* peer, Findings findings) {
  if (peer == nullptr || peer->kind != policy::PeerFileKind::Estate) return findings;
  add_new(policy::validate(peer->content.model), findings);
  return findings;
}

Result<Checklist, std::string> wanted_list(const Model& model, const PeerFile* peer,
                                           const ValidateOptions& options,
                                           const Findings& findings) {
  const Model* const other = peer == nullptr ? nullptr : &peer->content.model;
  if (!options.from.empty())
    return policy::way_checklist({.model = model,
                                  .peer = other,
                                  .from = options.from,
                                  .to = options.to,
                                  .compare_keys = key_comparison(peer),
                                  .findings = with_findings_of(peer, findings)});
  return policy::checklist({.model = model,
                            .peer = other,
                            .name = options.connection,
                            .compare_keys = key_comparison(peer),
                            .findings = with_findings_of(peer, findings)});
}

}  // namespace

int validate_files(const ValidateOptions& options, std::ostream& out, std::ostream& error) {
  const auto model = read_model(options.file);
  if (!model) return report_bad_file(model.error(), options, out, error);
  std::optional<PeerFile> peer;
  if (!options.peer_file.empty()) {
    auto read = read_peer_file(options.peer_file);
    if (!read) return report_bad_file(read.error(), options, out, error);
    peer = *std::move(read);
  }
  const PeerFile* const other = peer ? &*peer : nullptr;
  const Findings findings = all_findings(*model, other, options.file);
  if (options.connection.empty() && options.from.empty())
    return report_findings(findings, options, out);
  const auto list = wanted_list(*model, other, options, findings);
  if (!list) return report_no_checklist(list.error(), options, out, error);
  tell_of_errors(findings, options, error);
  return report_checklist(*list, options, out);
}

Findings errors_of_estate(const std::string& file) {
  Findings findings;
  const auto model = read_model(file);
  if (model) {
    findings = policy::validate(*model);
  } else {
    std::ranges::transform(model.error(), std::back_inserter(findings), to_finding);
  }
  std::erase_if(findings, [](const Finding& each) { return each.severity != Severity::Error; });
  return findings;
}

int print_schema(const SchemaOptions& options, std::ostream& out) {
  out << (options.reference ? policy::schema_reference() : policy::json_schema());
  return kExitOk;
}

}  // namespace twinspan::tools
