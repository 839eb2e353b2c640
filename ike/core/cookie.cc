#include "ike/core/cookie.h"

#include <algorithm>
#include <utility>

#include "base/byte_writer.h"

namespace twinspan::ike {
namespace {

constexpr size_t kSecretSize = 64;  // The block size of SHA-256.
constexpr size_t kGenerationSize = 4;

}  // namespace

std::optional<Bytes> find_cookie(const std::vector<Payload>& payloads) {
  for (const Payload& payload : payloads) {
    const auto* notify = std::get_if<NotifyPayload>(&payload);
    if (notify == nullptr || notify->type != NotifyType::Cookie) continue;
    if (notify->value.empty() || notify->value.size() > kCookieSizeMax) return std::nullopt;
    return notify->value;
  }
  return std::nullopt;
}

Payload cookie_payload(const Bytes& cookie) {
  return NotifyPayload{
      .protocol = ProtocolId::None, .spi = {}, .type = NotifyType::Cookie, .value = cookie};
}

Bytes CookieMint::make(Provider& provider, Instant now, const CookieOwner& owner) {
  rotate(provider, now);
  Bytes cookie(kGenerationSize);
  store_be32(cookie.data(), current_->generation);
  const Bytes tag = mac(provider, *current_, owner);
  cookie.insert(cookie.end(), tag.begin(), tag.end());
  return cookie;
}

bool CookieMint::accepts(Provider& provider, Instant now, const CookieOwner& owner,
                         ByteView cookie) const {
  if (cookie.size() <= kGenerationSize) return false;
  const uint32_t generation = load_be32(cookie.data());
  const auto made = [&](const std::optional<Secret>& secret) {
    return secret && secret->generation == generation &&
           now - secret->made_at < 2 * kCookieSecretLifetime &&
           constant_time_equal(mac(provider, *secret, owner), cookie.subspan(kGenerationSize));
  };
  return made(current_) || made(previous_);
}

void CookieMint::rotate(Provider& provider, Instant now) {
  if (current_ && now - current_->made_at < kCookieSecretLifetime) return;
  Secret fresh{.generation = current_ ? current_->generation + 1 : provider.u32(),
               .key = SecretBytes(kSecretSize),
               .made_at = now};
  provider.fill(fresh.key.span());
  previous_ = std::exchange(current_, std::move(fresh));
}

// RFC 7296 2.6 proposes a hash of Ni, IPi, SPIi and a secret. The port is covered too: two senders
// behind one address do not share cookies.
Bytes CookieMint::mac(Provider& provider, const Secret& secret, const CookieOwner& owner) {
  ByteWriter sender;
  sender.u8(owner.remote.address.is_v4() ? 4 : 6);  // Addresses and nonces differ in length.
  sender.append(owner.remote.address.bytes());
  sender.u16(owner.remote.port);
  sender.u64(owner.initiator_spi.value);
  return provider.hmac(IntegrityId::HmacSha256_128, secret.key.view(),
                       {sender.bytes(), owner.nonce});
}

}  // namespace twinspan::ike
