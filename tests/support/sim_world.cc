#include "tests/support/sim_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tests/support/checkers.h"

namespace twinspan::ike {

SimWorld::SimWorld(uint64_t seed) : seed_(seed), dice_(seed) {
  now_ = Instant{} + 1000s;
}

SimHost& SimWorld::add_host(const std::string& name, const std::string& address) {
  hosts_.push_back(std::make_unique<SimHost>(name, *IpAddress::parse(address), dice_()));
  return *hosts_.back();
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
  std::erase_if(request_ids_,
                [index](const auto& entry) { return std::get<0>(entry.first) == index; });
  ladder_.note(hosts_[index]->name() + " restarts");
}

void SimWorld::drain(size_t index) {
  SimHost& host = *hosts_[index];
  // Data-plane events first: what a datagram announces is in place when its answer comes.
  const size_t traced = host.trace.size();
  while (auto event = host.endpoint().poll_event()) host.carry_out(*std::move(event));
  for (size_t i = traced; i < host.trace.size(); ++i) {
    ladder_.note("              " + host.name() + ": " + host.trace[i]);
  }
  while (auto datagram = host.endpoint().poll_datagram()) post(index, *std::move(datagram));
  check();
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

// Over the link, and past the copier.
void SimWorld::launch(size_t from, const Delivery& delivery) {
  const bool is_copied = copier && from == copier->victim;
  for (const Duration delay : link.transit(dice_, !delivery.ike)) {
    queue_.emplace(std::pair{now_ + delay, next_number_++}, delivery);
    if (!is_copied) continue;
    Delivery copy = delivery;
    copy.esp_remote = copier->endpoint;
    if (copy.ike) copy.ike->remote = copier->endpoint;
    queue_.emplace(std::pair{now_ + std::max<Duration>(delay - copier->lead, 0s), next_number_++},
                   std::move(copy));
  }
}

void SimWorld::post(size_t from, Datagram datagram) {
  if (is_copier(datagram.remote) && from != copier->victim) ++copier->caught_ike;
  const Arrival arrival = route(from, datagram.remote);
  const size_t to = arrival.host;
  if (to == hosts_.size()) {
    stray.push_back(std::move(datagram));
    return;
  }
  const auto header = parse_header(datagram.bytes);
  if (!header) return;  // A keepalive.
  WireMessage message{.from = from,
                      .to = to,
                      .datagram = {.local = arrival.local,
                                   .remote = source_of(from, datagram.local, datagram.remote),
                                   .bytes = std::move(datagram.bytes)},
                      .header = *header};
  if (!header->is_response && header->exchange != static_cast<uint8_t>(ExchangeType::IkeSaInit)) {
    const auto [place, first] = request_ids_.try_emplace(
        {from, header->initiator_spi.value, header->responder_spi.value}, header->message_id.value);
    if (!first && header->message_id.value > place->second + 1) {
      violations_.push_back("a request ID was skipped");
    }
    place->second = std::max(place->second, header->message_id.value);
  }
  const std::vector<std::string> names = [this] {
    std::vector<std::string> list;
    for (const auto& host : hosts_) list.push_back(host->name());
    return list;
  }();
  const std::string line = to_string(message, names);
  if (keeps_sent) sent.push_back(message);
  if (filter && !filter(message)) return ladder_.note(line + "  x filtered");
  if (is_holding_) {
    ladder_.note(line + "  (held)");
    held_.push_back(std::move(message));
    return;
  }
  const size_t waiting = queue_.size();
  launch(from, {.to = to, .ike = message.datagram, .esp = {}, .esp_local = {}, .esp_remote = {}});
  const size_t copies = queue_.size() - waiting;
  const auto at =
      std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count();
  const bool moved = message.datagram.remote != datagram.local;
  ladder_.note(fmt::format("{:>9} ms  {}{}{}", at, line,
                           moved ? " from " + message.datagram.remote.to_string() : "",
                           copies == 0  ? "  x lost"
                           : copies > 1 ? "  x2"
                                        : ""));
}

void SimWorld::arrive(Delivery delivery) {
  SimHost& host = *hosts_[delivery.to];
  if (!host.is_alive) return;
  if (!delivery.ike) return arrive_esp(delivery);
  host.endpoint().handle_datagram(now_, *delivery.ike);
  drain(delivery.to);
}

void SimWorld::arrive_esp(const Delivery& delivery) {
  SimHost& host = *hosts_[delivery.to];
  const auto found = host.inbound.find(delivery.esp.spi);
  if (found == host.inbound.end()) {
    ++host.esp_unknown;
    ladder_.note(fmt::format("          {}: ESP with unknown SPI {:08x}", host.name(),
                             delivery.esp.spi.value));
    return command(delivery.to,
                   CommandUnknownSpi{delivery.esp_local, delivery.esp_remote, delivery.esp.spi});
  }
  SimHost::Pair& pair = found->second;
  if (SimHost::fingerprint(pair.params.inbound_keys) != delivery.esp.fingerprint) {
    ++host.esp_bad_key;
    return;
  }
  if (!pair.seen.insert(delivery.esp.number).second) {
    ++host.esp_replayed;
    return;
  }
  ++host.esp_delivered;
  const TunnelId tunnel = pair.params.tunnel;
  const bool is_newest = *pair.seen.rbegin() == delivery.esp.number;
  const bool came_elsewhere = is_newest && pair.params.remote != delivery.esp_remote;
  if (!std::exchange(pair.was_used, true))
    command(delivery.to, CommandFirstInbound{delivery.esp.spi});
  command(delivery.to, CommandInboundTraffic{tunnel});
  if (came_elsewhere)
    command(delivery.to, CommandRemoteMoved{delivery.esp.spi, delivery.esp_remote});
}

void SimWorld::send_esp() {
  for (auto& host : hosts_) {
    if (!host->is_alive || !host->sends_esp) continue;
    for (const auto& [tunnel, child] : host->active) {
      const SimHost::Pair* pair = host->outbound(tunnel);
      if (pair == nullptr) continue;
      const Endpoint& remote = pair->params.remote;
      if (is_copier(remote)) ++copier->caught_esp;
      ++host->esp_sent;
      const auto from = static_cast<size_t>(&host - hosts_.data());
      const Arrival arrival = route(from, remote);
      if (arrival.host == hosts_.size()) continue;
      launch(from, {.to = arrival.host,
                    .ike = std::nullopt,
                    .esp = {.spi = pair->params.outbound_spi,
                            .fingerprint = SimHost::fingerprint(pair->params.outbound_keys),
                            .number = host->esp_sent},
                    .esp_local = arrival.local,
                    .esp_remote = source_of(from, pair->params.local, remote)});
    }
  }
}

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
    return send_esp();
  }
  for (size_t i = 0; i < hosts_.size(); ++i) {
    const auto due = hosts_[i]->is_alive ? hosts_[i]->endpoint().poll_timeout() : std::nullopt;
    if (!due || *due > now_) continue;
    hosts_[i]->endpoint().handle_timeout(now_);
    drain(i);
    const auto again = hosts_[i]->endpoint().poll_timeout();
    if (again && *again <= now_ && *again == *due && *again < now_) {
      violations_.push_back(hosts_[i]->name() + ": a deadline did not move");
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

void SimWorld::deliver(size_t index) {
  CHECK(index < held_.size());
  WireMessage message = std::move(held_[index]);
  held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(index));
  hosts_[message.to]->endpoint().handle_datagram(now_, message.datagram);
  drain(message.to);
}

void SimWorld::drop(size_t index) {
  CHECK(index < held_.size());
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

void SimWorld::check() {
  for (std::string& found : check_keys(*this)) violations_.push_back(std::move(found));
}

const std::vector<std::string>& SimWorld::violations() {
  for (auto& host : hosts_) {
    for (std::string& found : host->violations) violations_.push_back(std::move(found));
    host->violations.clear();
  }
  return violations_;
}

std::string SimWorld::picture() const {
  return fmt::format("seed {}\n{}", seed_, ladder_.render());
}

}  // namespace twinspan::ike
