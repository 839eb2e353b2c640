#include "policy/firewall_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "policy/firewall_drops.h"

namespace twinspan::policy {
namespace {

constexpr std::string_view kTable = "inet twinspan";
constexpr std::string_view kInterfaceSetEnd = ".if";
// What becomes of a packet: it passes, or is dropped for a reason (policy/firewall_drops).
constexpr std::string_view kAccept = "accept";
constexpr std::string_view kDropNetwork = "network";
constexpr std::string_view kDropTunnel = "tunnel";
constexpr std::string_view kDropOther = "other";
constexpr std::string_view kDropAround = "around";
constexpr std::string_view kDropAddress = "address";
// Before the administrator's own filter: what is isolated does not depend on it.
constexpr std::string_view kPriority = "filter - 5";

using Prefixes = std::vector<IpPrefix>;
struct PrefixPair {
  IpPrefix source;
  IpPrefix destination;
  auto operator<=>(const PrefixPair&) const = default;
};

std::string mark_of(uint32_t link_group) {
  return fmt::format("i{:08x}.", link_group);
}

std::string quoted(std::string_view interface) {
  return fmt::format("\"{}\"", interface);
}

// Without what another one covers: the kernel takes no element inside another one.
Prefixes widest(Prefixes prefixes) {
  std::ranges::sort(prefixes);  // What covers a prefix stands before it.
  Prefixes kept;
  for (const IpPrefix& prefix : prefixes) {
    if (kept.empty() || !kept.back().contains(prefix)) kept.push_back(prefix);
  }
  return kept;
}

std::vector<PrefixPair> widest(std::vector<PrefixPair> pairs) {
  std::ranges::sort(pairs);
  const auto repeated = std::ranges::unique(pairs);
  pairs.erase(repeated.begin(), repeated.end());
  std::vector<PrefixPair> kept;
  for (const PrefixPair& pair : pairs) {
    const bool is_covered = std::ranges::any_of(pairs, [&](const PrefixPair& other) {
      return other != pair && other.source.contains(pair.source) &&
             other.destination.contains(pair.destination);
    });
    if (!is_covered) kept.push_back(pair);
  }
  return kept;
}

const Prefixes& everything() {
  static const Prefixes prefixes = {IpPrefix::any(IpFamily::V4), IpPrefix::any(IpFamily::V6)};
  return prefixes;
}

struct FamilyWords {
  IpFamily family;
  std::string_view number;  // Ends the names of its sets.
  std::string_view type;
  std::string_view address;  // "ip saddr" without the field.
};
constexpr FamilyWords kFamilies[] = {{IpFamily::V4, "4", "ipv4_addr", "ip"},
                                     {IpFamily::V6, "6", "ipv6_addr", "ip6"}};

// The sets of one instance, and which of them are not empty.
class Sets {
 public:
  explicit Sets(std::string base) : base_(std::move(base)) {}

  void add(const std::string& name, std::string_view type, bool has_intervals,
           const std::vector<std::string>& elements) {
    if (elements.empty()) return;
    names_.insert(name);
    text_ += fmt::format("  set {}{} {{ type {};{} elements = {{ {} }}; }}\n", base_, name, type,
                         has_intervals ? " flags interval;" : "", fmt::join(elements, ", "));
  }

  bool has(const std::string& name) const { return names_.contains(name); }
  std::string reference(const std::string& name) const { return "@" + base_ + name; }
  const std::string& base() const { return base_; }
  const std::string& text() const { return text_; }

