#include "ike/wire/payload_chain.h"

#include "ike/wire/auth_payload.h"
#include "ike/wire/cert_payload.h"
#include "ike/wire/delete_payload.h"
#include "ike/wire/id_payload.h"
#include "ike/wire/ke_payload.h"
#include "ike/wire/nonce_payload.h"
#include "ike/wire/notify_payload.h"
#include "ike/wire/sa_payload.h"
#include "ike/wire/ts_payload.h"
#include "ike/wire/wire_reader.h"

namespace twinspan::ike {

namespace {

constexpr uint8_t kCriticalBit = 0x80;

// RFC 7296 2.5: the critical bit counts only for payload types that the recipient does not know.
bool is_known(uint8_t type) {
  const auto first = static_cast<uint8_t>(PayloadType::Sa);
  const auto last = static_cast<uint8_t>(PayloadType::Eap);
  return (type >= first && type <= last) || is_encrypted_type(type);
}

Result<Payload, WireError> parse_body(uint8_t type, ByteView body) {
  switch (PayloadType{type}) {
    case PayloadType::Sa:
      return parse_sa(body);
    case PayloadType::KeyExchange:
      return parse_ke(body);
    case PayloadType::IdInitiator:
      return parse_id(true, body);
    case PayloadType::IdResponder:
      return parse_id(false, body);
    case PayloadType::Certificate:
      return parse_cert(body);
    case PayloadType::CertificateRequest:
      return parse_cert_request(body);
    case PayloadType::Auth:
      return parse_auth(body);
    case PayloadType::Nonce:
      return parse_nonce(body);
    case PayloadType::Notify:
      return parse_notify(body);
    case PayloadType::Delete:
      return parse_delete(body);
    case PayloadType::VendorId:
      return VendorIdPayload{to_bytes(body)};
    case PayloadType::TsInitiator:
      return parse_ts(true, body);
    case PayloadType::TsResponder:
      return parse_ts(false, body);
    case PayloadType::Encrypted:
    case PayloadType::EncryptedFragment:
      return Err<WireError>(WireError::Misplaced);
    case PayloadType::None:
    case PayloadType::Configuration:
    case PayloadType::Eap:
      break;
  }
  return OpaquePayload{type, to_bytes(body)};
}

void write_body(const VendorIdPayload& vendor_id, ByteWriter& out) {
  out.append(vendor_id.value);
}

void write_body(const OpaquePayload& opaque, ByteWriter& out) {
  out.append(opaque.body);
}

struct TypeOf {
  PayloadType operator()(const SaPayload&) const { return PayloadType::Sa; }
  PayloadType operator()(const KePayload&) const { return PayloadType::KeyExchange; }
  PayloadType operator()(const IdPayload& id) const {
    return id.of_initiator ? PayloadType::IdInitiator : PayloadType::IdResponder;
  }
  PayloadType operator()(const CertPayload&) const { return PayloadType::Certificate; }
  PayloadType operator()(const CertRequestPayload&) const {
    return PayloadType::CertificateRequest;
  }
  PayloadType operator()(const AuthPayload&) const { return PayloadType::Auth; }
  PayloadType operator()(const NoncePayload&) const { return PayloadType::Nonce; }
  PayloadType operator()(const NotifyPayload&) const { return PayloadType::Notify; }
  PayloadType operator()(const DeletePayload&) const { return PayloadType::Delete; }
  PayloadType operator()(const TsPayload& ts) const {
    return ts.of_initiator ? PayloadType::TsInitiator : PayloadType::TsResponder;
  }
  PayloadType operator()(const VendorIdPayload&) const { return PayloadType::VendorId; }
  PayloadType operator()(const OpaquePayload& opaque) const { return PayloadType{opaque.type}; }
};

void append_payload(const Payload& payload, uint8_t next_payload, ByteWriter& out) {
  const uint8_t type = type_of(payload);
  CHECK(type != 0 && !is_encrypted_type(type));
  const size_t start = out.size();
  out.u8(next_payload);
  out.u8(0);  // RFC 7296 3.2: C is clear for every type that RFC 7296 defines.
  out.u16(0);
  std::visit([&out](const auto& value) { write_body(value, out); }, payload);
  const size_t length = out.size() - start;
  CHECK(length <= UINT16_MAX);
  out.patch_u16(start + 2, static_cast<uint16_t>(length));
}

}  // namespace

Result<RawPayload, WireFailure> PayloadWalk::take() {
  const auto failed = [this](WireError error) { return Err<WireFailure>({error, next_}); };
  if (count_ == kPayloadsMax) return failed(WireError::TooMany);
  if (rest_.size() < kGenericHeaderSize) return failed(WireError::Truncated);
  const uint16_t length = load_be16(&rest_[2]);
  if (length < kGenericHeaderSize) return failed(WireError::BadLength);
  if (length > rest_.size()) return failed(WireError::Truncated);
  const RawPayload raw{
      .type = next_,
      .next_payload = rest_[0],
      .is_critical = (rest_[1] & kCriticalBit) != 0,
      .body = rest_.subspan(kGenericHeaderSize, length - kGenericHeaderSize),
  };
  ++count_;
  next_ = raw.next_payload;
  rest_ = rest_.subspan(length);
  return raw;
}

bool is_encrypted_type(uint8_t type) {
  return type == static_cast<uint8_t>(PayloadType::Encrypted) ||
         type == static_cast<uint8_t>(PayloadType::EncryptedFragment);
}

Result<Payload, WireFailure> parse_payload(const RawPayload& raw) {
  if (raw.is_critical && !is_known(raw.type)) {
    return Err<WireFailure>({WireError::UnknownCritical, raw.type});
  }
  auto payload = parse_body(raw.type, raw.body);
  if (!payload) return Err<WireFailure>({payload.error(), raw.type});
  return *std::move(payload);
}

uint8_t type_of(const Payload& payload) {
  return static_cast<uint8_t>(std::visit(TypeOf{}, payload));
}

uint8_t append_payloads(const std::vector<Payload>& payloads, ByteWriter& out) {
  for (size_t i = 0; i < payloads.size(); ++i) {
    const bool is_last = i + 1 == payloads.size();
    append_payload(payloads[i], is_last ? uint8_t{0} : type_of(payloads[i + 1]), out);
  }
  return payloads.empty() ? uint8_t{0} : type_of(payloads.front());
}

Result<std::vector<Payload>, WireFailure> parse_payloads(uint8_t first_payload, ByteView chain) {
  if (chain.size() > kMessageSizeMax) return Err<WireFailure>({WireError::TooMany, 0});
  PayloadWalk walk(first_payload, chain);
  std::vector<Payload> payloads;
  while (!walk.at_end()) {
    TRY_ASSIGN(const RawPayload raw, walk.take());
    TRY_ASSIGN(Payload payload, parse_payload(raw));
    payloads.push_back(std::move(payload));
  }
  if (walk.has_bytes_left()) return Err<WireFailure>({WireError::TrailingBytes, 0});
  return payloads;
}

WrittenChain write_payloads(const std::vector<Payload>& payloads) {
  ByteWriter out;
  const uint8_t first_payload = append_payloads(payloads, out);
  return {first_payload, out.take()};
}

Bytes write_body(const Payload& payload) {
  ByteWriter out;
  std::visit([&out](const auto& value) { write_body(value, out); }, payload);
  return out.take();
}

}  // namespace twinspan::ike
