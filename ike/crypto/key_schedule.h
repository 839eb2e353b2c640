// Keys of an IKE SA and its Child SAs (RFC 7296 2.13 to 2.18). Pure functions over a Provider.
#pragma once

#include <vector>

#include "base/sa_params.h"
#include "ike/crypto/provider.h"

namespace twinspan::ike {

// The negotiated transforms of an IKE SA.
struct IkeSuite {
  Encryption encryption;
  IntegrityId integrity = IntegrityId::None;  // None with an AEAD.
  PrfId prf = PrfId::HmacSha384;
  DhGroupId group = DhGroupId::Ecp384;
  // RFC 9370: key exchanges after the first, in their order; no two alike, at most
  // kAdditionalKeMax.
  std::vector<DhGroupId> additional{};
  bool operator==(const IkeSuite&) const = default;
};

struct IkeKeys {
  SecretBytes d;       // SK_d
  SecretBytes ai, ar;  // SK_ai, SK_ar; empty with an AEAD.
  SecretBytes ei, er;  // SK_ei, SK_er; key | salt with an AEAD.
  SecretBytes pi, pr;  // SK_pi, SK_pr
};

// What one exchange contributes to keys. The initiator is that of the exchange. Views only.
struct ExchangeSecrets {
  ByteView nonce_i;
  ByteView nonce_r;
  ByteView shared_secret;  // g^ir; empty in an exchange without KE payloads.
  // RFC 9370 2.2.4: SK(1) | ... | SK(n) of the IKE_FOLLOWUP_KE exchanges; empty without.
  ByteView additional{};
};

struct IkeSpiPair {
  IkeSpi initiator;
  IkeSpi responder;
};

// What an IKE rekey takes over from the IKE SA that it replaces.
struct OldIkeSa {
  PrfId prf;
  ByteView d;  // SK_d
};

// What AUTH covers beside the key (2.15): the sender's first message, the other side's nonce, the
// sender's SK_p and the body of its ID payload, and IntAuth where IKE_INTERMEDIATE exchanges stood
// before IKE_AUTH (RFC 9242 3.3.2), else nothing.
struct SignedOctets {
  ByteView message;
  ByteView peer_nonce;
  ByteView sk_p;
  ByteView id_body;
  ByteView int_auth{};
};

// prf+ (2.13). `length` at most 255 times the PRF's output.
SecretBytes prf_plus(Provider& provider, PrfId prf, ByteView key, ByteView seed, size_t length);

// 2.14: SKEYSEED = prf(Ni | Nr, g^ir) and all SK_*.
IkeKeys derive_ike_keys(Provider& provider, const IkeSuite& suite, const ExchangeSecrets& secrets,
                        const IkeSpiPair& spis);

// The keys that a post-quantum pre-shared key changes (RFC 8784 3).
struct PpkSubkeys {
  SecretBytes d, pi, pr;
};
// RFC 8784 3: SK_d = prf+(PPK, SK_d'), SK_pi and SK_pr likewise; `keys` holds those with a prime.
PpkSubkeys derive_ppk_keys(Provider& provider, PrfId prf, ByteView ppk, const IkeKeys& keys);

// 2.18: the same after an IKE rekey; SKEYSEED = prf(old SK_d, g^ir | Ni | Nr | additional) with the
// *old* PRF. With `old` the very SA and its own nonces and SPIs: the keys after an IKE_INTERMEDIATE
// with a key exchange (RFC 9370 2.2.2).
IkeKeys derive_rekeyed_ike_keys(Provider& provider, const IkeSuite& suite, const OldIkeSa& old,
                                const ExchangeSecrets& secrets, const IkeSpiPair& spis);

// 2.17: KEYMAT = prf+(SK_d, [g^ir] | Ni | Nr [| additional]), split initiator-to-responder first.
struct ChildKeys {
  EspKeys initiator_to_responder;
  EspKeys responder_to_initiator;
};
ChildKeys derive_child_keys(Provider& provider, PrfId prf, ByteView sk_d,
                            const EspTransforms& transforms, const ExchangeSecrets& secrets);

// RFC 9242 3.3.2: IntAuth_iN or IntAuth_rN from the one before (empty for the first) and the octets
// of the message, under the SK_p that the keys which protect the message came with.
SecretBytes chain_int_auth(Provider& provider, PrfId prf, ByteView sk_p, ByteView previous,
                           ByteView octets);

// 2.15: <message> | <nonce of the other> | prf(SK_p, ID body) | <IntAuth>: what every
// authentication method signs.
Bytes signed_octets(Provider& provider, PrfId prf, const SignedOctets& octets);

// 2.15: AUTH = prf(prf(Shared Secret, "Key Pad for IKEv2"), <signed octets>).
SecretBytes psk_auth(Provider& provider, PrfId prf, ByteView psk, const SignedOctets& octets);

}  // namespace twinspan::ike