 private:
  std::string base_;
  std::string text_;
  std::set<std::string> names_;
};

// What the sets hold, gathered from the networks.
struct Contents {
  std::set<std::string> interfaces;
  std::set<std::string> users;                  // Interfaces whose networks use the gateway.
  std::set<std::string> elsewhere;              // Those whose networks use another one's.
  std::set<std::string> senders;                // Whatever comes from them may go into tunnels.
  std::map<std::string, Prefixes> into_tunnel;  // Sources, by interface.
  std::map<std::pair<std::string, std::string>, Prefixes> open;  // Sources, by the two interfaces.
  std::map<std::string, Prefixes> local;                         // Destinations, by interface.
  std::map<std::string, std::vector<PrefixPair>> across;  // To another instance's, by interface.
  std::map<std::string, Prefixes> arriving;               // Sources, by interface they leave by.
  std::vector<PrefixPair> visiting;  // From another instance's networks to our addresses.
  Prefixes space;                    // Of all attached networks.
  Prefixes closed;                   // Of those that do not use the gateway.
  Prefixes elsewhere_space;
  std::vector<PrefixPair> free;  // May pass by other interfaces.
};

class Gatherer {
 public:
  explicit Gatherer(const HostNetworks& networks) : networks_(networks) {}

  // nullopt: more than kFirewallElementsMax.
  std::optional<Contents> gather() {
    for (const AttachedNetwork& network : networks_.attached) add_network(network);
    for (const PeeringWay& way : networks_.ways) add_way(way);
    if (is_full()) return std::nullopt;
    return std::move(contents_);
  }

 private:
  void add_network(const AttachedNetwork& network) {
    contents_.interfaces.insert(network.interfaces.begin(), network.interfaces.end());
    add_all(network.prefixes, contents_.space);
    add_pairs(network.prefixes, network.prefixes, contents_.free);
    for (const std::string& in : network.interfaces) {
      for (const std::string& out : network.interfaces) {
        if (!is_full()) add_all(everything(), contents_.open[{in, out}]);
      }
      add_all(network.prefixes, contents_.local[in]);
    }
    switch (network.gateway_use) {
      case GatewayUse::Own:
        return add_user(network, true);
      case GatewayUse::Transit: {
        const PeeringWay* const to_hub =
            networks_.way(network.name, networks_.attached.front().name);
        return add_user(network, to_hub != nullptr && to_hub->admits_forwarded);
      }
      case GatewayUse::Elsewhere:
        contents_.elsewhere.insert(network.interfaces.begin(), network.interfaces.end());
        add_all(network.prefixes, contents_.elsewhere_space);
        break;
      case GatewayUse::None:
        break;
    }
    add_all(network.prefixes, contents_.closed);
  }

  void add_user(const AttachedNetwork& network, bool with_forwarded) {
    contents_.users.insert(network.interfaces.begin(), network.interfaces.end());
    if (with_forwarded) {
      contents_.senders.insert(network.interfaces.begin(), network.interfaces.end());
      return;
    }
    for (const std::string& in : network.interfaces)
      add_all(network.prefixes, contents_.into_tunnel[in]);
  }

  void add_way(const PeeringWay& way) {
    const AttachedNetwork* const from = networks_.find(way.from);
    const AttachedNetwork* const to = networks_.find(way.to);
    if (from != nullptr && to != nullptr) {
      add_inner_way(way, *from, *to);
    } else if (from != nullptr) {
      add_way_out(way, *from, neighbour(way.to));
    } else if (to != nullptr) {
      add_way_in(way, neighbour(way.from), *to);
    }
  }

  void add_inner_way(const PeeringWay& way, const AttachedNetwork& from,
                     const AttachedNetwork& to) {
    const Prefixes& sources = way.admits_forwarded ? everything() : from.prefixes;
    for (const std::string& in : from.interfaces) {
      for (const std::string& out : to.interfaces) {
        if (!is_full()) add_all(sources, contents_.open[{in, out}]);
      }
      add_all(to.prefixes, contents_.local[in]);
    }
    // A network without interfaces is reached by whatever leads there.
    if (from.interfaces.empty() || to.interfaces.empty())
      add_pairs(from.prefixes, to.prefixes, contents_.free);
  }

  void add_way_out(const PeeringWay& way, const AttachedNetwork& from, const Prefixes& to) {
    const Prefixes& sources = way.admits_forwarded ? everything() : from.prefixes;
    for (const std::string& in : from.interfaces) add_pairs(sources, to, contents_.across[in]);
  }

