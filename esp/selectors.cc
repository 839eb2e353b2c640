#include "esp/selectors.h"

#include <algorithm>

namespace twinspan::esp {
namespace {

bool has_any(const TrafficSelectors& selectors, IpFamily family) {
  return std::any_of(selectors.begin(), selectors.end(), [&](const TrafficSelector& selector) {
    return selector.family() == family && selector.is_any();
  });
}

}  // namespace

SelectorPair::SelectorPair(const TrafficSelectors& local, const TrafficSelectors& remote)
    : local_(compile(local)),
      remote_(compile(remote)),
      is_any_v4_(has_any(local, IpFamily::V4) && has_any(remote, IpFamily::V4)),
      is_any_v6_(has_any(local, IpFamily::V6) && has_any(remote, IpFamily::V6)) {
  const auto by_address = [](const Selector& s) { return s.protocol == 0 && s.all_ports; };
  by_address_alone_ = std::all_of(local_.begin(), local_.end(), by_address) &&
                      std::all_of(remote_.begin(), remote_.end(), by_address);
}

std::vector<SelectorPair::Selector> SelectorPair::compile(const TrafficSelectors& selectors) {
  std::vector<Selector> compiled;
  for (const TrafficSelector& selector : selectors) {
    compiled.push_back({.family = selector.family(),
                        .protocol = selector.protocol,
                        .all_ports = selector.all_ports(),
                        .first_port = selector.first_port,
                        .last_port = selector.last_port,
                        .first = to_number(selector.first_address),
                        .last = to_number(selector.last_address)});
  }
  return compiled;
}

// `upper` is nullptr when it is not known.
bool SelectorPair::admits(const Selector& selector, const End& end, const UpperLayer* upper) {
  if (end.address < selector.first || end.address > selector.last) return false;
  if (selector.protocol == 0 && selector.all_ports) return true;
  if (upper == nullptr) return false;
  if (selector.protocol != 0 && selector.protocol != upper->protocol) return false;
  // RFC 4301 4.4.1.1: ports that cannot be read match no particular port.
  if (selector.all_ports) return true;
  return upper->has_ports && selector.first_port <= end.port && end.port <= selector.last_port;
}

bool SelectorPair::admits(IpFamily family, const End& local, const End& remote,
                          const UpperLayer* upper) const {
  const auto some_admits = [&](const std::vector<Selector>& selectors, const End& end) {
    return std::any_of(selectors.begin(), selectors.end(), [&](const Selector& selector) {
      return selector.family == family && admits(selector, end, upper);
    });
  };
  return some_admits(local_, local) && some_admits(remote_, remote);
}

bool SelectorPair::admits_outbound(const InnerPacket& packet) const {
  if (is_any(packet.family)) return true;
  const auto upper = by_address_alone_ ? std::nullopt : find_upper_layer(packet);
  const UpperLayer ports = upper.value_or(UpperLayer{});
  return admits(packet.family, {packet.source, ports.source_port},
                {packet.destination, ports.destination_port}, upper ? &*upper : nullptr);
}

bool SelectorPair::admits_inbound(const InnerPacket& packet) const {
  if (is_any(packet.family)) return true;
  const auto upper = by_address_alone_ ? std::nullopt : find_upper_layer(packet);
  const UpperLayer ports = upper.value_or(UpperLayer{});
  return admits(packet.family, {packet.destination, ports.destination_port},
                {packet.source, ports.source_port}, upper ? &*upper : nullptr);
}

}  // namespace twinspan::esp
