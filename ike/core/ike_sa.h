// One IKE SA: keys, message window, timers, children, and what it is doing.
//
// A record whose parts keep their own invariants (RequestWindow, TimerTable, the state behind
// enter()); the functions below are the only ones that send, and ike/exchange/ holds the handlers
// of each exchange. Life of a message: endpoint -> handle_sa_message(): window, decryption,
// legality table, handler, answer. Nothing of an SA changes before a message has been
// authenticated. Thread: control.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "ike/core/child_sa.h"
#include "ike/core/context.h"
#include "ike/core/diagnosis.h"
#include "ike/core/ike_sa_state.h"
#include "ike/core/legality.h"
#include "ike/core/nat_detection.h"
#include "ike/core/path_probe.h"
#include "ike/core/ppk.h"
#include "ike/core/reassembly.h"
#include "ike/core/request_window.h"
#include "ike/core/timers.h"
#include "ike/crypto/sk_cipher.h"
#include "ike/exchange/exchange.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

inline constexpr size_t kTasksMax = 4 * kChildConfigsMax;
inline constexpr Duration kHalfOpenMax = 30s;
// Nobody has proven yet to be where the answer goes; a real peer repeats its request less often
// while we wait for IKE_AUTH.
inline constexpr unsigned kInitRepeatsMax = 16;
inline constexpr Duration kLinger = 10s;             // How long a last answer is repeated.
inline constexpr Duration kHoldAfterRekey = 16s;     // As kActivateAfter, for a rekeyed IKE SA.
inline constexpr Duration kKeepaliveInterval = 20s;  // RFC 3948 4.

enum class SaTimer : uint8_t {
  Retransmit,         // The request in flight is sent again.
  HalfOpen,           // A responder's SA waits no longer for IKE_AUTH.
  Liveness,           // Nothing authenticated came in for a DPD interval.
  Keepalive,          // The NAT in front of us wants traffic.
  SoftLifetime,       // Rekey.
  HardLifetime,       // Delete.
  Linger,             // Forget the last answer.
  Reap,               // The peer's DELETE did not come.
  Hold,               // The peer may not know this rekeyed SA yet: no request of ours before this.
  Queue,              // A task became ready.
  PathProbe,          // The peer shows up elsewhere: ask again where it is.
  RequestFragments,   // The rest of a fragmented request did not come.
  ResponseFragments,  // The same of an answer.
  Followup,           // The peer does not go on with an IKE_FOLLOWUP_KE.
  Count_
};

struct IkeSa {
  IkeSa(Role own_role, std::shared_ptr<const PeerConfig> config, Log sa_log)
      : role(own_role), peer(std::move(config)), log(std::move(sa_log)) {}

  // --- Who ---
  Role role;
  IkeSpi spi_i{}, spi_r{};
  // The initiator's SPI in the IKE_SA_INIT that its chain of rekeys began with: both ends know it,
  // and no rekey changes it.
  IkeSpi origin{};
  bool origin_is_ours = false;  // We sent it.
  std::shared_ptr<const PeerConfig> peer;
  // Responder before IKE_AUTH: every connection that the addresses admit.
  std::vector<std::shared_ptr<const PeerConfig>> candidates;
  Endpoint local, remote;
  NatStatus nat;
  Encapsulation encapsulation = Encapsulation::Udp;
  bool has_fragmentation = false;  // RFC 7383: both sides announced it.
  bool admits_childless = false;   // RFC 6023: the responder announced it.
  // RFC 9611 4: both sides showed SA_RESOURCE_INFO with a child.
  bool has_resources = false;
  // The peer refused more children for the same traffic than these, by TS_MAX_QUEUE.
  std::optional<size_t> resources_max;
  bool has_source_ports = false;    // Both sides announced Ability::SourcePorts.
  bool admits_size_probes = false;  // The peer may be asked how large a packet may be.
  Log log;

  // --- Keys ---
  IkeSuite suite;
  IkeKeys keys;
  uint64_t iv_counter = 0;  // Of SK payloads that we sealed.
  PpkState ppk;

  // --- Proofs ---
  std::vector<SignatureHash> peer_hashes;  // Of the peer's SIGNATURE_HASH_ALGORITHMS (RFC 7427 4).
  bool peer_asks_raw_key = false;
  bool uses_previous_psk = false;  // Our AUTH is made with the key that was replaced.
  PeerProof proof;

