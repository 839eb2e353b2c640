#include "ike/core/dump.h"

#include <fmt/format.h>

#include <concepts>

#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"

namespace twinspan::ike {
namespace {

constexpr size_t kHashShown = 8;

}  // namespace

// Each show() binds every member of its type by name: one that is added and not shown does not
// compile.
class StateDump {
 public:
  explicit StateDump(Provider& provider) : provider_(provider) {}

  std::string endpoint(const SaRegistry& sas, const Supervisor& supervisor) const {
    const auto& [map, last_child_id] = sas;
    const auto& [tunnels, touched, changing, leaving, lines, failures, shutdown_deadline,
                 is_quiet] = supervisor;
    std::string text =
        line("endpoint children={} touched={} changing={} leaving={} lines={} shutdown={} quiet={}",
             last_child_id, touched, changing, leaving, lines, shutdown_deadline, is_quiet);
    for (const auto& [id, tunnel] : tunnels) text += tunnel_text(tunnel);
    for (const auto& [spi, sa] : map) text += sa_text(*sa);
    return text;
  }

 private:
  template <class... Values>
  std::string line(fmt::string_view format, const Values&... values) const {
    return fmt::vformat(format, fmt::make_format_args(show(values)...)) + "\n";
  }
  template <class... Values>
  std::string row(const Values&... values) const {
    std::string text;
    for (const std::string& value : {show(values)...}) text += (text.empty() ? "" : " ") + value;
    return "(" + text + ")";
  }

  // --- Plain values ---

  template <std::integral T>
  std::string show(T value) const {
    return fmt::format("{}", value);
  }
  template <class T>
    requires std::is_enum_v<T>
  std::string show(T value) const {
    return fmt::format("{}", static_cast<unsigned>(value));
  }
  std::string show(IkeSaState state) const { return to_string(state); }
  std::string show(Role role) const { return role == Role::Initiator ? "initiator" : "responder"; }
  template <class Tag, class Number>
  std::string show(StrongId<Tag, Number> id) const {
    return fmt::format("{:0{}x}", id.value, sizeof(Number) > 4 && id.value > UINT32_MAX ? 16 : 8);
  }
  std::string show(Instant at) const { return show(at.time_since_epoch().count()); }
  std::string show(Duration span) const { return show(span.count()); }
  std::string show(const std::string& text) const { return text; }
  std::string show(const Endpoint& endpoint) const { return endpoint.to_string(); }
  std::string show(const TrafficSelectors& selectors) const { return to_string(selectors); }

  std::string show(ByteView bytes) const {
    if (bytes.empty()) return "-";
    static const std::string kKey = "dump";
    const SecretBytes hash = provider_.prf(PrfId::HmacSha256, as_bytes(kKey), {bytes});
    return to_hex(hash.view().first(kHashShown));
  }
  std::string show(const Bytes& bytes) const { return show(ByteView(bytes)); }
  std::string show(const SecretBytes& bytes) const { return show(bytes.view()); }

  template <class T>
  std::string show(const std::optional<T>& value) const {
    return value ? show(*value) : "-";
  }
  std::string show(const std::unique_ptr<DhExchange>& dh) const {
    return dh ? row(dh->group(), dh->public_value()) : "-";
  }
  // A configuration is never changed, only replaced.
  std::string show(const std::shared_ptr<const PeerConfig>& peer) const {
    return fmt::format("{}:{}", peer->tunnel.value, peer->name);
  }
  template <class List>
    requires std::ranges::forward_range<List>
  std::string show(const List& list) const {
    std::string text;
    for (const auto& entry : list) text += (text.empty() ? "" : " ") + show(entry);
    return "[" + text + "]";
  }
  template <class First, class Second>
  std::string show(const std::pair<First, Second>& pair) const {
    return show(pair.first) + "=" + show(pair.second);
  }
  template <class Timer>
  std::string show(const TimerTable<Timer>& timers) const {
    std::string text;
    for (unsigned i = 0; i < static_cast<unsigned>(Timer::Count_); ++i) {
      if (const auto at = timers.at(static_cast<Timer>(i)))
        text += fmt::format(" {}@", i) + show(at);
    }
    return text;
  }

  // --- What was agreed ---

