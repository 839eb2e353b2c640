#include "tun/tun_device.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tun/flow_steering.h"
#include "tun/linux_host_files.h"

namespace twinspan::tun {
namespace {

// Newer than Debian 12's headers; both bits together, or the kernel enables neither (Linux 6.2).
constexpr unsigned kOffloadUso4 = 0x20;
constexpr unsigned kOffloadUso6 = 0x40;
constexpr unsigned kOffloadTso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
// Leaves carrier as it is while attaching; kernels before 6.2 do not know the bit and ignore it.
constexpr short kKeepCarrier = 0x0040;
constexpr int kVirtioHeaderBytes = 10;  // struct virtio_net_hdr, without num_buffers.

Result<void, TunRefusal> control(int fd, unsigned long request, unsigned long argument,
                                 const char* step) {
  if (::ioctl(fd, request, argument) == 0) return {};
  return Err<TunRefusal>(TunRefusal{errno, step});
}

Result<void, TunRefusal> control_at(int fd, unsigned long request, void* argument,
                                    const char* step) {
  return control(fd, request, reinterpret_cast<unsigned long>(argument), step);
}

// An unknown bit is refused as a whole, which is how one asks what the kernel has.
void enable_offloads(TunDevice& device, const TunSpec& spec) {
  const auto accepted = [&](unsigned bits) {
    return ::ioctl(device.fd.get(), TUNSETOFFLOAD, static_cast<unsigned long>(bits)) == 0;
  };
  if (spec.offload && spec.uso && accepted(kOffloadTso | kOffloadUso4 | kOffloadUso6)) {
    device.tso = device.uso = true;
    return;
  }
  if (spec.offload && accepted(kOffloadTso)) {
    device.tso = true;
    return;
  }
  // An adopted device keeps the offloads of its last run until they are taken away.
  accepted(0);
}

// One queue of the device, creating the device for the first one.
Result<UniqueFd, TunRefusal> attach_one(const TunSpec& spec) {
  UniqueFd fd(::open(kTunControlPath, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return Err<TunRefusal>(TunRefusal{errno, "opening /dev/net/tun"});
  ifreq request{};
  std::memcpy(request.ifr_name, spec.name.data(), spec.name.size());
  const int vnet_header = spec.offload ? IFF_VNET_HDR : 0;
  const int multi_queue = spec.queues > 1 ? IFF_MULTI_QUEUE : 0;
  request.ifr_flags =
      static_cast<short>(IFF_TUN | IFF_NO_PI | vnet_header | multi_queue | kKeepCarrier);
  TRY(control_at(fd.get(), TUNSETIFF, &request, "TUNSETIFF"));
  return fd;
}

// In use is the first queue alone: no packet waits where nobody reads.
Result<void, TunRefusal> attach_further(TunDevice& device, const TunSpec& spec) {
  for (unsigned queue = 1; queue < spec.queues; ++queue) {
    TRY_ASSIGN(UniqueFd fd, attach_one(spec));
    device.further.push_back(std::move(fd));
  }
  for (const UniqueFd& fd : device.further) {
    if (set_tun_queue(fd.get(), false) != 0) {
      return Err<TunRefusal>(TunRefusal{errno, "TUNSETQUEUE"});
    }
  }
  return {};
}

struct DeviceSysctl {
  const char* family;
  const char* name;
  int value;
};

constexpr DeviceSysctl kDeviceSysctls[] = {
    // Without it a `dev` route goes on to swallow packets after the carrier is lost.
    {"ipv4", "ignore_routes_with_linkdown", 1},
    {"ipv6", "ignore_routes_with_linkdown", 1},
    // Off: with several tunnels to a network, a packet may come in by another one than its answer
    // leaves by, and of a device without addresses the kernel takes no such packet even in its
    // loose mode. Sources are checked before: selectors, and policy/tunnel_sources.
    {"ipv4", "rp_filter", 0},
    {"ipv4", "accept_redirects", 0},
    {"ipv4", "send_redirects", 0},
    {"ipv6", "disable_ipv6", 0},
    {"ipv6", "accept_ra", 0},
    {"ipv6", "accept_redirects", 0},
};

}  // namespace

bool is_device_name(std::string_view name) {
  if (name.empty() || name.size() >= IFNAMSIZ || name == "." || name == "..") return false;
  return std::ranges::all_of(
      name, [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ':' && c != '%'; });
}

Result<TunDevice, TunRefusal> attach_tun(const TunSpec& spec) {
  TunDevice device;
  device.name = spec.name;
  TRY_ASSIGN(device.fd, attach_one(spec));
  const int fd = device.fd.get();
  TRY(attach_further(device, spec));
  int off = 0;
  TRY(control_at(fd, TUNSETCARRIER, &off, "TUNSETCARRIER"));
  device.vnet_header = spec.offload;
  if (spec.offload) {
    int bytes = kVirtioHeaderBytes;
    TRY(control_at(fd, TUNSETVNETHDRSZ, &bytes, "TUNSETVNETHDRSZ"));
  }
  enable_offloads(device, spec);
  device.interface_index = static_cast<int>(::if_nametoindex(spec.name.c_str()));
  if (device.interface_index == 0) return Err<TunRefusal>(TunRefusal{errno, "finding its index"});
  return device;
}

Result<void, TunRefusal> make_tun_persistent(const TunDevice& device) {
  return control(device.fd.get(), TUNSETPERSIST, 1, "TUNSETPERSIST");
}

Result<void, TunRefusal> write_tun_sysctls(const std::string& name) {
  for (const DeviceSysctl& sysctl : kDeviceSysctls) {
    const std::string path =
        std::string("net/") + sysctl.family + "/conf/" + name + "/" + sysctl.name;
    // Most hosts have the values already as their defaults, and some mount sysctls read-only.
    if (read_sysctl(path) == sysctl.value) continue;
    const int code = write_sysctl(path, sysctl.value);
    // A host without IPv6 has no such file, and does not need it.
    const bool absent = code == ENOENT && std::strcmp(sysctl.family, "ipv6") == 0;
    if (code != 0 && !absent) return Err<TunRefusal>(TunRefusal{code, "sysctl " + path});
  }
  return {};
}

}  // namespace twinspan::tun
