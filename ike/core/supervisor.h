// One supervisor per tunnel: what the operator wants, what there is, and the next step towards it.
//
// Level-triggered. Handlers only touch() a tunnel; reconcile() then compares desire and reality:
// initiates, retries with back-off and jitter, resolves duplicate IKE SAs, reports state changes,
// and answers the commands that wait. This is where "keep it up" lives; nothing else initiates.
// Thread: control.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ike/core/failure_log.h"
#include "ike/core/ike_sa.h"
#include "ike/core/peer_change.h"
#include "ike/core/remote_name.h"
#include "ike/core/renewal.h"

namespace twinspan::ike {

// Replaced inbound SAs of one slot that still receive; the oldest goes early.
inline constexpr size_t kGraceInboundMax = 16;
inline constexpr size_t kWaitingCommandsMax = 32;
inline constexpr Duration kUpWaitMax = 70s;  // IKE_SA_INIT and IKE_AUTH until given up, and a bit.
inline constexpr Duration kUpWaitResponderOnly = 10s;  // Only the peer can make it happen.
inline constexpr Duration kRecoveryIntervalMin = 3s;
inline constexpr Duration kComplaintIntervalMin = 1s;
inline constexpr Duration kResponderWait = 5s;  // For the peer to create what is missing.
inline constexpr Duration kRedundantReapAfter = 10s;
// What stood so long was a success: the next failure is the first one again. A peer that deletes
// what it has just agreed to is met with the back-off of one that refuses.
inline constexpr Duration kStableAfter = 10s;
inline constexpr Duration kShutdownMax = 2s;
// Of our attempts towards one address at a time; further tunnels stand in line. Fewer than the 32
// half-open IKE SAs from which on a Twinspan asks for cookies: it refuses who has 64, and a
// thousand requests at once are lost before they are read.
inline constexpr size_t kAttemptsPerAddressMax = 24;

enum class TunnelTimer : uint8_t {
  Retry,           // Initiate.
  ChildRetry,      // Create what is missing of the children.
  Resolve,         // The name service is not waited for any longer.
  UpDeadline,      // CommandUp waits no longer.
  Grace,           // The oldest replaced inbound SA is done.
  ChangeDeadline,  // CommandSetPeer waits no longer.
  Count_
};

// A child that is wanted and not there.
struct ChildWish {
  unsigned failure_count = 0;  // Since it was last there for kStableAfter.
  std::optional<Instant> retry_at;
  std::optional<Instant> served_since;  // It is there, but was not for long.
};

struct Tunnel {
  std::shared_ptr<const PeerConfig> peer;
  bool is_held_down = false;
  RemoteName remote;          // Of a peer with a name.
  bool was_resolved = false;  // An answer has come, whatever it was.
  bool is_in_line = false;    // Its attempt is due and waits for others to the same address.

  TunnelState state = TunnelState::Idle;
  std::string reason;
  bool is_reported = false;
  std::optional<Diagnosis> failure;  // Of the last attempt or SA; cleared when established.
  bool has_new_failure = false;      // Not yet reported.
  bool has_failed_attempt = false;   // What `up` waits for came to nothing.
  unsigned failure_count = 0;        // Since the tunnel last stood for kStableAfter.
  std::optional<Instant> up_since;   // While it stands.

  Renewal renewal;
  // Of those that are not there, or not for long.
  std::map<ChildSlot, ChildWish> wishes;
  struct GraceInbound {
    Spi spi;
    ChildSlot slot;  // That it served.
    Instant until;
  };
  std::deque<GraceInbound> grace;  // By `until`.
  std::vector<EventCommandDone::Kind> waiting;
  TimerTable<TunnelTimer> timers;
  std::optional<Instant> last_recovery;   // Of a negotiation that a hint started.
  std::optional<Instant> last_complaint;  // Of an offer that was refused before anyone was known.
};

class Supervisor {
 public:
  using Kind = EventCommandDone::Kind;