  std::string show(const Encryption& encryption) const {
    const auto& [id, key_bits] = encryption;
    return row(id, key_bits);
  }
  std::string show(const IkeSuite& suite) const {
    const auto& [encryption, integrity, prf, group, additional] = suite;
    return row(encryption, integrity, prf, group, additional);
  }
  std::string show(const EspTransforms& transforms) const {
    const auto& [encryption, integrity, esn] = transforms;
    return row(encryption, integrity, esn);
  }
  std::string show(const IkeProposal& proposal) const {
    const auto& [encryption, integrity, prf, group, additional] = proposal;
    return row(encryption, integrity, prf, group, additional);
  }
  std::string show(const EspProposal& proposal) const {
    const auto& [encryption, integrity, pfs_group, esn, additional] = proposal;
    return row(encryption, integrity, pfs_group, esn, additional);
  }
  std::string show(const NatStatus& nat) const {
    const auto& [peer_supports, local_behind_nat, remote_behind_nat, remote_forces_udp] = nat;
    return row(peer_supports, local_behind_nat, remote_behind_nat, remote_forces_udp);
  }
  std::string show(const IkeKeys& keys) const {
    const auto& [d, ai, ar, ei, er, pi, pr] = keys;
    return row(d, ai, ar, ei, er, pi, pr);
  }
  std::string show(const PpkSubkeys& keys) const {
    const auto& [d, pi, pr] = keys;
    return row(d, pi, pr);
  }
  std::string show(const PpkState& ppk) const {
    const auto& [is_agreed, is_in_use, unmixed] = ppk;
    return row(is_agreed, is_in_use, unmixed);
  }
  std::string show(WallTime at) const { return show(at.time_since_epoch().count()); }
  std::string show(const Validity& validity) const {
    const auto& [what, not_before, not_after, is_revocation_list] = validity;
    return row(what, not_before, not_after, is_revocation_list);
  }
  std::string show(const PeerProof& proof) const {
    const auto& [kind, certificate] = proof;
    return row(kind, certificate);
  }
  std::string show(const ExchangeNonces& nonces) const {
    const auto& [initiator, responder] = nonces;
    return row(initiator, responder);
  }

  // --- What is under way ---

  std::string show(const NotifyPayload& notify) const {
    const auto& [protocol, spi, type, value] = notify;
    return row(protocol, spi, type, value);
  }
  std::string show(std::monostate) const { return ""; }
  std::string show(const InitExchange& own) const {
    const auto& [dh, group, cookie, restart_count, hint] = own;
    return row(dh, group, cookie, restart_count, hint);
  }
  std::string show(const AuthExchange& own) const {
    const auto& [inbound_spi] = own;
    return row(inbound_spi);
  }
  std::string show(const IntermediateExchange& own) const {
    const auto& [dh] = own;
    return row(dh);
  }
  std::string show(const ChildExchange& own) const {
    const auto& [config, resource, shows_resource, is_additional, is_rest, rekeys, is_probe,
                 attempt, inbound_spi, offered, local, remote, group, dh, nonce, is_second_group,
                 crossing, crosses_followup, crossing_nonces] = own;
    return row(config, resource, shows_resource, is_additional, is_rest, rekeys, is_probe, attempt,
               inbound_spi, offered, local, remote, group, dh, nonce, is_second_group, crossing,
               crosses_followup, crossing_nonces);
  }
  std::string show(const RekeyIkeExchange& own) const {
    const auto& [attempt, new_spi, offered, group, dh, nonce, is_second_group, crossing,
                 crosses_followup, crossing_nonces] = own;
    return row(attempt, new_spi, offered, group, dh, nonce, is_second_group, crossing,
               crosses_followup, crossing_nonces);
  }
  std::string show(const AgreedChild& agreed) const {
    const auto& [child, nonces, more_possible] = agreed;
    return row(child, nonces, more_possible);
  }
  std::string show(const AgreedIke& agreed) const {
    const auto& [role, own_spi, peer_spi, suite, nonces] = agreed;
    return row(role, own_spi, peer_spi, suite, nonces);
  }
  template <class... Kinds>
  std::string show(const std::variant<Kinds...>& either) const {
    return std::visit([this](const auto& value) { return this->show(value); }, either);
  }
  std::string show(const Followup& followup) const {
    const auto& [agreed, methods, done, shared, additional] = followup;
    return row(agreed, methods, done, shared, additional);
  }
  std::string show(const FollowupExchange& exchange) const {
    const auto& [own, followup, link, dh] = exchange;
    return row(own, followup, link, dh);
  }
  std::string show(const AwaitedFollowup& awaited) const {
    const auto& [followup, link, until] = awaited;
    return fmt::format("awaits {} of {}", followup.done, followup.methods.size()) +
           row(followup, link, until);
  }
  std::string show(const DeleteChildExchange& own) const {
    const auto& [inbound_spi] = own;
    return row(inbound_spi);
  }
  std::string show(const DeleteIkeExchange&) const { return ""; }
  std::string show(const LivenessExchange&) const { return ""; }
  std::string show(const SizeSearch& search) const {
    const auto& [family, asked, next, low, high, lost, is_done] = search;
    return row(family, asked, next, low, high, lost, is_done);
  }
  std::string show(const SizeProbeExchange& own) const {
    const auto& [search, packet_size, remote] = own;
    return row(search, packet_size, remote);
  }
  std::string show(const ActiveExchange& active) const {
    return name_of(active) + std::visit([this](const auto& own) { return show(own); }, active);
  }
  std::string show(const Task& task) const {
    const auto& [kind, inbound_spi, config, resource, attempt, not_before, group, is_probe, is_rest,
                 search] = task;
    return std::string(to_string(kind)) + row(inbound_spi, config, resource, attempt, not_before,
                                              group, is_probe, is_rest, search);
  }

