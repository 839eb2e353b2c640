// The chain of payloads (RFC 7296 3.2) that the outer message and the inside of SK share. Private
// to ike/wire: message.h is the contract.
//
// Invariant: a payload's own parser sees exactly the bytes that its generic header claims, no more.
#pragma once

#include "base/byte_writer.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

inline constexpr size_t kGenericHeaderSize = 4;  // Next payload, critical bit, length.

struct RawPayload {
  uint8_t type = 0;
  uint8_t next_payload = 0;
  bool is_critical = false;
  ByteView body;
};

// Steps through a chain. Bytes after the last payload, or a payload without bytes, are an error.
class PayloadWalk {
 public:
  PayloadWalk(uint8_t first_payload, ByteView chain) : next_(first_payload), rest_(chain) {}

  bool at_end() const { return next_ == 0; }
  bool has_bytes_left() const { return !rest_.empty(); }
  // Only when not at_end(). At most kPayloadsMax times, then TooMany.
  Result<RawPayload, WireFailure> take();

 private:
  uint8_t next_;
  ByteView rest_;
  size_t count_ = 0;
};

bool is_encrypted_type(uint8_t type);  // SK or SKF.

// SK and SKF are not payloads of a chain in this sense: Misplaced.
Result<Payload, WireFailure> parse_payload(const RawPayload& raw);

uint8_t type_of(const Payload& payload);

// Appends the chain; returns the type of its first payload.
uint8_t append_payloads(const std::vector<Payload>& payloads, ByteWriter& out);

}  // namespace twinspan::ike
