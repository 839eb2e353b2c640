#include "tests/support/wire_judge.h"

#include <cstring>

namespace twinspan::ike {
namespace {

// After the generic header of SK, when SK is first; SKF has number and total before it.
constexpr size_t kIvOffset = kHeaderSize + 4;
constexpr size_t kFragmentHeaderSize = 4;
constexpr size_t kIvSize = 8;
// No fragment has this number.
constexpr uint16_t kSizeProbe = UINT16_MAX;

}  // namespace

uint64_t digest_of(ByteView bytes) {
  uint64_t state = bytes.size();
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    state = (state ^ word) * 0x9e3779b97f4a7c15u;
    state ^= state >> 29;
  }
  for (; at < bytes.size(); ++at) state = (state ^ bytes[at]) * 0x100000001b3u;
  return state ^ (state >> 32);
}

std::optional<std::string> WireJudge::judge(const WireMessage& message, uint64_t digest) {
  const Header& header = message.header;
  if (header.exchange == static_cast<uint8_t>(ExchangeType::IkeSaInit)) return std::nullopt;
  if (header.responder_spi.value == 0) return std::nullopt;  // An INVALID_SPI outside of any SA.
  const ByteView bytes = message.datagram.bytes;
  const bool is_fragment =
      header.next_payload == static_cast<uint8_t>(PayloadType::EncryptedFragment);
  const bool is_sealed =
      is_fragment || header.next_payload == static_cast<uint8_t>(PayloadType::Encrypted);
  if (!is_sealed) return std::nullopt;
  const size_t iv_offset = kIvOffset + (is_fragment ? kFragmentHeaderSize : 0);
  const SaKey key{message.from, header.initiator_spi.value, header.responder_spi.value};
  if (bytes.size() >= iv_offset + kIvSize) {
    const uint64_t iv = load_be64(bytes.data() + iv_offset);
    const auto [place, fresh] = ivs_[key].try_emplace(iv, digest);
    if (!fresh && place->second != digest) return "an IV was used for two messages";
  }
  if (header.is_response) return std::nullopt;
  const uint32_t id = header.message_id.value;
  const uint16_t number = is_fragment                      ? load_be16(bytes.data() + kIvOffset)
                          : message.datagram.is_size_probe ? kSizeProbe
                                                           : 0;
  const auto [place, first] = requests_.try_emplace(key, Requests{id, {{number, digest}}});
  Requests& known = place->second;
  if (first) return std::nullopt;
  if (id < known.highest) return "a request went back";
  if (id > known.highest + 1) return "a request ID was skipped";
  if (id > known.highest) known = {id, {}};
  const uint64_t before = known.digests.try_emplace(number, digest).first->second;
  const auto whole = known.digests.find(0), probe = known.digests.find(kSizeProbe);
  const bool is_cut_anew = whole != known.digests.end() &&
                           known.digests.rbegin()->first < kSizeProbe && known.digests.size() > 1;
  // A size probe alone may be cut when it is sent again (RFC 7383 2.5.2), and not otherwise change.
  const bool is_altered = whole != known.digests.end() && probe != known.digests.end() &&
                          whole->second != probe->second;
  if (before != digest || is_cut_anew || is_altered) return "a request changed when sent again";
  return std::nullopt;
}

void WireJudge::forget(size_t host) {
  const auto is_of_host = [host](const auto& entry) { return std::get<0>(entry.first) == host; };
  std::erase_if(requests_, is_of_host);
  std::erase_if(ivs_, is_of_host);
}

}  // namespace twinspan::ike