  // --- Memory of messages ---

  std::string show(const RetransmitPolicy& policy) const {
    const auto& [first_interval, give_up_after] = policy;
    return row(first_interval, give_up_after);
  }
  std::string show(const RequestWindow& window) const {
    const auto& [in_flight, next_id, request_exchange, request, policy, sent_count, is_repeated,
                 expected, cached_request, cached_response] = window;
    return row(in_flight, next_id, request_exchange, request, policy, sent_count, is_repeated,
               expected, cached_request, cached_response);
  }
  std::string show(const Header& header) const {
    const auto& [initiator_spi, responder_spi, next_payload, minor_version, exchange, is_response,
                 from_initiator, higher_version, message_id, length, major_version] = header;
    return row(initiator_spi, responder_spi, next_payload, minor_version, exchange, is_response,
               from_initiator, higher_version, message_id, length, major_version);
  }
  std::string fragments_text(const char* name, const Reassembly& fragments) const {
    const auto& [header, total, first_payload, parts, size, first_datagram] = fragments;
    if (parts.empty()) return "";
    return line("  {} fragments id={} total={} bytes={}: {} {} {} {}", std::string(name),
                header.message_id, total, fragments.held_bytes(), header, first_payload, parts,
                first_datagram);
  }
  std::string show(const PathProbe& path) const {
    const auto& [phase, candidate, questions, unasked, ended] = path;
    return fmt::format("{} candidate={} ", to_string(phase), candidate.to_string()) +
           row(questions, unasked, ended);
  }

  // --- SAs and tunnels ---

  std::string show(const ChildSa& child) const {
    const auto& [id, config, resource, inbound, outbound, transforms, group, additional,
                 encapsulation, aggfrag, local, remote, is_initiator, narrowed, by_rekey,
                 group_negotiated, origin, outbound_half, replaces, replaced_by, has_duplicate,
                 is_deleting, is_redundant, is_outdated, former, installed_at, timers] = child;
    const auto& [first, is_ours, lowest_nonce] = origin;
    std::string text = line(
        "child {} {} resource={} in={} out={} esp={} group={} additional={} encap={} aggfrag={} "
        "{}==={} initiator={} narrowed={} rekey={} negotiated={} origin={}/{}/{} half={} "
        "replaces={} replaced_by={} duplicate={} deleting={} redundant={} outdated={} former={} "
        "installed={} timers:{}",
        id, config, resource, inbound, outbound, transforms, group, additional, encapsulation,
        aggfrag, local, remote, is_initiator, narrowed, by_rekey, group_negotiated, first, is_ours,
        lowest_nonce, outbound_half, replaces, replaced_by, has_duplicate, is_deleting,
        is_redundant, is_outdated, former, installed_at, timers);
    text.pop_back();
    return text;
  }

