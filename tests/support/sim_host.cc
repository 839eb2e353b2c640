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

const SimHost::Pair* SimHost::outbound(TunnelId tunnel) const {
  const auto found = active.find(tunnel);
  if (found == active.end()) return nullptr;
  for (const auto& [spi, pair] : inbound) {
    if (pair.params.child == found->second && pair.has_outbound) return &pair;
  }
  return nullptr;
}

void SimHost::install(SaPairParams params) {
  const Spi spi = params.inbound_spi;
  if (inbound.contains(spi)) violate("an inbound SPI was installed twice");
  if (spi.value < 256) violate("a reserved SPI was chosen");
  if (params.outbound_active) active[params.tunnel] = params.child;
  const uint64_t inbound_print = fingerprint(params.inbound_keys);
  const uint64_t outbound_print = fingerprint(params.outbound_keys);
  inbound.emplace(spi, Pair{.params = std::move(params),
                            .inbound_print = inbound_print,
                            .outbound_print = outbound_print,
                            .installed_at = now});
  inbound_peak = std::max(inbound_peak, inbound.size());
}

void SimHost::note(const char* what, uint64_t number) {
  if (keeps_trace) trace.push_back(what + std::to_string(number));
}

void SimHost::activate(ChildId child) {
  const Pair* pair = find_child(child);
  if (pair == nullptr || !pair->has_outbound) return violate("an unknown child was activated");
  active[pair->params.tunnel] = child;
}

void SimHost::remove_outbound(ChildId child) {
  Pair* pair = find_child(child);
  if (pair == nullptr || !pair->has_outbound)
    return violate("an unknown outbound half was removed");
  pair->has_outbound = false;
  const TunnelId tunnel = pair->params.tunnel;
  if (active.contains(tunnel) && active[tunnel] == child) {
    active.erase(tunnel);
    ++gaps;
  }
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
  } else if (auto* t = std::get_if<EventTunnelState>(&event)) {
    TunnelState& state = tunnel_state[t->tunnel];
    if (state == TunnelState::Established && t->state != TunnelState::Established) ++departures;
    state = t->state;
    if (keeps_trace && !t->reason.empty()) trace.push_back("tunnel: " + t->reason);
    if (!t->diagnosis.cause.empty()) {
      last_cause[t->tunnel] = t->diagnosis.cause;
      diagnoses.push_back(t->diagnosis);
    }
  } else if (auto* m = std::get_if<EventMessage>(&event)) {
    if (keeps_trace && m->text.starts_with("received")) trace.push_back(m->text);
  } else if (auto* d = std::get_if<EventCommandDone>(&event)) {
    done.push_back(*d);
  } else if (auto* c = std::get_if<EventChildEstablished>(&event)) {
    children.push_back(*c);
  } else if (auto* s = std::get_if<EventIkeEstablished>(&event)) {
    ike_established.push_back(*s);
  } else if (auto* g = std::get_if<EventIkeGone>(&event)) {
    ike_gone.push_back(*g);
  } else if (auto* k = std::get_if<EventIkeKeys>(&event)) {
    session_keys.push_back(std::move(*k));
  } else if (std::holds_alternative<EventQuiet>(event)) {
    is_quiet = true;
  }
}

}  // namespace twinspan::ike
