// A seeded world in virtual time: hosts, the links between them, and nothing else.
//
// One Instant, one event queue ordered by (time, insertion number); hosts are stepped in index
// order. The same seed and the same calls give the same run. After every step the checkers look at
// all hosts.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "tests/support/ladder.h"
#include "tests/support/sim_host.h"
#include "tests/support/sim_link.h"
#include "tests/support/sim_middlebox.h"

namespace twinspan::ike {

class SimWorld {
 public:
  explicit SimWorld(uint64_t seed);

  SimHost& add_host(const std::string& name, const std::string& address);
  SimHost& host(size_t index) { return *hosts_[index]; }
  size_t host_count() const { return hosts_.size(); }
  Instant now() const { return now_; }
  SimLink link;
  std::map<size_t, SimNat> nats;  // By the host that stands behind it.
  std::optional<SimCopier> copier;
  // Whether ESP flows: each host sends one packet per tunnel and interval.
  std::optional<Duration> esp_interval;

  void command(size_t host, Command command);
  void run_for(Duration span);
  // False: not within `limit`.
  bool run_until(const std::function<bool()>& reached, Duration limit);
  void restart(size_t host);

  // --- The wire by hand ---
  void hold_wire() { is_holding_ = true; }
  std::deque<WireMessage>& held() { return held_; }
  void deliver(size_t index);  // Of held(), now.
  void drop(size_t index);
  // The first held message that `wanted` accepts.
  std::optional<size_t> find_held(const std::function<bool(const WireMessage&)>& wanted) const;
  void release_wire();  // Everything held is delivered in order, and the link works again.
  // Sees each IKE datagram when it is sent; false: it is dropped.
  std::function<bool(const WireMessage&)> filter;
  // Every IKE datagram sent so far, for replays.
  std::vector<WireMessage> sent;
  bool keeps_sent = false;
  // Datagrams to an address of no host.
  std::vector<Datagram> stray;

  // --- Judgement ---
  const std::vector<std::string>& violations();
  std::string picture() const;
  size_t host_of(const IpAddress& address) const;    // host_count(): nobody.
  size_t host_behind(const Endpoint& remote) const;  // Past its NAT, if it has one.

 private:
  struct Delivery {
    size_t to = 0;
    std::optional<Datagram> ike;
    SimEsp esp;
    Endpoint esp_local, esp_remote;
  };
  // Where a datagram to `remote` ends up, and which endpoint of the host that is.
  struct Arrival {
    size_t host;  // host_count(): nobody.
    Endpoint local;
  };
  Arrival route(size_t from, const Endpoint& remote) const;
  Endpoint source_of(size_t from, const Endpoint& local, const Endpoint& remote) const;
  bool is_copier(const Endpoint& endpoint) const { return copier && copier->endpoint == endpoint; }
  void launch(size_t from, const Delivery& delivery);
  void step_to(Instant limit);
  void drain(size_t host);
  void post(size_t from, Datagram datagram);
  void arrive(Delivery delivery);
  void arrive_esp(const Delivery& delivery);
  void send_esp();
  void check();
  std::optional<Instant> next_event() const;

  uint64_t seed_;
  std::mt19937_64 dice_;
  Instant now_{};
  std::vector<std::unique_ptr<SimHost>> hosts_;
  std::map<std::pair<Instant, uint64_t>, Delivery> queue_;
  uint64_t next_number_ = 0;
  std::optional<Instant> next_esp_;
  bool is_holding_ = false;
  std::deque<WireMessage> held_;
  Ladder ladder_;
  std::vector<std::string> violations_;
  // (host, initiator SPI, responder SPI, of the original initiator): the highest request ID sent.
  std::map<std::tuple<size_t, uint64_t, uint64_t>, uint32_t> request_ids_;
};

}  // namespace twinspan::ike
