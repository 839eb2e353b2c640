#include "tools/twinspan/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "tools/twinspan/render_diagnosis.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

std::string field(const json& object, const char* name) {
  return object.contains(name) ? text_of(object[name]) : "-";
}

// 1536 -> "1.5 KiB"
std::string size_text(const json& value) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double size = value.is_number() ? value.get<double>() : 0;
  size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", size) : fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string list_text(const json& list) {
  std::string text;
  for (const json& item : list) text += (text.empty() ? "" : ", ") + text_of(item);
  return text.empty() ? "-" : text;
}

// What a fault may have caused; dummies and packets that never leave their link are as they should
// be.
uint64_t drop_total(const json& tunnel) {
  uint64_t total = 0;
  for (const auto& [reason, count] : tunnel["drops"].items()) {
    if (reason != "dummy" && reason != "link-scope") total += count.get<uint64_t>();
  }
  return total;
}

// Where the peer is, or while that is not known where it should be.
std::string remote_text(const json& tunnel) {
  const bool is_known = tunnel.value("remote_endpoint", json()).is_string();
  return field(tunnel, is_known ? "remote_endpoint" : "remote");
}

// "Connected", "Connected (legacy)" where weak algorithms are admitted, "Connected 2/4" where
// children are missing.
std::string status_text(const json& connection) {
  const auto up = connection.value("children_up", uint64_t{0});
  const auto wanted = connection.value("children_wanted", uint64_t{0});
  return field(connection, "connection_status") +
         (up > 0 && up < wanted ? fmt::format(" {}/{}", up, wanted) : "") +
         (connection.value("legacy", false) ? " (legacy)" : "");
}

// RFC 9611: of the Child SAs for the same traffic, which one.
std::string resource_text(const json& child) {
  const auto resource = child.value("resource", uint64_t{0});
  return resource == 0 ? "" : fmt::format(", resource {}", resource);
}

// "certificate CN=gw-b until 2026-12-01T00:00:00Z", or the word alone.
std::string authentication_text(const json& ike) {
  const std::string method = field(ike, "authentication");
  const json certificate = ike.value("peer_certificate", json());
  if (!certificate.is_object()) return method;
  return fmt::format("{} until {}", field(certificate, "what"), field(certificate, "not_after"));
}

// Which of the wanted children are there, and what is wrong with each.
std::string render_children(const json& children) {
  std::string text;
  for (const json& child : children) {
    const json trouble = child.value("trouble", json());
    if (children.size() == 1 && !trouble.is_object()) continue;
    text += fmt::format("{:<18} {} {} {} === {}{}\n", "child", field(child, "name"),
                        child.value("is_up", false) ? "up" : "down",
                        list_text(child["local_selectors"]), list_text(child["remote_selectors"]),
                        trouble.is_object() ? ": " + field(trouble, "message") : "");
  }
  return text;
}

}  // namespace

