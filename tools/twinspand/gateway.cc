#include "tools/twinspand/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "tools/twinspand/isolation.h"
#include "tools/twinspand/run_dir.h"
#include "tools/twinspand/views_json.h"
#include "tools/twinspand/wiring.h"
#include "tun/firewall_watch.h"

namespace twinspan::tools {
namespace {

constexpr unsigned kPathMtuAssumed = 1500;  // Of a peer that nobody knows where it is.
constexpr int kRecordsPerTurnMax = 512;     // Then timers and control clients get their turn.

tun::DataPlaneOptions to_data_plane_options(const DaemonOptions& options, const Log& log) {
  return {.workers = options.workers,
          .shape =
              options.thread_shape == "joined" ? tun::ThreadShape::Joined : tun::ThreadShape::Split,
          .udp_gso = options.udp_gso,
          .udp_gro = options.udp_gro,
          .log = log.with_area("tun"),
          .busy_poll = std::chrono::microseconds(options.busy_poll_microseconds)};
}

WallTime wall_now() {
  return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
}

ike::EndpointOptions to_endpoint_options(const DaemonOptions& options, const Log& log) {
  return {.export_keys = options.key_log_dir.has_value(),
          .spi_modulus = options.workers,
          .ike_port = kIkePort,
          .nat_port = kNatPort,
          .cookie_threshold = options.cookie_threshold,
          .log = log.with_area("ike")};
}

ike::SizeProbing to_size_probing(const std::string& word) {
  if (word == "always") return ike::SizeProbing::Always;
  return word == "never" ? ike::SizeProbing::Never : ike::SizeProbing::Announced;
}

}  // namespace

Gateway::Gateway(Estate estate, const DaemonOptions& options, Parts parts)
    : estate_(std::move(estate)),
      options_(options),
      parts_(std::move(parts)),
      log_(parts_.log.with_area("gateway")),
      data_plane_(to_data_plane_options(options, parts_.log), parts_.kernels, parts_.provider),
      endpoint_(to_endpoint_options(options, parts_.log), parts_.provider),
      driver_(parts_.context, endpoint_, *this,
              {.event = [this](ike::Event event) { handle(std::move(event)); },
               .turn_done = [this] { publish_if_changed(); }}),
      names_(parts_.context),
      records_(parts_.context),
      tick_timer_(parts_.context),
      firewall_news_(parts_.context) {
  CHECK(estate_.credentials.size() == estate_.plan.tunnels.size());
}

Gateway::~Gateway() {
  if (records_.is_open()) records_.release();  // The data plane closes its own descriptor.
}

Result<void, tun::HostError> Gateway::start() {
  TRY(check_host(estate_.plan.local_addresses));
  TRY_ASSIGN(auto opened, sockets_.open(parts_.host, estate_.plan, options_));
  sockets_.hand_over(std::move(opened), data_plane_);
  const std::string key = estate_.plan.gateway + "-" + std::to_string(estate_.plan.instance);
  TRY(parts_.host.claim(key, options_.run_dir));
  const bool is_fresh = parts_.host.list_tuns().empty();
  if (auto occupied = occupy_host(); !occupied) {
    if (is_fresh) {
      if (const auto flushed = flush_host(parts_.host, options_.run_dir); !flushed)
        log_.warning("{}", flushed.error().to_string());
    }
    return occupied;
  }
  record_peerings();
  watch_isolation();
  data_plane_.start();
  records_.assign(data_plane_.record_fd());
  wait_for_records();
  tick();
  return {};
}

void Gateway::watch_isolation() {
  auto watch = parts_.host.watch_firewall();
  if (!watch) return log_.warning("{}", watch.error().to_string());
  firewall_news_.assign(watch->release());
  wait_for_firewall_news();
}

void Gateway::wait_for_firewall_news() {
  firewall_news_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                            [this](const boost::system::error_code& error) {
                              if (error) return;
                              if (tun::take_firewall_deletions(firewall_news_.native_handle()))
                                restore_isolation();
                              wait_for_firewall_news();
                            });
}

void Gateway::restore_isolation() {
  const auto faults = isolation_faults(parts_.host, firewall_);
  if (!faults || faults->empty()) return;
  log_.warning(
      "rules that keep networks apart were deleted by somebody ({}); they are put up again",
      fmt::join(*faults, "; "));
  if (const auto again = put_up_isolation(estate_.plan); !again)
    log_.error("{}", again.error().to_string());
}

Result<void, tun::HostError> Gateway::put_up_isolation(const policy::Plan& plan) {
  TRY_ASSIGN(firewall_, isolate(parts_.host, plan, options_.run_dir, log_));
  return {};
}

