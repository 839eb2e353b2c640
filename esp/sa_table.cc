#include "esp/sa_table.h"

namespace twinspan::esp {
namespace {

// Multicast that ends at its link (RFC 4291 2.7, RFC 5771 4): the device's own MLD and neighbour
// discovery, mDNS, routing hellos. The tunnel is another link.
bool is_link_scope(const InnerPacket& packet) {
  if (packet.family == IpFamily::V4) return (packet.destination.low >> 8) == 0xe00000;
  const uint64_t first_word = packet.destination.high >> 48;
  return (first_word & 0xff0f) == 0xff01 || (first_word & 0xff0f) == 0xff02;
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

OutboundSa* SaTable::find_outbound(TunnelId tunnel, ByteView inner_packet, Verdict& verdict) const {
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
  if (entry->only_any != nullptr) {
    verdict = Verdict::Accept;
    return entry->only_any;
  }
  return find_in_spd(entry->spd, *packet, verdict);
}

void SaTable::visit_outbound(const IpAddress& remote,
                             const std::function<void(OutboundSa&)>& visit) const {
  for (const auto& tunnel : tunnels_) {
    for (const SpdEntry& entry : tunnel->spd) {
      if (entry.sa != nullptr && entry.sa->remote().address == remote) visit(*entry.sa);
    }
  }
}

}  // namespace twinspan::esp
