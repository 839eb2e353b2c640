// Small look-ups and makers of payloads that every exchange uses.
#pragma once

#include <optional>
#include <vector>

#include "ike/wire/payload.h"

namespace twinspan::ike {

// The first payload of this kind, or nullptr.
template <class T>
const T* find_payload(const std::vector<Payload>& payloads) {
  for (const Payload& payload : payloads) {
    if (const T* found = std::get_if<T>(&payload)) return found;
  }
  return nullptr;
}

const NotifyPayload* find_notify(const std::vector<Payload>& payloads, NotifyType type);
const NotifyPayload* find_error(const std::vector<Payload>& payloads);  // The first error notify.
const IdPayload* find_identity(const std::vector<Payload>& payloads, bool of_initiator);
const TsPayload* find_selectors(const std::vector<Payload>& payloads, bool of_initiator);
bool deletes_ike(const std::vector<Payload>& payloads);
std::vector<Spi> deleted_esp_spis(const std::vector<Payload>& payloads);
// RFC 7296 1.3: the two-byte group of INVALID_KE_PAYLOAD.
std::optional<uint16_t> wanted_group(const NotifyPayload& notify);

Payload error_notify(NotifyType type);
Payload status_notify(NotifyType type);
Payload critical_notify(uint8_t payload_type);
Payload invalid_ke_notify(uint16_t group);
Payload invalid_spi_notify(Spi spi);             // RFC 7296 3.10.1: the SPI is its data.
Payload child_notify(NotifyType type, Spi spi);  // REKEY_SA, CHILD_SA_NOT_FOUND: protocol ESP.

// "NO_PROPOSAL_CHOSEN", or the number of one without a name.
std::string notify_text(NotifyType type);

}  // namespace twinspan::ike
