#include "policy/transit_hop.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/connection_ends.h"
#include "policy/faults.h"
#include "policy/peering_state.h"
#include "policy/prefix_index.h"
#include "policy/route_mode.h"
#include "policy/rules.h"
#include "policy/transit_clash.h"

namespace twinspan::policy {
namespace {

using Path = TransitMap::Path;

bool has_pairs(const End& end) {
  return local_gateway(end.model, end.connection)->is_policy_based() ||
         *end.connection.use_policy_based_traffic_selectors;
}

bool are_listed(const MarkedList<IpPrefix>& prefixes, const MarkedList<IpPrefix>& list) {
  return !prefixes->empty() && std::ranges::all_of(*prefixes, [&](const auto& prefix) {
    return is_covered(*prefix, list);
  });
}

// Of the longest prefix of the list that holds this one; of several that do so together the
// shortest.
unsigned covering_length(const IpPrefix& prefix, const MarkedList<IpPrefix>& list) {
  std::optional<unsigned> whole, part;
  for (const auto& each : *list) {
    if (each->contains(prefix)) whole = std::max(whole.value_or(0), each->length());
    if (prefix.contains(*each)) part = std::min(part.value_or(each->length()), each->length());
  }
  return whole ? *whole : part.value_or(0);
}

bool has_longer(const MarkedList<IpPrefix>& list, const IpPrefix& prefix, unsigned length) {
  return std::ranges::any_of(
      *list, [&](const auto& each) { return each->overlaps(prefix) && each->length() > length; });
}

std::string listed(const MarkedList<IpPrefix>& prefixes) {
  std::vector<std::string> texts;
  for (const auto& prefix : *prefixes) texts.push_back(prefix->to_string());
  return fmt::format("{}", fmt::join(texts, ", "));
}

bool holds(const TrafficSelectors& selectors, const IpPrefix& prefix) {
  const TrafficSelector wanted = TrafficSelector::from_prefix(prefix);
  return std::ranges::any_of(
      selectors, [&](const TrafficSelector& selector) { return selector.contains(wanted); });
}

bool meets(const TrafficSelectors& selectors, const IpPrefix& prefix) {
  const TrafficSelector wanted = TrafficSelector::from_prefix(prefix);
  return std::ranges::any_of(selectors, [&](const TrafficSelector& selector) {
    return TrafficSelector::intersect(selector, wanted).has_value();
  });
}

// What pairs of prefixes let out of the addresses of two places.
enum class Share : uint8_t { None, Part, All };

Share share_of(const TunnelSelectors& selectors, const MarkedList<IpPrefix>& sources,
               const MarkedList<IpPrefix>& destinations) {
  bool is_any = false, are_all = true;
  for (const auto& source : *sources) {
    for (const auto& destination : *destinations) {
      if (source->family() != destination->family()) continue;
      are_all &= std::ranges::any_of(selectors.pairs, [&](const SelectorPair& pair) {
        return holds(pair.local, *source) && holds(pair.remote, *destination);
      });
      is_any |= std::ranges::any_of(selectors.pairs, [&](const SelectorPair& pair) {
        return meets(pair.local, *source) && meets(pair.remote, *destination);
      });
    }
  }
  if (!is_any) return Share::None;
  return are_all ? Share::All : Share::Part;
}

// Judges one hop of a path.
class HopJudge {
 public:
  HopJudge(const TransitMap& map, const Path& path, size_t index)
      : map_(map), path_(path), index_(index), link_(*path[index]) {}

  TransitHop hop() {
    hop_ = {.from = link_.from,
            .to = link_.to,
            .object = object(),
            .field = field(),
            .objects = objects(),
            .refusals = {},
            .conditions = {}};
    link_.is_peering() ? judge_peering() : judge_connection();
    refuse_overlap();
    return std::move(hop_);
  }

 private:
  // One direction of a connection: what leaves over it, and to where.
  struct Direction {
    const End& end;
    const End* other;  // nullptr when it is not known.
    const std::string& neighbour;
    const std::string& source;
    const std::string& destination;
    Heading heading;
    bool is_last_hop() const { return destination == neighbour; }
  };

  const End& any_end() const { return link_.there ? *link_.there : *link_.back; }
  const std::string& first() const { return path_.front()->from; }
  const std::string& last() const { return path_.back()->to; }
  const TransitPlace& place(const std::string& name) const { return map_.place(name); }

  std::string shown(const Peering& half) const {
    return map_.shown(*link_.peerings_model, path_of(half));
  }
  std::string shown(const End& end) const { return map_.shown(end.model, path_of(end.connection)); }

