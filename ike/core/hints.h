// One-way messages outside of any IKE SA (RFC 7296 1.5): "I do not know this SPI". Unauthenticated,
// so they are hints: sent sparingly, and believed only as far as a negotiation in parallel goes,
// which replaces nothing before its AUTH is verified.
#pragma once

#include <map>

#include "ike/core/context.h"
#include "ike/wire/message.h"

namespace twinspan::ike {

// At most one per address and interval; bounded, so that many addresses only make it stricter.
class RateLimit {
 public:
  static constexpr size_t kAddressesMax = 64;
  static constexpr Duration kInterval = 1s;
  bool admit(Instant now, const IpAddress& address);

 private:
  std::map<IpAddress, Instant> last_;
};

// ESP with an unknown SPI came in: INVALID_SPI, unless an SA with that peer stands.
void send_invalid_spi(Context& context, const CommandUnknownSpi& unknown, RateLimit& limit);
// A protected request named an IKE SA that we do not have: INVALID_IKE_SPI.
void send_invalid_ike_spi(Context& context, const Datagram& datagram, const Header& header,
                          RateLimit& limit);
// A request of a higher major version (RFC 7296 2.5): INVALID_MAJOR_VERSION, in our own version.
void send_invalid_major_version(Context& context, const Datagram& datagram, const Header& header,
                                RateLimit& limit);
// An IKE_SA_INIT with a critical payload of a type that we do not know (RFC 7296 2.5).
void send_unsupported_critical(Context& context, const Datagram& datagram, const Header& header,
                               uint8_t payload_type, RateLimit& limit);
// A cleartext message that is not IKE_SA_INIT. True: it was one of these hints and named an SA of
// ours.
bool handle_hint(Context& context, const Datagram& datagram, const Message& message);

}  // namespace twinspan::ike