  // --- Commands ---
  void add(Context& context, PeerConfig peer, bool started);
  void remove(Context& context, TunnelId id);
  void set_peer(Context& context, PeerConfig peer, Effect effect);
  void up(Context& context, TunnelId id);
  void down(Context& context, TunnelId id);
  void rekey_child(Context& context, TunnelId id);
  void rekey_ike(Context& context, TunnelId id);
  void ask_path_size(Context& context, TunnelId id, uint32_t packet_size);
  void shutdown(Context& context);
  void resolved(Context& context, const CommandResolved& answer);
  bool is_shutting_down() const { return shutdown_deadline_.has_value(); }

  // --- For the handlers ---
  Tunnel* find(TunnelId id);
  const std::map<TunnelId, Tunnel>& all() const { return tunnels_; }
  // The connections that these addresses admit as responder, those that expect the peer there
  // first.
  struct Candidates {
    std::vector<std::shared_ptr<const PeerConfig>> peers;
    bool is_held_down = false;  // One expects the peer there, but may not answer.
  };
  Candidates candidates(const IpAddress& local, const IpAddress& remote) const;
  // Whether `peer` is configured there, or its name led there. False: anybody may be there.
  bool expects(const PeerConfig& peer, const IpAddress& remote) const;
  void touch(TunnelId id) { touched_.insert(id); }
  // Something was done on one of its SAs: what waits for that goes on.
  void note_step(TunnelId id) {
    if (changing_.contains(id)) touch(id);
  }
  // `sa` is to have other settings as soon as it is settled: nothing new begins before.
  bool awaits_settings(const IkeSa& sa) const;
  // An attempt or an SA failed. `Ours` counts for the back-off; what a stranger can cause does not.
  enum class Blame : uint8_t { Ours, Stranger };
  void fail(TunnelId id, const Diagnosis& why, Blame blame = Blame::Ours);
  // One child failed. The tunnel has failed with it only when no other child is left.
  void fail_child(Context& context, TunnelId id, const ChildSlot& slot, const Diagnosis& why);
  // A child that stands has something wrong with it; only told.
  void trouble(Context& context, TunnelId id, const std::string& config, const Diagnosis& why);
  // An exchange failed that the tunnel does not depend on: only its record is kept.
  void record(TunnelId id, const Diagnosis& why);
  // What is being looked at, until the step is over.
  void look_at(const Scene& scene) { failures_.look_at(scene); }
  // Whether an offer that nobody authenticated may be reported now: once a second and tunnel, or
  // anybody could fill the log and the journal.
  bool admits_complaint(Context& context, TunnelId id);
  // Answers every waiting command of this kind.
  void finish(Context& context, TunnelId id, Kind kind, const std::optional<Diagnosis>& failure);
  // The peer seems to have lost `old`: negotiate beside it, if not just done.
  void recover(Context& context, const IkeSa& old);
  // --- Renewal: what is known of it decides how the first child comes ---
  bool goes_childless(TunnelId id);
  bool is_renewal_unknown(TunnelId id);
  // CREATE_CHILD_SA made a child, or cannot because the two sides' PFS differs.
  void note_renewal(TunnelId id, bool works);
  // IKE_AUTH of ours, which had the first child in it, made it or not.
  void note_auth_child(Context& context, TunnelId id, bool is_made);
  // The peer refused `own` for its algorithms or its group. True: the child may still come with
  // IKE_AUTH, so `sa`, which has none, should give way to another one.
  bool refuse_renewal(const IkeSa& sa, const ChildExchange& own, const Diagnosis& why);
  void keep_inbound(Context& context, TunnelId id, const ChildSa& replaced, Duration span);
  bool grace_holds(Spi spi) const;
  // Something of it is still under settings from before CommandSetPeer.
  bool is_changing(TunnelId id) const { return changing_.contains(id); }

  // --- Driving ---
  void reconcile(Context& context);  // Every touched tunnel.
  void handle_timeout(Context& context);
  std::optional<Instant> next_timeout() const;

 private:
  friend class StateDump;

