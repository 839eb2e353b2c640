// A whole IKEv2 message (RFC 7296 3.1 and 3.14): header and payload chain, cleartext or inside SK.
//
// Cryptography stays outside: parse_message() returns the SK payload as one opaque block together
// with the bytes that its integrity covers; ike/core decrypts it with ike/crypto/sk_cipher.h and
// feeds the plaintext to parse_payloads(). Hostile input in, values or a WireError out, linear time
// and memory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ike/wire/payload.h"

namespace twinspan::ike {

inline constexpr uint8_t kMajorVersion = 2;
inline constexpr size_t kHeaderSize = 28;
inline constexpr size_t kMessageSizeMax = 65535;
inline constexpr size_t kPayloadsMax = 64;     // Per message, outer or inner.
inline constexpr size_t kProposalsMax = 32;    // Per SA payload; a longer one is refused.
inline constexpr size_t kTransformsMax = 64;   // Per proposal.
inline constexpr size_t kSelectorsMax = 255;   // Per TS payload; the count is one byte on the wire.
inline constexpr size_t kDeleteSpisMax = 256;  // Per DELETE payload.
inline constexpr size_t kNonceSizeMin = 16;    // RFC 7296 3.9
inline constexpr size_t kNonceSizeMax = 256;

enum class WireError : uint8_t {
  Truncated,        // Fewer bytes than a length field says.
  BadLength,        // A length field, count or "last" marker that cannot be right.
  BadVersion,       // Major version other than 2: INVALID_MAJOR_VERSION.
  UnknownCritical,  // Unknown payload with the critical bit: UNSUPPORTED_CRITICAL_PAYLOAD.
  TooMany,          // A bound above was passed.
  BadSpiSize,
  BadTrafficSelector,  // First address or port above last, wrong length.
  BadNonce,            // Not 16 to 256 bytes.
  TrailingBytes,
  Misplaced,    // SK or SKF not last, or inside SK.
  BadFragment,  // Fragment number 0 or above the total.
  BadProtocol,  // DELETE for a protocol that has no SAs.
};
const char* to_string(WireError error);

struct Header {
  IkeSpi initiator_spi;
  IkeSpi responder_spi;
  uint8_t next_payload = 0;
  uint8_t minor_version = 0;
  uint8_t exchange = 0;  // Raw: an unknown exchange type must be answerable.
  bool is_response = false;
  bool from_initiator = false;  // The I flag: the sender is the original initiator of the IKE SA.
  bool higher_version = false;  // The V flag.
  MessageId message_id;
  uint32_t length = 0;
  // Read only; parse_header() passes any, parse_message() only 2 (RFC 7296 2.5: the answer to a
  // higher one, INVALID_MAJOR_VERSION, needs the SPIs and the message ID of the request).
  uint8_t major_version = 2;
  bool operator==(const Header&) const = default;
};

// An SK (or SKF) payload as it stands in the datagram, still encrypted.
struct EncryptedBlock {
  uint8_t first_inner_payload = 0;
  size_t body_offset = 0;  // Of IV | ciphertext | ICV in the datagram; the AAD is all before it.
  size_t body_length = 0;
  // RFC 7383: 0 of 0 when it is SK; otherwise fragment_number of fragment_total, from 1.
  uint16_t fragment_number = 0;
  uint16_t fragment_total = 0;
  bool operator==(const EncryptedBlock&) const = default;
};

struct Message {
  Header header;
  std::vector<Payload> payloads;            // Outer cleartext payloads.
  std::optional<EncryptedBlock> encrypted;  // Always the last payload of the outer chain.
};

struct WireFailure {
  WireError error{};
  uint8_t payload_type = 0;  // The payload at fault, 0 for the header.
  bool operator==(const WireFailure&) const = default;
};

// Only the fixed header: enough to find the SA, or to answer INVALID_IKE_SPI or
// INVALID_MAJOR_VERSION.
Result<Header, WireFailure> parse_header(ByteView datagram);

// The whole cleartext part.
Result<Message, WireFailure> parse_message(ByteView datagram);

// A payload chain alone, as decrypted from SK.
Result<std::vector<Payload>, WireFailure> parse_payloads(uint8_t first_payload, ByteView chain);

// Writing CHECKs the limits of each payload (SPI of 255 bytes, kSelectorsMax, nonce size and so
// on): every payload that parsed can be written. The sum is not limited here; a sender bounds it.

// A cleartext message. Length, next_payload and version 2.0 are filled in, the V flag is clear.
Bytes write_message(const Header& header, const std::vector<Payload>& payloads);

// What precedes the body of SK, or of SKF when `fragment_total` is not 0: header, generic header,
// fragment numbers. The header's length covers the `body_length` bytes that the caller appends;
// `body_offset` is not read. No cleartext payloads stand beside SK in what Twinspan sends.
Bytes write_encrypted_prefix(const Header& header, const EncryptedBlock& block);

// A payload chain alone, to be encrypted; returns the chain and the type of its first payload.
struct WrittenChain {
  uint8_t first_payload = 0;
  Bytes bytes;
};
WrittenChain write_payloads(const std::vector<Payload>& payloads);

// One payload's body without the generic header: what AUTH signs of IDi and IDr (RFC 7296 2.15).
Bytes write_body(const Payload& payload);

// "IKE_AUTH", or "EXCHANGE(99)".
std::string exchange_name(uint8_t exchange);

// "CREATE_CHILD_SA request 2 [SA, N(REKEY_SA), Ni, KEi, TSi, TSr]": for logs; takes values, not
// state.
std::string describe(const Header& header, const std::vector<Payload>& payloads);

}  // namespace twinspan::ike
