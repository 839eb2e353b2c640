// What an exchange of ours remembers while its request is in flight: the type is the step.
//
// At most one is active per IKE SA (window 1); others wait as Tasks. Cancelling is assigning
// monostate.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "ike/core/peer_config.h"
#include "ike/core/rekey_collision.h"
#include "ike/core/selector_narrowing.h"

namespace twinspan::ike {

// IKE_SA_INIT. The hint is an unauthenticated error, believed only when nothing better comes.
struct InitExchange {
  std::unique_ptr<DhExchange> dh;
  DhGroupId group = DhGroupId::None;
  Bytes cookie;
  unsigned restart_count = 0;
  std::optional<NotifyPayload> hint;
};

// IKE_AUTH, with the first Child SA or childless (RFC 6023).
struct AuthExchange {
  std::optional<Spi> inbound_spi;  // Of the first child; none when childless.
};

// CREATE_CHILD_SA for a new child or, with `rekeys`, for the replacement of one.
struct ChildExchange {
  std::string config;  // The ChildConfig to serve.
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
  ExchangeNonces crossing_nonces;

  ChildTraffic traffic() const { return {config, local, remote}; }
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
  ExchangeNonces crossing_nonces;
};

struct DeleteChildExchange {
  Spi inbound_spi;
};
struct DeleteIkeExchange {};
struct LivenessExchange {};

using ActiveExchange =
    std::variant<std::monostate, InitExchange, AuthExchange, ChildExchange, RekeyIkeExchange,
                 DeleteChildExchange, DeleteIkeExchange, LivenessExchange>;

// RFC 7296 2.25's view of it.
OurExchange kind_of(const ActiveExchange& active);
const char* name_of(const ActiveExchange& active);

// Something to do when the window is free.
struct Task {
  enum class Kind : uint8_t { CreateChild, RekeyChild, RekeyIke, DeleteChild, Liveness };
  Kind kind{};
  Spi inbound_spi{};     // RekeyChild, DeleteChild: which one.
  std::string config{};  // CreateChild: the ChildConfig to serve.
  unsigned attempt = 0;  // After TEMPORARY_FAILURE.
  Instant not_before{};
  DhGroupId group =
      DhGroupId::None;    // RekeyChild, CreateChild, RekeyIke: the group the peer asked for.
  bool is_probe = false;  // RekeyChild: before the child needs it.
};
const char* to_string(Task::Kind kind);

inline constexpr unsigned kTemporaryFailureMax = 8;
inline constexpr size_t kNonceSize =
    32;  // RFC 7296 2.10: at least half the PRF's key, at least 16.

}  // namespace twinspan::ike
