// Between the datagrams of one IKE SA and its messages: cuts what is too large for one datagram,
// and gathers what the peer cut (RFC 7383).
//
// accept_sealed() runs after the window and the legality table have admitted the datagram's header,
// and before anything looks into the message: an SK payload is opened, an SKF one is authenticated
// by itself and kept until its siblings are there. What is not authentic changes nothing.
#pragma once

#include "ike/core/ike_sa.h"

namespace twinspan::ike {

// A message of the peer that is there as a whole, and authentic.
struct Arrival {
  Endpoint local, remote;  // Of the datagram that completed it.
  Bytes first_datagram;    // By which a repetition is recognised: the whole message or fragment 1.
  unsigned fragment_count = 0;  // 0: it came in SK.
  PlainMessage message;
};

// nullopt: dropped and counted, or a fragment that was kept.
std::optional<Arrival> accept_sealed(Context& context, IkeSa& sa, const Datagram& datagram,
                                     const Message& message);

// RFC 7383 2.6.1: of a repeated request only fragment 1 asks for the answer again. The window knows
// the one that it was answered by; this is for a request that the peer cut anew when it repeated
// it.
bool is_repeated_first_fragment(Context& context, const IkeSa& sa, const Datagram& datagram,
                                const Message& message);

// The message's ID has been used up, or the SA ends: what is left of it is of no use.
void drop_fragments(Context& context, IkeSa& sa, Direction direction);

// Reports an arrival whose payloads were read.
void report_received(Context& context, const IkeSa& sa, const Arrival& arrival,
                     const std::vector<Payload>& payloads);

// Seals, reports and sends one message, in SK or as fragments; returns its datagrams.
struct Route {
  const Endpoint& local;
  const Endpoint& remote;
};
std::vector<Bytes> send_sealed(Context& context, IkeSa& sa, const Header& header,
                               const std::vector<Payload>& payloads, const Route& route);
// A request as large as the IP packet of `packet_size` bytes that it goes in, or a little smaller
// where the cipher's blocks allow nothing else, filled by a notify without meaning.
struct SizedRequest {
  uint32_t packet_size = 0;
  std::vector<Bytes> repetition;  // RFC 7383 2.5.2: cut to what every path carries.
};
SizedRequest send_sized(Context& context, IkeSa& sa, const Header& header, uint32_t packet_size);
void send_datagrams(Context& context, const Endpoint& local, const Endpoint& remote,
                    const std::vector<Bytes>& datagrams);

}  // namespace twinspan::ike