// What was carried out is compared with at the next start: a half whose other half is gone by then
// is Disconnected.
void Gateway::record_peerings() {
  const std::string path = options_.run_dir + "/" + kPeeringRecordsName;
  peering_records_ =
      policy::next_records(*estate_.model, policy::parse_records(read_file(path).value_or("")));
  if (const auto written = write_file_atomically(path, policy::to_text(peering_records_)); !written)
    log_.warning("the states of peerings are not kept: {}", written.error());
}

Result<void, tun::HostError> Gateway::check_host(const std::vector<IpAddress>& addresses) {
  for (const tun::HostFinding& finding : parts_.host.check(addresses)) {
    if (finding.is_error) return Err<tun::HostError>(finding.text);
    log_.warning("{}", finding.text.to_string());
  }
  return {};
}

// Everything on the host that outlives the process, in the order that never leaks.
Result<void, tun::HostError> Gateway::occupy_host() {
  const policy::Plan& plan = estate_.plan;
  sources_ = policy::TunnelSources(plan);
  TRY(put_up_isolation(plan));
  TRY(set_routes(plan, false));
  std::vector<std::string> stale = parts_.host.list_tuns();
  for (size_t i = 0; i < plan.tunnels.size(); ++i) {
    TRY_ASSIGN(tun::TunDevice device, open_device(plan.tunnels[i]));
    add_tunnel(i, std::move(device));
    std::erase(stale, plan.tunnels[i].device);
  }
  for (const std::string& name : stale) parts_.host.delete_tun(name);
  data_plane_.publish();
  return set_routes(plan, true);
}

Result<tun::TunDevice, tun::HostError> Gateway::open_device(const policy::TunnelPlan& plan) {
  const bool is_named = !plan.remote_name.empty();
  const unsigned path_mtu =
      is_named ? kPathMtuAssumed : parts_.host.path_mtu(plan.local_address, plan.remote_address);
  tun::TunSpec spec = to_tun_spec(plan, path_mtu, options_.workers);
  spec.offload = options_.tun_offload;
  spec.uso = options_.uso;
  TRY_ASSIGN(tun::TunDevice device, parts_.host.open_tun(spec));
  log_.info("{}: device {} ({}), MTU {}", plan.connection, device.name,
            device.adopted ? "adopted" : "new", spec.mtu);
  return device;
}

void Gateway::add_tunnel(size_t index, tun::TunDevice device) {
  const policy::TunnelPlan& plan = estate_.plan.tunnels[index];
  // Numbers go round, so that nothing late of a tunnel that is gone is taken for its successor's.
  do last_id_ = TunnelId{(last_id_.value + 1) % static_cast<uint32_t>(esp::kTunnelsMax)};
  while (carriers_.contains(last_id_));
  board_.add(last_id_, plan, device.mtu,
             index < estate_.places.size() ? estate_.places[index] : policy::ConfigPlaces{});
  tun::TunDevice carrier_device;
  carrier_device.name = device.name;
  carrier_device.interface_index = device.interface_index;
  carriers_[last_id_] =
      std::make_unique<Carrier>(parts_.context, parts_.host, std::move(carrier_device), log_);
  data_plane_.add_tunnel(last_id_, std::move(device),
                         to_source_policy(estate_.plan, sources_, plan),
                         {.copy_dscp = plan.copy_dscp});
}

// The host's own packets into a tunnel start from its address in the network, if it has one there:
// the peer lets no other source in.
Result<void, tun::HostError> Gateway::set_routes(const policy::Plan& plan, bool with_tunnels) {
  const auto preferred_source = [&](IpFamily family) {
    std::vector<IpPrefix> prefixes = plan.own_prefixes;
    std::erase_if(prefixes, [&](const IpPrefix& prefix) { return prefix.family() != family; });
    return parts_.host.find_local_address(prefixes);
  };
  std::vector<tun::TunnelRoute> routes;
  if (with_tunnels) {
    const auto source_v4 = preferred_source(IpFamily::V4);
    const auto source_v6 = preferred_source(IpFamily::V6);
    for (const policy::TunnelPlan& tunnel : plan.tunnels) {
      for (const IpPrefix& prefix : tunnel.remote_prefixes) {
        const bool is_v4 = prefix.family() == IpFamily::V4;
        routes.push_back({prefix, tunnel.device, is_v4 ? source_v4 : source_v6});
      }
    }
  }
  return parts_.host.set_routes(protected_prefixes(plan), routes, attached_prefixes(plan));
}

void Gateway::negotiate() {
  warn_of_credentials();
  for (size_t i = 0; i < board_.tunnels().size(); ++i)
    driver_.command(ike::CommandAddPeer{.peer = peer_config(board_.tunnels()[i], i)});
}

