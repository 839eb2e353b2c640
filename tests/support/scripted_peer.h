// One of two gateways in the hands of a test, after a proper handshake: it holds the keys of every
// IKE SA, and does and leaves undone what no proper peer would. The other one is the victim.
//
// Its own endpoint is dead meanwhile; what the victim sends to it is read here. The peer keeps its
// own books of what should exist, so that in the end both sides can be compared.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "ike/core/legality.h"
#include "ike/crypto/key_schedule.h"
#include "tests/support/sim_peers.h"
#include "tests/support/sim_world.h"

namespace twinspan::ike {

class ScriptedPeer {
 public:
  // Before the handshake: the victim's keys are wanted.
  static void prepare(SimWorld& world, size_t victim);
  // The tunnel is up. The other one is dead from here on.
  ScriptedPeer(SimWorld& world, size_t victim);

  struct Child {
    Spi own, victims;  // What each side receives on.
    uint64_t inbound_print = 0, outbound_print = 0;
  };
  struct Heard {
    Header header;
    std::vector<Payload> payloads;
  };
  using Request = std::vector<Payload>;

  // --- Asking ---
  // On the newest IKE SA unless told otherwise; the victim's answer, empty if there is none.
  std::vector<Payload> ask(ExchangeType exchange, const Request& payloads);
  std::vector<Payload> ask_on(IkeSpi initiator_spi, ExchangeType exchange, const Request& payloads);
  // Rekeys as it should be done; nullopt: it was refused, see refusal().
  std::optional<Child> rekey_child(const Child& old);
  bool rekey_ike();
  std::optional<NotifyType> refusal() const { return refusal_; }
  // As it should be done, and the books are right afterwards.
  void delete_child(const Child& child);
  // Only says so: the books stay.
  std::vector<Payload> say_deleted(const Child& child);
  void delete_ike(IkeSpi initiator_spi);

  // --- Being asked ---
  // The oldest request of the victim's that was not answered; it stays the oldest until it is.
  std::optional<Heard> heard();
  void answer(const Heard& request, const std::vector<Payload>& payloads);
  // As it should be done.
  void answer_well(const Heard& request);
  // The new child of the last CREATE_CHILD_SA that was answered well.
  const Child& newest() const { return children_.back(); }
  // Everything is answered well for so long.
  void behave_for(Duration span);
  // The victim began a new IKE_SA_INIT: it has given this peer up.
  bool was_given_up() const { return was_given_up_; }
  // The real one again, without memory.
  void hand_back(const PeerConfig& real);

  // What was said last, for repetitions.
  const std::deque<Datagram>& said() const { return said_; }

  // --- The books ---
  std::vector<Child>& children() { return children_; }
  // By their initiators' SPIs, the newest last.
  std::vector<IkeSpi> ike_sas() const;
  IkeSpi newest_ike() const { return sessions_.back().initiator_spi; }
  size_t ike_count() const { return sessions_.size(); }
  void forget_ike(IkeSpi initiator_spi);
  // What the victim believes and the peer does not, or the other way round.
  std::vector<std::string> disagreements();

  // What it asks for and agrees to; that of its side unless changed.
  PeerConfig config;
  // Goes with each CREATE_CHILD_SA for a child, in both roles.
  std::vector<Payload> extra;
  // The victim's to the last question.
  const std::vector<Payload>& last_answer() const { return last_answer_; }
  // Of the next nonce that the peer makes.
  uint8_t nonce_first_byte = 0x80;

 private:
  struct Session {
    IkeSpi initiator_spi, responder_spi;
    bool is_initiator = false;  // The peer.
    uint32_t next_id = 0;
  };
  Session* find(IkeSpi initiator_spi);
  SimHost& victim() { return world_.host(victim_); }
  // What was agreed on, and is there as soon as the victim has it.
  const EventIkeKeys* keys_of(const Session& session);
  void send(Session& session, const Header& header, const std::vector<Payload>& payloads);
  std::optional<Heard> open(const WireMessage& message);
  Bytes fresh_nonce();
  Child book(const Session& session, const Child& spis, const EspTransforms& transforms,
             const ExchangeSecrets& secrets, bool is_initiator);
  void answer_child(const Heard& request);
  void answer_rekey_ike(const Heard& request);
  void answer_informational(const Heard& request);

  static constexpr size_t kSaidMax = 64;

  SimWorld& world_;
  size_t victim_, own_;
  FakeCrypto crypto_{99};
  uint64_t next_iv_ = 1u << 20;
  uint8_t next_nonce_ = 1;
  uint32_t next_spi_ = 0x7000'0000;
  std::vector<Session> sessions_;
  std::vector<Child> children_;
  std::vector<WireMessage> heard_;
  std::deque<Datagram> said_;
  std::optional<NotifyType> refusal_;
  std::vector<Payload> last_answer_;
  bool was_given_up_ = false;
};

}  // namespace twinspan::ike
