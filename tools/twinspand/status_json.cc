#include "tools/twinspand/status_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/twinspand/diagnosis_json.h"
#include "tools/twinspand/event_journal.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

std::string spi_text(Spi spi) {
  return fmt::format("0x{:08x}", spi.value);
}

json drops_json(const tun::DirectionTotals& totals, json drops = json::object()) {
  for (size_t i = 0; i < esp::kVerdictCount; ++i) {
    const auto verdict = static_cast<esp::Verdict>(i);
    if (verdict == esp::Verdict::Accept) continue;
    uint64_t count = totals.drops[i];
    const char* const reason = esp::to_string(verdict);
    if (drops.contains(reason)) count += drops[reason].get<uint64_t>();
    drops[reason] = count;
  }
  return drops;
}

json optional_text(const std::string& text) {
  return text.empty() ? json() : json(text);
}

json selectors_json(const TrafficSelectors& selectors) {
  json list = json::array();
  for (const TrafficSelector& selector : selectors) list.push_back(selector.to_string());
  return list;
}

std::string transforms_text(const EspTransforms& transforms) {
  const EncryptionProperties* const cipher = find_encryption(transforms.encryption);
  const IntegrityProperties* const integrity = find_integrity(transforms.integrity);
  return fmt::format("{}{}{}", cipher == nullptr ? "?" : cipher->name,
                     integrity == nullptr ? "" : fmt::format("/{}", integrity->name),
                     transforms.esn ? "/ESN" : "");
}

json tunnel_json(const TunnelView& tunnel, const tun::TunnelTotals& totals) {
  const ike::EventChildEstablished* const first = tunnel.first_child();
  return {
      {"device", tunnel.plan.device},
      {"local", tunnel.plan.local_address.to_string()},
      {"remote", tunnel.plan.remote_text()},
      {"remote_endpoint", tunnel.ike ? json(tunnel.ike->remote.to_string()) : json()},
      {"spi_in", first == nullptr ? json() : json(spi_text(first->inbound_spi))},
      {"spi_out", first == nullptr ? json() : json(spi_text(first->outbound_spi))},
      {"ingress_bytes_transferred", totals.inbound.bytes},
      {"egress_bytes_transferred", totals.outbound.bytes},
      {"established_since", optional_text(tunnel.established_since)},
      {"drops", drops_json(totals.outbound, drops_json(totals.inbound))},
  };
}

json validity_json(const std::optional<ike::Validity>& validity) {
  if (!validity) return {};
  return {{"what", validity->what},
          {"not_before", rfc3339(validity->not_before)},
          {"not_after", rfc3339(validity->not_after)}};
}

json additional_names(const std::vector<DhGroupId>& methods) {
  json names = json::array();
  for (const DhGroupId method : methods) {
    const char* const name = key_exchange_name(method);
    names.push_back(name == nullptr ? "?" : name);
  }
  return names;
}

json ike_json(const ike::EventIkeEstablished& event) {
  const EncryptionProperties* const cipher = find_encryption(event.suite.encryption);
  const PrfProperties* const prf = find_prf(event.suite.prf);
  const DhGroupProperties* const group = find_dh_group(event.suite.group);
  return {
      {"initiator_spi", fmt::format("{:016x}", event.initiator_spi.value)},
      {"responder_spi", fmt::format("{:016x}", event.responder_spi.value)},
      {"suite",
       fmt::format("{}/{}/{}", cipher == nullptr ? "?" : cipher->name,
                   prf == nullptr ? "?" : prf->name, group == nullptr ? "?" : group->name)},
      {"local", event.local.to_string()},
      {"remote", event.remote.to_string()},
      {"authentication", ike::to_string(event.proof.kind)},
      {"peer_certificate", validity_json(event.proof.certificate)},
      {"with_ppk", event.with_ppk},
      {"additional_key_exchanges", additional_names(event.suite.additional)},
      {"is_initiator", event.is_initiator},
      {"local_behind_nat", event.local_behind_nat},
      {"remote_behind_nat", event.remote_behind_nat},
  };
}

// Each selector once, in the order of the children.
json all_selectors_json(const policy::TunnelPlan& plan,
                        TrafficSelectors policy::ChildPlan::* side) {
  TrafficSelectors all;
  for (const policy::ChildPlan& child : plan.children) {
    for (const TrafficSelector& selector : child.*side) {
      if (std::ranges::find(all, selector) == all.end()) all.push_back(selector);
    }
  }
  return selectors_json(all);
}

// What the connection wants, whether it is there, and what is wrong with it.
json wanted_children_json(const TunnelView& tunnel) {
  json list = json::array();
  for (const policy::ChildPlan& child : tunnel.plan.children) {
    const auto trouble = tunnel.child_troubles.find(child.name);
    const bool has_trouble = trouble != tunnel.child_troubles.end();
    list.push_back({
        {"name", child.name},
        {"local_selectors", selectors_json(child.local)},
        {"remote_selectors", selectors_json(child.remote)},
        {"is_up", tunnel.serves(child.name)},
        {"trouble", has_trouble ? diagnosis_json(trouble->second, tunnel.places) : json()},
    });
  }
  return list;
}

json path_json(const tun::PathTotals& totals) {
  return {
      {"probes", totals.probes},
      {"reports_learned", totals.learned},
      {"reports_known", totals.known},
      {"reports_without_spi", totals.hints},
      {"reports_of_unknown_spi", totals.refused},
      {"fragmented", totals.fragmented},
      {"too_big_answered", totals.too_big_answered},
      {"too_big_unanswered", totals.too_big_unanswered},
  };
}

