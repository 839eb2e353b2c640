#include "policy/transit_clash.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/bgp.h"
#include "policy/connection_ends.h"
#include "policy/rules.h"

namespace twinspan::policy {
namespace {

const LocalNetworkGateway* site_at(const TransitMap& map, const TransitLink& link) {
  for (const std::string& name : {link.from, link.to}) {
    if (const auto* const site = map.place(name).site) return site;
  }
  return nullptr;
}

// `own`: the end of the connection that is there, where a gateway of the files is.
Speaker speaker_at(const TransitMap& map, const std::string& name, const std::optional<End>& own) {
  const TransitPlace& place = map.place(name);
  if (place.site != nullptr) return {name, place.path, asn_of(place.site->bgp_settings)};
  const VirtualNetworkGateway& gateway = *local_gateway(own->model, own->connection);
  return {name, map.shown(own->model, path_of(gateway)), asn_of(gateway.bgp_settings)};
}

Speaker speaker_before(const TransitMap& map, const TransitLink& link, Heading heading) {
  return heading == Heading::ToLast ? speaker_at(map, link.from, link.there)
                                    : speaker_at(map, link.to, link.back);
}

Speaker speaker_behind(const TransitMap& map, const TransitLink& link, Heading heading) {
  return speaker_before(map, link, heading == Heading::ToLast ? Heading::ToFirst : Heading::ToLast);
}

}  // namespace

bool is_told_by_bgp(const TransitMap& map, const TransitLink& link) {
  if (link.is_peering()) return false;
  if (const auto* const site = site_at(map, link))
    return site->bgp_settings.is_set && is_bgp_spoken(link.there ? *link.there : *link.back);
  return link.there && link.back && is_bgp_spoken(*link.there) && is_bgp_spoken(*link.back);
}

std::optional<Loop> find_loop(const TransitMap& map, const TransitMap::Path& path, size_t index,
                              Heading heading) {
  const size_t step = heading == Heading::ToLast ? 1 : static_cast<size_t>(-1);
  if (!is_told_by_bgp(map, *path[index])) return std::nullopt;
  const Speaker receiver = speaker_before(map, *path[index], heading);
  // Past the first place it wraps to beyond the last one.
  for (size_t at = index + step; at < path.size() && is_told_by_bgp(map, *path[at]); at += step) {
    Speaker sender = speaker_behind(map, *path[at], heading);
    if (sender.asn == receiver.asn) return Loop{receiver, std::move(sender)};
  }
  return std::nullopt;
}

std::optional<std::string> find_overlap(const TransitMap& map, const TransitMap::Path& path,
                                        size_t index) {
  const std::string& name = path[index]->to;
  for (size_t before = 0; before < index; ++before) {
    const std::string& other = path[before]->from;
    for (const auto& prefix : *map.place(name).prefixes()) {
      for (const auto& theirs : *map.place(other).prefixes()) {
        const bool is_default_route = prefix->length() == 0 || theirs->length() == 0;
        if (is_default_route || !prefix->overlaps(*theirs)) continue;
        return fmt::format("{} of {} overlaps {} of {}", prefix->to_string(), name,
                           theirs->to_string(), other);
      }
    }
  }
  return std::nullopt;
}

}  // namespace twinspan::policy