  std::string sa_text(const IkeSa& sa) const {
    const auto& [role, spi_i, spi_r, origin, origin_is_ours, peer, candidates, local, remote, nat,
                 encapsulation, has_fragmentation, admits_childless, has_resources, resources_max,
                 has_source_ports, admits_size_probes, log, suite, keys, iv_counter, ppk,
                 peer_hashes, peer_asks_raw_key, uses_previous_psk, proof, init_request,
                 init_response, nonce_i, nonce_r, init_repeat_count, intermediate_count, int_auth_i,
                 int_auth_r, next_keys, window, request_fragments, response_fragments, active,
                 queue, timers, children, awaited_followups, path, created_at, established_at,
                 keyed_at, last_inbound, recovers, is_redundant, is_outdated, is_proven,
                 is_announced, successor, predecessor, state] = sa;
    std::string text = line(
        "ike {}_i {}_r {} {} {} {}<->{} nat={} encap={} frag={} childless={} suite={} created={} "
        "established={} keyed={} inbound={}",
        spi_i, spi_r, peer, state, role, local, remote, nat, encapsulation, has_fragmentation,
        admits_childless, suite, created_at, established_at, keyed_at, last_inbound);
    text += line(
        "  recovers={} redundant={} outdated={} proven={} announced={} origin={}/{} successor={} "
        "predecessor={} candidates={} resources={}/{}/{} size_probes={}",
        recovers, is_redundant, is_outdated, is_proven, is_announced, origin, origin_is_ours,
        successor, predecessor, candidates, has_resources, resources_max, has_source_ports,
        admits_size_probes);
    text += line("  keys {} iv={} ppk={} init={}/{} nonces={}/{} repeated={}", keys, iv_counter,
                 ppk, init_request, init_response, nonce_i, nonce_r, init_repeat_count);
    text += line("  proof {} hashes={} raw={} previous={}", proof, peer_hashes, peer_asks_raw_key,
                 uses_previous_psk);
    text += line("  intermediate {} {}/{} next={}", intermediate_count, int_auth_i, int_auth_r,
                 next_keys);
    text += line("  window {}", window);
    text += fragments_text("request", request_fragments);
    text += fragments_text("response", response_fragments);
    text += line("  active {} queue={} timers:{}", active, queue, timers);
    text += line("  path {} followups={}", path, awaited_followups);
    for (const ChildSa& child : children) text += "    " + show(child) + "\n";
    return text;
  }

  std::string show(const ChildLifetime& lifetime) const {
    const auto& [soft_time, hard_time, hard_bytes, hard_packets] = lifetime;
    return row(soft_time, hard_time, hard_bytes, hard_packets);
  }
  std::string show(const ChildConfig& config) const {
    const auto& [name, local, remote, proposals, lifetime] = config;
    return row(name, local, remote, proposals, lifetime);
  }
  std::string show(const ChildSlot& slot) const {
    const auto& [config, resource] = slot;
    return row(config, resource);
  }
  std::string show(const ChildWish& wish) const {
    const auto& [failure_count, retry_at, served_since] = wish;
    return row(failure_count, retry_at, served_since);
  }
  std::string show(const Tunnel::GraceInbound& kept) const {
    const auto& [spi, slot, until] = kept;
    return row(spi, slot, until);
  }
  std::string show(const IpAddress& address) const { return address.to_string(); }
  std::string show(const RemoteName& name) const {
    const auto& [is_resolving, addresses, tried] = name;
    return row(is_resolving, addresses, tried);
  }
  std::string show(const Renewal& renewal) const {
    const auto& [by_create_child, by_ike_auth, refusal] = renewal;
    return row(by_create_child, by_ike_auth, refusal);
  }
  // Of a record it is enough which one it is.
  std::string show(const Diagnosis& why) const { return row(why.cause, why.message, why.exchange); }

  std::string tunnel_text(const Tunnel& tunnel) const {
    const auto& [peer, is_held_down, remote, was_resolved, is_in_line, state, reason, is_reported,
                 failure, has_new_failure, has_failed_attempt, failure_count, up_since, renewal,
                 wishes, grace, waiting, timers, last_recovery, last_complaint] = tunnel;
    return line(
        "tunnel {} down={} name={}/{} line={} state={} reason=\"{}\" reported={} failure={} "
        "new={}/{} "
        "failures={} up={} renewal={} wishes={} grace={} waiting={} recovery={} complaint={} "
        "timers:{}",
        peer, is_held_down, remote, was_resolved, is_in_line, state, reason, is_reported, failure,
        has_new_failure, has_failed_attempt, failure_count, up_since, renewal, wishes, grace,
        waiting, last_recovery, last_complaint, timers);
  }

  Provider& provider_;
};

std::string dump_endpoint(Provider& provider, const SaRegistry& sas, const Supervisor& supervisor) {
  return StateDump(provider).endpoint(sas, supervisor);
}

}  // namespace twinspan::ike
