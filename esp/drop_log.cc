#include "esp/drop_log.h"

#include <bit>
#include <type_traits>

#include "esp/esp_layout.h"
#include "esp/inner_packet.h"

namespace twinspan::esp {
namespace {

static_assert(std::is_trivially_copyable_v<DropRecord>);

IpAddress address_at(IpFamily family, const uint8_t* bytes) {
  return family == IpFamily::V4 ? IpAddress::v4(bytes) : IpAddress::v6(bytes);
}

void describe(ByteView bytes, DropRecord& record) {
  record.length = static_cast<uint32_t>(bytes.size());
  const auto packet = parse_inner(bytes);
  if (!packet) return;
  const bool is_v4 = packet->family == IpFamily::V4;
  const uint8_t* const at = packet->bytes.data() + (is_v4 ? 12 : 8);
  record.has_inner = true;
  record.length = static_cast<uint32_t>(packet->bytes.size());
  record.source = address_at(packet->family, at);
  record.destination = address_at(packet->family, at + record.source.size());
  const auto upper = find_upper_layer(*packet);
  if (!upper) return;
  record.protocol = upper->protocol;
  record.has_ports = upper->has_ports;
  record.source_port = upper->source_port;
  record.destination_port = upper->destination_port;
}

}  // namespace

DropLog::DropLog(Clock clock)
    : clock_(clock), reasons_(std::make_unique<std::array<Reason, kVerdictCount>>()) {}

std::optional<uint64_t> DropLog::admit(Verdict reason) {
  if (reason == Verdict::Accept || reason == Verdict::Dummy || reason == Verdict::LinkScope)
    return std::nullopt;
  Reason& of = (*reasons_)[static_cast<size_t>(reason)];
  const uint64_t now = clock_();
  if (now / 1000 != of.second) {
    of.second = now / 1000;
    of.in_second = 0;
  }
  if (of.in_second == kPerSecondMax) return std::nullopt;
  ++of.in_second;
  return now;
}

void DropLog::note_inner(Verdict reason, TunnelId tunnel, bool is_outbound, ByteView packet) {
  const auto now = admit(reason);
  if (!now) return;
  DropRecord record{.at_ms = *now, .reason = reason, .is_outbound = is_outbound};
  record.has_tunnel = true;
  record.tunnel = tunnel;
  describe(packet, record);
  write(record);
}

void DropLog::note_outer(Verdict reason, std::optional<TunnelId> tunnel, const Endpoint& remote,
                         ByteView frame) {
  const auto now = admit(reason);
  if (!now) return;
  DropRecord record{.at_ms = *now, .reason = reason};
  record.has_tunnel = tunnel.has_value();
  record.tunnel = tunnel.value_or(TunnelId{});
  record.has_outer = true;
  record.remote = remote;
  record.length = static_cast<uint32_t>(frame.size());
  if (frame.size() >= kFixedHeaderSize) {
    record.has_spi = true;
    record.spi = Spi{load_be32(frame.data())};
    record.sequence = load_be32(frame.data() + kSpiSize);
  }
  write(record);
}

void DropLog::note(Verdict reason, TunnelId tunnel, bool is_outbound) {
  const auto now = admit(reason);
  if (!now) return;
  DropRecord record{.at_ms = *now, .reason = reason, .is_outbound = is_outbound};
  record.has_tunnel = true;
  record.tunnel = tunnel;
  write(record);
}

void DropLog::write(const DropRecord& record) {
  Reason& of = (*reasons_)[static_cast<size_t>(record.reason)];
  Place& place = of.places[of.written++ % kPlacesPerReason];
  const auto words = std::bit_cast<std::array<uint64_t, kWords>>(record);
  const uint64_t version = place.version.load(std::memory_order_relaxed);
  place.version.store(version + 1, std::memory_order_relaxed);
  for (size_t i = 0; i < kWords; ++i) place.words[i].store(words[i], std::memory_order_release);
  place.version.store(version + 2, std::memory_order_release);
}

void DropLog::collect(std::vector<DropRecord>& records) const {
  for (const Reason& reason : *reasons_) {
    for (const Place& place : reason.places) {
      const uint64_t version = place.version.load(std::memory_order_acquire);
      if (version == 0 || version % 2 != 0) continue;
      std::array<uint64_t, kWords> words;
      for (size_t i = 0; i < kWords; ++i) words[i] = place.words[i].load(std::memory_order_acquire);
      if (place.version.load(std::memory_order_relaxed) != version) continue;
      records.push_back(std::bit_cast<DropRecord>(words));
    }
  }
}

}  // namespace twinspan::esp
