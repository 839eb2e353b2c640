#include "tools/twinspand/answers_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/twinspand/drop_reason.h"
#include "tools/twinspand/event_journal.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

json optional_text(const std::string& text) {
  return text.empty() ? json() : json(text);
}

json steps_json(const policy::Explanation& explanation) {
  json steps = json::array();
  for (const policy::ExplainStep& step : explanation.steps) {
    steps.push_back({{"stage", step.stage},
                     {"object", step.object},
                     {"outcome", policy::name_of(step.outcome)},
                     {"why", step.why},
                     {"fix", optional_text(step.fix)}});
  }
  return steps;
}

json inner_json(const esp::DropRecord& record) {
  if (!record.has_inner) return {};
  return {{"source", record.source.to_string()},
          {"destination", record.destination.to_string()},
          {"protocol", record.protocol},
          {"source_port", record.has_ports ? json(record.source_port) : json()},
          {"destination_port", record.has_ports ? json(record.destination_port) : json()}};
}

json outer_json(const esp::DropRecord& record) {
  if (!record.has_outer) return {};
  return {{"remote", record.remote.to_string()},
          {"spi", record.has_spi ? json(fmt::format("0x{:08x}", record.spi.value)) : json()},
          {"sequence", record.has_spi ? json(record.sequence) : json()}};
}

json kernel_json(const KernelDrops& entry) {
  json notes = json::array();
  for (const NotedDrop& noted : entry.notes) {
    notes.push_back({{"input", noted.note.input},
                     {"source", noted.note.source.to_string()},
                     {"destination", noted.note.destination.to_string()},
                     {"protocol", noted.note.protocol == 0 ? json() : json(noted.note.protocol)},
                     {"packets", noted.note.packets},
                     {"verdict", policy::name_of(noted.explanation.verdict)},
                     {"steps", steps_json(noted.explanation)},
                     {"fix", optional_text(noted.explanation.fix)}});
  }
  return {{"where", entry.where},
          {"reason", entry.reason},
          {"connection", optional_text(entry.connection)},
          {"packets", entry.packets},
          {"bytes", entry.bytes ? json(*entry.bytes) : json()},
          {"explanation", entry.explanation},
          {"fix", entry.fix},
          {"noted", notes}};
}

// What the live tables say if they drop it still; else the reason alone.
std::string fix_of(const ExplainedDrop& drop) {
  const bool is_dropped_still =
      drop.is_explained && drop.explanation.verdict == policy::Reach::Dropped;
  return is_dropped_still ? drop.explanation.fix : std::string(describe(drop.record.reason).fix);
}

}  // namespace

json explanation_json(const policy::ExplainQuestion& question,
                      const policy::Explanation& explanation) {
  return {{"schema", "twinspan.explain/1"},
          {"source", question.flow.source.to_string()},
          {"destination", question.flow.destination.to_string()},
          {"from", optional_text(question.from)},
          {"verdict", policy::name_of(explanation.verdict)},
          {"steps", steps_json(explanation)},
          {"fix", optional_text(explanation.fix)}};
}

json drops_json(const std::vector<ExplainedDrop>& drops, const std::vector<KernelDrops>& kernel) {
  json list = json::array();
  for (const ExplainedDrop& drop : drops) {
    const esp::DropRecord& record = drop.record;
    list.push_back(
        {{"time", rfc3339(drop.at)},
         {"reason", esp::to_string(record.reason)},
         {"direction", record.is_outbound ? "out" : "in"},
         {"connection", optional_text(drop.connection)},
         {"length", record.length == 0 ? json() : json(record.length)},
         {"inner", inner_json(record)},
         {"outer", outer_json(record)},
         {"explanation", describe(record.reason).explanation},
         {"fix", fix_of(drop)},
         {"verdict", drop.is_explained ? json(policy::name_of(drop.explanation.verdict)) : json()},
         {"steps", drop.is_explained ? steps_json(drop.explanation) : json::array()}});
  }
  json counted = json::array();
  for (const KernelDrops& entry : kernel) counted.push_back(kernel_json(entry));
  return {{"schema", "twinspan.drops/1"}, {"drops", list}, {"kernel", counted}};
}

json verify_json(const std::vector<VerifiedConnection>& connections) {
  json checks = json::array();
  for (const VerifiedConnection& connection : connections) {
    for (const policy::VerifyItem& item : connection.items) {
      checks.push_back({{"connection", connection.name},
                        {"check", item.check},
                        {"result", policy::name_of(item.result)},
                        {"message", item.message},
                        {"remedy", optional_text(item.remedy)}});
    }
  }
  return {{"schema", "twinspan.verify/1"}, {"checks", checks}};
}

}  // namespace twinspan::tools
