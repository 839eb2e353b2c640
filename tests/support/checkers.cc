#include "tests/support/checkers.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "tests/support/sim_world.h"

namespace twinspan::ike {
namespace {

// Above the grace time of replaced SAs, below the shortest lifetime.
constexpr Duration kRestInterval = 7s;
constexpr unsigned kRestTriesMax = 8;

const SimHost::Pair* find_inbound(SimWorld& world, const SaPairParams& sender) {
  const size_t peer = world.host_behind(sender.remote);
  if (peer == world.host_count()) return nullptr;
  const auto found = world.host(peer).inbound.find(sender.outbound_spi);
  return found == world.host(peer).inbound.end() ? nullptr : &found->second;
}

}  // namespace

std::vector<std::string> check_keys(SimWorld& world) {
  std::vector<std::string> violations;
  for (size_t i = 0; i < world.host_count(); ++i) {
    for (const auto& [spi, pair] : world.host(i).inbound) {
      const SimHost::Pair* other = find_inbound(world, pair.params);
      if (other == nullptr || other->params.outbound_spi != spi) continue;
      if (pair.outbound_print != other->inbound_print) {
        violations.push_back(
            fmt::format("{}: keys of SPI {:08x} differ", world.host(i).name(), spi.value));
      }
      if (pair.params.local_selectors != other->params.remote_selectors ||
          pair.params.remote_selectors != other->params.local_selectors) {
        violations.push_back(
            fmt::format("{}: selectors of SPI {:08x} differ", world.host(i).name(), spi.value));
      }
      if (pair.params.aggfrag != other->params.aggfrag) {
        violations.push_back(
            fmt::format("{}: one end of SPI {:08x} has AGGFRAG", world.host(i).name(), spi.value));
      }
    }
  }
  return violations;
}

std::vector<std::string> check_at_rest(SimWorld& world) {
  std::vector<std::string> violations;
  for (size_t i = 0; i < world.host_count(); ++i) {
    SimHost& host = world.host(i);
    const auto complain = [&](std::string what) {
      violations.push_back(host.name() + ": " + what);
    };
    size_t sent_on = 0;
    for (const auto& [tunnel, state] : host.tunnel_state) {
      if (state != TunnelState::Established) complain("a tunnel is not established");
      const auto pairs = host.all_outbound(tunnel);
      sent_on += pairs.size();
      if (pairs.empty()) complain("nothing to send on");
      for (const SimHost::Pair* pair : pairs) {
        if (find_inbound(world, pair->params) == nullptr)
          complain("the peer does not hold an SA that we send on");
      }
    }
    if (host.inbound.size() != sent_on) {
      complain(fmt::format("{} inbound SAs, {} sent on", host.inbound.size(), sent_on));
    }
  }
  return violations;
}

std::vector<std::string> check_ike_sas(SimWorld& world) {
  using Spis = std::pair<IkeSpi, IkeSpi>;
  std::vector<std::string> violations;
  std::map<Spis, unsigned> holders;
  for (size_t i = 0; i < world.host_count(); ++i) {
    const SimHost& host = world.host(i);
    std::map<Spis, TunnelId> live;
    for (const auto& sa : host.ike_established)
      live[{sa.initiator_spi, sa.responder_spi}] = sa.tunnel;
    for (const auto& sa : host.ike_gone) live.erase({sa.initiator_spi, sa.responder_spi});
    if (live.size() != host.tunnel_state.size()) {
      violations.push_back(fmt::format("{}: {} IKE SAs for {} tunnels", host.name(), live.size(),
                                       host.tunnel_state.size()));
    }
    for (const auto& [spis, tunnel] : live) ++holders[spis];
  }
  for (const auto& [spis, count] : holders) {
    if (count == 2) continue;
    violations.push_back(
        fmt::format("IKE SA {:016x}_i is known to one end only", spis.first.value));
  }
  return violations;
}

std::vector<std::string> check_comes_to_rest(SimWorld& world) {
  std::vector<std::string> found;
  for (unsigned i = 0; i <= kRestTriesMax; ++i) {
    if (i > 0) world.run_for(kRestInterval);
    found = check_at_rest(world);
    std::ranges::move(check_ike_sas(world), std::back_inserter(found));
    if (found.empty()) break;
  }
  return found;
}

}  // namespace twinspan::ike
