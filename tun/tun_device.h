// A TUN device through /dev/net/tun: attaching, offloads, carrier, persistence, and the sysctls of
// its name. Thread: the control thread; the fd goes to a worker afterwards.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tun/host.h"

namespace twinspan::tun {

constexpr const char* kTunControlPath = "/dev/net/tun";

// A step of the kernel's interface that failed.
struct TunRefusal {
  int code = 0;
  std::string step;
};

// 1 to 15 characters that the kernel takes literally ('%' would be a template) and that fit in a
// path.
bool is_device_name(std::string_view name);

// Attaches to the device, creating it when it is not there; carrier off. EBUSY: another process has
// it; a multi-queue device has room for more, so there nobody is told. EINVAL: a device of that
// name is of another kind, or has several queues where one is wanted, or the reverse.
Result<TunDevice, TunRefusal> attach_tun(const TunSpec& spec);

Result<void, TunRefusal> make_tun_persistent(const TunDevice& device);

// The sysctls that a tunnel's device needs before its first carrier loss.
Result<void, TunRefusal> write_tun_sysctls(const std::string& name);

}  // namespace twinspan::tun
