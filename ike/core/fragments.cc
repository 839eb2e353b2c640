#include "ike/core/fragments.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "base/path_size.h"

namespace twinspan::ike {
namespace {

constexpr size_t kIpv4HeaderSize = 20;
constexpr size_t kIpv6HeaderSize = 40;
constexpr size_t kUdpHeaderSize = 8;
constexpr size_t kNonEspMarkerSize = 4;  // Port 4500; taken off on port 500 as well.
// Longer than any peer repeats a request before it gives up.
constexpr Duration kReassemblyMax = 120s;

// " (3 fragments)", or nothing.
std::string fragments_text(size_t fragment_count) {
  return fragment_count > 1 ? fmt::format(" ({} fragments)", fragment_count) : "";
}

Reassembly& gathered(IkeSa& sa, Direction direction) {
  return direction == Direction::Request ? sa.request_fragments : sa.response_fragments;
}

SaTimer timer_of(Direction direction) {
  return direction == Direction::Request ? SaTimer::RequestFragments : SaTimer::ResponseFragments;
}

// Of a private-use number that this project alone gives a meaning: none.
constexpr NotifyType kPadding{58137};
constexpr size_t kNotifyHeaderSize = 8;

size_t ip_and_udp_size(const IkeSa& sa) {
  return (sa.remote.address.is_v4() ? kIpv4HeaderSize : kIpv6HeaderSize) + kUdpHeaderSize;
}

// What an IKE message may take of an IP packet of that size.
size_t message_size_max(const IkeSa& sa, uint32_t packet_size) {
  const size_t headers = ip_and_udp_size(sa) + kNonEspMarkerSize;
  return packet_size > headers ? packet_size - headers : 1;
}

size_t datagram_max(const IkeSa& sa) {
  if (!sa.has_fragmentation || sa.peer->fragment_size == 0) return kMessageSizeMax;
  return message_size_max(sa, sa.peer->fragment_size);
}

// Nothing but the fragment itself may stand in its message: we would have to keep what is not
// authenticated by the SKF payload's own rules, and no peer sends it.
bool admits_fragment(const IkeSa& sa, const Message& message) {
  return sa.has_fragmentation && message.payloads.empty();
}

std::optional<Arrival> complete(const Datagram& datagram, Reassembly& fragments) {
  Reassembly::Whole whole = fragments.take();
  return Arrival{.local = datagram.local,
                 .remote = datagram.remote,
                 .first_datagram = std::move(whole.first_datagram),
                 .fragment_count = whole.total,
                 .message = std::move(whole.message)};
}

std::optional<Arrival> accept_fragment(Context& context, IkeSa& sa, const Datagram& datagram,
                                       const Message& message) {
  const Direction direction = message.header.is_response ? Direction::Response : Direction::Request;
  Reassembly& fragments = gathered(sa, direction);
  const EncryptedBlock& block = *message.encrypted;
  if (!admits_fragment(sa, message)) {
    ++context.counters.illegal;
    return std::nullopt;
  }
  if (fragments.judge(message.header, block) != Reassembly::Verdict::Wanted) {
    ++context.counters.fragments_refused;
    return std::nullopt;
  }
  const auto plaintext = open_block(context.provider, sa.opening_keys(), datagram.bytes, message);
  if (!plaintext) {
    ++context.counters.bad_integrity;
    return std::nullopt;
  }
  // Authenticated from here on.
  const bool replaces =
      !fragments.is_empty() && (fragments.message_id() != message.header.message_id ||
                                fragments.total() != block.fragment_total);
  if (replaces) ++context.counters.reassemblies_dropped;
  switch (fragments.add({message.header, block, *plaintext, datagram.bytes})) {
    case Reassembly::Outcome::Kept:
      ++context.counters.fragments_accepted;
      sa.timers.arm(timer_of(direction), context.now + kReassemblyMax);
      return std::nullopt;
    case Reassembly::Outcome::Refused:
      ++context.counters.fragments_refused;
      ++context.counters.reassemblies_dropped;
      sa.timers.cancel(timer_of(direction));
      return std::nullopt;
    case Reassembly::Outcome::Complete:
      break;
  }
  ++context.counters.fragments_accepted;
  sa.timers.cancel(timer_of(direction));
  return complete(datagram, fragments);
}

std::optional<Arrival> accept_whole(Context& context, const IkeSa& sa, const Datagram& datagram,
                                    const Message& message) {
  auto plaintext = open_block(context.provider, sa.opening_keys(), datagram.bytes, message);
  if (!plaintext) {
    ++context.counters.bad_integrity;
    return std::nullopt;
  }
  return Arrival{.local = datagram.local,
                 .remote = datagram.remote,
                 .first_datagram = datagram.bytes,
                 .message = {.header = message.header,
                             .first_payload = message.encrypted->first_inner_payload,
                             .payloads = *std::move(plaintext)}};
}

}  // namespace

std::optional<Arrival> accept_sealed(Context& context, IkeSa& sa, const Datagram& datagram,
                                     const Message& message) {
  if (message.encrypted->fragment_total != 0) {
    return accept_fragment(context, sa, datagram, message);
  }
  return accept_whole(context, sa, datagram, message);
}

bool is_repeated_first_fragment(Context& context, const IkeSa& sa, const Datagram& datagram,
                                const Message& message) {
  const Header& header = message.header;
  const MessageId expected = sa.window.expected();
  if (message.encrypted->fragment_number != 1 || !admits_fragment(sa, message)) return false;
  if (expected.value == 0 || header.message_id.value != expected.value - 1) return false;
  // The answer to IKE_SA_INIT, for one, is not to be had by a fragment.
  const auto answered = parse_header(sa.window.cached_response().front());
  if (!answered || answered->exchange != header.exchange) return false;
  return open_block(context.provider, sa.opening_keys(), datagram.bytes, message).has_value();
}

void drop_fragments(Context& context, IkeSa& sa, Direction direction) {
  Reassembly& fragments = gathered(sa, direction);
  if (fragments.is_empty()) return;
  fragments.abandon();
  sa.timers.cancel(timer_of(direction));
  ++context.counters.reassemblies_dropped;
}

void report_received(Context& context, const IkeSa& sa, const Arrival& arrival,
                     const std::vector<Payload>& payloads) {
  report_line(context, sa,
              fmt::format("received {}{}", describe(arrival.message.header, payloads),
                          fragments_text(arrival.fragment_count)));
}

std::vector<Bytes> send_sealed(Context& context, IkeSa& sa, const Header& header,
                               const std::vector<Payload>& payloads, const Route& route) {
  WrittenChain chain = write_payloads(payloads);
  const PlainMessage message{
      .header = header, .first_payload = chain.first_payload, .payloads = std::move(chain.bytes)};
  std::vector<Bytes> datagrams =
      seal_datagrams(context.provider, sa.sealing_keys(), sa.iv_counter, message, datagram_max(sa));
  report_line(
      context, sa,
      fmt::format("sent {}{}", describe(header, payloads), fragments_text(datagrams.size())));
  send_datagrams(context, route.local, route.remote, datagrams);
  return datagrams;
}

SizedRequest send_sized(Context& context, IkeSa& sa, const Header& header, uint32_t packet_size) {
  const bool has_marker = sa.local.port != context.options.ike_port;
  const size_t headers = ip_and_udp_size(sa) + (has_marker ? kNonEspMarkerSize : 0);
  CHECK(packet_size > headers);
  const size_t room = chain_size_max(sa.sealing_keys(), packet_size - headers);
  CHECK(room > kNotifyHeaderSize);
  const std::vector<Payload> payloads = {NotifyPayload{.protocol = ProtocolId::None,
                                                       .spi = {},
                                                       .type = kPadding,
                                                       .value = Bytes(room - kNotifyHeaderSize)}};
  WrittenChain chain = write_payloads(payloads);
  const PlainMessage message{
      .header = header, .first_payload = chain.first_payload, .payloads = std::move(chain.bytes)};
  const auto seal = [&](size_t max) {
    return seal_datagrams(context.provider, sa.sealing_keys(), sa.iv_counter, message, max);
  };
  std::vector<Bytes> whole = seal(kMessageSizeMax);
  const auto sent_size = static_cast<uint32_t>(headers + whole.front().size());
  report_line(context, sa,
              fmt::format("sent {} (a packet of {} bytes)", describe(header, payloads), sent_size));
  context.outbox.send(
      {.local = sa.local, .remote = sa.remote, .bytes = whole.front(), .is_size_probe = true});
  const size_t narrow = message_size_max(sa, path_mtu_min(sa.remote.address.family()));
  // What is small enough already is repeated bit by bit.
  if (whole.front().size() <= narrow) return {sent_size, std::move(whole)};
  return {sent_size, seal(narrow)};
}

void send_datagrams(Context& context, const Endpoint& local, const Endpoint& remote,
                    const std::vector<Bytes>& datagrams) {
  if (datagrams.size() > 1) context.counters.fragments_sent += datagrams.size();
  for (const Bytes& bytes : datagrams) {
    context.outbox.send({.local = local, .remote = remote, .bytes = bytes});
  }
}

}  // namespace twinspan::ike
