// The nftables rules that keep attached networks apart: a pure renderer, snapshot-tested. One table
// `inet twinspan` per host; every gateway instance has chains and sets of its own in it, whose
// names begin with its link group, and they share one set, `attached`, of all their interfaces.
//
// Judged are packets between interfaces of attached networks, between these and tunnels, and
// packets for the host's own addresses in an attached network. A packet is dropped unless each
// instance that one of its two interfaces belongs to lets it pass, so no estate opens what another
// one keeps closed. Other interfaces of the host are not ours: between them and an attached network
// only addresses are looked at, so that no packet from one attached network to another takes a way
// around. docs/decisions/0018-isolation.md tells why.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/host_networks.h"

namespace twinspan::policy {

// Gathered of one instance: combinations grow with the square of an estate. Enough for a hub with
// a thousand spokes.
inline constexpr size_t kFirewallElementsMax = 32'768;

// Link groups of all instances' tunnels (tun/linux_host_instance).
inline constexpr uint32_t kLinkGroupFirst = 0x54000000;
inline constexpr uint32_t kLinkGroupLast = 0x547fffff;

struct FirewallInstance {
  std::string key;          // "gw-a-0", for people.
  uint32_t link_group = 0;  // Of its tunnels' devices.
};

// The set of all instances' interfaces.
inline constexpr std::string_view kAttachedSet = "attached";

// One thing that the table is made of.
struct FirewallItem {
  enum class Kind : uint8_t { Table, Chain, Set, Element, Rule };
  Kind kind = Kind::Table;
  std::string owner;    // The chain or set that it is, or is in.
  std::string words;    // Of an element, as nft takes it; of a rule its place and comment.
  std::string content;  // What it is, without what changes by itself: equal when it is the same.
};

// A packet that a chain has dropped, and how often one like it.
struct FirewallNote {
  std::string input;  // The interface that it came in by.
  IpAddress source;
  IpAddress destination;
  uint8_t protocol = 0;  // 0: not known.
  uint64_t packets = 0;
};

struct FirewallDrops {
  uint64_t packets = 0;  // Since the rules were put up.
  uint64_t bytes = 0;
  std::vector<FirewallNote> notes;
};

// What is in the table already.
struct FirewallTable {
  bool exists = false;
  std::vector<std::string> chains;
  // Elements by the set's name: interfaces and prefixes; concatenations are left out.
  std::map<std::string, std::vector<std::string>> sets;
  std::map<std::string, FirewallDrops> drops;  // By the chain's name (policy/firewall_drops).
  std::vector<FirewallItem> items;  // In their order. Not what sets hold because packets passed.
};

// Why the networks cannot share the host with what other instances have attached to it: addresses
// that overlap. Equal ones are a network of both, unless it is this gateway's own. nullopt: none.
std::optional<std::string> overlap_with_others(const HostNetworks& networks, uint32_t link_group,
                                               const FirewallTable& present);

// Commands that make the table hold exactly these rules of the instance and leave other instances'
// alone; one transaction. The error says what is too large.
Result<std::string, std::string> firewall_text(const HostNetworks& networks,
                                               const FirewallInstance& instance,
                                               const FirewallTable& present);

// Commands that remove what belongs to the instance, and the table with the last one; empty when
// nothing of it is there.
std::string firewall_removal_text(uint32_t link_group, const FirewallTable& present);

// Whether the chain or set of that name belongs to the instance.
bool is_of_instance(uint32_t link_group, std::string_view name);

// The set of an instance's interfaces, by which others find them.
bool is_interface_set(std::string_view set_name);

}  // namespace twinspan::policy