  void add_way_in(const PeeringWay& way, const Prefixes& from, const AttachedNetwork& to) {
    const Prefixes& sources = way.admits_forwarded ? everything() : from;
    for (const std::string& out : to.interfaces) add_all(sources, contents_.arriving[out]);
    add_pairs(from, to.prefixes, contents_.visiting);
  }

  bool is_full() const { return count_ > kFirewallElementsMax; }

  void add_all(const Prefixes& more, Prefixes& prefixes) {
    if (is_full()) return;
    count_ += more.size();
    prefixes.insert(prefixes.end(), more.begin(), more.end());
  }

  void add_pairs(const Prefixes& sources, const Prefixes& destinations,
                 std::vector<PrefixPair>& pairs) {
    for (const IpPrefix& source : sources) {
      for (const IpPrefix& destination : destinations) {
        if (source.family() != destination.family()) continue;
        if (is_full()) return;
        ++count_;
        pairs.push_back({source, destination});
      }
    }
  }

  const Prefixes& neighbour(std::string_view name) const {
    static const Prefixes none;
    const auto found = std::ranges::find(networks_.neighbours, name, &NeighbourNetwork::name);
    return found == networks_.neighbours.end() ? none : found->prefixes;
  }

  const HostNetworks& networks_;
  Contents contents_;
  size_t count_ = 0;
};

// -- from contents to sets

std::vector<std::string> names(const std::set<std::string>& interfaces) {
  std::vector<std::string> elements;
  for (const std::string& interface : interfaces) elements.push_back(quoted(interface));
  return elements;
}

std::vector<std::string> texts(const Prefixes& prefixes, IpFamily family) {
  std::vector<std::string> elements;
  for (const IpPrefix& prefix : widest(prefixes)) {
    if (prefix.family() == family) elements.push_back(prefix.to_string());
  }
  return elements;
}

std::vector<std::string> texts(const std::vector<PrefixPair>& pairs, IpFamily family) {
  std::vector<std::string> elements;
  for (const PrefixPair& pair : widest(pairs)) {
    if (pair.source.family() == family)
      elements.push_back(
          fmt::format("{} . {}", pair.source.to_string(), pair.destination.to_string()));
  }
  return elements;
}

// "lan0" . 10.1.0.0/16
template <class Item>
std::vector<std::string> after_interface(const std::map<std::string, std::vector<Item>>& items,
                                         IpFamily family) {
  std::vector<std::string> elements;
  for (const auto& [interface, list] : items) {
    for (const std::string& text : texts(list, family))
      elements.push_back(fmt::format("{} . {}", quoted(interface), text));
  }
  return elements;
}

std::vector<std::string> open_texts(const Contents& contents, IpFamily family) {
  std::vector<std::string> elements;
  for (const auto& [interfaces, sources] : contents.open) {
    for (const std::string& source : texts(sources, family)) {
      elements.push_back(
          fmt::format("{} . {} . {}", quoted(interfaces.first), source, quoted(interfaces.second)));
    }
  }
  return elements;
}

std::vector<std::string> arriving_texts(const Contents& contents, IpFamily family) {
  std::vector<std::string> elements;
  for (const auto& [interface, sources] : contents.arriving) {
    for (const std::string& source : texts(sources, family))
      elements.push_back(fmt::format("{} . {}", source, quoted(interface)));
  }
  return elements;
}

void add_family_sets(const Contents& contents, const FamilyWords& words, Sets& sets) {
  const auto name = [&](std::string_view stem) { return fmt::format("{}{}", stem, words.number); };
  const auto type = [&](std::string_view form) {
    return fmt::format(fmt::runtime(form), words.type);
  };
  const IpFamily family = words.family;
  sets.add(name("into"), type("ifname . {}"), true, after_interface(contents.into_tunnel, family));
  sets.add(name("open"), type("ifname . {} . ifname"), true, open_texts(contents, family));
  sets.add(name("local"), type("ifname . {}"), true, after_interface(contents.local, family));
  sets.add(name("across"), type("ifname . {0} . {0}"), true,
           after_interface(contents.across, family));
  sets.add(name("arriving"), type("{} . ifname"), true, arriving_texts(contents, family));
  sets.add(name("visiting"), type("{0} . {0}"), true, texts(contents.visiting, family));
  sets.add(name("space"), type("{}"), true, texts(contents.space, family));
  sets.add(name("closed"), type("{}"), true, texts(contents.closed, family));
  sets.add(name("elsewhere"), type("{}"), true, texts(contents.elsewhere_space, family));
  sets.add(name("free"), type("{0} . {0}"), true, texts(contents.free, family));
}

Sets make_sets(const Contents& contents, std::string base) {
  Sets sets(std::move(base));
  sets.add("if", "ifname", false, names(contents.interfaces));
  sets.add("users", "ifname", false, names(contents.users));
  sets.add("senders", "ifname", false, names(contents.senders));
  sets.add("elsewhere", "ifname", false, names(contents.elsewhere));
  for (const FamilyWords& words : kFamilies) add_family_sets(contents, words, sets);
  return sets;
}

// -- rules. In their texts "GROUP" is the instance's tunnels, "TUNNELS" those of all instances,
// "@@name" a set of this instance, "IP" and "@@name#" the word and the set of a family.

class Chain {
 public:
  Chain(const Sets& sets, uint32_t link_group) : sets_(sets), link_group_(link_group) {}