  void reconcile_tunnel(Context& context, Tunnel& tunnel);
  void hold_down(Context& context, Tunnel& tunnel, const Diagnosis& why);
  void resolve_duplicates(Context& context, Tunnel& tunnel);
  void pursue(Context& context, Tunnel& tunnel);
  void note_standing(Context& context, Tunnel& tunnel, const IkeSa& established);
  void note_missing(Context& context, Tunnel& tunnel, const IkeSa* established);
  void attempt(Context& context, Tunnel& tunnel);
  void begin_change(Context& context, Tunnel& tunnel,
                    const std::shared_ptr<const PeerConfig>& former, Effect effect);
  void carry_on_change(Context& context, Tunnel& tunnel);
  void conclude_change(Context& context, Tunnel& tunnel);
  void forget_remote(Tunnel& tunnel);
  void leave_line(Tunnel& tunnel);
  void take_away(Context& context, TunnelId id);
  void report_removed(Context& context);
  void note_failed_wish(Context& context, Tunnel& tunnel, const ChildSlot& slot);
  void note_served(Context& context, Tunnel& tunnel, const ChildSlot& slot);
  void wish_for_children(Context& context, Tunnel& tunnel, const IkeSa& sa);
  Instant wish_for(Context& context, Tunnel& tunnel, const IkeSa& sa, const ChildSlot& slot);
  void create_due_children(Context& context, Tunnel& tunnel);
  void handle_timer(Context& context, Tunnel& tunnel, TunnelTimer timer);
  void retry(Context& context, Tunnel& tunnel);
  void begin_waiting_attempts(Context& context);
  void ask_for_addresses(Context& context, Tunnel& tunnel);
  void handle_silent_resolver(Context& context, const Tunnel& tunnel);
  void report(Context& context, Tunnel& tunnel, TunnelState state, std::string reason);
  void answer(Context& context, Tunnel& tunnel, Kind kind, const std::optional<Diagnosis>& failure);
  void answer_stranded(Context& context, Tunnel& tunnel);
  bool wait_for(Context& context, Tunnel& tunnel, Kind kind);
  void flush_grace(Context& context, Tunnel& tunnel);
  void finish_shutdown(Context& context);

  std::map<TunnelId, Tunnel> tunnels_;
  std::set<TunnelId> touched_;
  std::set<TunnelId> changing_;  // Their settings changed, and something is under the former ones.
  std::set<TunnelId> leaving_;   // Removed; EventPeerRemoved is still to come.
  std::map<IpAddress, std::vector<TunnelId>> lines_;  // By remote address; none is empty.
  FailureLog failures_;
  std::optional<Instant> shutdown_deadline_;
  bool is_quiet_ = false;
};

// Neither gone nor only there to repeat its last answer.
bool is_live(const IkeSa& sa);

// A child is under way on `sa`, or made and perhaps not known to the peer yet.
bool is_making_children(const IkeSa& sa);

// Our answer to the peer's IKE_AUTH may still be under way. To the peer an attempt of ours would
// overlap with that IKE SA, and to us it would be the newer one: each side would close another one.
// prove() or, without a proof, SaTimer::Reap touches the tunnel when that is over.
bool may_lack_our_answer(const IkeSa& sa, Instant now);

// A half-open SA that was perhaps meant for the tunnel `id` is so no longer.
void withdraw_candidate(Context& context, IkeSa& sa, TunnelId id, const Diagnosis& why);

// What a configuration may not be.
void check_bounds(const PeerConfig& peer);

// A new IKE SA towards the peer at `remote`: IKE_SA_INIT is sent.
IkeSa& initiate(Context& context, const std::shared_ptr<const PeerConfig>& peer,
                const IpAddress& remote);

// Of two established IKE SAs with one peer, the one to give up (a pure decision, the same on both
// sides). SAs whose negotiations overlapped: the one with the higher initiator SPI. Otherwise: the
// older one.
const IkeSa& choose_loser(const IkeSa& a, const IkeSa& b);

}  // namespace twinspan::ike
