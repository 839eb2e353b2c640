#include "ike/wire/nonce_payload.h"

namespace twinspan::ike {

namespace {

// RFC 7296 3.9: "The size of the Nonce Data MUST be between 16 and 256 octets, inclusive."
bool is_nonce_size(size_t size) {
  return size >= kNonceSizeMin && size <= kNonceSizeMax;
}

}  // namespace

Result<NoncePayload, WireError> parse_nonce(ByteView body) {
  if (!is_nonce_size(body.size())) return Err<WireError>(WireError::BadNonce);
  return NoncePayload{to_bytes(body)};
}

void write_body(const NoncePayload& nonce, ByteWriter& out) {
  CHECK(is_nonce_size(nonce.value.size()));
  out.append(nonce.value);
}

}  // namespace twinspan::ike
