#include "ike/wire/cert_payload.h"

namespace twinspan::ike {

Payload parse_cert(ByteView body) {
  if (body.empty()) return OpaquePayload{static_cast<uint8_t>(PayloadType::Certificate), {}};
  return CertPayload{CertEncoding{body[0]}, to_bytes(body.subspan(1))};
}

void write_body(const CertPayload& cert, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(cert.encoding));
  out.append(cert.value);
}

Payload parse_cert_request(ByteView body) {
  if (body.empty()) return OpaquePayload{static_cast<uint8_t>(PayloadType::CertificateRequest), {}};
  return CertRequestPayload{CertEncoding{body[0]}, to_bytes(body.subspan(1))};
}

void write_body(const CertRequestPayload& request, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(request.encoding));
  out.append(request.authorities);
}

}  // namespace twinspan::ike