std::string render_table(const std::vector<TableRow>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const TableRow& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const TableRow& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string render_status(const json& status) {
  std::vector<TableRow> rows = {{"CONNECTION", "STATUS", "DEVICE", "REMOTE", "SPI IN", "SPI OUT",
                                 "IN", "OUT", "DROPS", "SINCE", "REASON"}};
  for (const json& connection : status["connections"]) {
    for (const json& tunnel : connection["tunnels"]) {
      rows.push_back({field(connection, "name"), status_text(connection), field(tunnel, "device"),
                      remote_text(tunnel), field(tunnel, "spi_in"), field(tunnel, "spi_out"),
                      size_text(tunnel["ingress_bytes_transferred"]),
                      size_text(tunnel["egress_bytes_transferred"]),
                      std::to_string(drop_total(tunnel)), field(tunnel, "established_since"),
                      field(connection, "reason")});
    }
    for (const json& child : connection.value("child_sas", json::array())) {
      const auto resource = child.value("resource", uint64_t{0});
      if (resource == 0) continue;
      rows.push_back({fmt::format("  resource {}", resource), "", "", "", field(child, "spi_in"),
                      field(child, "spi_out")});
    }
  }
  const json& plane = status["data_plane"];
  std::string offloads;
  for (const char* const name : {"tun_offload", "uso", "udp_gso", "udp_gro"}) {
    if (plane[name].get<bool>()) offloads += std::string(offloads.empty() ? "" : ", ") + name;
  }
  std::string text = fmt::format(
      "gateway {} instance {}: kernel {}, {} worker(s), offloads: {}\n{}", field(status, "gateway"),
      field(status, "instance"), field(plane, "kernel"), field(plane, "workers"),
      offloads.empty() ? "none" : offloads, render_table(rows));
  for (const json& connection : status["connections"]) {
    if (const json change = connection.value("pending_change", json()); change.is_string())
      text += fmt::format("\npending: {}: {}\n", field(connection, "name"), text_of(change));
    for (const json& warning : connection.value("warnings", json::array()))
      text += fmt::format("\nwarning: {}: {}\n", field(connection, "name"), text_of(warning));
    const json diagnosis = connection.value("diagnosis", json());
    if (diagnosis.is_object())
      text += fmt::format("\n{}\n{}", field(connection, "name"), render_diagnosis(diagnosis, "  "));
  }
  return text;
}

std::string render_connection(const json& connection) {
  const json& tunnel = connection["tunnels"][0];
  std::string text;
  const auto line = [&](const char* name, const std::string& value) {
    text += fmt::format("{:<18} {}\n", name, value);
  };
  line("connection", field(connection, "name"));
  line("status", status_text(connection));
  if (connection.value("legacy", false))
    line("legacy", "weak algorithms are admitted: " + list_text(connection["legacy_algorithms"]));
  line("reason", field(connection, "reason"));
  if (connection.value("pending_change", json()).is_string())
    line("pending change", field(connection, "pending_change"));
  line("type",
       field(connection, "vpn_type") + ", encapsulation " + field(connection, "encapsulation"));
  line("device", field(tunnel, "device") + ", MTU " + field(connection, "mtu"));
  if (const json mtu = connection.value("path_mtu", json()); mtu.is_number()) {
    const bool is_probed = connection.value("path_mtu_from", json()) == "probe";
    line("path MTU",
         text_of(mtu) + (is_probed ? ", found by probing" : ", as reported on the way"));
  }
  line("local", field(tunnel, "local") + " (" + field(connection, "local_id") + ")");
  line("remote", remote_text(tunnel) + " (" + field(connection, "remote_id") + ")");
  line("selectors", list_text(connection["local_selectors"]) +
                        " === " + list_text(connection["remote_selectors"]));
  if (const json& ike = connection["ike_sa"]; ike.is_object()) {
    line("IKE SA", fmt::format("{}:{} {}", field(ike, "initiator_spi"), field(ike, "responder_spi"),
                               field(ike, "suite")));
  }
  for (const json& child : connection["child_sas"]) {
    line("Child SA",
         fmt::format("in {} out {} {}{}{}{}", field(child, "spi_in"), field(child, "spi_out"),
                     field(child, "suite"), resource_text(child),
                     child.value("aggfrag", false) ? ", AGGFRAG" : "",
                     child["narrowed"].get<bool>() ? ", narrowed" : ""));
    line("", list_text(child["local_selectors"]) + " === " + list_text(child["remote_selectors"]));
  }
  text += render_children(connection.value("children", json::array()));
  if (const json& ike = connection["ike_sa"]; ike.is_object())
    line("authenticated by", authentication_text(ike));
  for (const json& warning : connection.value("warnings", json::array()))
    line("warning", text_of(warning));
  line("established since", field(tunnel, "established_since"));
  line("transferred", fmt::format("in {}, out {}", size_text(tunnel["ingress_bytes_transferred"]),
                                  size_text(tunnel["egress_bytes_transferred"])));
  for (const auto& [reason, count] : tunnel["drops"].items()) {
    if (count.get<uint64_t>() != 0)
      line("dropped", fmt::format("{} {}", count.get<uint64_t>(), reason));
  }
  if (const json diagnosis = connection.value("diagnosis", json()); diagnosis.is_object()) {
    text += "\n" + render_diagnosis(diagnosis, "");
  } else if (const json last = connection.value("last_failure", json()); last.is_object()) {
    text += fmt::format("\nlast failed exchange, {}\n{}", field(connection, "last_failure_at"),
                        render_diagnosis(last, ""));
  }
  return text;
}

std::string render_event(const json& event) {
  std::string text = fmt::format("{} {} {}", field(event, "time"), field(event, "connection"),
                                 field(event, "event"));
  for (const auto& [name, value] : event.items()) {
    if (name == "time" || name == "event" || name == "connection" || text_of(value).empty())
      continue;
    text += fmt::format(" {}={}", name, text_of(value));
  }
  return text + "\n";
}

}  // namespace twinspan::tools
