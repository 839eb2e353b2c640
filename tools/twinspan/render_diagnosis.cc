#include "tools/twinspan/render_diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace twinspan::tools {
namespace {

using nlohmann::json;

constexpr size_t kCellWidthMax = 60;

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string cell(const json& item, const char* side) {
  std::string value = text(item, side);
  if (value.empty()) return "(not told)";
  if (value.size() > kCellWidthMax) value = value.substr(0, kCellWidthMax - 3) + "...";
  return value;
}

std::string exchange_text(const json& diagnosis) {
  const std::string exchange = text(diagnosis, "exchange");
  if (exchange.empty()) return "";
  return exchange +
         (text(diagnosis, "role") == "initiator" ? ", begun by us" : ", begun by the peer");
}

std::string peer_text(const json& diagnosis) {
  if (!diagnosis.contains("peer")) return "";
  const std::string id = text(diagnosis["peer"], "id");
  const std::string address = text(diagnosis["peer"], "address");
  return id.empty() ? address : fmt::format("{} at {}", id, address);
}

std::string config_text(const json& diagnosis) {
  if (!diagnosis.contains("config") || !diagnosis["config"].is_object()) return "";
  const json& config = diagnosis["config"];
  if (!config["line"].is_number()) return text(config, "path");
  return fmt::format("{}:{}:{} {}", text(config, "file"), config["line"].get<unsigned>(),
                     config["column"].get<unsigned>(), text(config, "path"));
}

std::string comparison(const json& items, const std::string& indent) {
  size_t name_width = 0, ours_width = sizeof("ours") - 1;
  for (const json& item : items) {
    name_width = std::max(name_width, text(item, "item").size());
    ours_width = std::max(ours_width, cell(item, "ours").size());
  }
  const auto row = [&](const std::string& name, const std::string& ours,
                       const std::string& theirs) {
    return fmt::format("{}  {:<{}}  {:<{}}  {}\n", indent, name, name_width, ours, ours_width,
                       theirs);
  };
  std::string table = row("", "ours", "the peer's");
  for (const json& item : items) {
    const std::string mark = item.value("differs", false) ? "   <- differs" : "";
    table += row(text(item, "item"), cell(item, "ours"), cell(item, "theirs") + mark);
  }
  return table;
}

}  // namespace

std::string render_diagnosis(const json& diagnosis, const std::string& indent) {
  if (!diagnosis.is_object()) return "";
  std::string out;
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += fmt::format("{}{:<9} {}\n", indent, name, value);
  };
  line("failed:", text(diagnosis, "message"));
  line("peer:", peer_text(diagnosis));
  line("exchange:", exchange_text(diagnosis));
  if (diagnosis.contains("compared") && !diagnosis["compared"].empty())
    out += comparison(diagnosis["compared"], indent);
  line("likely:", text(diagnosis, "likely_cause"));
  line("remedy:", text(diagnosis, "remedy"));
  line("config:", config_text(diagnosis));
  return out;
}

}  // namespace twinspan::tools