ike::PeerConfig Gateway::peer_config(const TunnelView& tunnel, size_t index) const {
  ike::PeerConfig peer =
      to_peer_config(tunnel.plan, tunnel.id, estate_.credentials[index], options_.workers);
  peer.size_probing = to_size_probing(options_.probe_path);
  return peer;
}

void Gateway::warn_of_credentials() const {
  for (size_t i = 0; i < estate_.credentials.size(); ++i) {
    for (const std::string& warning : warnings_of(estate_.credentials[i], wall_now()))
      log_.warning("{}: {}", estate_.plan.tunnels[i].connection, warning);
  }
}

Result<void, std::vector<std::string>> Gateway::reload_credentials() {
  // Of the file that was applied last, which may lie in another folder than --config.
  const auto& self = estate_.model->gateways.find(estate_.plan.gateway)->second;
  auto fresh =
      load_credentials(estate_.plan, estate_.model->files.front(), policy::key_characters(self));
  if (!fresh) {
    for (const std::string& line : fresh.error())
      log_.error("credentials stay as they are: {}", line);
    return Err(std::move(fresh).error());
  }
  estate_.credentials = *std::move(fresh);
  warn_of_credentials();
  for (size_t i = 0; i < estate_.credentials.size(); ++i) set_credentials(i);
  log_.info("credentials of {} connection(s) were read again", estate_.credentials.size());
  return {};
}

void Gateway::set_credentials(size_t index) {
  const TunnelCredentials& credentials = estate_.credentials[index];
  driver_.command(ike::CommandSetCredentials{.tunnel = board_.tunnels()[index].id,
                                             .authentication = credentials.authentication,
                                             .ppk = credentials.ppk});
}

void Gateway::stop(std::function<void()> done) {
  tick_timer_.cancel();
  stopped_ = [this, done = std::move(done)] {
    for (const auto& [id, carrier] : carriers_) carrier->want(false);
    done();
  };
  driver_.command(ike::CommandShutdown{});
}

void Gateway::send(const ike::Datagram& datagram) {
  data_plane_.send_ike(datagram.local, datagram.remote, datagram.bytes,
                       datagram.is_size_probe ? tun::SendMode::SizeProbe : tun::SendMode::Plain);
}

void Gateway::wait_for_records() {
  records_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;
                        take_records();
                        wait_for_records();
                      });
}

void Gateway::take_records() {
  for (int i = 0; i < kRecordsPerTurnMax; ++i) {
    auto record = data_plane_.next_record();
    if (!record) return;
    handle(*std::move(record));
  }
}

void Gateway::handle(tun::DataPlaneRecord record) {
  std::visit(
      [this]<class Record>(Record& value) {
        if constexpr (std::is_same_v<Record, tun::IkeDatagram>) {
          driver_.deliver({value.local, value.remote, std::move(value.bytes)});
        } else if constexpr (std::is_same_v<Record, tun::FirstInbound>) {
          driver_.command(ike::CommandFirstInbound{value.spi});
        } else if constexpr (std::is_same_v<Record, tun::SoftLimit>) {
          driver_.command(ike::CommandSoftLimit{value.spi});
        } else if constexpr (std::is_same_v<Record, tun::HardLimit>) {
          driver_.command(ike::CommandHardLimit{value.spi});
        } else if constexpr (std::is_same_v<Record, tun::RemoteMoved>) {
          driver_.command(ike::CommandRemoteMoved{value.spi, value.remote});
        } else if constexpr (std::is_same_v<Record, tun::UnknownSpi>) {
          driver_.command(ike::CommandUnknownSpi{value.local, value.remote, value.spi});
        } else {
          static_assert(std::is_same_v<Record, tun::PathQuestion>);
          driver_.command(ike::CommandAskPathSize{value.tunnel, value.packet_size});
        }
      },
      record);
}

