#include "ike/core/hints.h"

#include <algorithm>
#include <utility>

#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "ike/exchange/payloads.h"

namespace twinspan::ike {

bool RateLimit::admit(Instant now, const IpAddress& address) {
  std::erase_if(last_, [&](const auto& entry) { return now - entry.second >= kInterval; });
  if (last_.contains(address) || last_.size() >= kAddressesMax) return false;
  last_[address] = now;
  return true;
}

namespace {

// Only addresses of configured peers are answered: nobody else can use us as a reflector.
bool is_peer(Context& context, const IpAddress& local, const IpAddress& remote) {
  return std::ranges::any_of(context.supervisor.all(), [&](const auto& entry) {
    const Tunnel& tunnel = entry.second;
    return !tunnel.is_held_down && tunnel.peer->local_address == local &&
           context.supervisor.expects(*tunnel.peer, remote);
  });
}

// Established, or about to be: the answer to our IKE_AUTH may have been overtaken by ESP.
bool has_sa_with(Context& context, const IpAddress& remote) {
  return std::ranges::any_of(context.sas.all(), [&](const auto& entry) {
    const IkeSa& sa = *entry.second;
    const bool stands = sa.state() == IkeSaState::Established || sa.state() == IkeSaState::AuthSent;
    return stands && sa.remote.address == remote;
  });
}

}  // namespace

void send_invalid_spi(Context& context, const CommandUnknownSpi& unknown, RateLimit& limit) {
  if (context.supervisor.is_shutting_down()) return;
  if (!is_peer(context, unknown.local.address, unknown.remote.address)) return;
  if (has_sa_with(context, unknown.remote.address)) return;
  if (!limit.admit(context.now, unknown.remote.address)) return;
  // RFC 7296 1.5: there are no meaningful IKE SPIs; the I flag is set, the R flag is not.
  Header header;
  header.initiator_spi = IkeSpi{context.provider.u64()};
  header.exchange = static_cast<uint8_t>(ExchangeType::Informational);
  header.from_initiator = true;
  context.outbox.send({.local = unknown.local,
                       .remote = unknown.remote,
                       .bytes = write_message(header, {invalid_spi_notify(unknown.spi)})});
}

namespace {

// An unprotected answer to a request that no SA of ours can answer.
void answer_sparingly(Context& context, const Datagram& datagram, const Header& asked,
                      Payload notify, RateLimit& limit) {
  if (asked.is_response || context.supervisor.is_shutting_down()) return;
  if (!is_peer(context, datagram.local.address, datagram.remote.address)) return;
  if (!limit.admit(context.now, datagram.remote.address)) return;
  Header header = asked;
  header.is_response = true;
  header.from_initiator = !asked.from_initiator;
  context.outbox.send({.local = datagram.local,
                       .remote = datagram.remote,
                       .bytes = write_message(header, {std::move(notify)})});
}

}  // namespace

void send_invalid_ike_spi(Context& context, const Datagram& datagram, const Header& asked,
                          RateLimit& limit) {
  answer_sparingly(context, datagram, asked, error_notify(NotifyType::InvalidIkeSpi), limit);
}

void send_invalid_major_version(Context& context, const Datagram& datagram, const Header& asked,
                                RateLimit& limit) {
  answer_sparingly(context, datagram, asked, error_notify(NotifyType::InvalidMajorVersion), limit);
}

void send_unsupported_critical(Context& context, const Datagram& datagram, const Header& asked,
                               uint8_t payload_type, RateLimit& limit) {
  answer_sparingly(context, datagram, asked, critical_notify(payload_type), limit);
}

namespace {

// The peer does not know the SPI that we send to.
bool handle_invalid_spi(Context& context, const Datagram& datagram, const NotifyPayload& notify) {
  if (notify.value.size() != 4) return false;
  const Spi spi{load_be32(notify.value.data())};
  for (const auto& [own, sa] : context.sas.all()) {
    const ChildSa* child = sa->find_child_by_outbound(spi);
    if (child == nullptr || child->outbound_half != Outbound::Active ||
        sa->state() != IkeSaState::Established || sa->remote.address != datagram.remote.address) {
      continue;
    }
    ++context.counters.hints;
    context.supervisor.recover(context, *sa);
    return true;
  }
  return false;
}

// The peer does not know the IKE SA of a request that we had to repeat already.
bool handle_invalid_ike_spi(Context& context, const Datagram& datagram, const Header& header) {
  IkeSa* sa = context.sas.find(header.from_initiator ? header.responder_spi : header.initiator_spi);
  if (sa == nullptr || sa->state() != IkeSaState::Established ||
      header.message_id != sa->window.next_id() || !sa->window.in_flight() ||
      sa->window.sent_count() < 2 || sa->remote.address != datagram.remote.address) {
    return false;
  }
  ++context.counters.hints;
  context.supervisor.recover(context, *sa);
  return true;
}

}  // namespace

bool handle_hint(Context& context, const Datagram& datagram, const Message& message) {
  const Header& header = message.header;
  if (message.encrypted) return false;
  if (header.is_response) {
    return find_notify(message.payloads, NotifyType::InvalidIkeSpi) != nullptr &&
           handle_invalid_ike_spi(context, datagram, header);
  }
  if (header.exchange != static_cast<uint8_t>(ExchangeType::Informational)) return false;
  const auto* notify = find_notify(message.payloads, NotifyType::InvalidSpi);
  return notify != nullptr && handle_invalid_spi(context, datagram, *notify);
}

}  // namespace twinspan::ike
