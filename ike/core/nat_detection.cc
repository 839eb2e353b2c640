#include "ike/core/nat_detection.h"

#include <utility>

namespace twinspan::ike {
namespace {

// RFC 7296 2.23: an address that is certainly not ours.
const Endpoint kForcedSource{};

Payload notify(NotifyType type, Bytes value) {
  return NotifyPayload{
      .protocol = ProtocolId::None, .spi = {}, .type = type, .value = std::move(value)};
}

}  // namespace

Bytes nat_hash(Provider& provider, const NatSpis& spis, const Endpoint& endpoint) {
  uint8_t prefix[16];
  store_be64(prefix, spis.initiator.value);
  store_be64(prefix + 8, spis.responder.value);
  uint8_t port[2];
  store_be16(port, endpoint.port);
  return provider.sha1({prefix, endpoint.address.bytes(), port});
}

std::vector<Payload> nat_notifies(Provider& provider, const NatSpis& spis, const Endpoint& local,
                                  const Endpoint& remote, Encapsulation encapsulation) {
  const Endpoint& source = encapsulation == Encapsulation::Udp ? kForcedSource : local;
  return {notify(NotifyType::NatDetectionSourceIp, nat_hash(provider, spis, source)),
          notify(NotifyType::NatDetectionDestinationIp, nat_hash(provider, spis, remote))};
}

NatStatus read_nat_notifies(Provider& provider, const NatSpis& spis, const Endpoint& local,
                            const Endpoint& remote, const std::vector<Payload>& payloads) {
  bool saw_source = false, source_matches = false, forced = false;
  bool saw_destination = false, destination_matches = false;
  const Bytes remote_hash = nat_hash(provider, spis, remote);
  const Bytes local_hash = nat_hash(provider, spis, local);
  const Bytes forced_hash = nat_hash(provider, spis, kForcedSource);
  for (const Payload& payload : payloads) {
    const auto* note = std::get_if<NotifyPayload>(&payload);
    if (note == nullptr) continue;
    // RFC 7296 2.23: there may be several sources; one that matches is enough.
    if (note->type == NotifyType::NatDetectionSourceIp) {
      saw_source = true;
      source_matches |= note->value == remote_hash;
      forced |= note->value == forced_hash;
    } else if (note->type == NotifyType::NatDetectionDestinationIp) {
      saw_destination = true;
      destination_matches |= note->value == local_hash;
    }
  }
  NatStatus status;
  status.peer_supports = saw_source && saw_destination;
  if (!status.peer_supports) return status;
  status.remote_forces_udp = forced;
  status.remote_behind_nat = !source_matches && !forced;
  status.local_behind_nat = !destination_matches;
  return status;
}

Encapsulation decide_encapsulation(const NatStatus& nat, Encapsulation wanted) {
  if (!nat.peer_supports) return Encapsulation::Esp;
  const bool needed = nat.local_behind_nat || nat.remote_behind_nat || nat.remote_forces_udp;
  return needed || wanted == Encapsulation::Udp ? Encapsulation::Udp : Encapsulation::Esp;
}

}  // namespace twinspan::ike