void Gateway::tick() {
  clock_watch_.observe(since_boot(), wall_now());
  driver_.command(ike::CommandWallTime{wall_now()});
  ike::CommandInboundTraffic heard;
  for (const TunnelView& tunnel : board_.tunnels()) {
    uint64_t& seen = inbound_packets_seen_[tunnel.id.value];
    const uint64_t packets = data_plane_.totals(tunnel.id).inbound.packets;
    if (packets == seen) continue;
    seen = packets;
    heard.tunnels.push_back(tunnel.id);
  }
  if (!heard.tunnels.empty()) driver_.command(std::move(heard));
  tick_timer_.expires_after(std::chrono::seconds(1));
  tick_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

const TunnelView* Gateway::find(const std::string& connection) const {
  return const_cast<TunnelBoard&>(board_).find(connection);
}

const TunnelCredentials& Gateway::credentials_of(const TunnelView& tunnel) const {
  const auto& tunnels = board_.tunnels();
  const auto place = std::ranges::find(tunnels, tunnel.id, &TunnelView::id) - tunnels.begin();
  return estate_.credentials[static_cast<size_t>(place)];
}

// Of our own files, of the certificate that the peer has shown, and of the path.
std::vector<std::string> Gateway::warnings(const TunnelView& tunnel) const {
  std::vector<std::string> list = warnings_of(credentials_of(tunnel), wall_now());
  if (data_plane_.is_path_settled(tunnel.id))
    list.push_back(silent_path_text(data_plane_.path_mtu(tunnel.id)));
  if (!tunnel.ike || !tunnel.ike->proof.certificate) return list;
  const DatedCredential theirs{.file = "the peer's", .validity = *tunnel.ike->proof.certificate};
  if (std::string text = date_warning(theirs, wall_now()); !text.empty())
    list.push_back(std::move(text));
  return list;
}

// What `apply` has changed and is not in force yet; null: nothing.
nlohmann::json Gateway::pending_change(const TunnelView& tunnel) const {
  if (!endpoint_.is_changing(tunnel.id) || tunnel.last_change.empty()) return {};
  return tunnel.last_change;
}

// With what the kernel dropped before a worker could read it.
tun::TunnelTotals Gateway::totals(const TunnelView& tunnel) const {
  tun::TunnelTotals totals = data_plane_.totals(tunnel.id);
  totals.outbound.drops[static_cast<size_t>(esp::Verdict::DeviceQueueFull)] =
      parts_.host.queue_drops(tunnel.plan.device);
  return totals;
}

nlohmann::json Gateway::status() const {
  nlohmann::json connections = nlohmann::json::array();
  for (const TunnelView& tunnel : board_.tunnels()) {
    nlohmann::json connection = connection_json(tunnel, totals(tunnel));
    connection["pending_change"] = pending_change(tunnel);
    connection["warnings"] = warnings(tunnel);
    connections.push_back(std::move(connection));
  }
  const DataPlaneStatus data_plane{.kernel = parts_.kernels.name(),
                                   .workers = options_.workers,
                                   .offloads = data_plane_.offloads(),
                                   .orphans = data_plane_.orphan_totals(),
                                   .ring_overflows = data_plane_.ring_overflows(),
                                   .handover_overflows = data_plane_.handover_overflows(),
                                   .path = data_plane_.path_totals(),
                                   .by_worker = data_plane_.worker_totals(),
                                   .busy_poll_microseconds = options_.busy_poll_microseconds};
  return {{"schema", "twinspan.status/1"},
          {"gateway", estate_.plan.gateway},
          {"instance", estate_.plan.instance},
          {"config", std::filesystem::absolute(options_.config_path).string()},
          {"connections", connections},
          {"data_plane", data_plane_json(data_plane)},
          {"ike", ike_json(endpoint_.counters())}};
}

nlohmann::json Gateway::routes(const std::string& virtual_network) const {
  std::vector<policy::EffectiveRoute> routes;
  for (const policy::AttachedNetwork& network : estate_.plan.networks.attached) {
    if (!virtual_network.empty() && network.name != virtual_network) continue;
    const auto own = policy::effective_routes(estate_.plan, network.name);
    routes.insert(routes.end(), own.begin(), own.end());
  }
  return routes_json(routes, [this](const std::string& connection) -> std::string {
    const TunnelView* const tunnel = find(connection);
    return tunnel == nullptr ? "Unknown" : to_string(tunnel->status());
  });
}

nlohmann::json Gateway::peerings(const std::string& name) const {
  auto views = policy::peering_views(*estate_.model, estate_.plan.networks, peering_records_);
  if (!name.empty()) std::erase_if(views, [&](const auto& view) { return view.name != name; });
  return peerings_json(views);
}

nlohmann::json Gateway::gateways(const std::string& name) const {
  auto views = policy::gateway_views(*estate_.model);
  if (!name.empty()) std::erase_if(views, [&](const auto& view) { return view.name != name; });
  return gateways_json(views, {estate_.plan.gateway, estate_.plan.instance});
}

nlohmann::json Gateway::show(const TunnelView& tunnel) const {
  nlohmann::json detail = connection_detail_json(tunnel, totals(tunnel));
  detail["pending_change"] = pending_change(tunnel);
  detail["warnings"] = warnings(tunnel);
  const unsigned path_mtu = data_plane_.path_mtu(tunnel.id);
  detail["path_mtu"] = path_mtu == 0 ? nlohmann::json() : nlohmann::json(path_mtu);
  if (path_mtu == 0) {
    detail["path_mtu_from"] = nullptr;
  } else {
    detail["path_mtu_from"] = data_plane_.is_path_settled(tunnel.id) ? "probe" : "report";
  }
  detail["schema"] = "twinspan.connection/1";
  return detail;
}

}  // namespace twinspan::tools
