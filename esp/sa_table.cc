#include "esp/sa_table.h"

#include "esp/flow_hash.h"

namespace twinspan::esp {
namespace {

// Multicast that ends at its link (RFC 4291 2.7, RFC 5771 4): the device's own MLD and neighbour
// discovery, mDNS, routing hellos. The tunnel is another link.
bool is_link_scope(const InnerPacket& packet) {
  if (packet.family == IpFamily::V4) return (packet.destination.low >> 8) == 0xe00000;
  const uint64_t first_word = packet.destination.high >> 48;
  return (first_word & 0xff0f) == 0xff01 || (first_word & 0xff0f) == 0xff02;
}

// Of several resources, for a packet read from `queue`; nullptr: the queue has none.
OutboundSa* choose_resource(const TunnelEntry& tunnel, const SpdEntry& entry, ByteView packet,
                            unsigned queue) {
  const uint32_t hash = flow_hash(packet);
  const unsigned slot = flow_slot(hash, tunnel.resources);
  if (slot % tunnel.queues() == queue) return entry.sa_of(slot);
  // Steered by another function, or by an earlier number of slots. The slot's SA is being written
  // by another thread.
  if (queue >= tunnel.resources) return nullptr;
  const unsigned own = (tunnel.resources - queue - 1) / tunnel.queues() + 1;
  return entry.sa_of(queue + flow_slot(hash, own) * tunnel.queues());
}

}  // namespace

SaTable::SaTable(std::vector<std::shared_ptr<InboundSa>> inbound,
                 std::vector<std::shared_ptr<const TunnelEntry>> tunnels)
    : inbound_(std::move(inbound)),
      tunnels_(std::move(tunnels)),
      inbound_by_spi_(inbound_.size()),
      tunnel_by_id_(tunnels_.size()) {
  for (const auto& sa : inbound_) inbound_by_spi_.insert(sa->spi().value, sa.get());
  for (const auto& tunnel : tunnels_) tunnel_by_id_.insert(tunnel->tunnel.value, tunnel.get());
}

InboundSa* SaTable::find_inbound(uint32_t spi) const {
  return inbound_by_spi_.find(spi);
}

const TunnelEntry* SaTable::find_tunnel(TunnelId tunnel) const {
  return tunnel_by_id_.find(tunnel.value);
}

OutboundSa* SaTable::find_outbound(TunnelId tunnel, ByteView inner_packet, Verdict& verdict,
                                   unsigned queue) const {
  const TunnelEntry* const entry = find_tunnel(tunnel);
  if (entry == nullptr) {
    verdict = Verdict::NoSa;
    return nullptr;
  }
  const auto packet = parse_inner(inner_packet);
  if (!packet) {
    verdict = Verdict::BadInnerPacket;
    return nullptr;
  }
  if (is_link_scope(*packet)) {
    verdict = Verdict::LinkScope;
    return nullptr;
  }
  const bool is_spread = entry->resources != 1 || queue != 0;
  if (entry->only_any != nullptr && !is_spread) {
    verdict = Verdict::Accept;
    return entry->only_any;
  }
  const SpdEntry* carrier = entry->any_entry;
  if (carrier == nullptr) carrier = find_in_spd(entry->spd, *packet, verdict);
  if (carrier == nullptr) return nullptr;
  OutboundSa* const sa =
      is_spread ? choose_resource(*entry, *carrier, packet->bytes, queue) : carrier->sa.get();
  verdict = sa == nullptr ? Verdict::NoSa : Verdict::Accept;
  return sa;
}

void SaTable::visit_outbound(const IpAddress& remote,
                             const std::function<void(OutboundSa&)>& visit) const {
  for (const auto& tunnel : tunnels_) {
    for (const SpdEntry& entry : tunnel->spd) {
      if (entry.sa == nullptr) continue;
      for (unsigned resource = 0; resource < tunnel->resources; ++resource) {
        OutboundSa& sa = *entry.sa_of(resource);
        if (sa.remote().address == remote) visit(sa);
      }
    }
  }
}

}  // namespace twinspan::esp
