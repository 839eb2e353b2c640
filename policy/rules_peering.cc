// Rules about peerings: two halves, four flags, and whose gateway is used.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/peering_state.h"
#include "policy/rules.h"

namespace twinspan::policy {
namespace {

// A half with both of its networks; made only when both exist and differ.
struct Half {
  const Peering& peering;
  const VirtualNetwork& own;
  const VirtualNetwork& remote;
  const Peering* other = nullptr;  // The remote network's half.
  std::vector<std::string> objects() const {
    return {path_of(peering), path_of(own), path_of(remote)};
  }
};

std::vector<Half> usable_halves(const Model& model) {
  std::vector<Half> halves;
  const PeeringIndex index(model);
  for (const auto& [name, peering] : model.peerings) {
    const auto* const own = find(model.virtual_networks, *peering.virtual_network);
    const auto* const remote = find(model.virtual_networks, *peering.remote_virtual_network);
    if (own != nullptr && remote != nullptr && own != remote)
      halves.push_back({peering, *own, *remote, index.half(remote->name, own->name)});
  }
  return halves;
}

const Marked<IpPrefix>* overlapping_prefix(const VirtualNetwork& a, const VirtualNetwork& b,
                                           const Marked<IpPrefix>*& other) {
  for (const auto& prefix : *a.address_space) {
    for (const auto& candidate : *b.address_space) {
      if (!prefix->overlaps(*candidate)) continue;
      other = &candidate;
      return &prefix;
    }
  }
  return nullptr;
}

void report_overlap(const Half& half, const VirtualNetwork& third, RuleReport& report) {
  const Marked<IpPrefix>* theirs = nullptr;
  const Marked<IpPrefix>* const ours = overlapping_prefix(half.own, third, theirs);
  if (ours == nullptr) return;
  std::vector<std::string> objects = half.objects();
  const bool is_third = &third != &half.remote;
  if (is_third) objects.push_back(path_of(third));
  report.error(
      {half.peering.mark, std::move(objects),
       fmt::format("{} of {} overlaps {} of {}{}", ours->value.to_string(), half.own.name,
                   theirs->value.to_string(), third.name,
                   is_third ? fmt::format(", which {} is peered with", half.remote.name) : ""),
       "peered networks need different addresses: renumber one"});
}

void check_spoke(const Model& model, const Half& half, RuleReport& report) {
  if (!*half.peering.use_remote_gateways) return;
  const SourceMark mark = half.peering.use_remote_gateways.mark;
  if (const auto* const own = gateway_of(model, half.own)) {
    report.error({mark,
                  {path_of(half.peering), path_of(*own)},
                  fmt::format("use_remote_gateways, but {} has a gateway of its own: {}",
                              half.own.name, own->name),
                  "remove that gateway, or set use_remote_gateways: false"});
  }
  if (gateway_of(model, half.remote) == nullptr) {
    report.error({mark,
                  {path_of(half.peering), path_of(half.remote)},
                  fmt::format("use_remote_gateways, but {} has no gateway", half.remote.name),
                  "give it one, or set use_remote_gateways: false"});
  }
  const Peering* const other = half.other;
  if (other != nullptr && !*other->allow_gateway_transit) {
    report.error(
        {mark,
         {path_of(half.peering), path_of(*other)},
         fmt::format("use_remote_gateways, but {} has allow_gateway_transit: false", other->name),
         fmt::format("set allow_gateway_transit: true on {}", other->name)});
  }
}

}  // namespace

void check_peering_ends(const Model& model, RuleReport& report) {
  std::map<std::pair<std::string, std::string>, const Peering*> seen;
  for (const auto& [name, peering] : model.peerings) {
    if (*peering.virtual_network == *peering.remote_virtual_network) {
      report.error({peering.remote_virtual_network.mark,
                    {path_of(peering)},
                    "both ends are the same network",
                    "name the other network"});
      continue;
    }
    const auto [first, is_first] =
        seen.try_emplace({*peering.virtual_network, *peering.remote_virtual_network}, &peering);
    if (is_first) continue;
    report.error({peering.mark,
                  {path_of(peering), path_of(*first->second)},
                  fmt::format("{} peers the same two networks", first->second->name),
                  "a network has one half towards another one: remove one"});
  }
}

void check_peering_halves(const Model& model, RuleReport& report) {
  for (const Half& half : usable_halves(model)) {
    // A classic network's half is never written.
    if (half.other != nullptr || half.remote.is_classic()) continue;
    report.warning({half.peering.mark, half.objects(),
                    fmt::format("{} has no half towards {}: the peering stays Initiated and "
                                "carries nothing",
                                half.remote.name, half.own.name),
                    fmt::format("add a peering with virtual_network: {} and "
                                "remote_virtual_network: {}",
                                half.remote.name, half.own.name)});
  }
}

void check_peering_access(const Model& model, RuleReport& report) {
  for (const Half& half : usable_halves(model)) {
    const Peering* const other = half.other;
    if (other == nullptr || *half.peering.allow_virtual_network_access) continue;
    if (!*other->allow_virtual_network_access) continue;
    report.warning(
        {half.peering.allow_virtual_network_access.mark,
         {path_of(half.peering), path_of(*other)},
         fmt::format("allow_virtual_network_access is false here and true on {}", other->name),
         "one closed half closes the way: set both alike"});
  }
}

void check_peering_overlap(const Model& model, RuleReport& report) {
  const std::vector<Half> halves = usable_halves(model);
  std::map<std::string_view, std::vector<const VirtualNetwork*>> peers;
  for (const Half& half : halves) peers[half.own.name].push_back(&half.remote);
  for (const Half& half : halves) {
    if (report.is_full()) return;
    // Both halves see the same overlap; one of them says it.
    if (half.other == nullptr || half.peering.name < half.other->name)
      report_overlap(half, half.remote, report);
    for (const VirtualNetwork* const third : peers[half.remote.name]) {
      // Likewise of the two networks that meet at a third.
      if (third->name > half.own.name) report_overlap(half, *third, report);
    }
  }
}

void check_gateway_transit(const Model& model, RuleReport& report) {
  std::map<std::string, const Peering*> users;
  for (const Half& half : usable_halves(model)) {
    check_spoke(model, half, report);
    if (*half.peering.allow_gateway_transit && gateway_of(model, half.own) == nullptr) {
      report.warning({half.peering.allow_gateway_transit.mark,
                      {path_of(half.peering), path_of(half.own)},
                      fmt::format("allow_gateway_transit, but {} has no gateway", half.own.name),
                      "give it one, or set allow_gateway_transit: false"});
    }
    if (!*half.peering.use_remote_gateways) continue;
    const auto [first, is_first] = users.try_emplace(half.own.name, &half.peering);
    if (is_first) continue;
    report.error(
        {half.peering.use_remote_gateways.mark,
         {path_of(half.peering), path_of(*first->second)},
         fmt::format("{} uses remote gateways for {} already", first->second->name, half.own.name),
         "a network uses the gateways of one other network: set one to false"});
  }
}

void check_peering_models(const Model& model, RuleReport& report) {
  for (const Half& half : usable_halves(model)) {
    if (half.own.is_classic() && half.remote.is_classic()) {
      report.error({half.peering.mark, half.objects(), "two classic networks cannot be peered",
                    "join them by a connection, or move one to resource-manager"});
      continue;
    }
    if (half.own.is_classic() == half.remote.is_classic()) continue;
    for (const auto& [field, flag] :
         {std::pair("allow_gateway_transit", &half.peering.allow_gateway_transit),
          std::pair("use_remote_gateways", &half.peering.use_remote_gateways)}) {
      if (!**flag) continue;
      report.error({flag->mark, half.objects(),
                    fmt::format("{}: no gateway transit between a classic and a resource-manager "
                                "network",
                                field),
                    "set it to false and give the classic network a connection of its own"});
    }
  }
}

void check_peering_regions(const Model& model, RuleReport& report) {
  for (const Half& half : usable_halves(model)) {
    if (!half.own.region.is_set || !half.remote.region.is_set) continue;
    if (*half.own.region == *half.remote.region) continue;
    report.warning({half.peering.mark, half.objects(),
                    fmt::format("{} is in region {}, {} in {}", half.own.name, *half.own.region,
                                half.remote.name, *half.remote.region),
                    "a peering joins networks on one host; between sites use a connection"});
  }
}

}  // namespace twinspan::policy
