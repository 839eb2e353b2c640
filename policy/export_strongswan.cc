#include "policy/export_strongswan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "policy/compile.h"
#include "policy/connection_ends.h"
#include "policy/suggest.h"
#include "policy/swanctl_words.h"

namespace twinspan::policy {
namespace {

constexpr uint64_t kProbesUntilDead = 3;  // As policy/swanctl_connection.cc takes them.

// The file as it grows.
class SettingsWriter {
 public:
  void open(std::string_view name) {
    line(fmt::format("{} {{", name));
    ++depth_;
  }
  void close() {
    --depth_;
    line("}");
  }
  void set(std::string_view key, std::string_view value) {
    line(fmt::format("{} = {}", key, value));
  }
  void comment(std::string_view text) { line(fmt::format("# {}", text)); }
  std::string take() { return std::move(text_); }

 private:
  void line(const std::string& text) { text_ += std::string(2 * depth_, ' ') + text + "\n"; }

  std::string text_;
  size_t depth_ = 0;
};

// Rekeying begins a tenth before the end, and never at once.
struct Lifetime {
  uint64_t rekey;
  uint64_t over;
};
Lifetime lifetime_of(uint64_t whole) {
  const uint64_t over = whole / 10;
  return {whole - over, over};
}

// A name that is one word of strongSwan's.
std::string section_name(std::string_view name) {
  std::string text(name);
  std::ranges::replace_if(text, [](char letter) { return letter == '.' || letter == '/'; }, '-');
  return text;
}

template <class Proposal>
std::string proposals_of(const std::vector<Proposal>& proposals) {
  std::vector<std::string> words;
  for (const Proposal& proposal : proposals) words.push_back(swanctl_proposal(proposal));
  return fmt::format("{}", fmt::join(words, ", "));
}

class Exporter {
 public:
  Exporter(const Model& model, const Connection& connection, const TunnelPlan& tunnel,
           const IpConfiguration& own)
      : model_(model), connection_(connection), tunnel_(tunnel), own_(own) {}

  std::string write(const ExportKeys& keys) {
    write_head();
    write_connection();
    write_secrets(keys);
    return out_.take();
  }

 private:
  void write_head();
  void write_route_advice();
  void write_connection();
  void write_rounds();
  void write_child(const ChildPlan& child);
  void write_actions();
  void write_secrets(const ExportKeys& keys);
  void write_secret(std::string_view name, const std::vector<std::string>& ids,
                    const std::optional<ByteView>& key, const std::string& file);

  // Where the other end's host has its address.
  std::string their_address() const {
    const VirtualNetworkGateway* const gateway = remote_gateway(model_, connection_);
    if (gateway != nullptr && !gateway->ip_configurations.empty())
      return gateway->ip_configurations.front().address_on_host().to_string();
    return tunnel_.remote_text();
  }

