#include "ike/exchange/signature_proof.h"

#include <fmt/format.h>

#include <algorithm>

#include "ike/exchange/payloads.h"

namespace twinspan::ike {
namespace {

const CertificateAuthentication* certificate_of(const PeerConfig& peer) {
  return std::get_if<CertificateAuthentication>(&peer.authentication);
}

bool signs(const PeerConfig& peer) {
  return !std::holds_alternative<PskAuthentication>(peer.authentication);
}

bool has_raw_key(const PeerConfig& peer) {
  return std::holds_alternative<RawKeyAuthentication>(peer.authentication);
}

// Each CA once.
Bytes all_authorities(const PeerConfigs& peers) {
  Bytes all;
  for (const auto& peer : peers) {
    const auto* own = certificate_of(*peer);
    if (own == nullptr) continue;
    const ByteView theirs = own->trusted->authorities();
    for (size_t at = 0; at < theirs.size(); at += kAuthorityHashSize) {
      const ByteView hash = theirs.subspan(at, kAuthorityHashSize);
      if (std::ranges::search(all, hash).empty()) all.insert(all.end(), hash.begin(), hash.end());
    }
  }
  return all;
}

Result<Payload, Diagnosis> sign(const IkeSa& sa, const PrivateKey& key, ByteView octets) {
  auto value = key.sign(sa.peer_hashes, octets);
  if (value) return AuthPayload{AuthMethod::DigitalSignature, *std::move(value)};
  return Err<Diagnosis>(diagnose(
      Cause::NoCommonHash, sa.peer->name,
      sa.peer_hashes.empty() ? "it sent no SIGNATURE_HASH_ALGORITHMS"
                             : fmt::format("ours is a key of type {}", key.public_key().kind())));
}

// --- The peer's ---

Cause cause_of(CertificateFault::Kind kind) {
  switch (kind) {
    case CertificateFault::Kind::UntrustedIssuer:
      return Cause::CertificateUntrusted;
    case CertificateFault::Kind::Expired:
    case CertificateFault::Kind::NotYetValid:
      return Cause::CertificateExpired;
    case CertificateFault::Kind::Revoked:
      return Cause::CertificateRevoked;
    case CertificateFault::Kind::RevocationUnknown:
      return Cause::RevocationUnknown;
    case CertificateFault::Kind::Malformed:
    case CertificateFault::Kind::Unfit:
      break;
  }
  return Cause::CertificateUnfit;
}

const char* verdict_text(SignatureVerdict verdict) {
  switch (verdict) {
    case SignatureVerdict::Malformed:
      return "it is malformed";
    case SignatureVerdict::UnknownAlgorithm:
      return "its algorithm is none that we accept; SHA-1 is none";
    case SignatureVerdict::OtherKey:
      return "it was made with a key of another type";
    case SignatureVerdict::Wrong:
      return "it was made with another key, or over other messages";
    case SignatureVerdict::Verified:
      break;
  }
  return "";
}

std::optional<Diagnosis> refute_signature(const IkeSa& sa, const PublicKey& key,
                                          const SignedClaim& claim) {
  const auto* auth = find_payload<AuthPayload>(claim.payloads);
  const SignatureVerdict verdict = key.verify(auth->value, claim.octets);
  if (verdict == SignatureVerdict::Verified) return std::nullopt;
  return diagnose(
      Cause::WrongSignature, sa.peer->name,
      fmt::format("{}; the key that it should be of is {}", verdict_text(verdict), key.kind()));
}

// RFC 7296 3.6: the first one is that of the key which made AUTH. What is only an address to fetch
// one from is never followed: nobody is authenticated yet.
std::vector<ByteView> certificates_of(const std::vector<Payload>& payloads) {
  std::vector<ByteView> certificates;
  for (const Payload& payload : payloads) {
    const auto* cert = std::get_if<CertPayload>(&payload);
    if (cert != nullptr && cert->encoding == CertEncoding::X509Signature)
      certificates.emplace_back(cert->value);
  }
  return certificates;
}

std::optional<Diagnosis> refute_names(const IkeSa& sa, const Certificate& certificate,
                                      const CertificateAuthentication& ours, const IdPayload& id) {
  const std::string& name = sa.peer->name;
  if (!certificate.names(id.type, id.value)) {
    return diagnose(Cause::CertificateIdentity, name,
                    fmt::format("it says {}, its certificate is for {}",
                                Identity{id.type, id.value}.to_string(), certificate.names_text()));
  }
  if (!ours.peer_common_name.empty() && certificate.common_name() != ours.peer_common_name) {
    return diagnose(
        Cause::CertificateIdentity, name,
        fmt::format("the common name of its certificate is {}, we expect {}",
                    certificate.common_name().empty() ? "missing" : certificate.common_name(),
                    ours.peer_common_name));
  }
  return std::nullopt;
}

// The peer's own word for its key, only to say what differs.
std::string shown_key(const std::vector<Payload>& payloads, const PublicKey& expected) {
  for (const Payload& payload : payloads) {
    const auto* cert = std::get_if<CertPayload>(&payload);
    if (cert != nullptr && cert->encoding == CertEncoding::RawPublicKey &&
        cert->value != expected.info())
      return "it shows another public key than the one that we have of it";
  }
  return "";
}

}  // namespace

std::vector<Payload> hash_notifies(const PeerConfigs& peers) {
  if (std::ranges::none_of(peers, [](const auto& peer) { return signs(*peer); })) return {};
  Bytes value;
  for (const SignatureHash hash : kSignatureHashes) {
    value.resize(value.size() + 2);
    store_be16(&value[value.size() - 2], static_cast<uint16_t>(hash));
  }
  return {NotifyPayload{.protocol = ProtocolId::None,
                        .spi = {},
                        .type = NotifyType::SignatureHashAlgorithms,
                        .value = std::move(value)}};
}

std::vector<SignatureHash> read_hash_notify(const std::vector<Payload>& payloads) {
  std::vector<SignatureHash> known;
  const auto* notify = find_notify(payloads, NotifyType::SignatureHashAlgorithms);
  if (notify == nullptr) return known;
  for (size_t at = 0; at + 2 <= notify->value.size(); at += 2) {
    const auto hash = static_cast<SignatureHash>(load_be16(&notify->value[at]));
    const bool is_known = std::ranges::find(kSignatureHashes, hash) != std::end(kSignatureHashes);
    if (is_known && std::ranges::find(known, hash) == known.end()) known.push_back(hash);
  }
  return known;
}

std::vector<Payload> certificate_requests(const PeerConfigs& peers) {
  std::vector<Payload> requests;
  if (Bytes authorities = all_authorities(peers); !authorities.empty())
    requests.push_back(CertRequestPayload{CertEncoding::X509Signature, std::move(authorities)});
  if (std::ranges::any_of(peers, [](const auto& peer) { return has_raw_key(*peer); }))
    requests.push_back(CertRequestPayload{CertEncoding::RawPublicKey, {}});
  return requests;
}

bool asks_for_raw_key(const std::vector<Payload>& payloads) {
  return std::ranges::any_of(payloads, [](const Payload& payload) {
    const auto* request = std::get_if<CertRequestPayload>(&payload);
    return request != nullptr && request->encoding == CertEncoding::RawPublicKey;
  });
}

Result<std::vector<Payload>, Diagnosis> prove_by_certificate(const IkeSa& sa,
                                                             const CertificateAuthentication& own,
                                                             ByteView octets) {
  TRY_ASSIGN(Payload auth, sign(sa, *own.own->key, octets));
  std::vector<Payload> payloads;
  // Not only where the peer asks: it may leave out CERTREQ and need them all the same.
  for (const Bytes& certificate : own.own->chain)
    payloads.push_back(CertPayload{CertEncoding::X509Signature, certificate});
  payloads.push_back(std::move(auth));
  return payloads;
}

Result<std::vector<Payload>, Diagnosis> prove_by_raw_key(const IkeSa& sa,
                                                         const RawKeyAuthentication& own,
                                                         ByteView octets) {
  TRY_ASSIGN(Payload auth, sign(sa, *own.own, octets));
  std::vector<Payload> payloads;
  if (sa.peer_asks_raw_key)
    payloads.push_back(CertPayload{CertEncoding::RawPublicKey, own.own->public_key().info()});
  payloads.push_back(std::move(auth));
  return payloads;
}

Result<PeerProof, Diagnosis> verify_certificate(const Context& context, const IkeSa& sa,
                                                const CertificateAuthentication& ours,
                                                const SignedClaim& claim) {
  const auto certificate = ours.trusted->check(certificates_of(claim.payloads), context.wall_time);
  if (!certificate) {
    const CertificateFault& fault = certificate.error();
    return Err<Diagnosis>(diagnose(cause_of(fault.kind), sa.peer->name, fault.detail));
  }
  if (auto why = refute_names(sa, **certificate, ours, claim.id))
    return Err<Diagnosis>(*std::move(why));
  if (auto why = refute_signature(sa, (*certificate)->key(), claim))
    return Err<Diagnosis>(*std::move(why));
  return PeerProof{ProofKind::Certificate, (*certificate)->validity()};
}

Result<PeerProof, Diagnosis> verify_raw_key(const IkeSa& sa, const RawKeyAuthentication& ours,
                                            const SignedClaim& claim) {
  if (auto why = refute_signature(sa, *ours.peer, claim)) {
    const std::string shown = shown_key(claim.payloads, *ours.peer);
    if (!shown.empty()) why->message += fmt::format("; {}", shown);
    return Err<Diagnosis>(*std::move(why));
  }
  return PeerProof{ProofKind::RawPublicKey, std::nullopt};
}

}  // namespace twinspan::ike
