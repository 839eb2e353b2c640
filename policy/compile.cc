#include "policy/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "policy/attach.h"
#include "policy/connection_ends.h"
#include "policy/device_name.h"
#include "policy/ipsec_suite.h"
#include "policy/route_mode.h"
#include "policy/suggest.h"

namespace twinspan::policy {
namespace {

constexpr unsigned kDeviceNameAttemptsMax = 64;

// What every tunnel of the instance has in common.
struct Instance {
  const Model& model;
  const VirtualNetworkGateway& gateway;
  const VirtualNetwork& network;
  const IpConfiguration& configuration;
  unsigned number = 0;
  std::string directory;
};

struct Fault {
  SourceMark mark;
  std::string path;
  std::string message;
  std::string remedy;
};

ConfigError to_error(const Model& model, Fault fault) {
  const std::string file = fault.mark.file < model.files.size() ? model.files[fault.mark.file] : "";
  return {file,
          fault.mark.line,
          fault.mark.column,
          std::move(fault.path),
          std::move(fault.message),
          std::move(fault.remedy)};
}

Err<ConfigErrors> stop(const Model& model, Fault fault) {
  return Err<ConfigErrors>(ConfigErrors{to_error(model, std::move(fault))});
}

template <class Object>
std::vector<std::string_view> names_of(const ByName<Object>& objects) {
  std::vector<std::string_view> names;
  for (const auto& [name, object] : objects) names.push_back(name);
  return names;
}

std::string known_instances(const VirtualNetworkGateway& gateway) {
  std::vector<std::string> known;
  for (size_t index = 0; index < gateway.ip_configurations.size(); ++index) {
    const IpConfiguration& configuration = gateway.ip_configurations[index];
    known.push_back(fmt::format("{} ({}, {})", index, *configuration.name,
                                configuration.public_ip_address->to_string()));
  }
  return known.empty() ? "it has none" : fmt::format("it has {}", fmt::join(known, ", "));
}

Result<Instance, ConfigErrors> find_instance(const Model& model, std::string_view name,
                                             unsigned number, std::string_view directory) {
  const VirtualNetworkGateway* const gateway = find(model.gateways, name);
  if (gateway == nullptr) {
    return stop(model, {{},
                        "",
                        fmt::format("the file has no virtual network gateway {}", in_quotes(name)),
                        suggestion(name, names_of(model.gateways))});
  }
  const std::string path = fmt::format("virtual_network_gateways.{}", gateway->name);
  if (number >= gateway->ip_configurations.size()) {
    return stop(model, {gateway->mark, path + ".ip_configurations",
                        fmt::format("there is no instance {}", number), known_instances(*gateway)});
  }
  const VirtualNetwork* const network = network_of(model, *gateway);
  if (network == nullptr) {
    return stop(
        model, {gateway->virtual_network.mark, path + ".virtual_network",
                fmt::format("there is no virtual network {}", in_quotes(*gateway->virtual_network)),
                suggestion(*gateway->virtual_network, names_of(model.virtual_networks))});
  }
  return Instance{model,    *gateway,
                  *network, gateway->ip_configurations[number],
                  number,   std::string(directory)};
}

std::string key_path(const Instance& instance, const std::string& file) {
  if (file.starts_with('/') || instance.directory.empty()) return file;
  return instance.directory + (instance.directory.ends_with('/') ? "" : "/") + file;
}

std::vector<IpPrefix> plain(const MarkedList<IpPrefix>& prefixes) {
  std::vector<IpPrefix> result;
  for (const auto& prefix : *prefixes) result.push_back(*prefix);
  return result;
}

void set_suite(IpsecSuite suite, TunnelPlan& tunnel) {
  tunnel.legacy_words = legacy_words(suite);
  tunnel.ike_proposals = std::move(suite.ike_proposals);
  tunnel.esp_proposals = std::move(suite.esp_proposals);
  tunnel.ike_lifetime_seconds = suite.ike_lifetime_seconds;
  tunnel.sa_lifetime_seconds = suite.sa_lifetime_seconds;
  tunnel.sa_data_size_kilobytes = suite.sa_data_size_kilobytes;
  tunnel.sa_life_packets = suite.sa_life_packets;
}

// "a-to-b", or "a-to-b/1", "a-to-b/2" where there are more.
std::string child_name(const Connection& connection, const TunnelSelectors& selectors,
                       size_t index) {
  if (selectors.pairs.size() == 1) return connection.name;
  return fmt::format("{}/{}", connection.name, index + 1);
}

void set_selectors(const Instance& instance, const Connection& connection, const RemoteEnd& remote,
                   TunnelPlan& tunnel) {
  TunnelSelectors selectors =
      tunnel_selectors(instance.gateway, connection,
                       prefixes_behind(instance.model, instance.gateway), remote.prefixes);
  tunnel.any_to_any = selectors.is_any_to_any;
  for (size_t i = 0; i < selectors.pairs.size(); ++i) {
    tunnel.children.push_back({child_name(connection, selectors, i),
                               std::move(selectors.pairs[i].local),
                               std::move(selectors.pairs[i].remote)});
  }
  tunnel.remote_prefixes = plain(remote.prefixes);
}

std::vector<std::string> key_paths(const Instance& instance, const MarkedList<std::string>& files) {
  std::vector<std::string> paths;
  for (const auto& file : *files) paths.push_back(key_path(instance, *file));
  return paths;
}

// False: what its authentication_type needs is not there.
bool set_authentication(const Instance& instance, const Connection& connection,
                        TunnelPlan& tunnel) {
  tunnel.previous_key_seconds = *connection.previous_key_seconds;
  switch (*connection.authentication_type) {
    case AuthenticationType::Psk:
      if (!connection.shared_key_file.is_set) return false;
      tunnel.psk_file = key_path(instance, *connection.shared_key_file);
      tunnel.psk_encoding = *connection.shared_key_encoding;
      return true;
    case AuthenticationType::Certificate: {
      const auto& own = connection.certificate;
      if (!own) return false;
      tunnel.certificate =
          CertificatePlan{.certificate = key_path(instance, *own->certificate),
                          .private_key = key_path(instance, *own->private_key),
                          .authorities = key_paths(instance, own->chain),
                          .peer_common_name = *own->subject_name,
                          .revocation_lists = key_paths(instance, own->revocation_lists)};
      return true;
    }
    case AuthenticationType::RawPublicKey: {
      const auto& own = connection.raw_key;
      if (!own) return false;
      tunnel.raw_key = RawKeyPlan{key_path(instance, *own->private_key),
                                  key_path(instance, *own->peer_public_key)};
      return true;
    }
  }
  return false;
}

std::optional<Fault> check_children(const VirtualNetworkGateway& gateway,
                                    const Connection& connection, const std::string& path,
                                    const TunnelPlan& tunnel) {
  if (tunnel.children.size() > kTunnelChildrenMax) {
    return Fault{connection.mark, path,
                 fmt::format("{} pairs of prefixes; a connection has a Child SA for each, and not "
                             "more than {}",
                             tunnel.children.size(), kTunnelChildrenMax),
                 too_many_pairs_remedy(gateway)};
  }
  for (const ChildPlan& child : tunnel.children) {
    if (std::max(child.local.size(), child.remote.size()) <= kTrafficSelectorsMax) continue;
    return Fault{connection.mark, path + ".traffic_selector_policies",
                 fmt::format("more than {} ranges on one side", kTrafficSelectorsMax),
                 "join neighbouring ranges into larger ones"};
  }
  if (tunnel.children.size() > 1 && *connection.per_resource_sas == PerResourceSas::On) {
    return Fault{connection.per_resource_sas.mark, path + ".per_resource_sas",
                 fmt::format("the connection has {} Child SAs, one per pair of prefixes",
                             tunnel.children.size()),
                 "remove it: per_resource_sas is for a connection with one Child SA"};
  }
  if (tunnel.children.empty())
    return Fault{connection.mark, path, "the two sides have no address family in common", ""};
  return std::nullopt;
}

// Whether the tunnel has a Child SA per worker. `auto` leaves out what one worker alone serves
// well: a gateway whose connections keep all of them busy, and the SPDs of pairs of prefixes.
bool has_per_resource_sas(const Instance& instance, const Connection& connection,
                          const TunnelPlan& tunnel) {
  const PerResourceSas wanted = *connection.per_resource_sas;
  if (wanted != PerResourceSas::Auto) return wanted == PerResourceSas::On;
  const auto count = std::ranges::count_if(instance.model.connections, [&](const auto& entry) {
    return *entry.second.virtual_network_gateway1 == instance.gateway.name;
  });
  return tunnel.any_to_any && tunnel.children.size() == 1 && count <= kPerResourceConnectionsMax;
}

// Everything of a tunnel but its device.
Result<TunnelPlan, Fault> compile_tunnel(const Instance& instance, const Connection& connection) {
  const std::string path = fmt::format("connections.{}", connection.name);
  const auto remote = remote_end(instance.model, connection);
  if (!remote)
    return Err<Fault>({connection.mark, path, "the remote end has no address in this file", ""});
  const auto suite = suite_of(instance.model, connection);
  if (!suite)
    return Err<Fault>({connection.mark, path + ".ipsec_policy", "no usable IPsec policy", ""});
  const auto identities = identities_of(instance.model, connection, instance.number);
  if (!identities) {
    return Err<Fault>({connection.mark, path, "local_id or remote_id is no identity", ""});
  }
  TunnelPlan tunnel;
  if (!set_authentication(instance, connection, tunnel))
    return Err<Fault>({connection.mark, path, "there is no key to authenticate with", ""});
  tunnel.connection = connection.name;
  tunnel.local_address = instance.configuration.address_on_host();
  tunnel.remote_address = remote->address.value_or(IpAddress::any(tunnel.local_address.family()));
  tunnel.remote_name = remote->name;
  tunnel.local_identity = identities->local;
  tunnel.remote_identity = identities->remote;
  if (const auto& ppk = connection.ppk)
    tunnel.ppk = PpkPlan{*ppk->id, key_path(instance, *ppk->file), *ppk->required};
  tunnel.dpd_timeout_seconds = *connection.dpd_timeout_seconds;
  tunnel.ike_fragment_size = *connection.ike_fragment_size;
  tunnel.mode = *connection.connection_mode;
  tunnel.encapsulation = *connection.encapsulation;
  tunnel.copy_dscp = *connection.copy_dscp;
  tunnel.vpn_type = *instance.gateway.vpn_type;
  set_suite(*suite, tunnel);
  set_selectors(instance, connection, *remote, tunnel);
  if (auto fault = check_children(instance.gateway, connection, path, tunnel))
    return Err<Fault>(*std::move(fault));
  tunnel.per_resource_sas = has_per_resource_sas(instance, connection, tunnel);
  tunnel.aggfrag = *connection.aggfrag;
  return tunnel;
}

std::string free_device_name(const Instance& instance, const std::string& connection,
                             std::set<std::string>& taken) {
  for (unsigned attempt = 0; attempt < kDeviceNameAttemptsMax; ++attempt) {
    std::string name = device_name({instance.gateway.name, instance.number, connection}, attempt);
    if (taken.insert(name).second) return name;
  }
  return "";
}

}  // namespace

Result<Plan, ConfigErrors> compile(const Model& model, std::string_view gateway, unsigned instance,
                                   std::string_view directory, const HostFacts& facts) {
  TRY_ASSIGN(const Instance self, find_instance(model, gateway, instance, directory));
  Plan plan;
  plan.gateway = self.gateway.name;
  plan.instance = instance;
  plan.vpn_type = *self.gateway.vpn_type;
  plan.virtual_network = self.network.name;
  plan.own_prefixes = plain(self.network.address_space);
  for (const auto& interface : *self.network.interfaces) plan.interfaces.push_back(*interface);
  plan.local_addresses = {self.configuration.address_on_host()};
  plan.networks = attach_networks(model, self.gateway, facts);
  ConfigErrors errors = attachment_errors(model, self.gateway, plan.networks);
  std::set<std::string> devices;
  for (const auto& [name, connection] : model.connections) {
    if (*connection.virtual_network_gateway1 != self.gateway.name) continue;
    auto tunnel = compile_tunnel(self, connection);
    if (!tunnel) {
      errors.push_back(to_error(model, std::move(tunnel).error()));
      continue;
    }
    tunnel->device = free_device_name(self, name, devices);
    plan.tunnels.push_back(*std::move(tunnel));
  }
  if (!errors.empty()) return Err<ConfigErrors>(std::move(errors));
  return plan;
}

}  // namespace twinspan::policy
