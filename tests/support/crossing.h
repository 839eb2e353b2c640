// Two gateways with a tunnel between them, one operation of each side, and the wire in the hands of
// the caller: what the collision table and the schedule search have in common.
#pragma once

#include <string>
#include <vector>

#include "tests/support/sim_peers.h"
#include "tests/support/sim_world.h"

namespace twinspan::ike {

enum class Operation : uint8_t {
  None,
  RekeyChild,
  RekeyIke,
  ReplaceChild,  // Hard limit: DELETE at once, then a new child.
  DownUp,
};
const char* to_string(Operation operation);

// Whose nonce is the lowest of a crossing: request or answer of a side.
enum class LowestNonce : uint8_t { RequestOfA, AnswerOfA, RequestOfB, AnswerOfB };

// Which first choice of a group the other side refuses (INVALID_KE_PAYLOAD).
enum class GroupDispute : uint8_t { None, OfA, OfBoth };

struct CrossingCase {
  Operation of_a{}, of_b{};
  unsigned b_starts_after = 0;  // Deliveries.
  LowestNonce lowest{};
  GroupDispute dispute{};
  unsigned additional_of_a = 0, additional_of_b = 0;  // Key exchanges (RFC 9370), not required.
};
std::string to_string(const CrossingCase& wanted);

class Crossing {
 public:
  Crossing(const CrossingCase& wanted, Picture picture);

  // The tunnel is up, A's operation has begun, every IKE message waits in held(). ESP flows all the
  // time and is lossless.
  bool establish();
  SimWorld& world() { return world_; }
  std::deque<WireMessage>& held() { return world_.held(); }
  // B's operation, when so many messages were delivered or nothing is on the wire.
  void begin_b_when_due();
  void deliver_front();
  // ESP that was sent meanwhile comes closer.
  void pass_time() { world_.run_for(kStep); }
  // Until somebody sends again; false: nobody does within the first retransmission time.
  bool wait_for_message();
  // Everything still held arrives, the network works, every timer has its time.
  void heal();
  std::vector<std::string> judge();

 private:
  static constexpr Duration kStep = std::chrono::milliseconds(10);

  void begin(size_t side, Operation operation);
  bool is_up();
  bool is_hitless() const;
  uint64_t lost();

  CrossingCase case_;
  SimWorld world_{1};
  PeerConfig config_[2];
  unsigned delivered_ = 0;
  bool b_has_begun_ = false;
  size_t asked_[2] = {0, 0};
  uint64_t lost_before_ = 0;
};

}  // namespace twinspan::ike
