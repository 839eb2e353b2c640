#include "tests/support/sim_host.h"

#include <algorithm>
#include <utility>

namespace twinspan::ike {

SimHost::SimHost(std::string name, IpAddress address, uint64_t seed)
    : name_(std::move(name)), address_(address) {
  restart(seed);
}

void SimHost::restart(uint64_t seed) {
  endpoint_.reset();
  auto fake = std::make_unique<FakeCrypto>(seed);
  fake_ = fake.get();
  provider_ = std::move(fake);
  endpoint_ = std::make_unique<IkeEndpoint>(options, *provider_);
  inbound.clear();
  active.clear();
  tunnel_state.clear();
  is_alive = true;
}

void SimHost::use(std::unique_ptr<Provider> provider) {
  endpoint_.reset();
  provider_ = std::move(provider);
  fake_ = nullptr;
  endpoint_ = std::make_unique<IkeEndpoint>(options, *provider_);
}

SimHost::Pair* SimHost::find_child(ChildId child) {
  for (auto& [spi, pair] : inbound) {
    if (pair.params.child == child) return &pair;
  }
  return nullptr;
}

std::vector<const SimHost::Pair*> SimHost::all_outbound(TunnelId tunnel) const {
  std::vector<const Pair*> pairs;
  const auto found = active.find(tunnel);
  if (found == active.end()) return pairs;
  for (const ChildId child : found->second) {
    for (const auto& [spi, pair] : inbound) {
      if (pair.params.child == child && pair.has_outbound) pairs.push_back(&pair);
    }
  }
  return pairs;
}

const SimHost::Pair* SimHost::outbound(TunnelId tunnel) const {
  const auto pairs = all_outbound(tunnel);
  return pairs.empty() ? nullptr : pairs.front();
}

// As the SPD of the data plane: it takes the place of the one with the same selectors and resource.
void SimHost::send_on(const Pair& pair) {
  std::vector<ChildId>& sent_on = active[pair.params.tunnel];
  for (ChildId& child : sent_on) {
    const Pair* other = find_child(child);
    if (other != nullptr && other->params.resource == pair.params.resource &&
        other->params.local_selectors == pair.params.local_selectors &&
        other->params.remote_selectors == pair.params.remote_selectors) {
      child = pair.params.child;
      return;
    }
  }
  sent_on.push_back(pair.params.child);
}

void SimHost::install(SaPairParams params) {
  const Spi spi = params.inbound_spi;
  if (inbound.contains(spi)) violate("an inbound SPI was installed twice");
  if (spi.value < 256) violate("a reserved SPI was chosen");
  if (spi.value % options.spi_modulus !=
      (params.tunnel.value + params.resource) % options.spi_modulus)
    violate("an inbound SPI is not of its resource's worker");
  const bool is_active = params.outbound_active;
  const uint64_t inbound_print = fingerprint(params.inbound_keys);
  const uint64_t outbound_print = fingerprint(params.outbound_keys);
  const auto [place, is_new] = inbound.emplace(spi, Pair{.params = std::move(params),
                                                         .inbound_print = inbound_print,
                                                         .outbound_print = outbound_print,
                                                         .installed_at = now});
  inbound_peak = std::max(inbound_peak, inbound.size());
  if (is_active) send_on(place->second);
}

void SimHost::note(const char* what, uint64_t number) {
  if (keeps_trace) trace.push_back(what + std::to_string(number));
}

void SimHost::activate(ChildId child) {
  const Pair* pair = find_child(child);
  if (pair == nullptr || !pair->has_outbound) return violate("an unknown child was activated");
  send_on(*pair);
}

void SimHost::remove_outbound(ChildId child) {
  Pair* pair = find_child(child);
  if (pair == nullptr || !pair->has_outbound)
    return violate("an unknown outbound half was removed");
  pair->has_outbound = false;
  const SaPairParams& gone = pair->params;
  if (std::erase(active[gone.tunnel], child) == 0) return;
  const auto left = all_outbound(gone.tunnel);
  const bool has_other = std::ranges::any_of(left, [&](const Pair* other) {
    const SaPairParams& params = other->params;
    return (covers(params.local_selectors, gone.local_selectors) &&
            covers(params.remote_selectors, gone.remote_selectors)) ||
           (covers(gone.local_selectors, params.local_selectors) &&
            covers(gone.remote_selectors, params.remote_selectors));
  });
  if (has_other) return;
  ++gaps;
  if (keeps_trace) trace.push_back("a gap: nothing left to send on");
}

void SimHost::carry_out(Event event) {
  if (auto* e = std::get_if<EventInstallPair>(&event)) {
    ++change_count;
    note("install ", e->params.child.value);
    install(std::move(e->params));
  } else if (auto* a = std::get_if<EventActivateOutbound>(&event)) {
    ++change_count;
    note("activate ", a->child.value);
    activate(a->child);
  } else if (auto* o = std::get_if<EventRemoveOutbound>(&event)) {
    ++change_count;
    note("remove-outbound ", o->child.value);
    remove_outbound(o->child);
  } else if (auto* i = std::get_if<EventRemoveInbound>(&event)) {
    ++change_count;
    if (keeps_trace) trace.push_back("remove-inbound");
    if (inbound.erase(i->spi) == 0) violate("an unknown inbound half was removed");
  } else if (auto* u = std::get_if<EventUpdateRemote>(&event)) {
    Pair* pair = find_child(u->child);
    if (pair == nullptr) return violate("an unknown child was moved");
    pair->params.local = u->local;
    pair->params.remote = u->remote;
  } else if (auto* z = std::get_if<EventPathSize>(&event)) {
    path_sizes.push_back(*z);
  } else if (auto* n = std::get_if<EventResolve>(&event)) {
    asked.push_back(*n);
  } else if (auto* t = std::get_if<EventTunnelState>(&event)) {
    TunnelState& state = tunnel_state[t->tunnel];
    if (state == TunnelState::Established && t->state != TunnelState::Established) ++departures;
    state = t->state;
    if (keeps_trace && !t->reason.empty()) trace.push_back("tunnel: " + t->reason);
    if (!t->diagnosis.cause.empty()) {
      last_cause[t->tunnel] = t->diagnosis.cause;
      diagnoses.push_back(t->diagnosis);
    }
  } else if (auto* f = std::get_if<EventExchangeFailed>(&event)) {
    failures.push_back(f->record);
  } else if (auto* m = std::get_if<EventMessage>(&event)) {
    if (keeps_trace && m->text.starts_with("received")) trace.push_back(m->text);
  } else if (auto* d = std::get_if<EventCommandDone>(&event)) {
    done.push_back(*d);
  } else if (auto* c = std::get_if<EventChildEstablished>(&event)) {
    children.push_back(*c);
  } else if (auto* r = std::get_if<EventChildTrouble>(&event)) {
    troubles.push_back(*r);
  } else if (auto* s = std::get_if<EventIkeEstablished>(&event)) {
    ike_established.push_back(*s);
  } else if (auto* p = std::get_if<EventIkeMoved>(&event)) {
    ike_moved.push_back(*p);
  } else if (auto* g = std::get_if<EventIkeGone>(&event)) {
    ike_gone.push_back(*g);
  } else if (auto* w = std::get_if<EventPeerRemoved>(&event)) {
    removed.push_back(w->tunnel);
    tunnel_state.erase(w->tunnel);
  } else if (auto* k = std::get_if<EventIkeKeys>(&event)) {
    session_keys.push_back(std::move(*k));
  } else if (std::holds_alternative<EventQuiet>(event)) {
    is_quiet = true;
  }
}

}  // namespace twinspan::ike
