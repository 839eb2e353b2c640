// What an exchange of ours remembers while its request is in flight: the type is the step. Also
// what IKE_FOLLOWUP_KE continues, in both roles (RFC 9370 2.2.4).
//
// At most one is active per IKE SA (window 1); others wait as Tasks. Cancelling is assigning
// monostate.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "ike/core/child_sa.h"
#include "ike/core/legality.h"
#include "ike/core/peer_config.h"
#include "ike/core/rekey_collision.h"
#include "ike/core/selector_narrowing.h"
#include "ike/core/size_search.h"

namespace twinspan::ike {

// IKE_SA_INIT. The hint is an unauthenticated error, believed only when nothing better comes.
struct InitExchange {
  std::unique_ptr<DhExchange> dh;
  DhGroupId group = DhGroupId::None;
  Bytes cookie;
  unsigned restart_count = 0;
  std::optional<NotifyPayload> hint;
};

// IKE_INTERMEDIATE with one additional key exchange.
struct IntermediateExchange {
  std::unique_ptr<DhExchange> dh;
};

// IKE_AUTH, with the first Child SA or childless (RFC 6023).
struct AuthExchange {
  std::optional<Spi> inbound_spi;  // Of the first child; none when childless.
};

// CREATE_CHILD_SA for a new child or, with `rekeys`, for the replacement of one.
struct ChildExchange {
  std::string config;  // The ChildConfig to serve.
  uint16_t resource = 0;
  bool shows_resource = false;  // RFC 9611: with SA_RESOURCE_INFO.
  bool is_additional = false;   // RFC 9611: for traffic that another child carries already.
  bool is_rest = false;         // For what the peer left out of another child.
  std::optional<ChildId> rekeys;
  bool is_probe = false;  // Of a child that need not be replaced yet.
  unsigned attempt = 0;
  Spi inbound_spi;
  std::vector<EspProposal> offered;
  TrafficSelectors local, remote;
  DhGroupId group = DhGroupId::None;
  std::unique_ptr<DhExchange> dh;  // None without PFS.
  Bytes nonce;
  bool is_second_group = false;
  // The peer's rekey of the same child came in meanwhile and made this child.
  std::optional<ChildId> crossing;
  bool crosses_followup = false;  // It has been agreed, and IKE_FOLLOWUP_KE is to make the child.
  ExchangeNonces crossing_nonces;

  ChildSlot slot() const { return {config, resource}; }
  ChildTraffic traffic() const { return {config, local, remote, resource}; }
};

// CREATE_CHILD_SA that replaces the IKE SA.
struct RekeyIkeExchange {
  unsigned attempt = 0;
  IkeSpi new_spi;
  std::vector<IkeProposal> offered;
  DhGroupId group = DhGroupId::None;
  std::unique_ptr<DhExchange> dh;
  Bytes nonce;
  bool is_second_group = false;
  std::optional<IkeSpi> crossing;  // Our SPI of the candidate that the peer's rekey made.
  bool crosses_followup = false;   // As in ChildExchange.
  ExchangeNonces crossing_nonces;
};

// What one CREATE_CHILD_SA agreed on, from our point of view.
struct AgreedChild {
  ChildSa child;  // Not installed.
  ExchangeNonces nonces;
  bool more_possible = false;  // As initiator: the responder said ADDITIONAL_TS_POSSIBLE.
};
struct AgreedIke {
  Role role{};
  IkeSpi own_spi{}, peer_spi{};
  IkeSuite suite;
  ExchangeNonces nonces;
};

// ... and its key exchanges so far. SAs are made of it when there are as many as `methods`.
struct Followup {
  std::variant<AgreedChild, AgreedIke> agreed;
  std::vector<DhGroupId> methods;  // Of IKE_FOLLOWUP_KE, in their order; empty: none is needed.
  size_t done = 0;
  SecretBytes shared;      // SK(0); empty without PFS.
  SecretBytes additional;  // SK(1) | ... | SK(done)

  bool is_complete() const { return done == methods.size(); }
  const ExchangeNonces& nonces() const;
  ExchangeSecrets secrets() const;  // Views into this.
};

// As initiator: IKE_FOLLOWUP_KE.
struct FollowupExchange {
  std::variant<ChildExchange, RekeyIkeExchange> own;
  Followup followup;
  Bytes link;  // The peer's, returned as it is.
  std::unique_ptr<DhExchange> dh;
};

// As responder: the next IKE_FOLLOWUP_KE request names `link`.
struct AwaitedFollowup {
  Followup followup;
  Bytes link;
  Instant until;
};

struct DeleteChildExchange {
  Spi inbound_spi;
};
struct DeleteIkeExchange {};
struct LivenessExchange {};
// INFORMATIONAL of a size in question. A loss is the loss of the first transmission: repetitions
// are cut to what every path carries.
struct SizeProbeExchange {
  SizeSearch search;
  uint32_t packet_size = 0;
  Endpoint remote;  // Where it was sent.
};

using ActiveExchange =
    std::variant<std::monostate, InitExchange, IntermediateExchange, AuthExchange, ChildExchange,
                 RekeyIkeExchange, FollowupExchange, DeleteChildExchange, DeleteIkeExchange,
                 LivenessExchange, SizeProbeExchange>;

// RFC 7296 2.25's view of it.
OurExchange kind_of(const ActiveExchange& active);
const char* name_of(const ActiveExchange& active);
// The child that is being made or replaced, IKE_FOLLOWUP_KE included; else nullptr.
const ChildExchange* child_of(const ActiveExchange& active);

// Something to do when the window is free.
struct Task {
  enum class Kind : uint8_t {
    CreateChild,
    RekeyChild,
    RekeyIke,
    DeleteChild,
    Liveness,
    InvalidSpi,
    SizeProbe
  };
  Kind kind{};
  Spi inbound_spi{};     // RekeyChild, DeleteChild, InvalidSpi: which one.
  std::string config{};  // CreateChild: the ChildConfig to serve.
  uint16_t resource = 0;
  unsigned attempt = 0;  // After TEMPORARY_FAILURE.
  Instant not_before{};
  DhGroupId group =
      DhGroupId::None;    // RekeyChild, CreateChild, RekeyIke: the group the peer asked for.
  bool is_probe = false;  // RekeyChild: before the child needs it.
  bool is_rest = false;   // CreateChild: of what the peer left out of one that stands.
  SizeSearch search{};    // SizeProbe
};
const char* to_string(Task::Kind kind);

inline constexpr unsigned kTemporaryFailureMax = 8;
inline constexpr size_t kNonceSize =
    32;  // RFC 7296 2.10: at least half the PRF's key, at least 16.

}  // namespace twinspan::ike
