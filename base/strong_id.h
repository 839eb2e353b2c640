// Integers that cannot be mixed up with each other.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace twinspan {

template <class Tag, class Representation>
struct StrongId {
  Representation value{};
  constexpr auto operator<=>(const StrongId&) const = default;
};

using Spi = StrongId<struct SpiTag, uint32_t>;        // ESP SPI, host order; 0..255 are reserved.
using IkeSpi = StrongId<struct IkeSpiTag, uint64_t>;  // IKE SPI, host order; 0 means none yet.
using MessageId = StrongId<struct MessageIdTag, uint32_t>;
using TunnelId = StrongId<struct TunnelIdTag, uint32_t>;  // One peer of this gateway instance.
using ChildId = StrongId<struct ChildIdTag, uint64_t>;  // One Child SA, never reused in a process.

}  // namespace twinspan

template <class Tag, class Representation>
struct std::hash<twinspan::StrongId<Tag, Representation>> {
  size_t operator()(const twinspan::StrongId<Tag, Representation>& id) const noexcept {
    return std::hash<Representation>{}(id.value);
  }
};