  std::string object() const {
    if (link_.is_peering()) return shown(link_.half != nullptr ? *link_.half : *link_.other);
    return shown(any_end());
  }

  std::string field() const {
    if (link_.is_peering()) return "allow_virtual_network_access";
    if (is_told_by_bgp(map_, link_)) return "enable_bgp";
    return place_of_way(any_end().connection);
  }

  std::vector<std::string> objects() const {
    std::vector<std::string> objects = {place(link_.from).path, place(link_.to).path};
    for (const Peering* const half : {link_.half, link_.other}) {
      if (half != nullptr) objects.push_back(shown(*half));
    }
    for (const auto& end : {link_.there, link_.back}) {
      if (!end) continue;
      for (const std::string& object : objects_of(*end))
        objects.push_back(map_.shown(end->model, object));
    }
    return objects;
  }

  static std::string place_of_way(const Connection& connection) {
    return connection.is_vnet_to_vnet() ? "virtual_network_gateway2" : "local_network_gateway2";
  }

  void refuse(std::string object, std::string_view field, std::string reason) {
    const bool is_told = std::ranges::any_of(hop_.refusals, [&](const TransitRefusal& refusal) {
      return refusal.object == object && refusal.field == field;
    });
    if (!is_told)
      hop_.refusals.push_back({std::move(object), std::string(field), std::move(reason)});
  }

  void expect(const End& end, std::string condition) {
    hop_.conditions.push_back({shown(end), place_of_way(end.connection), std::move(condition)});
  }

  // Hosts take the addresses of their own network for neighbours.
  void refuse_overlap() {
    const auto overlap = find_overlap(map_, path_, index_);
    if (!overlap) return;
    const TransitPlace& end = place(link_.to);
    hop_.refusals.push_back({.object = end.path,
                             .field = std::string(end.prefixes_field()),
                             .reason = *overlap + ", which is on the same way",
                             .is_overlap = true});
  }

  // -- peerings

  void judge_peering() {
    if (link_.half == nullptr || link_.other == nullptr) return judge_single_half();
    for (const Peering* const half : {link_.half, link_.other}) {
      if (!*half->allow_virtual_network_access)
        refuse(shown(*half), "allow_virtual_network_access", "the half is closed");
    }
    const bool follows_peering = index_ > 0 && path_[index_ - 1]->is_peering();
    if (follows_peering) {
      return refuse(object(), "virtual_network",
                    fmt::format("a peering is not transitive: {} does not pass on what comes over "
                                "another one",
                                link_.from));
    }
    // A connection beyond either end makes that end's network the hub.
    if (index_ > 0) expect_transit(*link_.half, *link_.other);
    const bool precedes_connection = index_ + 1 < path_.size() && !path_[index_ + 1]->is_peering();
    if (precedes_connection) expect_transit(*link_.other, *link_.half);
  }

  // A classic network has no half; nothing leads over it.
  void judge_single_half() {
    const Peering& half = link_.half != nullptr ? *link_.half : *link_.other;
    if (status_of(*link_.peerings_model, half).state != PeeringState::Connected)
      return refuse(shown(half), "remote_virtual_network", "the peering has one half only");
    if (!*half.allow_virtual_network_access)
      refuse(shown(half), "allow_virtual_network_access", "the half is closed");
    if (path_.size() > 1) {
      refuse(shown(half), "remote_virtual_network",
             "nothing leads over a peering with a classic network but to that network");
    }
  }

  void expect_transit(const Peering& hub, const Peering& spoke) {
    const Model& model = *link_.peerings_model;
    const auto* const network = find(model.virtual_networks, *spoke.virtual_network);
    const auto* const gateway = network == nullptr ? nullptr : gateway_of(model, *network);
    if (!*hub.allow_gateway_transit) {
      refuse(shown(hub), "allow_gateway_transit",
             fmt::format("{} does not let others use its gateway", *hub.virtual_network));
    }
    if (!*spoke.use_remote_gateways) {
      refuse(shown(spoke), "use_remote_gateways",
             fmt::format("{} does not use the gateway of {}", *spoke.virtual_network,
                         *hub.virtual_network));
    }
    if (gateway == nullptr) return;
    refuse(map_.shown(model, path_of(*gateway)), "virtual_network",
           fmt::format("{} has a gateway of its own", network->name));
  }

  // -- connections

  bool leads_to_site() const {
    return place(link_.from).site != nullptr || place(link_.to).site != nullptr;
  }

