#include "tun/descriptor_limit.h"

#include <sys/resource.h>

#include <cerrno>
#include <string>

#include "tun/linux_host_error.h"

namespace twinspan::tun {

Result<void, HostError> raise_descriptor_limit(size_t needed) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Err<HostError>(host_error("limit of open files", errno));
  }
  // The usual soft limit of 1024 protects programs that use select(); this one does not.
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Err<HostError>(host_error("limit of open files", errno));
  }
  if (limit.rlim_max >= needed) return {};
  return Err<HostError>(HostError{"limit of open files",
                                  "it is " + std::to_string(limit.rlim_max) +
                                      ", and this gateway with its connections needs " +
                                      std::to_string(needed),
                                  "raise the hard limit (LimitNOFILE= in systemd, `ulimit -Hn`)"});
}

}  // namespace twinspan::tun
