// What happens to a datagram between two hosts: a pure function of the options and the dice.
#pragma once

#include <random>
#include <vector>

#include "base/time.h"

namespace twinspan::ike {

// The whole internet between the hosts.
struct SimLink {
  Duration delay_min = 5ms;
  Duration delay_max = 5ms;  // Above the minimum, packets overtake each other.
  unsigned loss_percent = 0;
  unsigned duplicate_percent = 0;
  bool esp_is_lossless = false;  // Loss and duplication hit IKE only.
  // The same datagram is lost at most so often; 0: no bound. With a bound below the number of
  // transmissions, every exchange comes to its end.
  unsigned losses_per_datagram_max = 0;

  // The delay of each copy that arrives; empty: lost.
  std::vector<Duration> transit(std::mt19937_64& dice, bool is_esp) const {
    const auto roll = [&dice](uint64_t sides) { return sides == 0 ? 0 : dice() % sides; };
    const auto delay = [&] {
      const auto spread = static_cast<uint64_t>((delay_max - delay_min).count());
      return delay_min + Duration(static_cast<Duration::rep>(roll(spread + 1)));
    };
    const bool faulty = !(is_esp && esp_is_lossless);
    if (faulty && roll(100) < loss_percent) return {};
    std::vector<Duration> copies = {delay()};
    if (faulty && roll(100) < duplicate_percent) copies.push_back(delay());
    return copies;
  }
};

}  // namespace twinspan::ike