  // --- Memory of the exchanges that made it ---
  Bytes init_request, init_response;  // As on the wire: AUTH signs them.
  Bytes nonce_i, nonce_r;
  unsigned init_repeat_count = 0;  // The answer to IKE_SA_INIT was sent so many times more.
  // IKE_INTERMEDIATE exchanges that are done, and IntAuth_iN and IntAuth_rN over them (RFC 9242).
  size_t intermediate_count = 0;
  SecretBytes int_auth_i, int_auth_r;
  std::optional<IkeKeys> next_keys;  // From the sealing of the answer on that is being made.

  // --- Doing ---
  RequestWindow window;
  Reassembly request_fragments, response_fragments;
  ActiveExchange active;
  std::deque<Task> queue;
  TimerTable<SaTimer> timers;
  std::vector<ChildSa> children;
  std::vector<AwaitedFollowup> awaited_followups;  // At most kAwaitedFollowupsMax.
  PathProbe path;

  // --- History ---
  Instant created_at{};  // Its IKE_SA_INIT request was sent or came in.
  Instant established_at{};
  Instant keyed_at{};      // Its lifetimes count from here; unlike established_at with each rekey.
  Instant last_inbound{};  // Authenticated message, or ESP as the data plane reports.
  bool recovers = false;   // Negotiated beside an older SA because the peer seems to have lost it.
  bool is_redundant = false;        // Another SA with the same peer won.
  bool is_outdated = false;         // Gives way to one under the settings that its tunnel has now.
  bool is_proven = false;           // The peer has shown that it holds this SA as well.
  bool is_announced = false;        // EventIkeEstablished was emitted, EventIkeGone not yet.
  std::optional<IkeSpi> successor;  // Our SPI of the IKE SA that replaces this one.
  std::optional<IkeSpi> predecessor;

  IkeSaState state() const { return state_; }
  // The only door; an edge outside the table stops the program.
  void enter(IkeSaState next);

  IkeSpi own_spi() const { return role == Role::Initiator ? spi_i : spi_r; }
  IkeSpi peer_spi() const { return role == Role::Initiator ? spi_r : spi_i; }
  TunnelId tunnel() const { return peer->tunnel; }
  SkKeys sealing_keys() const;
  SkKeys opening_keys() const;

  ChildSa* find_child(ChildId id);
  ChildSa* find_child_by_inbound(Spi spi);
  ChildSa* find_child_by_outbound(Spi spi);
  // The newest child for this traffic that is neither replaced nor on its way out.
  ChildSa* current_child(const ChildTraffic& traffic);
  // All that are neither replaced nor on their way out, by our SPI.
  std::vector<Spi> current_children() const;

 private:
  friend class StateDump;  // Shows every member.

  IkeSaState state_ = IkeSaState::Idle;
};

// What `child` was agreed for.
const ChildConfig& config_of(const IkeSa& sa, const ChildSa& child);

// --- Sending ---
void send_request(Context& context, IkeSa& sa, ExchangeType exchange,
                  const std::vector<Payload>& payloads, RetransmitPolicy policy);
Header make_header(const IkeSa& sa, ExchangeType exchange, MessageId id, Direction direction);
// One line for `twinspan up` and the debug log.
void report_line(Context& context, const IkeSa& sa, std::string text);
void report_message(Context& context, const IkeSa& sa, const char* verb, const Header& header,
                    const std::vector<Payload>& payloads);

// --- Receiving: a message whose SPIs name this SA and whose exchange is not IKE_SA_INIT ---
void handle_sa_message(Context& context, IkeSa& sa, const Datagram& datagram,
                       const Message& message);
void handle_sa_timer(Context& context, IkeSa& sa, SaTimer timer);

// --- Tasks ---
void queue_task(Context& context, IkeSa& sa, Task task);
// Without starting it: for a handler of a request, whose answer goes first.
void add_task(IkeSa& sa, const Task& task);
// Starts the first ready task when the window is free. Safe to call at any time.
void run_queue(Context& context, IkeSa& sa);
bool has_task(const IkeSa& sa, Task::Kind kind);

// --- Life ---
// Timers and events of a verified SA.
void establish(Context& context, IkeSa& sa, bool by_rekey);
// DELETE is sent at once, children go, the SA ends when answered or given up.
void close_with_delete(Context& context, IkeSa& sa, const Diagnosis& why, InboundFate fate);
// Ends without a word: the peer is gone or never was.
void close_silently(Context& context, IkeSa& sa, const Diagnosis& why);
// The peer said goodbye (or was refused); its last request is still answered for a while.
void linger(Context& context, IkeSa& sa, const Diagnosis& why);
// The peer uses this SA: another one beside it may be superfluous from now on.
void prove(Context& context, IkeSa& sa);
// Authenticated traffic arrived.
void note_inbound(Context& context, IkeSa& sa);

}  // namespace twinspan::ike
