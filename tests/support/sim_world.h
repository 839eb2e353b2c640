// A seeded world in virtual time: hosts, the links and NATs between them, and nothing else.
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
#include <set>
#include <unordered_map>

#include "tests/support/ladder.h"
#include "tests/support/sim_host.h"
#include "tests/support/sim_link.h"
#include "tests/support/sim_middlebox.h"
#include "tests/support/wire_judge.h"

namespace twinspan::ike {

class SimWorld {
 public:
  explicit SimWorld(uint64_t seed);

  SimHost& add_host(const std::string& name, const std::string& address);
  SimHost& host(size_t index) { return *hosts_[index]; }
  size_t host_count() const { return hosts_.size(); }
  Instant now() const { return now_; }
  SimLink link;
  // Directions (from, to) in which nothing comes through.
  std::set<std::pair<size_t, size_t>> cuts;
  // Whether ESP flows: each host sends one packet per tunnel and interval.
  std::optional<Duration> esp_interval;
  // And one right after each change of its data plane, when a mistake would show.
  bool sends_esp_on_change = false;
  std::map<size_t, SimNat> nats;  // By the host that stands behind it.
  std::optional<SimCopier> copier;
  // What the name service says at once; nullopt: nothing, ever.
  std::function<std::optional<CommandResolved>(const EventResolve&)> name_service;
  // No ladder and no traces: a picture is drawn by running the same seed again.
  void record(bool wanted);

  void command(size_t host, Command command);
  void run_for(Duration span);
  // Every clock goes on by `span` at once, as when all sleep; what is on the wire stays there.
  void jump(Duration span) { now_ += span; }
  // False: not within `limit`.
  bool run_until(const std::function<bool()>& reached, Duration limit);
  void restart(size_t host);
  // Puts a datagram on the wire that no host sent, as it arrives at `to`.
  void inject(size_t to, Datagram datagram);

  // --- The wire by hand ---
  void hold_wire() { is_holding_ = true; }
  std::deque<WireMessage>& held() { return held_; }
  void deliver(size_t index);  // Of held(), now.
  void drop(size_t index);
  // The first held message that `wanted` accepts.
  std::optional<size_t> find_held(const std::function<bool(const WireMessage&)>& wanted) const;
  void release_wire();  // Everything held is delivered in order, and the link works again.
  // Every host sends one ESP packet on each tunnel; it arrives at once.
  void exchange_esp();
  // Sees each IKE datagram when it is sent; false: it is dropped.
  std::function<bool(const WireMessage&)> filter;
  // Every IKE datagram sent so far, for replays.
  std::vector<WireMessage> sent;
  bool keeps_sent = false;
  // Datagrams to an address of no host.
  std::vector<Datagram> stray;
  struct Figures {
    uint64_t ike_sent = 0, ike_lost = 0, ike_repeated = 0, ike_overtaken = 0;
  };
  Figures figures;

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
  // Over the link, and past the copier; how many copies came off.
  size_t launch(size_t from, const Delivery& delivery, uint64_t digest);
  void step_to(Instant limit);
  void drain(size_t host);
  void answer_names(size_t host);
  void post(size_t from, Datagram datagram);
  void transmit(const WireMessage& message, uint64_t digest, const std::string& line);
  std::vector<Duration> transit(const Delivery& delivery, uint64_t digest);
  void arrive(Delivery delivery);
  void arrive_esp(const Delivery& delivery);
  void report_traffic(size_t host, TunnelId tunnel);
  void send_esp(size_t host, bool at_once);
  void count_bytes(size_t host, SimHost::Pair& pair);
  void check();
  void violate(std::string what);
  void note(const std::function<std::string()>& line);
  std::string line_of(const WireMessage& message) const;
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
  WireJudge judge_;
  std::unordered_map<uint64_t, unsigned> losses_;  // By digest.
  std::map<std::pair<size_t, TunnelId>, Instant> last_traffic_report_;
  Instant last_arrival_{};
};

}  // namespace twinspan::ike
