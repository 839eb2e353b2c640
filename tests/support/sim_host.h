// One gateway in the simulator: an IkeEndpoint and the data plane that carries out its events,
// reduced to SPIs and key fingerprints.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ike/core/endpoint.h"
#include "tests/support/fake_crypto.h"

namespace twinspan::ike {

struct SimEsp {
  Spi spi;
  uint64_t fingerprint = 0;  // Of the sender's outbound keys.
  uint64_t number = 0;
};
inline constexpr uint64_t kSimEspBytes = 1000;  // What each packet counts.

class SimHost {
 public:
  SimHost(std::string name, IpAddress address, uint64_t seed);

  const std::string& name() const { return name_; }
  const IpAddress& address() const { return address_; }
  IkeEndpoint& endpoint() { return *endpoint_; }
  FakeCrypto& crypto() { return *fake_; }
  // As after kill -9 and a new start: nothing is left but the configuration that tests add again.
  void restart(uint64_t seed);
  // The real provider instead of the fake one; before anything else.
  void use(std::unique_ptr<Provider> provider);
  bool is_alive = true;
  bool sends_esp = true;    // When ESP flows at all.
  EndpointOptions options;  // Take effect with the next restart() or use().

  // --- The data plane ---
  struct Pair {
    SaPairParams params;
    bool has_outbound = true;
    bool was_used = false;    // A packet came in on it.
    std::set<uint64_t> seen;  // Its replay window.
    uint64_t inbound_print = 0, outbound_print = 0;
    Instant installed_at{};
    uint64_t sent_bytes = 0;
    bool reported_soft = false;
  };
  std::map<Spi, Pair> inbound;  // By our SPI, until EventRemoveInbound.
  // What each tunnel sends on, one for each selector set and resource.
  std::map<TunnelId, std::vector<ChildId>> active;
  void carry_out(Event event);
  // The pairs that `tunnel` sends on, and the first of them.
  std::vector<const Pair*> all_outbound(TunnelId tunnel) const;
  const Pair* outbound(TunnelId tunnel) const;
  Pair* find_child(ChildId child);
  static uint64_t fingerprint(const EspKeys& keys) {
    return load_be64(fake_hash(keys.encryption.view(), {keys.integrity.view()}, 8).data());
  }
  uint64_t change_count = 0;  // Of what is installed and of what is sent on.
  Instant now{};              // Of the event that is carried out.

  // --- Observed ---
  bool keeps_trace = true;
  std::vector<std::string> trace;  // Events as text.
  std::map<TunnelId, TunnelState> tunnel_state;
  std::map<TunnelId, std::string> last_cause;
  std::vector<EventCommandDone> done;
  std::vector<EventChildEstablished> children;
  std::vector<EventChildTrouble> troubles;
  std::vector<EventIkeEstablished> ike_established;
  std::vector<EventIkeMoved> ike_moved;
  std::vector<EventPathSize> path_sizes;
  std::vector<EventIkeGone> ike_gone;
  std::vector<TunnelId> removed;
  std::vector<Diagnosis> diagnoses;
  std::vector<Diagnosis> failures;         // One per EventExchangeFailed.
  std::vector<EventIkeKeys> session_keys;  // With EndpointOptions::export_keys.
  std::vector<EventResolve> asked;         // Names that nobody has answered yet.
  bool is_quiet = false;
  uint64_t esp_sent = 0, esp_delivered = 0, esp_unknown = 0, esp_bad_key = 0, esp_replayed = 0;
  uint64_t gaps = 0;        // A pair was lost for whose traffic there is no other one.
  uint64_t departures = 0;  // A tunnel left Established.
  size_t inbound_peak = 0;
  std::vector<std::string> violations;

 private:
  void note(const char* what, uint64_t number);
  void violate(std::string what) { violations.push_back(name_ + ": " + std::move(what)); }
  void install(SaPairParams params);
  void send_on(const Pair& pair);
  void activate(ChildId child);
  void remove_outbound(ChildId child);

  std::string name_;
  IpAddress address_;
  std::unique_ptr<Provider> provider_;
  FakeCrypto* fake_ = nullptr;
  std::unique_ptr<IkeEndpoint> endpoint_;
};

}  // namespace twinspan::ike