  // Left out when a set of it is empty: nothing would match.
  void rule(std::string_view text, std::string_view verdict) { add(std::string(text), verdict); }

  void per_family(std::string_view text, std::string_view verdict) {
    for (const FamilyWords& words : kFamilies) {
      std::string rendered(text);
      replace(rendered, "IP", words.address);
      replace(rendered, "#", words.number);
      add(std::move(rendered), verdict);
    }
  }

  const std::string& text() const { return text_; }

 private:
  static void replace(std::string& text, std::string_view from, std::string_view to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  }

  void add(std::string text, std::string_view verdict) {
    replace(text, "GROUP", fmt::format("{:#x}", link_group_));
    replace(text, "TUNNELS", fmt::format("{:#x}-{:#x}", kLinkGroupFirst, kLinkGroupLast));
    for (size_t at = text.find("@@"); at != std::string::npos; at = text.find("@@", at)) {
      const size_t end = std::min(text.find(' ', at), text.size());
      const std::string name = text.substr(at + 2, end - at - 2);
      if (!sets_.has(name)) return;
      const std::string reference = sets_.reference(name);
      text.replace(at, end - at, reference);
      at += reference.size();
    }
    text_ += verdict == kAccept ? fmt::format("    {} {}\n", text, kAccept)
                                : fmt::format("    {} jump {}{}\n", text, sets_.base(), verdict);
  }

