#include "policy/plan.h"

#include <fmt/format.h>

#include "policy/word_list.h"

namespace twinspan::policy {
namespace {

std::string_view name_of(VpnType type) {
  return type == VpnType::RouteBased ? "route-based" : "policy-based";
}

std::string_view name_of(ConnectionMode mode) {
  switch (mode) {
    case ConnectionMode::Default:
      return "default";
    case ConnectionMode::InitiatorOnly:
      return "initiator-only";
    case ConnectionMode::ResponderOnly:
      return "responder-only";
  }
  return "";
}

std::string_view name_of(IdentityType type) {
  switch (type) {
    case IdentityType::Ipv4:
      return "ipv4";
    case IdentityType::Ipv6:
      return "ipv6";
    case IdentityType::Fqdn:
      return "fqdn";
    case IdentityType::Email:
      return "email";
    case IdentityType::KeyId:
      return "keyid";
  }
  return "";
}

std::string name_of(const Identity& identity) {
  return fmt::format("{}:{}", name_of(identity.type), identity.text);
}

// A table's name for an id; a plan made by hand may hold an id that the tables do not know.
template <class Properties>
std::string_view name_or_unknown(const Properties* properties) {
  return properties == nullptr ? "unknown" : properties->name;
}

std::string_view name_of(DhGroupId group) {
  return group == DhGroupId::None ? "None" : name_or_unknown(find_dh_group(group));
}

std::string encryption_and_integrity(const Encryption& encryption, IntegrityId integrity) {
  std::string name(name_or_unknown(find_encryption(encryption)));
  if (integrity != IntegrityId::None)
    name += fmt::format("-{}", name_or_unknown(find_integrity(integrity)));
  return name;
}

// " + CURVE25519 + ECP521", or nothing.
std::string name_of(const std::vector<DhGroupId>& additional) {
  std::string text;
  for (const DhGroupId method : additional) {
    const char* const name = key_exchange_name(method);
    text += fmt::format(" + {}", name == nullptr ? "unknown" : name);
  }
  return text;
}

std::string name_of(const IkeProposal& proposal) {
  return fmt::format("{} prf {} group {}{}",
                     encryption_and_integrity(proposal.encryption, proposal.integrity),
                     name_or_unknown(find_prf(proposal.prf)), name_of(proposal.group),
                     name_of(proposal.additional));
}

std::string name_of(const EspProposal& proposal) {
  return fmt::format(
      "{} pfs {}{} {}", encryption_and_integrity(proposal.encryption, proposal.integrity),
      name_of(proposal.pfs_group), name_of(proposal.additional), proposal.esn ? "esn" : "no-esn");
}

template <class Value>
std::vector<std::string> names_of(const std::vector<Value>& values) {
  std::vector<std::string> names;
  for (const Value& value : values) names.emplace_back(name_of(value));
  return names;
}

template <class Value>
std::string listed_or_none(const std::vector<Value>& values) {
  return values.empty() ? "none" : listed(values);
}

std::string to_string(const TunnelPlan& tunnel) {
  const bool is_udp = tunnel.encapsulation == Encapsulation::Udp;
  const std::string size_limit = tunnel.sa_data_size_kilobytes == 0
                                     ? "no size limit"
                                     : fmt::format("{} KB", tunnel.sa_data_size_kilobytes);
  const std::string packet_limit =
      tunnel.sa_life_packets == 0 ? "" : fmt::format(", {} packets", tunnel.sa_life_packets);
  std::string text = fmt::format("tunnel {} device {} {}\n", tunnel.connection, tunnel.device,
                                 name_of(tunnel.vpn_type));
  const auto line = [&text](std::string_view key, std::string_view value) {
    text += fmt::format("  {:<12}{}\n", key, value);
  };
  line("local",
       fmt::format("{} as {}", tunnel.local_address.to_string(), name_of(tunnel.local_identity)));
  line("remote", fmt::format("{} as {}", tunnel.remote_text(), name_of(tunnel.remote_identity)));
  if (!tunnel.psk_file.empty()) line("psk", tunnel.psk_file);
  if (tunnel.psk_encoding != KeyEncoding::Text) line("encoding", name_of(tunnel.psk_encoding));
  if (!tunnel.psk_file.empty() && tunnel.previous_key_seconds != kPreviousKeySecondsDefault)
    line("overlap", fmt::format("{} s", tunnel.previous_key_seconds));
  if (const auto& own = tunnel.certificate) {
    line("certificate", fmt::format("{} with {}", own->certificate, own->private_key));
    line("trusts",
         fmt::format(
             "{}{}", listed(own->authorities),
             own->peer_common_name.empty() ? "" : fmt::format(", for {}", own->peer_common_name)));
    if (!own->revocation_lists.empty()) line("crls", listed(own->revocation_lists));
  }
  if (const auto& own = tunnel.raw_key)
    line("raw key", fmt::format("{}, the peer's {}", own->private_key, own->peer_public_key));
  if (tunnel.ppk) {
    line("ppk", fmt::format("{} from {}, {}", tunnel.ppk->id, tunnel.ppk->file,
                            tunnel.ppk->is_required ? "required" : "optional"));
  }
  line("ike", listed_or_none(names_of(tunnel.ike_proposals)));
  line("esp", listed_or_none(names_of(tunnel.esp_proposals)));
  line("lifetimes", fmt::format("ike {} s, sa {} s, {}{}", tunnel.ike_lifetime_seconds,
                                tunnel.sa_lifetime_seconds, size_limit, packet_limit));
  if (!tunnel.legacy_words.empty()) line("legacy", listed(tunnel.legacy_words));
  line("dpd", fmt::format("{} s", tunnel.dpd_timeout_seconds));
  if (tunnel.ike_fragment_size != kIkeFragmentSizeDefault) {
    line("fragments", tunnel.ike_fragment_size == 0
                          ? "never"
                          : fmt::format("{} bytes", tunnel.ike_fragment_size));
  }
  line("mode", fmt::format("{}, {}", name_of(tunnel.mode), is_udp ? "udp" : "esp"));
  if (tunnel.copy_dscp) line("dscp", "copied to outer packets");
  if (tunnel.per_resource_sas) line("child SAs", "one per worker");
  if (tunnel.aggfrag) line("aggfrag", "where the peer has it");
  for (const ChildPlan& child : tunnel.children) {
    line("selectors",
         fmt::format("{} === {}{}", listed_or_none(child.local), listed_or_none(child.remote),
                     tunnel.any_to_any ? " (any-to-any)" : ""));
  }
  line("routes", listed_or_none(tunnel.remote_prefixes));
  return text;
}

std::string_view name_of(GatewayUse use) {
  switch (use) {
    case GatewayUse::Own:
      return "has the gateway";
    case GatewayUse::Transit:
      return "uses the gateway";
    case GatewayUse::Elsewhere:
      return "uses another gateway";
    case GatewayUse::None:
      return "uses no gateway";
  }
  return "";
}

// Of a host with nothing to keep apart it says no more than the plan's first lines do.
std::string to_string(const HostNetworks& networks) {
  std::string text;
  if (!networks.needs_isolation()) return text;
  for (const AttachedNetwork& network : networks.attached) {
    text += fmt::format("  {:<12}{} {} on {}, {}\n", "attached", network.name,
                        listed_or_none(network.prefixes), listed_or_none(network.interfaces),
                        name_of(network.gateway_use));
  }
  for (const NeighbourNetwork& network : networks.neighbours)
    text +=
        fmt::format("  {:<12}{} {}\n", "neighbour", network.name, listed_or_none(network.prefixes));
  for (const PeeringWay& way : networks.ways) {
    text += fmt::format("  {:<12}{} to {}{}\n", "open", way.from, way.to,
                        way.admits_forwarded ? ", forwarded traffic too" : "");
  }
  return text;
}

}  // namespace

std::string_view name_of(KeyEncoding encoding) {
  switch (encoding) {
    case KeyEncoding::Text:
      return "text";
    case KeyEncoding::Base64:
      return "base64";
    case KeyEncoding::Hex:
      return "hex";
  }
  return "";
}

std::string Plan::to_string() const {
  std::string text =
      fmt::format("gateway {} instance {} {}\n", gateway, instance, name_of(vpn_type));
  text += fmt::format("  {:<12}{} {} on {}\n", "network", virtual_network,
                      listed_or_none(own_prefixes), listed_or_none(interfaces));
  text += fmt::format("  {:<12}{}\n", "bind", listed_or_none(local_addresses));
  text += policy::to_string(networks);
  for (const TunnelPlan& tunnel : tunnels) text += policy::to_string(tunnel);
  return text;
}

}  // namespace twinspan::policy
