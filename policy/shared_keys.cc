#include "policy/shared_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "policy/rules.h"

namespace twinspan::policy {
namespace {

constexpr uint8_t kFirstPrintable = '!';
constexpr uint8_t kLastPrintable = '}';  // '~' is next.

bool is_taken_by_the_cloud(uint8_t byte) {
  return byte >= kFirstPrintable && byte <= kLastPrintable && byte != '-';
}

void report_reading(const Connection& connection, const KeyReading& reading,
                    const std::vector<std::string>& objects, RuleReport& report) {
  const SourceMark mark = connection.shared_key_file.mark;
  switch (reading.state) {
    case KeyReading::State::Missing:
      return report.info({mark, objects, reading.why,
                          "nothing to do on a machine without that gateway; twinspand needs it"});
    case KeyReading::State::Refused:
      return report.warning({mark, objects, reading.why, "twinspand refuses to start with it"});
    case KeyReading::State::Read:
      break;
  }
  for (const KeyFault& fault : reading.faults) {
    const Remark remark{
        mark, objects,
        fmt::format("the key in {}: {}", in_quotes(*connection.shared_key_file), fault.message),
        fault.remedy};
    fault.severity == Severity::Error ? report.error(remark) : report.warning(remark);
  }
}

}  // namespace

std::vector<KeyFault> faults_of_key(ByteView key) {
  if (key.empty())
    return {{Severity::Error, "it is empty", "write 32 or more random characters into it"}};
  if (key.size() > kSharedKeyMax) {
    return {{Severity::Error,
             fmt::format("it is longer than {} bytes, which no gateway takes", kSharedKeyMax),
             "make it shorter"}};
  }
  if (std::ranges::all_of(key, is_taken_by_the_cloud)) return {};
  return {{Severity::Warning, "it has characters that the cloud does not take",
           "a key for the cloud consists of printable ASCII without space, '-' and '~'"}};
}

Findings check_shared_keys(const Model& model, const ReadKey& read) {
  std::map<std::string, std::vector<const Connection*>> users;
  for (const auto& [name, connection] : model.connections) {
    if (connection.shared_key_file.is_set)
      users[*connection.shared_key_file].push_back(&connection);
  }
  RuleReport report(model, kSharedKeyRule);
  for (const auto& [file, connections] : users) {
    std::vector<std::string> objects;
    for (const Connection* const connection : connections) objects.push_back(path_of(*connection));
    report_reading(*connections.front(), read(file), objects, report);
  }
  return report.take();
}

}  // namespace twinspan::policy
