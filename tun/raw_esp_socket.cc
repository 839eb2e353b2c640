#include "tun/raw_esp_socket.h"

#include "tun/ip_layout.h"

namespace twinspan::tun {

RawEspSocket::RawEspSocket(UniqueFd fd, const IpAddress& local, PacketIo& io)
    : fd_(std::move(fd)), local_{local, 0} {
  set_outer_options(fd_.get(), local.family(), io);
  report_errors(fd_.get(), local.family(), io);
}

std::optional<ByteSpan> strip_outer_header(ByteSpan received, IpFamily family) {
  if (family == IpFamily::V6) return received;
  if (received.size() < kIp4HeaderMin || ip_version(received.data()) != 4) return std::nullopt;
  const size_t length = ip4_header_length(received.data());
  if (length < kIp4HeaderMin || length > received.size()) return std::nullopt;
  return received.subspan(length);
}

}  // namespace twinspan::tun
