#include "tests/support/forger.h"

#include "ike/core/sealed_message.h"

namespace twinspan::ike {
namespace {

// One bit of the encryption key is not the right one.
SecretBytes spoilt(const SecretBytes& key) {
  SecretBytes other = key.copy();
  if (!other.empty()) other.data()[0] ^= 1;
  return other;
}

}  // namespace

Datagram Forger::make(const Message& message, const std::vector<Payload>& payloads,
                      Sealing sealing) {
  Header header;
  header.initiator_spi = victim_.initiator_spi;
  header.responder_spi = victim_.responder_spi;
  header.exchange = message.exchange;
  header.is_response = message.direction == Direction::Response;
  header.from_initiator = victim_.role == Role::Responder;
  header.message_id = message.id;
  Datagram datagram{.local = victim_.victim, .remote = victim_.peer, .bytes = {}};
  if (sealing == Sealing::None || victim_.session == nullptr) {
    datagram.bytes = write_message(header, payloads);
    return datagram;
  }
  const IkeSuite& suite = victim_.session->suite;
  const IkeKeys& keys = victim_.session->keys;
  const SecretBytes& own_encryption = header.from_initiator ? keys.ei : keys.er;
  const SecretBytes& own_integrity = header.from_initiator ? keys.ai : keys.ar;
  const bool is_right = sealing == Sealing::LiveKeys;
  const SecretBytes encryption = is_right ? own_encryption.copy() : spoilt(own_encryption);
  const SecretBytes integrity = is_right ? own_integrity.copy() : spoilt(own_integrity);
  datagram.bytes = seal_message(
      crypto_, {suite.encryption, suite.integrity, encryption.view(), integrity.view()}, next_iv_++,
      header, payloads);
  return datagram;
}

}  // namespace twinspan::ike
