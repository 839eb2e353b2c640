#include "tests/support/sim_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tests/support/checkers.h"

namespace twinspan::ike {
namespace {

constexpr size_t kViolationsMax = 50;
// The data plane tells of traffic at most so often.
constexpr Duration kTrafficReportInterval = 500ms;

}  // namespace

SimWorld::SimWorld(uint64_t seed) : seed_(seed), dice_(seed) {
  now_ = Instant{} + 1000s;
}

SimHost& SimWorld::add_host(const std::string& name, const std::string& address) {
  hosts_.push_back(std::make_unique<SimHost>(name, *IpAddress::parse(address), dice_()));
  return *hosts_.back();
}

void SimWorld::record(bool wanted) {
  ladder_.is_recording = wanted;
  for (auto& host : hosts_) host->keeps_trace = wanted;
}

void SimWorld::note(const std::function<std::string()>& line) {
  if (ladder_.is_recording) ladder_.note(line());
}

size_t SimWorld::host_of(const IpAddress& address) const {
  const auto found =
      std::ranges::find_if(hosts_, [&](const auto& h) { return h->address() == address; });
  return static_cast<size_t>(found - hosts_.begin());
}

size_t SimWorld::host_behind(const Endpoint& remote) const {
  for (const auto& [host, nat] : nats) {
    if (nat.inside_port(remote) != 0) return host;
  }
  const size_t host = host_of(remote.address);
  return nats.contains(host) ? hosts_.size() : host;
}

void SimWorld::command(size_t index, Command command) {
  hosts_[index]->endpoint().handle_command(now_, std::move(command));
  drain(index);
}

void SimWorld::restart(size_t index) {
  hosts_[index]->restart(dice_());
  judge_.forget(index);
  note([&] { return hosts_[index]->name() + " restarts"; });
}

void SimWorld::inject(size_t to, Datagram datagram) {
  note([&] { return "              a stranger speaks to " + hosts_[to]->name(); });
  hosts_[to]->endpoint().handle_datagram(now_, datagram);
  drain(to);
}

void SimWorld::drain(size_t index) {
  SimHost& host = *hosts_[index];
  host.now = now_;
  const uint64_t before = host.change_count;
  // Data-plane events first: what a datagram announces is in place when its answer comes.
  const size_t traced = host.trace.size();
  while (auto event = host.endpoint().poll_event()) host.carry_out(*std::move(event));
  for (size_t i = traced; i < host.trace.size(); ++i) {
    ladder_.note("              " + host.name() + ": " + host.trace[i]);
  }
  while (auto datagram = host.endpoint().poll_datagram()) post(index, *std::move(datagram));
  answer_names(index);
  if (host.change_count == before) return;
  check();
  if (sends_esp_on_change) send_esp(index, false);
}

void SimWorld::answer_names(size_t index) {
  for (const EventResolve& asked : std::exchange(hosts_[index]->asked, {})) {
    const auto answer = name_service ? name_service(asked) : std::nullopt;
    if (answer) command(index, *answer);
  }
}

std::string SimWorld::line_of(const WireMessage& message) const {
  if (!ladder_.is_recording) return {};
  std::vector<std::string> names;
  for (const auto& host : hosts_) names.push_back(host->name());
  return to_string(message, names);
}

// What the copier got from one side it may carry on to the other.
SimWorld::Arrival SimWorld::route(size_t from, const Endpoint& remote) const {
  if (is_copier(remote)) {
    if (!copier->relays) return {hosts_.size(), {}};
    const size_t to = from == copier->victim ? 1 - copier->victim : copier->victim;
    return {to, {hosts_[to]->address(), 4500}};
  }
  const size_t to = host_behind(remote);
  if (to == hosts_.size() || !nats.contains(to)) return {to, remote};
  return {to, {hosts_[to]->address(), nats.at(to).inside_port(remote)}};
}

Endpoint SimWorld::source_of(size_t from, const Endpoint& local, const Endpoint& remote) const {
  if (is_copier(remote)) return copier->endpoint;
  const auto nat = nats.find(from);
  return nat == nats.end() ? local : nat->second.outside(local);
}

std::vector<Duration> SimWorld::transit(const Delivery& delivery, uint64_t digest) {
  auto copies = link.transit(dice_, !delivery.ike);
  if (!delivery.ike || !copies.empty() || link.losses_per_datagram_max == 0) return copies;
  unsigned& losses = losses_[digest];
  if (losses < link.losses_per_datagram_max) {
    ++losses;
    return copies;
  }
  return {link.delay_min};
}

size_t SimWorld::launch(size_t from, const Delivery& delivery, uint64_t digest) {
  const auto delays = transit(delivery, digest);
  if (cuts.contains({from, delivery.to})) return 0;
  const bool is_copied = copier && from == copier->victim;
  for (const Duration delay : delays) {
    const Instant at = now_ + delay;
    if (delivery.ike) {
      figures.ike_overtaken += at < last_arrival_ ? 1 : 0;
      last_arrival_ = std::max(last_arrival_, at);
    }
    queue_.emplace(std::pair{at, next_number_++}, delivery);
    if (!is_copied) continue;
    Delivery copy = delivery;
    copy.esp_remote = copier->endpoint;
    if (copy.ike) copy.ike->remote = copier->endpoint;
    queue_.emplace(std::pair{now_ + std::max<Duration>(delay - copier->lead, 0s), next_number_++},
                   std::move(copy));
  }
  return delays.size();
}

void SimWorld::post(size_t from, Datagram datagram) {
  if (is_copier(datagram.remote) && from != copier->victim) ++copier->caught_ike;
  const Arrival arrival = route(from, datagram.remote);
  if (arrival.host == hosts_.size()) {
    stray.push_back(std::move(datagram));
    return;
  }
  const auto header = parse_header(datagram.bytes);
  if (!header) return;  // A keepalive.
  WireMessage message{.from = from,
                      .to = arrival.host,
                      .datagram = {.local = arrival.local,
                                   .remote = source_of(from, datagram.local, datagram.remote),
                                   .bytes = std::move(datagram.bytes),
                                   .is_size_probe = datagram.is_size_probe},
                      .header = *header};
  const uint64_t digest = digest_of(message.datagram.bytes);
  if (auto complaint = judge_.judge(message, digest)) {
    violate(hosts_[from]->name() + ": " + *std::move(complaint));
  }
  std::string line = line_of(message);
  if (ladder_.is_recording && message.datagram.remote != datagram.local) {
    line += " from " + message.datagram.remote.to_string();
  }
  if (keeps_sent) sent.push_back(message);
  if (filter && !filter(message)) return ladder_.note(line + "  x filtered");
  if (is_holding_) {
    ladder_.note(line + "  (held)");
    held_.push_back(std::move(message));
    return;
  }
  transmit(message, digest, line);
}

void SimWorld::transmit(const WireMessage& message, uint64_t digest, const std::string& line) {
  const size_t copies = launch(
      message.from,
      {.to = message.to, .ike = message.datagram, .esp = {}, .esp_local = {}, .esp_remote = {}},
      digest);
  ++figures.ike_sent;
  figures.ike_lost += copies == 0 ? 1 : 0;
  figures.ike_repeated += copies > 1 ? 1 : 0;
  note([&] {
    const auto at =
        std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count();
    return fmt::format("{:>9} ms  {}{}", at, line,
                       copies == 0  ? "  x lost"
                       : copies > 1 ? "  x2"
                                    : "");
  });
}

void SimWorld::arrive(Delivery delivery) {
  SimHost& host = *hosts_[delivery.to];
  if (!host.is_alive) return;
  if (!delivery.ike) return arrive_esp(delivery);
  host.endpoint().handle_datagram(now_, *delivery.ike);
  drain(delivery.to);
}

// --- ESP ---

void SimWorld::arrive_esp(const Delivery& delivery) {
  SimHost& host = *hosts_[delivery.to];
  const auto found = host.inbound.find(delivery.esp.spi);
  if (found == host.inbound.end()) {
    ++host.esp_unknown;
    note([&] {
      return fmt::format("          {}: ESP with unknown SPI {:08x}", host.name(),
                         delivery.esp.spi.value);
    });
    return command(delivery.to,
                   CommandUnknownSpi{delivery.esp_local, delivery.esp_remote, delivery.esp.spi});
  }
  SimHost::Pair& pair = found->second;
  if (pair.inbound_print != delivery.esp.fingerprint) {
    ++host.esp_bad_key;
    return note([&] {
      return fmt::format("          {}: ESP with another key on SPI {:08x}", host.name(),
                         delivery.esp.spi.value);
    });
  }
  if (!pair.seen.insert(delivery.esp.number).second) {
    ++host.esp_replayed;
    return;
  }
  ++host.esp_delivered;
  const TunnelId tunnel = pair.params.tunnel;
  const Spi spi = delivery.esp.spi;
  const bool is_newest = *pair.seen.rbegin() == delivery.esp.number;
  const bool came_elsewhere = is_newest && pair.params.remote != delivery.esp_remote;
  if (!std::exchange(pair.was_used, true)) command(delivery.to, CommandFirstInbound{spi});
  report_traffic(delivery.to, tunnel);
  if (came_elsewhere) command(delivery.to, CommandRemoteMoved{spi, delivery.esp_remote});
}

void SimWorld::report_traffic(size_t index, TunnelId tunnel) {
  const auto [place, first] = last_traffic_report_.try_emplace({index, tunnel}, now_);
  if (!first && now_ - place->second < kTrafficReportInterval) return;
  place->second = now_;
  command(index, CommandInboundTraffic{{tunnel}});
}

// The pair's own limits, as the data plane keeps them.
void SimWorld::count_bytes(size_t index, SimHost::Pair& pair) {
  pair.sent_bytes += kSimEspBytes;
  const Spi spi = pair.params.outbound_spi;
  const TrafficLimits& limits = pair.params.limits;
  const bool is_soft = limits.soft_bytes != 0 && pair.sent_bytes >= limits.soft_bytes;
  const bool is_hard = limits.hard_bytes != 0 && pair.sent_bytes >= limits.hard_bytes;
  if (is_soft && !std::exchange(pair.reported_soft, true)) command(index, CommandSoftLimit{spi});
  if (is_hard) command(index, CommandHardLimit{spi});
}

void SimWorld::send_esp(size_t index, bool at_once) {
  SimHost& host = *hosts_[index];
  if (!host.is_alive || !host.sends_esp) return;
  std::vector<ChildId> sent_on;
  for (const auto& [tunnel, children] : host.active) {
    sent_on.insert(sent_on.end(), children.begin(), children.end());
  }
  for (const ChildId child : sent_on) {
    SimHost::Pair* pair = host.find_child(child);
    if (pair == nullptr || !pair->has_outbound) continue;
    const Endpoint remote = pair->params.remote;
    if (is_copier(remote)) ++copier->caught_esp;
    ++host.esp_sent;
    const Arrival arrival = route(index, remote);
    if (arrival.host != hosts_.size()) {
      Delivery delivery{.to = arrival.host,
                        .ike = std::nullopt,
                        .esp = {.spi = pair->params.outbound_spi,
                                .fingerprint = pair->outbound_print,
                                .number = host.esp_sent},
                        .esp_local = arrival.local,
                        .esp_remote = source_of(index, pair->params.local, remote)};
      if (at_once) {
        arrive(std::move(delivery));
      } else {
        launch(index, delivery, 0);
      }
    }
    if (SimHost::Pair* same = host.find_child(child)) count_bytes(index, *same);
  }
}

void SimWorld::exchange_esp() {
  for (size_t i = 0; i < hosts_.size(); ++i) send_esp(i, true);
}

// --- Time ---

std::optional<Instant> SimWorld::next_event() const {
  std::optional<Instant> next;
  const auto consider = [&next](std::optional<Instant> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  if (!queue_.empty()) consider(queue_.begin()->first.first);
  if (esp_interval) consider(next_esp_.value_or(now_));
  for (const auto& host : hosts_) {
    if (host->is_alive) consider(host->endpoint().poll_timeout());
  }
  return next;
}

// One event, or the limit when nothing comes before it.
void SimWorld::step_to(Instant limit) {
  const auto next = next_event();
  if (!next || *next > limit) {
    now_ = limit;
    return;
  }
  now_ = std::max(now_, *next);
  if (!queue_.empty() && queue_.begin()->first.first <= now_) {
    Delivery delivery = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    return arrive(std::move(delivery));
  }
  if (esp_interval && next_esp_.value_or(now_) <= now_) {
    next_esp_ = now_ + *esp_interval;
    for (size_t i = 0; i < hosts_.size(); ++i) send_esp(i, false);
    return;
  }
  for (size_t i = 0; i < hosts_.size(); ++i) {
    const auto due = hosts_[i]->is_alive ? hosts_[i]->endpoint().poll_timeout() : std::nullopt;
    if (!due || *due > now_) continue;
    hosts_[i]->endpoint().handle_timeout(now_);
    drain(i);
    const auto again = hosts_[i]->endpoint().poll_timeout();
    if (again && *again <= now_ && *again == *due && *again < now_) {
      violate(hosts_[i]->name() + ": a deadline did not move");
      now_ = limit;
    }
    return;
  }
}

void SimWorld::run_for(Duration span) {
  const Instant end = now_ + span;
  while (now_ < end) step_to(end);
}

bool SimWorld::run_until(const std::function<bool()>& reached, Duration limit) {
  const Instant end = now_ + limit;
  while (!reached()) {
    if (now_ >= end) return false;
    step_to(end);
  }
  return true;
}

// --- The wire by hand ---

void SimWorld::deliver(size_t index) {
  CHECK(index < held_.size());
  WireMessage message = std::move(held_[index]);
  held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
  note([&] { return line_of(message) + "  delivered"; });
  hosts_[message.to]->endpoint().handle_datagram(now_, message.datagram);
  drain(message.to);
}

void SimWorld::drop(size_t index) {
  CHECK(index < held_.size());
  note([&] { return line_of(held_[index]) + "  x dropped"; });
  held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
}

std::optional<size_t> SimWorld::find_held(
    const std::function<bool(const WireMessage&)>& wanted) const {
  const auto found = std::ranges::find_if(held_, wanted);
  if (found == held_.end()) return std::nullopt;
  return static_cast<size_t>(found - held_.begin());
}

void SimWorld::release_wire() {
  is_holding_ = false;
  while (!held_.empty()) deliver(0);
}

// --- Judgement ---

void SimWorld::violate(std::string what) {
  note([&] { return "!! " + what; });
  if (violations_.size() < kViolationsMax) violations_.push_back(std::move(what));
}

void SimWorld::check() {
  for (std::string& found : check_keys(*this)) violate(std::move(found));
}

const std::vector<std::string>& SimWorld::violations() {
  for (auto& host : hosts_) {
    for (std::string& found : host->violations) violate(std::move(found));
    host->violations.clear();
  }
  return violations_;
}

std::string SimWorld::picture() const {
  return fmt::format("seed {}\n{}", seed_, ladder_.render());
}

}  // namespace twinspan::ike
