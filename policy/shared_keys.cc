#include "policy/shared_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "policy/rules.h"

namespace twinspan::policy {
namespace {

constexpr uint8_t kFirstPrintable = '!';
constexpr uint8_t kLastPrintable = '}';  // '~' is next.

bool is_taken_by_the_cloud(uint8_t byte) {
  return byte >= kFirstPrintable && byte <= kLastPrintable && byte != '-';
}

// Who names a file, and as what.
struct Users {
  SourceMark mark;  // Of the first.
  std::vector<std::string> objects;
  bool is_shared_key = false;
  bool is_ppk = false;

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
      return report.warning(remark("twinspand refuses to start with it"));
    case KeyReading::State::Refused:
      return report.error(remark("twinspand refuses to start with it"));
  }
}

void report_faults(const std::string& file, const std::vector<KeyFault>& faults, const Users& users,
                   RuleReport& report) {
  for (const KeyFault& fault : faults) {
    const Remark remark{users.mark, users.objects,
                        fmt::format("the key in {}: {}", in_quotes(file), fault.message),
                        fault.remedy};
    fault.severity == Severity::Error ? report.error(remark) : report.warning(remark);
  }
}

std::map<std::string, Users> users_of_keys(const Model& model) {
  std::map<std::string, Users> users;
  for (const auto& [name, connection] : model.connections) {
    if (const MarkedText& file = connection.shared_key_file; file.is_set) {
      users[*file].add(connection, file.mark);
      users[*file].is_shared_key = true;
    }
    if (connection.ppk) {
      users[*connection.ppk->file].add(connection, connection.ppk->file.mark);
      users[*connection.ppk->file].is_ppk = true;
    }
  }
  return users;
}

}  // namespace

std::vector<KeyFault> faults_of_key(ByteView key) {
  if (std::ranges::all_of(key, is_taken_by_the_cloud)) return {};
  return {{Severity::Warning, "it has characters that the cloud does not take",
           "a key for the cloud consists of printable ASCII without space, '-' and '~'"}};
}

std::vector<KeyFault> faults_of_ppk(size_t size) {
  if (size >= kPpkSizeMin) return {};
  return {{Severity::Warning,
           fmt::format("{} byte{} are too few for a post-quantum key, of which a quantum computer "
                       "halves the strength (RFC 8784 6)",
                       size, size == 1 ? "" : "s"),
           fmt::format("put at least {} random bytes into it on both sides", kPpkSizeMin)}};
}

Findings check_shared_keys(const Model& model, const ReadKey& read) {
  RuleReport report(model, kSharedKeyRule);
  RuleReport ppk_report(model, kPpkRule);
  for (const auto& [file, users] : users_of_keys(model)) {
    const KeyReading reading = read(file);
    report_unread(reading, users, report);
    if (users.is_shared_key) report_faults(file, reading.faults, users, report);
    if (users.is_ppk) report_faults(file, reading.ppk_faults, users, ppk_report);
  }
  Findings findings = report.take();
  std::ranges::move(ppk_report.take(), std::back_inserter(findings));
  return findings;
}

}  // namespace twinspan::policy
