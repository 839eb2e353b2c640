#include "policy/import_swanctl.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/connection_ends.h"
#include "policy/model_reader.h"
#include "policy/schema.h"
#include "policy/shared_keys.h"
#include "policy/swanctl_connection.h"
#include "policy/swanctl_secrets.h"

namespace twinspan::policy {
namespace {

// A whole family is no place.
void add_prefixes(const MarkedList<AddressRange>& ranges, MarkedList<IpPrefix>& to) {
  for (const Marked<AddressRange>& range : *ranges) {
    const IpPrefix prefix = prefix_around(*range);
    if (prefix.length() == 0 || to->size() >= kListItemsMax) continue;
    const bool is_covered = std::ranges::any_of(
        *to, [&](const Marked<IpPrefix>& other) { return other->contains(prefix); });
    if (is_covered) continue;
    std::erase_if(to.value, [&](const Marked<IpPrefix>& other) { return prefix.contains(*other); });
    to.value.push_back(marked(prefix, range.mark));
  }
}

// RFC 1918, RFC 6598, RFC 4193: an address that the other side of the internet cannot reach.
bool is_private(const IpAddress& address) {
  static const IpPrefix kPrivate[] = {
      *IpPrefix::parse("10.0.0.0/8"), *IpPrefix::parse("172.16.0.0/12"),
      *IpPrefix::parse("192.168.0.0/16"), *IpPrefix::parse("100.64.0.0/10"),
      *IpPrefix::parse("fc00::/7")};
  return std::ranges::any_of(kPrivate,
                             [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

// A private address that leads to a public one does so through a NAT.
bool is_behind_nat(const SwanctlConnection& read) {
  if (!read.local_address.is_set || !is_private(*read.local_address)) return false;
  return read.remote_name.is_set ||
         (read.remote_address.is_set && !is_private(*read.remote_address));
}

// Makes objects of the connections that were read.
class Builder {
 public:
  Builder(const SettingsSection& root, Import& result, ImportNotes& notes)
      : root_(root), result_(result), notes_(notes) {}

  void add(SwanctlConnection read);
  void finish();
  const std::set<const SettingsValue*>& taken_keys() const { return taken_keys_; }

 private:
  struct Site {
    std::string gateway, network;
  };

  const Site& site_of(const SwanctlConnection& read);
  std::string add_peer(const SwanctlConnection& read, const std::string& name);
  void add_key(const SwanctlConnection& read, Connection& connection);
  static void name_files(Connection& connection);
  void add_ppk(const SwanctlConnection& read, Connection& connection);
  void keep_key(const SettingsValue& value, ImportedKey key);
  void add_shared_key(const SettingsValue& value, Connection& connection);

  const SettingsSection& root_;
  Import& result_;
  ImportNotes& notes_;
  ImportNames gateways_, networks_, peers_, connections_;
  std::map<std::string, Site> sites_;  // By local address.
  std::set<const SettingsValue*> taken_keys_;
};

// The gateway that has the local address, with the network behind it.
const Builder::Site& Builder::site_of(const SwanctlConnection& read) {
  const std::string address = read.local_address.is_set ? read.local_address->to_string() : "";
  const auto [found, is_new] = sites_.try_emplace(address);
  Site& site = found->second;
  if (!is_new) return site;
  site = {gateways_.take("gw"), networks_.take("network")};
  VirtualNetwork network = blank_virtual_network(read.mark);
  network.name = site.network;
  network.address_space.is_set = true;
  result_.model.virtual_networks.emplace(site.network, std::move(network));
  VirtualNetworkGateway gateway = blank_gateway(read.mark);
  gateway.name = site.gateway;
  gateway.virtual_network = marked(site.network, read.mark);
  if (is_behind_nat(read)) {
    notes_.incomplete({read.local_address.mark,
                       fmt::format("connections.{}.local_addrs", read.name),
                       "a private address, and the peer's is public: which one the NAT gives it is "
                       "not in the file",
                       fmt::format("write an entry of ip_configurations with public_ip_address and "
                                   "private_ip_address: {}",
                                   address)});
  } else if (read.local_address.is_set) {
    IpConfiguration configuration{.mark = read.local_address.mark};
    configuration.public_ip_address = read.local_address;
    gateway.ip_configurations.push_back(std::move(configuration));
  } else {
    notes_.incomplete({read.mark, fmt::format("connections.{}.local_addrs", read.name),
                       "local_addrs tells no address of the gateway",
                       "write an entry of ip_configurations with public_ip_address"});
  }
  result_.model.gateways.emplace(site.gateway, std::move(gateway));
  return site;
}

std::string Builder::add_peer(const SwanctlConnection& read, const std::string& name) {
  LocalNetworkGateway peer = blank_local_network_gateway(read.mark);
  peer.name = peers_.take(name + "-peer");
  take_if_set(read.remote_address, peer.gateway_ip_address);
  if (!peer.gateway_ip_address.is_set) take_if_set(read.remote_name, peer.fqdn);
  peer.address_prefixes = {.mark = read.children.front().remote_address_ranges.mark,
                           .is_set = true};
  for (const TrafficSelectorPolicy& child : read.children)
    add_prefixes(child.remote_address_ranges, peer.address_prefixes);
  if (peer.address_prefixes->empty()) {
    notes_.incomplete({read.children.front().mark, fmt::format("connections.{}", read.name),
                       "no remote_ts tells what is behind remote_addrs: routes were made elsewhere",
                       "write address_prefixes"});
  }
  std::string taken = peer.name;
  result_.model.local_network_gateways.emplace(taken, std::move(peer));
  return taken;
}

// Without bytes: it is no key.
void Builder::keep_key(const SettingsValue& value, ImportedKey key) {
  taken_keys_.insert(&value);
  if (!key.bytes.empty() && key.bytes.size() <= kSharedKeyMax) {
    result_.keys.push_back(std::move(key));
    return;
  }
  notes_.incomplete(
      {value.text_mark, "secrets",
       fmt::format("the key is no hexadecimal or base64 text, or not of 1 to {} bytes",
                   kSharedKeyMax),
       "agree on another key"});
}

void Builder::add_shared_key(const SettingsValue& value, Connection& connection) {
  ImportedKey key{*connection.shared_key_file, read_secret(value.text).value_or(SecretBytes())};
  key.encoding = encoding_for(key.bytes.view());
  if (key.encoding != KeyEncoding::Text)
    connection.shared_key_encoding = marked(key.encoding, value.mark);
  keep_key(value, std::move(key));
}

// What swanctl finds in its folders by itself.
void Builder::name_files(Connection& connection) {
  const auto name = [&](const char* suffix, MarkedText& file) {
    if (!file.is_set) file = marked(connection.name + suffix, connection.mark);
  };
  if (auto& own = connection.certificate) {
    name(".crt", own->certificate);
    name(".key", own->private_key);
    if (own->chain->empty())
      own->chain.value.push_back(marked(connection.name + "-ca.crt", connection.mark));
  }
  if (auto& own = connection.raw_key) {
    name(".key", own->private_key);
    name("-peer.pub", own->peer_public_key);
  }
}

void Builder::add_key(const SwanctlConnection& read, Connection& connection) {
  if (connection.certificate || connection.raw_key) {
    name_files(connection);
    return notes_.chosen({read.mark, fmt::format("connections.{}.local", read.name),
                          "keys and certificates are looked for beside the estate file",
                          "copy them there under the names that it has; the private key too, which "
                          "swanctl.conf does not name"});
  }
  const std::string file = connection.name + ".psk";
  const SettingsValue* const key = find_shared_key(root_, read);
  connection.shared_key_file = marked(file, key == nullptr ? read.mark : key->mark);
  if (key != nullptr) return add_shared_key(*key, connection);
  notes_.incomplete({read.mark, fmt::format("connections.{}", read.name),
                     "there is no key for it in the file", fmt::format("put it into {}", file)});
}

void Builder::add_ppk(const SwanctlConnection& read, Connection& connection) {
  const SettingsSection& section = *root_.section("connections")->section(read.name);
  const SettingsValue* const id = section.value("ppk_id");
  if (id == nullptr) return;
  const SettingsValue* const required = section.value("ppk_required");
  PpkReference ppk{.mark = id->mark};
  ppk.id = marked(id->text, id->text_mark);
  ppk.file = marked(connection.name + ".ppk", id->mark);
  ppk.required = marked(required != nullptr && required->text == "yes", id->mark);
  if (const SettingsValue* const key = find_ppk(root_, id->text)) {
    keep_key(*key, {*ppk.file, read_secret(key->text).value_or(SecretBytes())});
  } else {
    notes_.incomplete({id->mark, fmt::format("connections.{}.ppk_id", read.name),
                       "there is no key of this name in the file",
                       fmt::format("put it into {}", *ppk.file)});
  }
  connection.ppk = std::move(ppk);
}

void Builder::add(SwanctlConnection read) {
  const Site site = site_of(read);
  const std::string name = connections_.take(read.name);
  if (name != read.name) {
    notes_.chosen({read.mark, fmt::format("connections.{}", read.name),
                   fmt::format("is called {} in the estate", name), ""});
  }
  auto& network = result_.model.virtual_networks.find(site.network)->second;
  for (const TrafficSelectorPolicy& child : read.children)
    add_prefixes(child.local_address_ranges, network.address_space);
  Connection connection = read.connection;
  // Without one, strongSwan is known by the address that its host has.
  if (is_behind_nat(read) && !connection.local_id.is_set)
    connection.local_id = marked(read.local_address->to_string(), read.local_address.mark);
  connection.name = name;
  connection.virtual_network_gateway1 = marked(site.gateway, read.mark);
  connection.local_network_gateway2 = marked(add_peer(read, name), read.mark);
  if (*connection.connection_protocol == ConnectionProtocol::IkeV1) {
    result_.model.fields.emplace(connection.connection_protocol.mark,
                                 fmt::format("connections.{}.connection_protocol", name));
  }
  add_key(read, connection);
  add_ppk(read, connection);
  result_.model.connections.emplace(name, std::move(connection));
}

// What depends on all connections of a site.
void Builder::finish() {
  for (auto& [name, network] : result_.model.virtual_networks) {
    const std::string path = fmt::format("connections ({})", name);
    if (network.address_space->empty()) {
      notes_.incomplete({network.mark, path,
                         "no local_ts tells what is behind local_addrs: routes were made elsewhere",
                         "write address_space and a GatewaySubnet in it"});
    } else if (choose_gateway_subnet(network)) {
      notes_.chosen({network.mark, path,
                     fmt::format("{} is taken for the {}, which a network with a gateway has",
                                 network.subnets.back().prefix->to_string(), kGatewaySubnetName),
                     "choose another one when it is in use"});
    } else {
      notes_.incomplete({network.mark, path,
                         fmt::format("its prefixes have no room for a {}", kGatewaySubnetName),
                         "write a larger address_space"});
    }
    notes_.chosen({network.mark, path, "swanctl.conf does not know where the network is attached",
                   "write interfaces: [...]"});
  }
}

void note_other_sections(const SettingsSection& root, ImportNotes& notes) {
  for (const SettingsSection& section : root.sections) {
    if (section.name == "pools") {
      notes.not_carried({section.mark, "pools",
                         "address pools are of remote access, which is not "
                         "part of the model",
                         ""});
    } else if (section.name == "authorities") {
      notes.not_carried({section.mark, "authorities",
                         "CAs are files of inbound_auth_certificate_chain, and CRLs of "
                         "certificate_revocation_lists; nothing is fetched",
                         "copy them beside the estate file"});
    }
  }
}

}  // namespace

Result<Import, ConfigErrors> import_swanctl(std::string_view text, std::string file_name,
                                            const IncludeReader& include, ImportFor purpose) {
  TRY_ASSIGN(Settings settings, read_settings(text, file_name, include));
  Import result;
  result.model.files = std::move(settings.files);
  ImportNotes notes(result.model.files);
  SwanctlReading reading{result.model.files, notes, purpose};
  Builder builder(settings.root, result, notes);
  const SettingsSection* const connections = settings.root.section("connections");
  if (connections == nullptr || connections->sections.empty()) {
    reading.wrong({.line = 1, .column = 1}, "connections", "there is no connection in the file");
  } else {
    for (const SettingsSection& section : connections->sections) {
      if (auto read = read_swanctl_connection(section, reading)) builder.add(*std::move(read));
    }
  }
  if (!reading.errors.empty()) return Err(std::move(reading.errors));
  builder.finish();
  for (const SettingsReference& pattern : settings.empty_includes) {
    notes.not_carried({pattern.mark, "include",
                       fmt::format("no file is there for {}", in_quotes(pattern.name)),
                       "import the file where the others are, when there are any"});
  }
  note_other_sections(settings.root, notes);
  note_other_secrets(settings.root, builder.taken_keys(), notes);
  result.notes = notes.take();
  return result;
}

}  // namespace twinspan::policy
