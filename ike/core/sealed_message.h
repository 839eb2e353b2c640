// Whole messages inside SK: header, generic SK header and sealed body in one buffer (RFC
// 7296 3.14), or cut into several SKF messages (RFC 7383 2.5).
#pragma once

#include "base/result.h"
#include "ike/crypto/sk_cipher.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

// One message as its ends see it, however many datagrams it took: the header, and what was inside
// SK. `next_payload` and `length` of the header are those of its (first) datagram; given to
// write_encrypted_prefix() with payloads.size() it is the header of the message as if it had never
// been sealed nor cut.
struct PlainMessage {
  Header header;
  uint8_t first_payload = 0;  // The type of the first payload inside.
  Bytes payloads;             // The chain.
};

Bytes seal_message(Provider& provider, const SkKeys& keys, uint64_t iv_counter, Header header,
                   const std::vector<Payload>& payloads);

// How long the chain inside a message may be that is sealed as one of at most `datagram_max` bytes.
size_t chain_size_max(const SkKeys& keys, size_t datagram_max);

// The datagrams of one message: a single SK one if it is not above `datagram_max` bytes, otherwise
// SKF ones that are not. Each has an IV of its own, counted in `iv_counter`.
std::vector<Bytes> seal_datagrams(Provider& provider, const SkKeys& keys, uint64_t& iv_counter,
                                  const PlainMessage& message, size_t datagram_max);

// The plaintext of the SK or SKF payload of `message`, which is what parse_message() made of
// `datagram`. nullopt: not from the peer, nothing may change.
std::optional<Bytes> open_block(Provider& provider, const SkKeys& keys, ByteView datagram,
                                const Message& message);

// RFC 9242 3.3.2: what IntAuth covers of one message. `first_datagram` is the message or its
// fragment 1, as it was sent; `payloads` the chain inside, decrypted and joined. The headers get
// the lengths of a message that was neither sealed nor cut. CHECKs that the datagram parses.
Bytes int_auth_octets(ByteView first_datagram, ByteView payloads);

enum class OpenError : uint8_t {
  BadIntegrity,  // Not from the peer: nothing may change.
  BadPayloads,   // From the peer, but the inner payloads do not parse.
};
struct OpenFailure {
  OpenError error{};
  WireFailure wire{};  // With BadPayloads.
};
// open_block() and the payloads in it, of a message that is not fragmented.
Result<std::vector<Payload>, OpenFailure> open_message(Provider& provider, const SkKeys& keys,
                                                       ByteView datagram, const Message& message);

}  // namespace twinspan::ike
