// A gateway with a live IKE SA, and the peer's keys in the hands of the fuzzer.
//
// Two endpoints shake hands for real (cheap cryptography, virtual time); from then on the fuzzer is
// the peer: it seals what it likes with the right keys and reads what the victim sends. Everything
// depends on the input bytes alone.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include "ike/core/legality.h"
#include "ike/core/sealed_message.h"
#include "tests/support/sim_host.h"

namespace twinspan::ike {

inline constexpr TunnelId kFuzzTunnel{7};

// What both sides prove themselves by.
enum class Proofs : uint8_t { Psk, Certificates };

class LivePair {
 public:
  // Whether the victim is the initiator or the responder of the IKE SA.
  explicit LivePair(Role victim_role, Proofs proofs = Proofs::Psk);

  // Until the victim has sent (as initiator) or is about to receive (as responder) IKE_AUTH.
  void reach_auth();
  void establish();

  struct Sealed {
    uint8_t exchange = 0;
    bool is_response = false;
    MessageId id;
    uint8_t first_payload = 0;
    ByteView chain;
    uint16_t fragment_number = 0, fragment_total = 0;  // Of SKF; 0 of 0: SK.
  };
  // As the peer, under the live keys.
  Bytes seal(const Sealed& message);
  // To the victim.
  void send(const Sealed& message);
  void send_raw(Bytes datagram);
  void command(Command command);
  void run_for(Duration span);
  // The victim is driven until nothing is due for minutes; it must be sound, and as small as ever.
  void settle_and_check();

  SimHost& victim() { return victim_; }
  FakeCrypto& crypto() { return attacker_crypto_; }
  MessageId next_request_id() const { return next_request_; }
  // Of the victim's request that waits for an answer, if any.
  std::optional<Header> open_request() const { return open_request_; }
  const std::vector<Spi>& peer_spis() const { return peer_spis_; }
  std::vector<Spi> victim_spis() const;
  const std::vector<Bytes>& sent() const { return sent_; }

 private:
  void shuttle();
  void drain_victim();
  void note(const Datagram& datagram);
  SkKeys keys() const;

  Role victim_role_;
  SimHost victim_, peer_;
  bool peer_is_fuzzer_ = false;
  Instant now_ = Instant{} + 1000s;
  FakeCrypto attacker_crypto_{99};
  uint64_t iv_counter_ = 1u << 20;
  MessageId next_request_{1};
  std::optional<Header> open_request_;
  std::vector<Spi> peer_spis_;
  std::vector<Bytes> sent_;  // By the fuzzer, for replays.
};

}  // namespace twinspan::ike
