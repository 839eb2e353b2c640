#include "ike/wire/auth_payload.h"

#include "ike/wire/wire_reader.h"

namespace twinspan::ike {

namespace {

constexpr size_t kReservedSize = 3;

}  // namespace

Result<AuthPayload, WireError> parse_auth(ByteView body) {
  WireReader in(body);
  AuthPayload auth;
  TRY_ASSIGN(const uint8_t method, in.u8());
  TRY(in.take(kReservedSize));
  auth.method = AuthMethod{method};
  auth.value = to_bytes(in.take_rest());
  return auth;
}

void write_body(const AuthPayload& auth, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(auth.method));
  out.zeros(kReservedSize);
  out.append(auth.value);
}

}  // namespace twinspan::ike