  bool has_site_speaker() const {
    const auto* const site = site_of(any_end().model, any_end().connection);
    return site != nullptr && site->bgp_settings.is_set;
  }

  void judge_connection() {
    if (!leads_to_site() && (!link_.there || !link_.back)) {
      return refuse(object(), "virtual_network_gateway1",
                    "there is no object for the other direction");
    }
    const End* const there = link_.there ? &*link_.there : nullptr;
    const End* const back = link_.back ? &*link_.back : nullptr;
    if (there != nullptr)
      judge_direction({*there, back, link_.to, first(), last(), Heading::ToLast});
    if (back != nullptr)
      judge_direction({*back, there, link_.from, last(), first(), Heading::ToFirst});
    if (leads_to_site() && hop_.is_allowed() && hop_.conditions.empty()) judge_device();
  }

  void judge_direction(const Direction& direction) {
    const End& end = direction.end;
    if (has_pairs(end) && !do_selectors_hold(direction)) return;
    const bool is_told = is_told_by_bgp(map_, link_);
    if (is_told && !is_routed(direction)) refuse_loop(direction.heading);
    if (is_told) return;
    if (is_routed(direction)) return refuse_longer_route(direction);
    const TransitPlace& destination = place(direction.destination);
    if (end.connection.latitude && end.connection.latitude->routes_decide) {
      return expect(end, fmt::format("its file tells no routes: there has to be one to {} ({})",
                                     direction.destination, listed(destination.prefixes())));
    }
    if (destination.network != nullptr && destination.prefixes()->empty()) {
      return expect(end, fmt::format("no file tells what is behind {}: it has to be among the "
                                     "remote prefixes",
                                     direction.destination));
    }
    refuse_missing_route(direction);
  }

  void refuse_loop(Heading heading) {
    const auto loop = find_loop(map_, path_, index_, heading);
    if (!loop) return;
    if (place(loop->receiver.place).site != nullptr && place(loop->sender.place).site != nullptr) {
      return expect(any_end(),
                    fmt::format("{} and {} have ASN {} both, so neither takes the other's "
                                "routes: right for devices of one site alone",
                                loop->receiver.place, loop->sender.place, loop->receiver.asn));
    }
    refuse(
        loop->receiver.object, "bgp_settings.asn",
        fmt::format("{0} has ASN {1} as {2} has, so it takes no route that comes from there over "
                    "{3}: each needs a number of its own",
                    loop->receiver.place, loop->receiver.asn, loop->sender.place,
                    heading == Heading::ToLast ? link_.to : link_.from));
  }

  bool is_routed(const Direction& direction) const {
    // What follows from the other gateway's network needs no comparison.
    if (direction.is_last_hop() && direction.end.connection.is_vnet_to_vnet()) return true;
    const auto remote = remote_end(direction.end.model, direction.end.connection);
    return remote && are_listed(place(direction.destination).prefixes(), remote->prefixes);
  }

  // The longest prefix wins, and may be another connection's.
  void refuse_longer_route(const Direction& direction) {
    const End& end = direction.end;
    if (end.connection.is_vnet_to_vnet()) return;
    const auto remote = remote_end(end.model, end.connection);
    for (const auto& wanted : *place(direction.destination).prefixes()) {
      const unsigned length = covering_length(*wanted, remote->prefixes);
      if (length >= wanted->length()) continue;
      for (const auto& [name, other] : end.model.connections) {
        if (&other == &end.connection ||
            *other.virtual_network_gateway1 != *end.connection.virtual_network_gateway1)
          continue;
        const auto rival = remote_end(end.model, other);
        if (!rival || !has_longer(rival->prefixes, *wanted, length)) continue;
        return refuse(map_.shown(end.model, path_of(other)), place_of_way(other),
                      fmt::format("it has a longer prefix than {} for what {} sends to {}",
                                  end.connection.name, direction.source, direction.destination));
      }
    }
  }

