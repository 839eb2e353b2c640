#include "ike/core/dump.h"

#include <fmt/format.h>

#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"

namespace twinspan::ike {
namespace {

constexpr size_t kHashShown = 8;

std::string hashed(Provider& provider, ByteView bytes) {
  if (bytes.empty()) return "-";
  static const std::string kKey = "dump";
  const SecretBytes hash = provider.prf(PrfId::HmacSha256, as_bytes(kKey), {bytes});
  return to_hex(hash.view().first(kHashShown));
}

std::string hashed(Provider& provider, const std::vector<Bytes>& datagrams) {
  Bytes all;
  for (const Bytes& bytes : datagrams) all.insert(all.end(), bytes.begin(), bytes.end());
  return hashed(provider, ByteView(all));
}

template <class Timer>
std::string timers_text(const TimerTable<Timer>& timers) {
  std::string text;
  for (unsigned i = 0; i < static_cast<unsigned>(Timer::Count_); ++i) {
    const auto at = timers.at(static_cast<Timer>(i));
    if (at) text += fmt::format(" {}@{}", i, at->time_since_epoch().count());
  }
  return text;
}

std::string id_text(const std::optional<ChildId>& id) {
  return id ? std::to_string(id->value) : "-";
}

std::string child_text(const ChildSa& child) {
  return fmt::format(
      "    child {} {} in={:08x} out={:08x} enc={}/{} integ={} esn={} group={} encap={} {}==={} "
      "initiator={} narrowed={} rekey={} half={} replaces={} replaced_by={} deleting={} "
      "redundant={} "
      "timers:{}\n",
      child.id.value, child.config, child.inbound.value, child.outbound.value,
      static_cast<unsigned>(child.transforms.encryption.id), child.transforms.encryption.key_bits,
      static_cast<unsigned>(child.transforms.integrity), child.transforms.esn,
      static_cast<unsigned>(child.group), static_cast<unsigned>(child.encapsulation),
      to_string(child.local), to_string(child.remote), child.is_initiator, child.narrowed,
      child.by_rekey, static_cast<unsigned>(child.outbound_half), id_text(child.replaces),
      id_text(child.replaced_by), child.is_deleting, child.is_redundant, timers_text(child.timers));
}

std::string window_text(Provider& provider, const RequestWindow& window) {
  return fmt::format("  window in_flight={} next={} sent={} request={} expected={} cached={}/{}\n",
                     window.in_flight(), window.next_id().value, window.sent_count(),
                     hashed(provider, window.request()), window.expected().value,
                     hashed(provider, window.cached_request()),
                     hashed(provider, window.cached_response()));
}

std::string fragments_text(Provider& provider, const char* name, const Reassembly& fragments) {
  if (fragments.is_empty()) return "";
  std::string text =
      fmt::format("  {} fragments id={} total={} bytes={}:", name, fragments.message_id().value,
                  fragments.total(), fragments.held_bytes());
  for (const auto& [number, part] : fragments.parts()) {
    text += fmt::format(" {}={}", number, hashed(provider, ByteView(part)));
  }
  return text + "\n";
}

std::string active_text(Provider& provider, const ActiveExchange& active) {
  std::string text = name_of(active);
  if (const auto* init = std::get_if<InitExchange>(&active)) {
    text += fmt::format(" group={} cookie={} restarts={} hint={}",
                        static_cast<unsigned>(init->group), hashed(provider, init->cookie),
                        init->restart_count, init->hint ? static_cast<int>(init->hint->type) : -1);
  } else if (const auto* child = std::get_if<ChildExchange>(&active)) {
    text += fmt::format(" {} rekeys={} in={:08x} attempt={} crossing={}", child->config,
                        id_text(child->rekeys), child->inbound_spi.value, child->attempt,
                        id_text(child->crossing));
  } else if (const auto* rekey = std::get_if<RekeyIkeExchange>(&active)) {
    text += fmt::format(" spi={:016x} attempt={} crossing={:016x}", rekey->new_spi.value,
                        rekey->attempt, rekey->crossing.value_or(IkeSpi{}).value);
  } else if (const auto* followup = std::get_if<FollowupExchange>(&active)) {
    text += fmt::format(" {} link={} secrets={}", followup->followup.done,
                        hashed(provider, followup->link),
                        hashed(provider, followup->followup.additional.view()));
  } else if (const auto* gone = std::get_if<DeleteChildExchange>(&active)) {
    text += fmt::format(" in={:08x}", gone->inbound_spi.value);
  }
  return text;
}

std::string sa_text(Provider& provider, const IkeSa& sa) {
  std::string text = fmt::format(
      "ike {:016x}_i {:016x}_r tunnel={} {} {} {}<->{} nat={}{}{}{} encap={} frag={} created={} "
      "established={} "
      "inbound={} recovers={} redundant={} proven={} announced={} candidates={}\n",
      sa.spi_i.value, sa.spi_r.value, sa.tunnel().value, to_string(sa.state()),
      sa.role == Role::Initiator ? "initiator" : "responder", sa.local.to_string(),
      sa.remote.to_string(), sa.nat.peer_supports, sa.nat.local_behind_nat,
      sa.nat.remote_behind_nat, sa.nat.remote_forces_udp, static_cast<unsigned>(sa.encapsulation),
      sa.has_fragmentation, sa.created_at.time_since_epoch().count(),
      sa.established_at.time_since_epoch().count(), sa.last_inbound.time_since_epoch().count(),
      sa.recovers, sa.is_redundant, sa.is_proven, sa.is_announced, sa.candidates.size());
  text += fmt::format("  keys d={} ei={} er={} ai={} ar={} iv={} init={}/{} nonces={}/{}\n",
                      hashed(provider, sa.keys.d.view()), hashed(provider, sa.keys.ei.view()),
                      hashed(provider, sa.keys.er.view()), hashed(provider, sa.keys.ai.view()),
                      hashed(provider, sa.keys.ar.view()), sa.iv_counter,
                      hashed(provider, sa.init_request), hashed(provider, sa.init_response),
                      hashed(provider, sa.nonce_i), hashed(provider, sa.nonce_r));
  text += fmt::format("  ppk agreed={} in_use={} unmixed={}\n", sa.ppk.is_agreed, sa.ppk.is_in_use,
                      sa.ppk.unmixed ? hashed(provider, sa.ppk.unmixed->d.view()) : "-");
  text += fmt::format("  intermediate {} of {} i={} r={} next={}\n", sa.intermediate_count,
                      sa.suite.additional.size(), hashed(provider, sa.int_auth_i.view()),
                      hashed(provider, sa.int_auth_r.view()),
                      sa.next_keys ? hashed(provider, sa.next_keys->d.view()) : "-");
  text += window_text(provider, sa.window);
  text += fragments_text(provider, "request", sa.request_fragments);
  text += fragments_text(provider, "response", sa.response_fragments);
  text += fmt::format("  active {} timers:{}\n", active_text(provider, sa.active),
                      timers_text(sa.timers));
  if (sa.path.is_running()) {
    text += fmt::format("  path {} candidate={}\n", to_string(sa.path.phase()),
                        sa.path.candidate().to_string());
  }
  for (const Task& task : sa.queue) {
    text += fmt::format("    task {} {} in={:08x} attempt={} at={}\n", to_string(task.kind),
                        task.config, task.inbound_spi.value, task.attempt,
                        task.not_before.time_since_epoch().count());
  }
  for (const AwaitedFollowup& awaited : sa.awaited_followups) {
    text += fmt::format("    awaits {} of {} link={} secrets={} until={}\n", awaited.followup.done,
                        awaited.followup.methods.size(), hashed(provider, awaited.link),
                        hashed(provider, awaited.followup.additional.view()),
                        awaited.until.time_since_epoch().count());
  }
  for (const ChildSa& child : sa.children) text += child_text(child);
  return text;
}

std::string tunnel_text(const Tunnel& tunnel) {
  std::string text =
      fmt::format("tunnel {} {} down={} state={} reason=\"{}\" failures={} waiting={} timers:{}\n",
                  tunnel.peer->tunnel.value, tunnel.peer->name, tunnel.is_held_down,
                  static_cast<unsigned>(tunnel.state), tunnel.reason, tunnel.failure_count,
                  tunnel.waiting.size(), timers_text(tunnel.timers));
  for (const auto& [name, wish] : tunnel.wishes) {
    text += fmt::format("    wish {} failures={} at={}\n", name, wish.failure_count,
                        wish.retry_at ? wish.retry_at->time_since_epoch().count() : 0);
  }
  for (const auto& kept : tunnel.grace) {
    text += fmt::format("    grace in={:08x} until={}\n", kept.spi.value,
                        kept.until.time_since_epoch().count());
  }
  return text;
}

}  // namespace

std::string dump_endpoint(Provider& provider, const SaRegistry& sas, const Supervisor& supervisor) {
  std::string text;
  for (const auto& [id, tunnel] : supervisor.all()) text += tunnel_text(tunnel);
  for (const auto& [spi, sa] : sas.all()) text += sa_text(provider, *sa);
  return text;
}

}  // namespace twinspan::ike
