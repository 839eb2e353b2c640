// One who knows the session keys of an IKE SA and says what it likes in the name of the victim's
// peer. What it does not know is the secret behind AUTH.
#pragma once

#include "ike/core/endpoint.h"
#include "ike/core/legality.h"
#include "tests/support/fake_crypto.h"

namespace twinspan::ike {

enum class Sealing : uint8_t { LiveKeys, WrongKeys, None };

class Forger {
 public:
  struct Victim {
    Endpoint victim, peer;  // The victim's own endpoint, and the one that it believes to hear.
    Role role{};            // The victim's.
    IkeSpi initiator_spi, responder_spi;
    const EventIkeKeys* session = nullptr;  // nullptr: there are no keys yet.
  };
  explicit Forger(const Victim& victim) : victim_(victim) {}

  struct Message {
    uint8_t exchange = 0;
    Direction direction{};
    MessageId id{};
  };
  Datagram make(const Message& message, const std::vector<Payload>& payloads, Sealing sealing);

 private:
  Victim victim_;
  FakeCrypto crypto_{99};
  uint64_t next_iv_ = 1'000'000;
};

}  // namespace twinspan::ike
