#include "ike/core/cookie.h"

namespace twinspan::ike {

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

}  // namespace twinspan::ike
