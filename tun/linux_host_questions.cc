// LinuxHost: what is so at the moment, asked of the kernel, whoever has changed it.
#include <cerrno>

#include "tun/host_checks.h"
#include "tun/linux_host.h"
#include "tun/linux_host_error.h"
#include "tun/netlink_route.h"

namespace twinspan::tun {

FoundRoute LinuxHost::look_up(const RouteQuestion& question) {
  const auto socket = netlink();
  if (!socket) return {.text = socket.error().to_string()};
  const auto found = look_up_route(**socket, question);
  if (!found) {
    const int code = found.error().code;
    // The reverse path filter says EXDEV, a martian source EINVAL.
    const bool is_refused = code == EXDEV || code == EINVAL;
    return {.kind = is_refused ? FoundRoute::Kind::Refused : FoundRoute::Kind::Unreachable,
            .text = errno_text(code)};
  }
  if (found->is_local) return {.kind = FoundRoute::Kind::Local, .text = "local"};
  const auto link = find_link(**socket, found->device);
  if (!link || !*link) return {.text = "no device"};
  return {.kind = FoundRoute::Kind::Device, .device = (*link)->name};
}

FoundRoute LinuxHost::find_route(const PacketPath& path) {
  RouteQuestion question{.source = path.source, .destination = path.destination};
  if (path.input.empty()) return look_up(question);
  const auto socket = netlink();
  if (!socket) return {.text = socket.error().to_string()};
  const auto input = find_link(**socket, path.input);
  if (!input || !*input) return {.text = "there is no interface " + path.input};
  question.input_device = (*input)->index;
  return look_up(question);
}

FoundRoute LinuxHost::find_outer_route(const IpAddress& local, const IpAddress& remote) {
  return look_up({.source = local, .destination = remote, .mark = kSocketMark});
}

DeviceState LinuxHost::device_state(const std::string& name) {
  const auto socket = netlink();
  if (!socket) return {};
  const auto link = find_link(**socket, name);
  if (!link || !*link) return {};
  return {.exists = true,
          .is_up = (*link)->is_up,
          .has_carrier = (*link)->has_carrier,
          .mtu = (*link)->mtu,
          .reverse_path_filter = reverse_path_filter(name).value_or(0)};
}

std::vector<TunnelRoute> LinuxHost::present_routes() {
  const auto socket = netlink();
  if (!socket || !ids_) return {};
  const auto present = dump_routes(**socket, {ids_->tables.a, ids_->tables.b});
  if (!present) return {};
  std::map<int, std::string> names;
  for (const Link& link : dump_links(**socket).value_or(std::vector<Link>{}))
    names[link.index] = link.name;
  std::vector<TunnelRoute> routes;
  for (const Route& route : *present) {
    for (const int device : route.devices)
      routes.push_back({route.prefix, names[device], route.preferred_source});
  }
  return routes;
}

}  // namespace twinspan::tun
