#include "ike/exchange/payloads.h"

#include <fmt/format.h>

#include <utility>

namespace twinspan::ike {

const NotifyPayload* find_notify(const std::vector<Payload>& payloads, NotifyType type) {
  for (const Payload& payload : payloads) {
    const auto* notify = std::get_if<NotifyPayload>(&payload);
    if (notify != nullptr && notify->type == type) return notify;
  }
  return nullptr;
}

const NotifyPayload* find_error(const std::vector<Payload>& payloads) {
  for (const Payload& payload : payloads) {
    const auto* notify = std::get_if<NotifyPayload>(&payload);
    if (notify != nullptr && is_error(notify->type)) return notify;
  }
  return nullptr;
}

const IdPayload* find_identity(const std::vector<Payload>& payloads, bool of_initiator) {
  for (const Payload& payload : payloads) {
    const auto* id = std::get_if<IdPayload>(&payload);
    if (id != nullptr && id->of_initiator == of_initiator) return id;
  }
  return nullptr;
}

const TsPayload* find_selectors(const std::vector<Payload>& payloads, bool of_initiator) {
  for (const Payload& payload : payloads) {
    const auto* ts = std::get_if<TsPayload>(&payload);
    if (ts != nullptr && ts->of_initiator == of_initiator) return ts;
  }
  return nullptr;
}

bool deletes_ike(const std::vector<Payload>& payloads) {
  for (const Payload& payload : payloads) {
    const auto* gone = std::get_if<DeletePayload>(&payload);
    if (gone != nullptr && gone->protocol == ProtocolId::Ike) return true;
  }
  return false;
}

std::vector<Spi> deleted_esp_spis(const std::vector<Payload>& payloads) {
  std::vector<Spi> spis;
  for (const Payload& payload : payloads) {
    const auto* gone = std::get_if<DeletePayload>(&payload);
    if (gone == nullptr || gone->protocol != ProtocolId::Esp) continue;
    spis.insert(spis.end(), gone->spis.begin(), gone->spis.end());
  }
  return spis;
}

std::optional<uint16_t> wanted_group(const NotifyPayload& notify) {
  if (notify.type != NotifyType::InvalidKePayload || notify.value.size() != 2) return std::nullopt;
  return load_be16(notify.value.data());
}

Payload error_notify(NotifyType type) {
  return NotifyPayload{.protocol = ProtocolId::None, .spi = {}, .type = type, .value = {}};
}

Payload status_notify(NotifyType type) {
  return error_notify(type);
}

Payload critical_notify(uint8_t payload_type) {
  return NotifyPayload{.protocol = ProtocolId::None,
                       .spi = {},
                       .type = NotifyType::UnsupportedCriticalPayload,
                       .value = {payload_type}};
}

Payload invalid_ke_notify(uint16_t group) {
  Bytes value(2);
  store_be16(value.data(), group);
  return NotifyPayload{.protocol = ProtocolId::None,
                       .spi = {},
                       .type = NotifyType::InvalidKePayload,
                       .value = std::move(value)};
}

Payload invalid_spi_notify(Spi spi) {
  Bytes bytes(4);
  store_be32(bytes.data(), spi.value);
  return NotifyPayload{.protocol = ProtocolId::None,
                       .spi = {},
                       .type = NotifyType::InvalidSpi,
                       .value = std::move(bytes)};
}

Payload child_notify(NotifyType type, Spi spi) {
  Bytes bytes(4);
  store_be32(bytes.data(), spi.value);
  return NotifyPayload{
      .protocol = ProtocolId::Esp, .spi = std::move(bytes), .type = type, .value = {}};
}

std::string notify_text(NotifyType type) {
  const char* name = notify_name(type);
  return name != nullptr ? name : fmt::format("notify {}", static_cast<unsigned>(type));
}

}  // namespace twinspan::ike
