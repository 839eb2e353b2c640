// LinuxHost: the tunnels' devices.
#include <cerrno>

#include "base/check.h"
#include "tun/linux_host.h"
#include "tun/linux_host_error.h"
#include "tun/port_owner.h"
#include "tun/tun_device.h"

namespace twinspan::tun {
namespace {

// The TUN ring's length in packets, that of an Ethernet device. The kernel's own 500 are 50 ms at
// 10,000 packets a second, and a worker on a busy host stands still for longer. Many more would
// only add delay: a packet may be a super-packet of 64 KB. 8 KB of kernel memory per device.
constexpr unsigned kQueueLength = 1000;

constexpr unsigned kQueuesMax = 256;  // MAX_TAP_QUEUES

constexpr unsigned kIpv6MtuMin = 1280;  // RFC 8200 5: every link carries 1280 octets.

std::string device_text(const std::string& name) {
  return "TUN device " + name;
}

HostError refused(const std::string& name, const TunRefusal& refusal) {
  HostError error = host_error(device_text(name), refusal.code);
  error.why = refusal.step + ": " + error.why;
  if (refusal.code == ENOENT || refusal.code == ENODEV || refusal.code == ENXIO) {
    error.remedy = "load it with `modprobe tun`; in a container, pass /dev/net/tun in";
  }
  if (refusal.code == EBUSY) {
    error.why = "in use by " + describe_tun_owner(name);
    error.remedy = "stop that process; a device is served by one gateway instance only";
  }
  return error;
}

HostError not_ours(const Link& link) {
  const std::string kind = link.is_layer3_tun  ? "a TUN device of another program or instance"
                           : link.kind.empty() ? "a network card"
                                               : "a device of kind " + link.kind;
  return {device_text(link.name), "the name is taken by " + kind,
          "rename that device, or remove it with `ip link delete " + link.name + "`"};
}

HostError no_such_device(const std::string& name) {
  return {device_text(name), "it is gone; another program deleted it",
          "restart the gateway, which makes it anew"};
}

}  // namespace

Result<TunDevice, HostError> LinuxHost::open_tun(const TunSpec& spec) {
  CHECK(ids_.has_value() && spec.queues >= 1 && spec.queues <= kQueuesMax);
  if (!is_device_name(spec.name)) {
    return Err<HostError>(HostError{device_text(spec.name), "not a valid device name",
                                    "use 1 to 15 letters, digits, - or _"});
  }
  const auto found = find_link(*netlink_, spec.name);
  if (!found) return Err<HostError>(host_error(device_text(spec.name), found.error()));
  if (*found && (!(*found)->is_layer3_tun || (*found)->group != ids_->link_group)) {
    return Err<HostError>(not_ours(**found));
  }
  // Who asks for one queue of many gets it, also from a device that another process serves.
  if (*found && (*found)->queues != 0)
    return Err<HostError>(refused(spec.name, {EBUSY, "TUNSETIFF"}));
  TRY_ASSIGN(TunDevice device, attach_or_recreate(spec, found->has_value()));
  TRY(configure_tun(device, spec));
  device.mtu = spec.mtu;
  dropped_before_[spec.name] = device.adopted ? (*found)->tx_dropped : 0;
  return device;
}

Result<TunDevice, HostError> LinuxHost::attach_or_recreate(const TunSpec& spec, bool exists) {
  auto device = attach_tun(spec);
  if (device) {
    device->adopted = exists;
    return *std::move(device);
  }
  if (!exists || device.error().code != EINVAL) {
    return Err<HostError>(refused(spec.name, device.error()));
  }
  // Ours, but with several queues where one is wanted, or the reverse. The unreachable routes hold
  // while it is replaced.
  log_.info("{}: made anew, its kind of queue does not fit", spec.name);
  delete_tun(spec.name);
  auto fresh = attach_tun(spec);
  if (!fresh) return Err<HostError>(refused(spec.name, fresh.error()));
  return *std::move(fresh);
}

Result<void, HostError> LinuxHost::configure_tun(const TunDevice& device, const TunSpec& spec) {
  const auto failed = [&](const NetlinkError& error) {
    return Err<HostError>(host_error(device_text(spec.name), error));
  };
  // The group before persistence: what a crash leaves behind is either gone or known as ours.
  const auto quiet = change_link(*netlink_, device.interface_index,
                                 {.group = ids_->link_group,
                                  .mtu = spec.mtu,
                                  .queue_length = kQueueLength,
                                  .up = {},
                                  .carrier = {},
                                  .quiet = true});
  if (!quiet) return failed(quiet.error());
  const auto persistent = make_tun_persistent(device);
  if (!persistent) return Err<HostError>(refused(spec.name, persistent.error()));
  const auto sysctls = write_tun_sysctls(spec.name);
  if (!sysctls) return Err<HostError>(refused(spec.name, sysctls.error()));
  const auto noqueue = set_noqueue(*netlink_, device.interface_index);
  if (!noqueue) return failed(noqueue.error());
  LinkChange rise;
  rise.up = true;
  const auto up = change_link(*netlink_, device.interface_index, rise);
  if (!up) return failed(up.error());
  return {};
}

Result<void, HostError> LinuxHost::set_carrier(const TunDevice& device, bool on) {
  TRY_ASSIGN(NetlinkSocket * socket, netlink());
  LinkChange change;
  change.carrier = on;
  const auto changed = change_link(*socket, device.interface_index, change);
  if (changed) return {};
  if (changed.error().code == ENODEV) return Err<HostError>(no_such_device(device.name));
  return Err<HostError>(host_error("carrier of " + device.name, changed.error()));
}

Result<void, HostError> LinuxHost::set_mtu(const std::string& device, unsigned mtu) {
  TRY_ASSIGN(NetlinkSocket * socket, netlink());
  const auto link = find_link(*socket, device);
  if (!link) return Err<HostError>(host_error(device_text(device), link.error()));
  if (!*link) return Err<HostError>(no_such_device(device));
  const std::string what = "MTU " + std::to_string(mtu) + " of " + device;
  LinkChange change;
  change.mtu = mtu;
  const auto changed = change_link(*socket, (*link)->index, change);
  if (!changed) return Err<HostError>(host_error(what, changed.error()));
  if ((*link)->mtu >= kIpv6MtuMin || mtu < kIpv6MtuMin) return {};
  // Below its minimum IPv6 leaves the device; now it is back, with the settings of a new one.
  LinkChange quiet;
  quiet.quiet = true;
  const auto quieted = change_link(*socket, (*link)->index, quiet);
  if (!quieted) return Err<HostError>(host_error(what, quieted.error()));
  const auto sysctls = write_tun_sysctls(device);
  if (!sysctls) return Err<HostError>(refused(device, sysctls.error()));
  return {};
}

uint64_t LinuxHost::queue_drops(const std::string& device) {
  const auto socket = netlink();
  if (!socket) return 0;
  const auto link = find_link(**socket, device);
  if (!link || !*link) return 0;
  const auto before = dropped_before_.find(device);
  return (*link)->tx_dropped - (before == dropped_before_.end() ? 0 : before->second);
}

void LinuxHost::delete_tun(const std::string& name) {
  CHECK(ids_.has_value());
  const auto link = find_link(*netlink_, name);
  if (!link || !*link) return;
  if (!(*link)->is_layer3_tun || (*link)->group != ids_->link_group) {
    log_.warning("{} is not deleted: it is not a device of this instance", name);
    return;
  }
  const auto deleted = delete_link(*netlink_, (*link)->index);
  if (!deleted && deleted.error().code != ENODEV) {
    log_.warning("deleting {}: {}", name, deleted.error().text);
  }
}

std::vector<std::string> LinuxHost::list_tuns() {
  CHECK(ids_.has_value());
  std::vector<std::string> names;
  const auto links = dump_links(*netlink_);
  if (!links) {
    log_.warning("listing devices: {}", links.error().text);
    return names;
  }
  for (const Link& link : *links) {
    if (link.is_layer3_tun && link.group == ids_->link_group) names.push_back(link.name);
  }
  return names;
}

}  // namespace twinspan::tun
