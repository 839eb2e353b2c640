// Messages of an error queue as the kernel makes them, for tests.
#pragma once

#include <linux/errqueue.h>

#include "tests/unit/tun/fake_io.h"
#include "tun/socket_address.h"

namespace twinspan::tun {

struct ErrorSpec {
  std::string destination = "192.0.2.2";
  uint32_t mtu = 1400;
  Bytes quoted = {0, 0, 0x20, 0, 0, 0, 0, 7};
  uint32_t code = EMSGSIZE;
  uint8_t origin = SO_EE_ORIGIN_ICMP;
  uint8_t icmp_type = 3;
  uint8_t icmp_code = 4;
};

inline FakeIo::ErrorMessage build_error(const ErrorSpec& spec) {
  const IpAddress destination = *IpAddress::parse(spec.destination);
  const SocketAddress name = to_socket_address({destination, 4500});
  const auto* name_bytes = reinterpret_cast<const uint8_t*>(&name.storage);
  const bool is_v4 = destination.is_v4();
  const sock_extended_err error{.ee_errno = spec.code,
                                .ee_origin = spec.origin,
                                .ee_type = spec.icmp_type,
                                .ee_code = spec.icmp_code,
                                .ee_pad = 0,
                                .ee_info = spec.mtu,
                                .ee_data = 0};
  cmsghdr control{};
  control.cmsg_level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
  control.cmsg_type = is_v4 ? IP_RECVERR : IPV6_RECVERR;
  control.cmsg_len = CMSG_LEN(sizeof error);
  Bytes control_bytes(CMSG_SPACE(sizeof error));
  std::memcpy(control_bytes.data(), &control, sizeof control);
  std::memcpy(control_bytes.data() + CMSG_LEN(0), &error, sizeof error);
  return {.name = Bytes(name_bytes, name_bytes + name.length),
          .control = control_bytes,
          .quoted = spec.quoted};
}

}  // namespace twinspan::tun
