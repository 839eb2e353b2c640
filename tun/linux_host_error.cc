#include "tun/linux_host_error.h"

#include <cerrno>
#include <system_error>

namespace twinspan::tun {

std::string errno_text(int code) {
  return std::generic_category().message(code);
}

std::string remedy_for(int code) {
  switch (code) {
    case EPERM:
    case EACCES:
      return "run it as root, or give its service CAP_NET_ADMIN, CAP_NET_RAW and "
             "CAP_NET_BIND_SERVICE";
    case ENOMEM:
    case ENOBUFS:
      return "free memory on this host, or use fewer tunnels";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (LimitNOFILE of the service)";
    case EAFNOSUPPORT:
    case EOPNOTSUPP:
      return "this kernel lacks it: enable IPv6 and policy routing, or do not use them";
    default:
      return {};
  }
}

HostError host_error(std::string what, const NetlinkError& error) {
  return {std::move(what), error.text, remedy_for(error.code)};
}

HostError host_error(std::string what, int code) {
  return {std::move(what), errno_text(code), remedy_for(code)};
}

}  // namespace twinspan::tun