  // False: they let nothing pass, which is refused, or part of it, which is a condition.
  bool do_selectors_hold(const Direction& direction) {
    const auto& [end, other, neighbour, source, destination, heading] = direction;
    const VirtualNetworkGateway& gateway = *local_gateway(end.model, end.connection);
    const auto remote = remote_end(end.model, end.connection);
    if (!remote) return true;
    const MarkedList<IpPrefix> own = prefixes_behind(end.model, gateway);
    switch (share_of(tunnel_selectors(gateway, end.connection, own, remote->prefixes),
                     place(source).prefixes(), place(destination).prefixes())) {
      case Share::All:
        return true;
      case Share::Part:
        expect(end, fmt::format("its selectors hold a part of {} and {} alone: see that it is the "
                                "part that is meant, and that the other side has the same",
                                source, destination));
        return false;
      case Share::None:
        break;
    }
    if (uses_selector_policies(gateway, end.connection)) {
      refuse(shown(end), "traffic_selector_policies",
             fmt::format("none of them holds {} on this side and {} on the other", source,
                         destination));
    } else if (!is_told_by_bgp(map_, link_) && are_listed(place(source).prefixes(), own)) {
      return true;  // The routes are made of the same prefixes, and say what is missing.
    } else if (gateway.is_policy_based()) {
      refuse(map_.shown(end.model, path_of(gateway)), "vpn_type",
             "a policy-based gateway carries its own network's prefixes only");
    } else {
      refuse(shown(end), "use_policy_based_traffic_selectors",
             "its selectors hold prefixes of the two networks alone that it joins");
    }
    return false;
  }

  void refuse_missing_route(const Direction& direction) {
    const End& end = direction.end;
    const LocalNetworkGateway* const site = site_of(end.model, end.connection);
    if (site != nullptr && (is_behind_neighbour(direction) || is_static())) {
      return refuse(map_.shown(end.model, path_of(*site)), "address_prefixes",
                    fmt::format("{} ({}) is not in it, or not whole", direction.destination,
                                listed(place(direction.destination).prefixes())));
    }
    refuse_bgp(end, fmt::format("without BGP it knows no way to {}{}", direction.destination,
                                site == nullptr
                                    ? ", only to the network at its other end"
                                    : ", whose prefixes are not on its local network gateway"));
    if (direction.other != nullptr)
      refuse_bgp(*direction.other, "BGP needs the other direction too");
    if (leads_to_site() && !has_site_speaker() && site != nullptr) {
      refuse(map_.shown(end.model, path_of(*site)), "bgp_settings",
             "BGP needs the number and the address of its speaker");
    }
  }

  // In the other gateway's network, or one that uses that gateway: its site has to list it, as that
  // network itself.
  bool is_behind_neighbour(const Direction& direction) const {
    if (direction.is_last_hop()) return true;
    const End* const other = direction.other;
    const auto* const gateway = other != nullptr ? local_gateway(other->model, other->connection)
                                                 : map_.counterpart_gateway(direction.end);
    if (gateway == nullptr) return false;
    const Model& model = other != nullptr ? other->model : direction.end.model;
    return are_listed(place(direction.destination).prefixes(), prefixes_behind(model, *gateway));
  }

  // Classic networks speak no BGP.
  bool is_static() const {
    return (link_.there && is_classic(*link_.there)) || (link_.back && is_classic(*link_.back));
  }

  void refuse_bgp(const End& end, std::string reason) {
    const VirtualNetworkGateway& gateway = *local_gateway(end.model, end.connection);
    if (!*end.connection.enable_bgp) refuse(shown(end), "enable_bgp", std::move(reason));
    if (*gateway.enable_bgp) return;
    refuse(map_.shown(end.model, path_of(gateway)), "enable_bgp",
           fmt::format("it speaks no BGP, so there is none over {}", end.connection.name));
  }

  // What only the site's device can know.
  void judge_device() {
    const std::string& site = place(link_.from).site != nullptr ? link_.from : link_.to;
    if (site != first() && site != last()) {
      return expect(any_end(), fmt::format("the device of {} has to pass on what {} and {} send "
                                           "each other",
                                           site, first(), last()));
    }
    if (is_told_by_bgp(map_, link_)) {
      return refuse_loop(place(link_.from).site != nullptr ? Heading::ToLast : Heading::ToFirst);
    }
    const std::string& far = site == first() ? last() : first();
    expect(any_end(), fmt::format("the device of {} has to have {} ({}) among its selectors and "
                                  "routes towards {}: {}",
                                  site, far, listed(place(far).prefixes()),
                                  *any_end().connection.virtual_network_gateway1,
                                  map_.has_peer() ? "look there, for it cannot be told what of the "
                                                    "other file belongs to this connection"
                                                  : "look there, or give its file with --peer"));
  }

  const TransitMap& map_;
  const Path& path_;
  const size_t index_;
  const TransitLink& link_;
  TransitHop hop_;
};

}  // namespace

TransitHop judge_hop(const TransitMap& map, const TransitMap::Path& path, size_t index) {
  return HopJudge(map, path, index).hop();
}

}  // namespace twinspan::policy