  const Sets& sets_;
  uint32_t link_group_;
  std::string text_;
};

std::string forward_rules(const Sets& sets, uint32_t link_group) {
  Chain chain(sets, link_group);
  chain.rule("iifgroup GROUP oifgroup GROUP", kAccept);
  chain.rule("iifgroup GROUP oifname @@users", kAccept);
  chain.rule("iifname @@senders oifgroup GROUP", kAccept);
  chain.per_family("iifname . IP saddr @@into# oifgroup GROUP", kAccept);
  chain.per_family("iifname . IP saddr . oifname @@open#", kAccept);
  chain.rule("iifname @@if oifname @@if", kDropNetwork);
  chain.rule("iifgroup GROUP oifname @@if", kDropTunnel);
  chain.rule("iifname @@if oifgroup GROUP", kDropTunnel);
  // Both ends ours is decided by here; what follows is about other instances.
  chain.per_family("oifname @attached iifname . IP saddr . IP daddr @@across#", kAccept);
  chain.per_family("iifname @attached IP saddr . oifname @@arriving#", kAccept);
  chain.rule("iifname @@elsewhere oifgroup TUNNELS", kAccept);
  chain.rule("iifgroup TUNNELS oifname @@elsewhere", kAccept);
  chain.rule("iifname @@if oifname @attached", kDropOther);
  chain.rule("iifname @attached oifname @@if", kDropOther);
  chain.rule("iifname @@if oifgroup TUNNELS", kDropOther);
  chain.rule("iifgroup TUNNELS oifname @@if", kDropOther);
  chain.rule("iifgroup GROUP oifname @attached", kDropOther);
  chain.rule("iifname @attached oifgroup GROUP", kDropOther);
  chain.rule("iifgroup GROUP oifgroup TUNNELS", kDropOther);
  chain.rule("iifgroup TUNNELS oifgroup GROUP", kDropOther);
  // One end is an interface that belongs to nobody.
  chain.per_family("oifgroup GROUP IP saddr @@closed#", kDropAround);
  chain.per_family("iifgroup GROUP IP daddr @@closed#", kDropAround);
  chain.per_family("IP saddr @@space# IP daddr @@space# IP saddr . IP daddr != @@free#",
                   kDropAround);
  return chain.text();
}

std::string input_rules(const Sets& sets, uint32_t link_group) {
  Chain chain(sets, link_group);
  // What comes from neither, ESP among it, is no question here and should cost next to nothing.
  chain.rule("iifgroup != TUNNELS iifname != @attached", kAccept);
  chain.per_family("iifname . IP daddr @@local#", kAccept);
  chain.per_family("iifname @@if IP daddr @@space#", kDropAddress);
  chain.per_family("iifgroup GROUP IP daddr @@closed#", kDropAddress);
  chain.rule("iifgroup GROUP", kAccept);
  chain.per_family("iifname @attached IP saddr . IP daddr @@visiting#", kAccept);
  chain.per_family("iifname @attached IP daddr @@space#", kDropAddress);
  chain.per_family("iifgroup TUNNELS IP daddr @@elsewhere#", kAccept);
  chain.per_family("iifgroup TUNNELS IP daddr @@space#", kDropAddress);
  return chain.text();
}

std::string chain_text(std::string_view name, std::string_view hook, const std::string& rules) {
  return fmt::format("  chain {} {{\n    type filter hook {} priority {}; policy accept;\n{}  }}\n",
                     name, hook, kPriority, rules);
}

// What drops for one reason. That a set is full ends its rule, not the chain.
std::string drop_text(const std::string& base, const FirewallReason& reason) {
  const std::string chain = base + std::string(reason.name);
  std::string sets, rules;
  for (const FamilyWords& words : kFamilies) {
    const std::string set = fmt::format("{}{}{}", chain, kNotedSetStem, words.number);
    sets += fmt::format(
        "  set {} {{ type ifname . {} . {} . inet_proto; size {}; flags dynamic,timeout; timeout "
        "{}m; counter; }}\n",
        set, words.type, words.type, kNotedDropsMax, kNotedDropsMinutes);
    rules += fmt::format("    update @{} {{ iifname . {} saddr . {} daddr . meta l4proto }}\n", set,
                         words.address, words.address);
  }
  return fmt::format("{}  chain {} {{\n{}    counter drop comment \"{}\"\n  }}\n", sets, chain,
                     rules, reason.words);
}

// -- what is there already

std::string deletions(uint32_t link_group, const FirewallTable& present) {
  std::string text;
  // Emptied first: a chain that a rule jumps to cannot be deleted.
  for (const char* const verb : {"flush", "delete"}) {
    for (const std::string& chain : present.chains) {
      if (is_of_instance(link_group, chain))
        text += fmt::format("{} chain {} {}\n", verb, kTable, chain);
    }
  }
  for (const auto& [set, elements] : present.sets) {
    if (is_of_instance(link_group, set)) text += fmt::format("delete set {} {}\n", kTable, set);
  }
  return text;
}

std::set<std::string> interfaces_of_others(uint32_t link_group, const FirewallTable& present) {
  std::set<std::string> interfaces;
  for (const auto& [set, elements] : present.sets) {
    if (is_interface_set(set) && !is_of_instance(link_group, set))
      interfaces.insert(elements.begin(), elements.end());
  }
  return interfaces;
}

std::string attached_text(const std::set<std::string>& interfaces) {
  std::string text = fmt::format("flush set {} {}\n", kTable, kAttachedSet);
  if (!interfaces.empty()) {
    text += fmt::format("add element {} {} {{ {} }}\n", kTable, kAttachedSet,
                        fmt::join(names(interfaces), ", "));
  }
  return text;
}

// "i54000099.gw-z-0.space4" holds what instance gw-z-0 has attached.
std::optional<std::string> owner_of_space(std::string_view set) {
  const size_t mark = set.find('.');
  for (const FamilyWords& words : kFamilies) {
    const std::string end = fmt::format(".space{}", words.number);
    if (mark == std::string_view::npos || !set.ends_with(end) || set.size() < mark + end.size())
      continue;
    return std::string(set.substr(mark + 1, set.size() - end.size() - mark - 1));
  }
  return std::nullopt;
}

std::optional<std::string> overlap_with(const HostNetworks& networks, const IpPrefix& theirs,
                                        const std::string& owner) {
  for (const AttachedNetwork& network : networks.attached) {
    for (const IpPrefix& prefix : network.prefixes) {
      const bool is_shared = prefix == theirs && network.gateway_use != GatewayUse::Own;
      if (!prefix.overlaps(theirs) || is_shared) continue;
      return fmt::format("{} of {} overlaps {}, which instance {} has attached to this host",
                         prefix.to_string(), network.name, theirs.to_string(), owner);
    }
  }
  return std::nullopt;
}

bool has_others(uint32_t link_group, const FirewallTable& present) {
  return std::ranges::any_of(
      present.chains, [&](const std::string& chain) { return !is_of_instance(link_group, chain); });
}

}  // namespace

bool is_interface_set(std::string_view set_name) {
  return set_name != kAttachedSet && set_name.ends_with(kInterfaceSetEnd);
}

Result<std::string, std::string> firewall_text(const HostNetworks& networks,
                                               const FirewallInstance& instance,
                                               const FirewallTable& present) {
  const std::string base = fmt::format("{}{}.", mark_of(instance.link_group), instance.key);
  const auto contents = Gatherer(networks).gather();
  if (!contents) {
    return Err(fmt::format("more than {} prefixes, interfaces and pairs of them to tell apart",
                           kFirewallElementsMax));
  }
  const Sets sets = make_sets(*contents, base);
  std::set<std::string> attached = interfaces_of_others(instance.link_group, present);
  attached.insert(contents->interfaces.begin(), contents->interfaces.end());
  std::string text =
      fmt::format("add table {0}\nadd set {0} {1} {{ type ifname; }}\n", kTable, kAttachedSet);
  text += deletions(instance.link_group, present);
  text += attached_text(attached);
  text += fmt::format("table {} {{\n{}", kTable, sets.text());
  for (const FirewallReason& reason : firewall_reasons()) text += drop_text(base, reason);
  text += chain_text(base + "forward", "forward", forward_rules(sets, instance.link_group));
  text += chain_text(base + "input", "input", input_rules(sets, instance.link_group));
  return text + "}\n";
}

std::optional<std::string> overlap_with_others(const HostNetworks& networks, uint32_t link_group,
                                               const FirewallTable& present) {
  for (const auto& [set, elements] : present.sets) {
    const auto owner = owner_of_space(set);
    if (!owner || is_of_instance(link_group, set)) continue;
    for (const std::string& element : elements) {
      const auto theirs = IpPrefix::parse(element);
      if (!theirs) continue;
      if (auto text = overlap_with(networks, *theirs, *owner)) return text;
    }
  }
  return std::nullopt;
}

bool is_of_instance(uint32_t link_group, std::string_view name) {
  return name.starts_with(mark_of(link_group));
}

std::string firewall_removal_text(uint32_t link_group, const FirewallTable& present) {
  if (!present.exists) return "";
  if (!has_others(link_group, present)) return fmt::format("delete table {}\n", kTable);
  const std::string text = deletions(link_group, present);
  if (text.empty()) return "";
  return text + attached_text(interfaces_of_others(link_group, present));
}

}  // namespace twinspan::policy