json child_sas_json(const TunnelView& tunnel) {
  json children = json::array();
  for (const ike::EventChildEstablished& child : tunnel.children) {
    children.push_back({
        {"name", child.name},
        {"resource", child.resource},
        {"aggfrag", child.aggfrag},
        {"spi_in", spi_text(child.inbound_spi)},
        {"spi_out", spi_text(child.outbound_spi)},
        {"suite", transforms_text(child.transforms)},
        {"local_selectors", selectors_json(child.local_selectors)},
        {"remote_selectors", selectors_json(child.remote_selectors)},
        {"narrowed", child.narrowed},
        {"is_initiator", child.is_initiator},
    });
  }
  return children;
}

}  // namespace

json connection_json(const TunnelView& tunnel, const tun::TunnelTotals& totals) {
  return {
      {"name", tunnel.plan.connection},
      {"connection_status", to_string(tunnel.status())},
      {"children_up", tunnel.children_up()},
      {"children_wanted", tunnel.plan.children.size()},
      {"reason", tunnel.is_usable() ? json() : optional_text(tunnel.reason)},
      {"legacy", !tunnel.plan.legacy_words.empty()},
      {"legacy_algorithms", tunnel.plan.legacy_words},
      {"diagnosis", diagnosis_json(tunnel.diagnosis, tunnel.places)},
      {"tunnels", json::array({tunnel_json(tunnel, totals)})},
      {"child_sas", child_sas_json(tunnel)},
  };
}

json connection_detail_json(const TunnelView& tunnel, const tun::TunnelTotals& totals) {
  json detail = connection_json(tunnel, totals);
  detail["vpn_type"] =
      tunnel.plan.vpn_type == policy::VpnType::RouteBased ? "route-based" : "policy-based";
  detail["encapsulation"] = tunnel.plan.encapsulation == Encapsulation::Udp ? "udp" : "esp";
  detail["mtu"] = tunnel.mtu;
  detail["local_id"] = tunnel.plan.local_identity.text;
  detail["remote_id"] = tunnel.plan.remote_identity.text;
  detail["local_selectors"] = all_selectors_json(tunnel.plan, &policy::ChildPlan::local);
  detail["remote_selectors"] = all_selectors_json(tunnel.plan, &policy::ChildPlan::remote);
  detail["children"] = wanted_children_json(tunnel);
  detail["ike_sa"] = tunnel.ike ? ike_json(*tunnel.ike) : json();
  detail["child_rekeys"] = tunnel.child_rekeys;
  detail["ike_rekeys"] = tunnel.ike_rekeys;
  detail["last_failure"] = diagnosis_json(tunnel.last_failure, tunnel.places);
  detail["last_failure_at"] = optional_text(tunnel.last_failure_at);
  return detail;
}

json data_plane_json(const DataPlaneStatus& status) {
  json by_worker = json::array();
  for (const tun::TunnelTotals& totals : status.by_worker) {
    by_worker.push_back({{"opened_packets", totals.inbound.packets},
                         {"opened_bytes", totals.inbound.bytes},
                         {"sealed_packets", totals.outbound.packets},
                         {"sealed_bytes", totals.outbound.bytes}});
  }
  return {
      {"kernel", status.kernel},
      {"workers", status.workers},
      {"busy_poll_microseconds", status.busy_poll_microseconds},
      {"tun_offload", status.offloads.tun_offload},
      {"uso", status.offloads.uso},
      {"udp_gso", status.offloads.udp_gso},
      {"udp_gro", status.offloads.udp_gro},
      {"flow_steering", tun::to_string(status.offloads.flow_steering)},
      {"worker_totals", by_worker},
      {"path_mtu", path_json(status.path)},
      {"drops", drops_json(status.orphans)},
      {"ring_overflows", status.ring_overflows},
      {"handover_overflows", status.handover_overflows},
  };
}

json ike_json(const ike::EndpointCounters& counters) {
  const json drops = {
      {"malformed", counters.malformed},
      {"unknown_sa", counters.unknown_sa},
      {"bad_integrity", counters.bad_integrity},
      {"illegal", counters.illegal},
      {"replayed_or_late", counters.replayed_or_late},
      {"half_open_refused", counters.half_open_refused},
      {"no_peer", counters.no_peer},
      {"oversized", counters.oversized},
      {"retransmits_sent", counters.retransmits_sent},
      {"path_probes", counters.path_probes},
      {"remote_moves", counters.remote_moves},
      {"children_lost", counters.children_lost},
      {"fragments_refused", counters.fragments_refused},
      {"reassemblies_dropped", counters.reassemblies_dropped},
      {"fragments_sent", counters.fragments_sent},
      {"fragments_accepted", counters.fragments_accepted},
  };
  return {
      {"drops", drops},
      {"cookies", {{"sent", counters.cookies_sent}, {"wrong", counters.cookies_wrong}}},
      {"size_probes",
       {{"sent", counters.size_probes_sent}, {"unanswered", counters.size_probes_unanswered}}},
      {"key_exchanges_answered", counters.key_exchanges_answered},
      {"replaced_inbound_evicted", counters.grace_evicted},
  };
}

std::string silent_path_text(unsigned path_mtu) {
  return fmt::format(
      "outer packets above {} bytes vanish on the way to the peer without an ICMP message, so none "
      "are "
      "sent (let ICMP \"fragmentation needed\" and ICMPv6 \"packet too big\" through the firewalls "
      "on "
      "the way, or lower the MTU of the WAN interface to {})",
      path_mtu, path_mtu);
}

}  // namespace twinspan::tools
