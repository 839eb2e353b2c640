// The half of Gateway that answers `twinspan explain`, `drops` and `verify`: asks its live tables
// and the host, and lets policy/ judge.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/firewall_drops.h"
#include "tools/twinspand/answers_json.h"
#include "tools/twinspand/drop_reason.h"
#include "tools/twinspand/gateway.h"
#include "tools/twinspand/isolation.h"
#include "tools/twinspand/probe_packet.h"

namespace twinspan::tools {
namespace {

// 2026-01-01: this program is not older.
constexpr WallTime kClockPlausible{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

WallTime wall_now() {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

policy::SaAnswer::Kind to_kind(esp::Verdict verdict) {
  using Kind = policy::SaAnswer::Kind;
  switch (verdict) {
    case esp::Verdict::Accept:
      return Kind::Carries;
    case esp::Verdict::NoSelector:
    case esp::Verdict::SelectorMismatch:
      return Kind::NoSelector;
    case esp::Verdict::SourceRefused:
      return Kind::SourceRefused;
    default:
      return Kind::NoSa;
  }
}

std::string selectors_of(const ike::EventChildEstablished& child) {
  return fmt::format("{} === {}", to_string(child.local_selectors),
                     to_string(child.remote_selectors));
}

policy::TunnelAnswer to_answer(const TunnelView& tunnel) {
  policy::TunnelAnswer answer{
      .is_connected = tunnel.is_usable(),
      .reason = tunnel.reason,
      .remedy = tunnel.diagnosis.remedy,
      .remote = tunnel.ike ? tunnel.ike->remote.to_string() : tunnel.plan.remote_text()};
  std::vector<std::string> selectors;
  for (const auto& child : tunnel.children) {
    if (std::string text = selectors_of(child);
        std::ranges::find(selectors, text) == selectors.end())
      selectors.push_back(std::move(text));
  }
  answer.selectors = selectors.empty() ? "none" : fmt::format("{}", fmt::join(selectors, ", "));
  for (const policy::ChildPlan& child : tunnel.plan.children) {
    if (tunnel.serves(child.name)) continue;
    const auto trouble = tunnel.child_troubles.find(child.name);
    if (trouble == tunnel.child_troubles.end()) continue;
    answer.trouble = fmt::format("child {}: {}", child.name, trouble->second.message);
    answer.trouble_remedy = trouble->second.remedy;
    break;
  }
  return answer;
}

// Of our own files; what ends soon is a warning of status and no fault yet.
std::string date_fault(const TunnelCredentials& credentials, WallTime now) {
  for (const DatedCredential& dated : credentials.dated) {
    if (now < dated.validity.not_before || now > dated.validity.not_after)
      return date_warning(dated, now);
  }
  return "";
}

}  // namespace

// Asked while one command is answered, so what it tells of a tunnel does not change meanwhile.
class Gateway::Tables : public policy::LiveTables {
 public:
  explicit Tables(const Gateway& gateway) : gateway_(gateway) {}

  bool is_host_address(const IpAddress& address) const override {
    return host().find_local_address({IpPrefix::host(address)}).has_value();
  }

  FoundRoute route(const policy::Flow& flow, const std::string& input) const override {
    return host().find_route(
        {.source = flow.source, .destination = flow.destination, .input = input});
  }

  FoundRoute outer_route(const std::string& connection) const override {
    const TunnelView& tunnel = view(connection);
    const IpAddress remote = tunnel.ike ? tunnel.ike->remote.address : tunnel.plan.remote_address;
    if (remote.is_unspecified()) return {.text = "its name is not resolved"};
    return host().find_outer_route(tunnel.plan.local_address, remote);
  }

  DeviceState device(const std::string& name) const override { return host().device_state(name); }

  policy::TunnelAnswer tunnel(const std::string& connection) const override {
    const TunnelView& tunnel = view(connection);
    policy::TunnelAnswer answer = to_answer(tunnel);
    answer.path_mtu = gateway_.data_plane_.path_mtu(tunnel.id);
    return answer;
  }

  policy::SaAnswer outbound(const std::string& connection,
                            const policy::Flow& flow) const override {
    const TunnelView& tunnel = view(connection);
    const auto answer = gateway_.data_plane_.ask_outbound(tunnel.id, probe_packet(flow));
    policy::SaAnswer sa = describe(tunnel, answer.inbound_spi);
    sa.kind = to_kind(answer.verdict);
    sa.sa += fmt::format("0x{:08x}", answer.outbound_spi.value);
    sa.inner_max = answer.inner_max;
    return sa;
  }

  policy::SaAnswer inbound(const std::string& connection, const policy::Flow& flow) const override {
    const TunnelView& tunnel = view(connection);
    std::vector<Spi> spis;
    for (const auto& child : tunnel.children) spis.push_back(child.inbound_spi);
    const auto answer = gateway_.data_plane_.ask_inbound(probe_packet(flow), spis);
    policy::SaAnswer sa = describe(tunnel, answer.inbound_spi);
    sa.kind = to_kind(answer.verdict);
    sa.sa += fmt::format("0x{:08x}", answer.inbound_spi.value);
    return sa;
  }

  std::optional<std::vector<std::string>> firewall_faults() const override {
    if (!firewall_faults_) firewall_faults_ = isolation_faults(host(), gateway_.firewall_);
    return *firewall_faults_;
  }

 private:
  tun::Host& host() const { return gateway_.parts_.host; }

  // While an estate is applied one of the plan may be missing for a moment: then it is down.
  const TunnelView& view(const std::string& connection) const {
    static const TunnelView none;
    const TunnelView* const found = gateway_.find(connection);
    return found == nullptr ? none : *found;
  }

  static policy::SaAnswer describe(const TunnelView& tunnel, Spi inbound_spi) {
    policy::SaAnswer answer{.sa = "SPI "};
    for (const auto& child : tunnel.children) {
      if (child.inbound_spi != inbound_spi) continue;
      answer.selectors = selectors_of(child);
      answer.sa = fmt::format("Child SA {}, SPI ", child.name);
    }
    return answer;
  }

  const Gateway& gateway_;
  // The table may be large, and many packets are asked about at once.
  mutable std::optional<std::optional<std::vector<std::string>>> firewall_faults_;
};

std::optional<nlohmann::json> Gateway::explain(const policy::ExplainQuestion& question) const {
  if (!question.from.empty() && !policy::is_place(estate_.plan, *estate_.model, question.from))
    return std::nullopt;
  return explanation_json(question,
                          policy::explain(estate_.plan, *estate_.model, Tables(*this), question));
}

nlohmann::json Gateway::drops(size_t last) const {
  const Tables tables(*this);
  std::vector<esp::DropRecord> records = data_plane_.last_drops();
  if (records.size() > last)
    records.erase(records.begin(), records.end() - static_cast<std::ptrdiff_t>(last));
  std::vector<ExplainedDrop> drops;
  for (const esp::DropRecord& record : records) {
    ExplainedDrop drop{.record = record,
                       .at = wall_now() - std::chrono::milliseconds(record.at_ms)};
    const TunnelView* const tunnel =
        record.has_tunnel ? const_cast<TunnelBoard&>(board_).find(record.tunnel) : nullptr;
    if (tunnel != nullptr) drop.connection = tunnel->plan.connection;
    if (record.has_inner && tunnel != nullptr) {
      policy::ExplainQuestion question{.flow = {.source = record.source,
                                                .destination = record.destination,
                                                .protocol = record.protocol,
                                                .source_port = record.source_port,
                                                .destination_port = record.destination_port,
                                                .length = record.length,
                                                .may_fragment = false}};
      if (!record.is_outbound) question.arrived_by = drop.connection;
      drop.is_explained = true;
      drop.explanation = policy::explain(estate_.plan, *estate_.model, tables, question);
    }
    drops.push_back(std::move(drop));
  }
  return drops_json(drops, kernel_drops(tables));
}

// Of each reason that has dropped something.
std::vector<KernelDrops> Gateway::kernel_drops(const Tables& tables) const {
  std::vector<KernelDrops> list;
  const auto add = [&](const char* where, esp::Verdict reason, const std::string& connection,
                       uint64_t packets) {
    if (packets == 0) return;
    const DropReason words = describe(reason);
    list.push_back({.where = where,
                    .reason = std::string(esp::to_string(reason)),
                    .connection = connection,
                    .packets = packets,
                    .explanation = std::string(words.explanation),
                    .fix = std::string(words.fix)});
  };
  for (const auto& [chain, dropped] : isolation_drops(parts_.host)) {
    const auto* const reason = policy::reason_of_chain(parts_.host.link_group(), chain);
    if (reason == nullptr || dropped.packets == 0) continue;
    KernelDrops entry{.where = "nftables",
                      .reason = std::string(reason->words),
                      .packets = dropped.packets,
                      .bytes = dropped.bytes,
                      .explanation = std::string(reason->explanation),
                      .fix = std::string(reason->fix)};
    for (const policy::FirewallNote& note : dropped.notes) {
      entry.notes.push_back(
          {note, policy::explain(estate_.plan, *estate_.model, tables, question_of(note))});
    }
    list.push_back(std::move(entry));
  }
  constexpr auto kDevice = esp::Verdict::DeviceQueueFull;
  constexpr auto kSocket = esp::Verdict::SocketQueueFull;
  for (const TunnelView& tunnel : board_.tunnels()) {
    add("device", kDevice, tunnel.plan.connection,
        totals(tunnel).outbound.drops[static_cast<size_t>(kDevice)]);
  }
  add("socket", kSocket, "", data_plane_.orphan_totals().drops[static_cast<size_t>(kSocket)]);
  return list;
}

// Which network or tunnel it came from is told by its interface.
policy::ExplainQuestion Gateway::question_of(const policy::FirewallNote& note) const {
  policy::ExplainQuestion question{
      .flow = {.source = note.source, .destination = note.destination, .protocol = note.protocol}};
  for (const policy::AttachedNetwork& network : estate_.plan.networks.attached) {
    if (std::ranges::find(network.interfaces, note.input) != network.interfaces.end())
      question.from = network.name;
  }
  for (const policy::TunnelPlan& tunnel : estate_.plan.tunnels) {
    if (tunnel.device == note.input) question.arrived_by = tunnel.connection;
  }
  return question;
}

policy::VerifyFacts Gateway::verify_facts(const TunnelView& tunnel, const Tables& tables) const {
  const std::string& name = tunnel.plan.connection;
  policy::VerifyFacts facts{.tunnel = tables.tunnel(name),
                            .cause = tunnel.diagnosis.cause,
                            .outer_route = tables.outer_route(name),
                            .device = tables.device(tunnel.plan.device),
                            .device_mtu = tunnel.mtu};
  for (const auto& child : tunnel.children)
    facts.children.push_back({child.name, child.local_selectors, child.remote_selectors});
  const tun::TunnelTotals traffic = totals(tunnel);
  facts.packets_in = traffic.inbound.packets;
  facts.packets_out = traffic.outbound.packets;
  facts.credential_warning = date_fault(credentials_of(tunnel), wall_now());
  facts.clock_jump = std::chrono::duration_cast<std::chrono::seconds>(clock_watch_.jump());
  facts.is_clock_plausible = wall_now() >= kClockPlausible;
  return facts;
}

nlohmann::json Gateway::verify(const std::string& connection) const {
  const Tables tables(*this);
  const std::vector<tun::TunnelRoute> present = parts_.host.present_routes();
  const auto firewall_faults =
      estate_.plan.networks.needs_isolation() ? tables.firewall_faults() : std::nullopt;
  const std::set<std::string> sharing = policy::sharing_tunnels(estate_.plan);
  std::vector<VerifiedConnection> verified;
  for (const TunnelView& tunnel : board_.tunnels()) {
    if (!connection.empty() && tunnel.plan.connection != connection) continue;
    policy::VerifyFacts facts = verify_facts(tunnel, tables);
    facts.firewall_faults = firewall_faults;
    facts.shares_prefixes = sharing.contains(tunnel.plan.connection);
    for (const tun::TunnelRoute& route : present) {
      if (route.device == tunnel.plan.device) facts.present_routes.push_back(route.prefix);
    }
    verified.push_back({tunnel.plan.connection, policy::verify(estate_.plan, tunnel.plan, facts)});
  }
  return verify_json(verified);
}

}  // namespace twinspan::tools