  const Model& model_;
  const Connection& connection_;
  const TunnelPlan& tunnel_;
  const IpConfiguration& own_;
  SettingsWriter out_;
};

void Exporter::write_head() {
  out_.comment(fmt::format("The other end of connection {}, for strongSwan 5.9.8 or later:",
                           connection_.name));
  out_.comment(
      "/etc/swanctl/swanctl.conf or a file in /etc/swanctl/conf.d, then swanctl --load-all.");
  if (tunnel_.any_to_any) write_route_advice();
  const bool has_more = std::ranges::any_of(tunnel_.ike_proposals, [](const IkeProposal& proposal) {
    return !proposal.additional.empty();
  });
  if (has_more) out_.comment("ke1_... (RFC 9370) needs strongSwan 6.");
  if (tunnel_.esp_proposals.front().esn)
    out_.comment("kernel-libipsec has no ESN: with it, take -esn out of esp_proposals.");
  if (tunnel_.encapsulation == Encapsulation::Esp)
    out_.comment("Raw ESP (protocol 50): kernel-libipsec speaks UDP encapsulation alone.");
}

// The selectors admit everything, so routes decide, and those are the administrator's.
void Exporter::write_route_advice() {
  std::vector<std::string> routes;
  if (const VirtualNetworkGateway* const gateway = local_gateway(model_, connection_)) {
    const MarkedList<IpPrefix> prefixes = prefixes_behind(model_, *gateway);
    for (const Marked<IpPrefix>& prefix : *prefixes) routes.push_back(prefix->to_string());
  }
  out_.comment("");
  out_.comment(
      "Route-based: the selectors are any-to-any, and routes choose the tunnel. Before it comes");
  out_.comment("up, give it a device, or all traffic of the host goes into it:");
  out_.comment("  kernel: take the # from if_id_in and if_id_out below, and");
  out_.comment("      ip link add ipsec42 type xfrm dev eth0 if_id 42; ip link set ipsec42 up");
  for (const std::string& route : routes)
    out_.comment(fmt::format("      ip route add {} dev ipsec42", route));
  out_.comment(
      "  kernel-libipsec: charon.routing_table_prio = 40000 in strongswan.conf, so that its "
      "routes");
  out_.comment("  come after the host's own, and once ipsec0 is there");
  for (const std::string& route : routes)
    out_.comment(fmt::format("      ip route add {} dev ipsec0", route));
  out_.comment("");
}

void Exporter::write_connection() {
  const Lifetime ike = lifetime_of(tunnel_.ike_lifetime_seconds);
  out_.open("connections");
  out_.open(section_name(connection_.name));
  out_.set("version", "2");
  out_.set("local_addrs", their_address());
  out_.set("remote_addrs", own_.public_ip_address->to_string());
  out_.set("proposals", proposals_of(tunnel_.ike_proposals));
  out_.set("encap", tunnel_.encapsulation == Encapsulation::Udp ? "yes" : "no");
  out_.set("mobike", "no");
  out_.set("fragmentation", tunnel_.ike_fragment_size == 0 ? "no" : "yes");
  out_.set("dpd_delay", fmt::format("{}s", std::max<uint64_t>(
                                               tunnel_.dpd_timeout_seconds / kProbesUntilDead, 1)));
  out_.set("rekey_time", fmt::format("{}s", ike.rekey));
  out_.set("over_time", fmt::format("{}s", ike.over));
  if (tunnel_.ppk) {
    out_.set("ppk_id", in_double_quotes(tunnel_.ppk->id));
    out_.set("ppk_required", tunnel_.ppk->is_required ? "yes" : "no");
  }
  if (tunnel_.any_to_any) {
    out_.comment("if_id_in = 42");
    out_.comment("if_id_out = 42");
  }
  write_rounds();
  out_.open("children");
  for (const ChildPlan& child : tunnel_.children) write_child(child);
  out_.close();
  out_.close();
  out_.close();
}

void Exporter::write_rounds() {
  const char* const auth = tunnel_.psk_file.empty() ? "pubkey" : "psk";
  out_.open("local");
  out_.set("auth", auth);
  out_.set("id", swanctl_identity(tunnel_.remote_identity));
  if (tunnel_.certificate) out_.comment("certs = the certificate of this end, for the id above");
  if (tunnel_.raw_key)
    out_.comment(fmt::format("pubkeys = the public key of this end, which we know from {}",
                             *connection_.raw_key->peer_public_key));
  out_.close();
  out_.open("remote");
  out_.set("auth", auth);
  out_.set("id", swanctl_identity(tunnel_.local_identity));
  if (tunnel_.certificate) {
    out_.comment(fmt::format("cacerts = the root behind our certificate {}",
                             *connection_.certificate->certificate));
  }
  if (tunnel_.raw_key)
    out_.comment(fmt::format("pubkeys = the public key that belongs to our {}",
                             *connection_.raw_key->private_key));
  out_.close();
}

void Exporter::write_child(const ChildPlan& child) {
  const Lifetime time = lifetime_of(tunnel_.sa_lifetime_seconds);
  out_.open(section_name(child.name));
  out_.set("local_ts", to_string(child.remote));
  out_.set("remote_ts", to_string(child.local));
  out_.set("esp_proposals", proposals_of(tunnel_.esp_proposals));
  out_.set("rekey_time", fmt::format("{}s", time.rekey));
  out_.set("life_time", fmt::format("{}s", time.rekey + time.over));
  if (tunnel_.sa_data_size_kilobytes != 0) {
    const uint64_t bytes = tunnel_.sa_data_size_kilobytes * 1024;
    const Lifetime volume = lifetime_of(bytes);
    out_.set("rekey_bytes", fmt::format("{}", volume.rekey));
    out_.set("life_bytes", fmt::format("{}", bytes));
  }
  if (tunnel_.sa_life_packets != 0) {
    const Lifetime packets = lifetime_of(tunnel_.sa_life_packets);
    out_.set("rekey_packets", fmt::format("{}", packets.rekey));
    out_.set("life_packets", fmt::format("{}", tunnel_.sa_life_packets));
  }
  if (tunnel_.copy_dscp) out_.set("copy_dscp", "out");
  write_actions();
  out_.close();
}

// Who opens the tunnel. Traps hold back what would leave in clear while it is down; any-to-any ones
// would hold back everything that the host sends.
void Exporter::write_actions() {
  if (tunnel_.mode == ConnectionMode::InitiatorOnly) {
    out_.comment("We open the tunnel.");
    out_.set("start_action", "none");
    out_.set("dpd_action", "clear");
    return;
  }
  const char* const start = tunnel_.any_to_any ? "start" : "trap|start";
  out_.set("start_action", start);
  out_.set("close_action", tunnel_.any_to_any ? "start" : "trap");
  out_.set("dpd_action", "restart");
}

void Exporter::write_secret(std::string_view name, const std::vector<std::string>& ids,
                            const std::optional<ByteView>& key, const std::string& file) {
  out_.open(name);
  for (size_t i = 0; i < ids.size(); ++i) out_.set(fmt::format("id-{}", i + 1), ids[i]);
  if (key) {
    out_.set("secret", swanctl_secret(*key));
  } else {
    out_.comment(fmt::format("secret = what is in {}; --with-key writes it", file));
  }
  out_.close();
}

void Exporter::write_secrets(const ExportKeys& keys) {
  if (tunnel_.psk_file.empty() && !tunnel_.ppk) return;
  const std::string name = section_name(connection_.name);
  out_.open("secrets");
  if (!tunnel_.psk_file.empty()) {
    write_secret(
        fmt::format("ike-{}", name),
        {swanctl_identity(tunnel_.remote_identity), swanctl_identity(tunnel_.local_identity)},
        keys.shared_key, *connection_.shared_key_file);
  }
  if (tunnel_.ppk) {
    write_secret(fmt::format("ppk-{}", name), {in_double_quotes(tunnel_.ppk->id)}, keys.ppk,
                 *connection_.ppk->file);
  }
  out_.close();
}

}  // namespace

Result<std::string, ConfigErrors> export_strongswan(const Model& model, std::string_view name,
                                                    unsigned instance, const ExportKeys& keys) {
  const Connection* const connection = find(model.connections, name);
  if (connection == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& [other, unused] : model.connections) known.push_back(other);
    return Err(ConfigErrors{{model.files.empty() ? "" : model.files.front(), 0, 0, "",
                             fmt::format("the file has no connection {}", in_quotes(name)),
                             suggestion(name, known)}});
  }
  TRY_ASSIGN(const Plan plan, compile(model, *connection->virtual_network_gateway1, instance, ""));
  const auto tunnel = std::ranges::find(plan.tunnels, name, &TunnelPlan::connection);
  const VirtualNetworkGateway* const gateway = local_gateway(model, *connection);
  CHECK(tunnel != plan.tunnels.end() && gateway != nullptr);
  return Exporter(model, *connection, *tunnel, gateway->ip_configurations[instance]).write(keys);
}

}  // namespace twinspan::policy
