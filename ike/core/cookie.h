// Stateless cookies (RFC 7296 2.6). An initiator takes one out of an answer and puts it first into
// the next request. A responder under load makes them and remembers nothing: whoever brings one
// back has shown that datagrams to its address reach it. Thread: control.
#pragma once

#include <optional>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"
#include "ike/crypto/provider.h"
#include "ike/wire/payload.h"

namespace twinspan::ike {

inline constexpr size_t kCookieSizeMax = 64;
// A secret makes cookies for so long, and they are accepted for as long again.
inline constexpr Duration kCookieSecretLifetime = 60s;

// RFC 7296 2.6: 1 to 64 bytes; anything else is no cookie.
std::optional<Bytes> find_cookie(const std::vector<Payload>& payloads);
Payload cookie_payload(const Bytes& cookie);

// What a cookie is bound to: one request of one sender. Views only.
struct CookieOwner {
  const Endpoint& remote;
  IkeSpi initiator_spi;
  ByteView nonce;  // Ni
};

// Makes and recognises our cookies: the generation of a secret and a MAC under it. Two secrets
// rotate, so that a cookie made just before a change is still good.
class CookieMint {
 public:
  Bytes make(Provider& provider, Instant now, const CookieOwner& owner);
  // Constant time in the cookie's MAC. Changes nothing.
  bool accepts(Provider& provider, Instant now, const CookieOwner& owner, ByteView cookie) const;

 private:
  struct Secret {
    uint32_t generation = 0;
    SecretBytes key;
    Instant made_at{};
  };
  void rotate(Provider& provider, Instant now);
  static Bytes mac(Provider& provider, const Secret& secret, const CookieOwner& owner);

  std::optional<Secret> current_, previous_;
};

}  // namespace twinspan::ike
