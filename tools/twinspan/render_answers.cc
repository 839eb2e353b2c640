#include "tools/twinspan/render_answers.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/twinspan/render.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string steps_text(const json& answer, const std::string& indent) {
  std::vector<TableRow> rows;
  for (const json& step : answer["steps"])
    rows.push_back({indent + text(step, "outcome"), text(step, "stage"), text(step, "object"),
                    text(step, "why")});
  return rows.empty() ? "" : render_table(rows);
}

std::string ends_text(const json& drop) {
  if (drop["inner"].is_object()) {
    const json& inner = drop["inner"];
    const auto port = [&](const char* name) {
      return inner[name].is_number() ? ":" + inner[name].dump() : "";
    };
    return fmt::format("{}{} -> {}{} protocol {}", text(inner, "source"), port("source_port"),
                       text(inner, "destination"), port("destination_port"),
                       inner["protocol"].dump());
  }
  if (!drop["outer"].is_object()) return "";
  const json& outer = drop["outer"];
  return fmt::format("from {}{}", text(outer, "remote"),
                     outer["spi"].is_string()
                         ? fmt::format(", SPI {}, sequence number {}", text(outer, "spi"),
                                       outer["sequence"].dump())
                         : "");
}

// What the kernel dropped before the daemon saw it.
std::string kernel_text(const json& answer) {
  std::string out;
  for (const json& entry : answer.value("kernel", json::array())) {
    const std::string connection = text(entry, "connection");
    const json bytes = entry.value("bytes", json());
    out += fmt::format("by the kernel, {}{}: {}, {} packets{}\n", text(entry, "where"),
                       connection.empty() ? "" : " of " + connection, text(entry, "reason"),
                       entry["packets"].dump(),
                       bytes.is_number() ? ", " + bytes.dump() + " bytes" : "");
    out += "  " + text(entry, "explanation") + "\n";
    for (const json& note : entry["noted"]) {
      out += fmt::format("  {} -> {}{} by {}, {} packets\n", text(note, "source"),
                         text(note, "destination"),
                         note["protocol"].is_number() ? " protocol " + note["protocol"].dump() : "",
                         text(note, "input"), note["packets"].dump());
      out += steps_text(note, "    ");
      if (const std::string fix = text(note, "fix"); !fix.empty()) out += "    fix: " + fix + "\n";
    }
    out += "  fix: " + text(entry, "fix") + "\n";
  }
  return out;
}

}  // namespace

std::string render_explanation(const json& answer) {
  std::string out = steps_text(answer, "") + text(answer, "verdict") + "\n";
  if (const std::string fix = text(answer, "fix"); !fix.empty()) out += "fix: " + fix + "\n";
  return out;
}

std::string render_drops(const json& answer) {
  std::string out;
  for (const json& drop : answer["drops"]) {
    out += fmt::format("{} {} {} {} {}\n", text(drop, "time"), text(drop, "direction"),
                       drop["connection"].is_string() ? text(drop, "connection") : "-",
                       text(drop, "reason"), ends_text(drop));
    out += "  " + text(drop, "explanation") + "\n";
    out += steps_text(drop, "  ");
    out += "  fix: " + text(drop, "fix") + "\n";
  }
  out += kernel_text(answer);
  return out.empty() ? "no packet was dropped\n" : out;
}

std::string render_checks(const json& answer) {
  std::vector<TableRow> rows = {{"CONNECTION", "CHECK", "RESULT", "MESSAGE"}};
  std::string remedies;
  for (const json& check : answer["checks"]) {
    rows.push_back({text(check, "connection"), text(check, "check"), text(check, "result"),
                    text(check, "message")});
    if (text(check, "result") != "fail") continue;
    remedies += fmt::format("{}, {}: {}\n", text(check, "connection"), text(check, "check"),
                            text(check, "remedy"));
  }
  return render_table(rows) + (remedies.empty() ? "" : "\nwhat to do\n" + remedies);
}

}  // namespace twinspan::tools
