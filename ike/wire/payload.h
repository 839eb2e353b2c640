// IKEv2 payloads as plain values (RFC 7296 3.2 to 3.16). parse and write stand together in one file
// per payload; this header is what the rest of ike/ sees. Values own their bytes; nothing here is
// checked against an SA's state.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/strong_id.h"
#include "base/traffic_selector.h"
#include "ike/wire/notify_type.h"

namespace twinspan::ike {

enum class ExchangeType : uint8_t {
  IkeSaInit = 34,
  IkeAuth = 35,
  CreateChildSa = 36,
  Informational = 37,
  IkeIntermediate = 43,  // RFC 9242
  IkeFollowupKe = 44,    // RFC 9370
};

enum class ProtocolId : uint8_t { None = 0, Ike = 1, Ah = 2, Esp = 3 };

enum class PayloadType : uint8_t {
  None = 0,
  Sa = 33,
  KeyExchange = 34,
  IdInitiator = 35,
  IdResponder = 36,
  Certificate = 37,
  CertificateRequest = 38,
  Auth = 39,
  Nonce = 40,
  Notify = 41,
  Delete = 42,
  VendorId = 43,
  TsInitiator = 44,
  TsResponder = 45,
  Encrypted = 46,
  Configuration = 47,
  Eap = 48,
  EncryptedFragment = 53,
};

enum class TransformType : uint8_t {
  Encryption = 1,
  Prf = 2,
  Integrity = 3,
  DhGroup = 4,
  Esn = 5,
  // RFC 9370 2.2.1: Additional Key Exchange 1 to 7, with the transform IDs of type 4.
  AdditionalKe1 = 6,
  AdditionalKe2,
  AdditionalKe3,
  AdditionalKe4,
  AdditionalKe5,
  AdditionalKe6,
  AdditionalKe7,
};
inline constexpr size_t kAdditionalKeMax = 7;
constexpr TransformType additional_ke_type(size_t index) {  // From 0.
  return static_cast<TransformType>(static_cast<size_t>(TransformType::AdditionalKe1) + index);
}
constexpr bool is_additional_ke(TransformType type) {
  return type >= TransformType::AdditionalKe1 && type <= TransformType::AdditionalKe7;
}

// RFC 7296 3.3.2. Ids stay raw: a peer may offer what we do not know.
struct Transform {
  TransformType type{};
  uint16_t id = 0;
  std::optional<uint16_t> key_bits;  // The only attribute that RFC 7296 defines.
  // Such a transform is never selected (3.3.6). The attribute is not kept; written again, one of a
  // private-use type stands for it, so that the transform does not turn into a selectable one.
  bool has_unknown_attribute = false;
  bool operator==(const Transform&) const = default;
};

struct Proposal {
  uint8_t number = 1;
  ProtocolId protocol = ProtocolId::Ike;
  Bytes spi;  // Empty in IKE_SA_INIT, 8 bytes for an IKE rekey, 4 for ESP.
  std::vector<Transform> transforms;
  bool operator==(const Proposal&) const = default;
};

struct SaPayload {
  std::vector<Proposal> proposals;
  bool operator==(const SaPayload&) const = default;
};

struct KePayload {
  uint16_t group = 0;
  Bytes public_value;
  bool operator==(const KePayload&) const = default;
};

enum class IdType : uint8_t {
  Ipv4Address = 1,
  Fqdn = 2,
  Rfc822Address = 3,
  Ipv6Address = 5,
  DerDn = 9,
  DerGn = 10,
  KeyId = 11
};

struct IdPayload {
  bool of_initiator = true;  // IDi or IDr.
  IdType type = IdType::Fqdn;
  Bytes value;
  // The three RESERVED bytes as received: AUTH covers the body as it was sent (RFC 7296 2.15), and
  // some peers do not send zeros.
  uint32_t reserved = 0;
  bool operator==(const IdPayload&) const = default;
};

// RFC 7296 3.6. Others pass through as their number.
enum class CertEncoding : uint8_t {
  X509Signature = 4,
  HashAndUrlX509 = 12,
  HashAndUrlBundle = 13,
  RawPublicKey = 15,  // RFC 7670: a SubjectPublicKeyInfo.
};

struct CertPayload {
  CertEncoding encoding = CertEncoding::X509Signature;
  Bytes value;  // DER, as it came.
  bool operator==(const CertPayload&) const = default;
};

struct CertRequestPayload {
  CertEncoding encoding = CertEncoding::X509Signature;
  Bytes authorities;  // X.509: the SHA-1 of each accepted CA's SubjectPublicKeyInfo, 20 bytes each.
  bool operator==(const CertRequestPayload&) const = default;
};

enum class AuthMethod : uint8_t { RsaSignature = 1, SharedKey = 2, DigitalSignature = 14 };

struct AuthPayload {
  AuthMethod method = AuthMethod::SharedKey;
  Bytes value;
  bool operator==(const AuthPayload&) const = default;
};

struct NoncePayload {
  Bytes value;  // 16 to 256 bytes (3.9).
  bool operator==(const NoncePayload&) const = default;
};

struct NotifyPayload {
  ProtocolId protocol = ProtocolId::None;
  Bytes spi;
  NotifyType type{};
  Bytes value;
  bool operator==(const NotifyPayload&) const = default;
};

struct DeletePayload {
  ProtocolId protocol = ProtocolId::Ike;
  std::vector<Spi> spis;  // Of ESP; empty for IKE.
  bool operator==(const DeletePayload&) const = default;
};

struct TsPayload {
  bool of_initiator = true;  // TSi or TSr.
  TrafficSelectors selectors;
  // Selectors of a type we do not know, left out of `selectors`; written as empty ones of a
  // private-use type after the others.
  size_t unknown_count = 0;
  bool operator==(const TsPayload&) const = default;
};

struct VendorIdPayload {
  Bytes value;
  bool operator==(const VendorIdPayload&) const = default;
};

// CP, EAP, unknown payloads without the critical bit, and a CERT or CERTREQ without any content:
// kept raw, not interpreted.
struct OpaquePayload {
  uint8_t type = 0;
  Bytes body;
  bool operator==(const OpaquePayload&) const = default;
};

using Payload = std::variant<SaPayload, KePayload, IdPayload, CertPayload, CertRequestPayload,
                             AuthPayload, NoncePayload, NotifyPayload, DeletePayload, TsPayload,
                             VendorIdPayload, OpaquePayload>;

}  // namespace twinspan::ike
