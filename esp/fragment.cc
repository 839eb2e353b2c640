#include "esp/fragment.h"

#include <algorithm>

#include "esp/ip_checksum.h"

namespace twinspan::esp {
namespace {

constexpr size_t kHeaderMin = 20;
constexpr uint16_t kDontFragment = 0x4000;
constexpr uint16_t kMoreFragments = 0x2000;
constexpr uint16_t kOffsetMask = 0x1fff;
constexpr uint8_t kOptionEnd = 0, kOptionNop = 1, kOptionCopied = 0x80;

size_t round_down(size_t bytes) {
  return bytes & ~size_t{7};
}

}  // namespace

std::optional<Fragmenter> Fragmenter::make(ByteView packet, size_t mtu) {
  if (packet.size() < kHeaderMin || packet[0] >> 4 != 4) return std::nullopt;
  if ((load_be16(&packet[6]) & kDontFragment) != 0) return std::nullopt;
  Fragmenter fragmenter(packet);
  fragmenter.header_length_ = (packet[0] & 15u) * 4u;
  if (fragmenter.header_length_ < kHeaderMin || fragmenter.header_length_ > packet.size() ||
      mtu < fragmenter.header_length_ + 8) {
    return std::nullopt;
  }
  fragmenter.make_later_header();
  const size_t payload = packet.size() - fragmenter.header_length_;
  fragmenter.first_ = std::min(payload, round_down(mtu - fragmenter.header_length_));
  fragmenter.later_ = round_down(mtu - fragmenter.later_header_length_);
  const size_t rest = payload - fragmenter.first_;
  fragmenter.count_ = 1 + (rest + fragmenter.later_ - 1) / fragmenter.later_;
  return fragmenter;
}

void Fragmenter::make_later_header() {
  std::copy_n(packet_.begin(), kHeaderMin, later_header_.begin());
  size_t length = kHeaderMin;
  size_t at = kHeaderMin;
  while (at < header_length_ && packet_[at] != kOptionEnd) {
    if (packet_[at] == kOptionNop) {
      ++at;
      continue;
    }
    const size_t size = at + 1 < header_length_ ? packet_[at + 1] : 0;
    if (size < 2 || at + size > header_length_) break;  // Broken: nothing behind it is understood.
    if ((packet_[at] & kOptionCopied) != 0) {
      std::copy_n(packet_.begin() + static_cast<ptrdiff_t>(at), size,
                  later_header_.begin() + static_cast<ptrdiff_t>(length));
      length += size;
    }
    at += size;
  }
  // The rest up to a multiple of four is zero, the end of options.
  later_header_length_ = (length + 3) & ~size_t{3};
  later_header_[0] = static_cast<uint8_t>(0x40 | later_header_length_ / 4);
}

size_t Fragmenter::payload_length(size_t index) const {
  const size_t payload = packet_.size() - header_length_;
  return std::min(index == 0 ? first_ : later_, payload - payload_begin(index));
}

size_t Fragmenter::length(size_t index) const {
  return (index == 0 ? header_length_ : later_header_length_) + payload_length(index);
}

void Fragmenter::write(size_t index, uint8_t* out) const {
  const size_t header = index == 0 ? header_length_ : later_header_length_;
  const size_t begin = payload_begin(index);
  std::memcpy(out, index == 0 ? packet_.data() : later_header_.data(), header);
  std::memcpy(out + header, packet_.data() + header_length_ + begin, payload_length(index));
  store_be16(out + 2, static_cast<uint16_t>(length(index)));
  // The last fragment has the flag that the packet has: that of a fragment from the middle.
  const uint16_t field = load_be16(&packet_[6]);
  const auto more =
      static_cast<uint16_t>(index + 1 < count_ ? kMoreFragments : field & kMoreFragments);
  const auto offset = static_cast<uint16_t>((field & kOffsetMask) + begin / 8);
  store_be16(out + 6,
             static_cast<uint16_t>((field & ~(kMoreFragments | kOffsetMask)) | more | offset));
  store_ip4_checksum(out, header);
}

}  // namespace twinspan::esp
