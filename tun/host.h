// Everything that needs privilege, behind one interface: TUN devices, sockets, routes, rules,
// nftables, sysctls. It can move into a small privileged parent process without its callers
// noticing. LinuxHost is the real one (rtnetlink, ioctl, libnftables); tests of the callers may
// bring their own. Thread: the control thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "base/host_state.h"
#include "base/ip_prefix.h"
#include "base/log.h"
#include "base/result.h"
#include "tun/unique_fd.h"

namespace twinspan::tun {

// What the host refused, why, and what to do about it; printed as it is (exit code 5).
struct HostError {
  std::string what;    // "UDP 192.0.2.1:4500"
  std::string why;     // "Address already in use by charon (pid 812)"
  std::string remedy;  // "stop it, or give this gateway another ip_configuration"
  std::string to_string() const {
    return what + ": " + why + (remedy.empty() ? "" : ". " + remedy);
  }
};

struct TunSpec {
  std::string name;  // At most 15 characters.
  unsigned mtu = 1400;
  bool offload = true;  // IFF_VNET_HDR and TSO; USO where the kernel has it and `uso`.
  bool uso = true;
  // More than one, for a tunnel that is spread over workers (RFC 9611): a multi-queue device, which
  // costs several times the kernel memory. At most 256.
  unsigned queues = 1;
};

struct TunDevice {
  std::string name;
  int interface_index = 0;
  unsigned mtu = 0;  // 0: not known.
  UniqueFd fd;       // Non-blocking, the first queue.
  // Further queues of a multi-queue device, in their order and out of use (detached).
  std::vector<UniqueFd> further;
  bool vnet_header = false;  // Packets carry a virtio_net_hdr of 10 bytes.
  bool tso = false;
  bool uso = false;
  bool adopted = false;  // It existed before.
};

// Routes of one tunnel or network of this instance, in the instance's own tables (design: Never in
// clear).
struct TunnelRoute {
  IpPrefix prefix;
  std::string device;
  std::optional<IpAddress> preferred_source;
  bool operator==(const TunnelRoute&) const = default;
};

struct UdpSocketSpec {
  Endpoint local;
  unsigned sockets = 1;  // More than one: a SO_REUSEPORT group steered by SPI % sockets.
  bool gro = true;
};

// A start-up finding: the daemon refuses to start on an error and goes on after a warning.
struct HostFinding {
  bool is_error = false;
  HostError text;
};

// Where the kernel sends a packet, by all of its rules and tables.
struct PacketPath {
  IpAddress source;  // Unspecified: any.
  IpAddress destination;
  std::string input;  // The interface it comes in by; empty: the host sends it itself.
};
class Host {
 public:
  virtual ~Host() = default;

  // Checks before anything is touched: /dev/net/tun, privilege, forwarding, strict rp_filter, local
  // addresses present.
  virtual std::vector<HostFinding> check(const std::vector<IpAddress>& local_addresses) = 0;

  // Claims the instance: routing tables, rules, link group. `instance_key` is "NAME-N"; what an
  // earlier run of the same instance left behind (also after kill -9) is adopted. State is kept in
  // `run_dir`. Refused while another process has the instance. An empty key claims what `run_dir`
  // records, to flush() it.
  virtual Result<void, HostError> claim(const std::string& instance_key,
                                        const std::string& run_dir) = 0;

  // Creates the persistent device, or adopts it. Carrier is off until set_carrier().
  virtual Result<TunDevice, HostError> open_tun(const TunSpec& spec) = 0;
  // Needs the name and index only: the fd may have gone to a worker.
  virtual Result<void, HostError> set_carrier(const TunDevice& device, bool on) = 0;
  virtual Result<void, HostError> set_mtu(const std::string& device, unsigned mtu) = 0;
  // Packets that the kernel dropped since open_tun() because the device's queue was full.
  virtual uint64_t queue_drops(const std::string& device) = 0;
  virtual void delete_tun(const std::string& name) = 0;
  // Devices of this instance that exist, also from an earlier run.
  virtual std::vector<std::string> list_tuns() = 0;

  // Makes the instance's tables hold exactly: an unreachable route for each of
  // `protected_prefixes`, the tunnel routes above them, and `throw` routes for the attached
  // networks. Unreachable routes are added before, and removed after, the tunnel routes.
  virtual Result<void, HostError> set_routes(const std::vector<IpPrefix>& protected_prefixes,
                                             const std::vector<TunnelRoute>& routes,
                                             const std::vector<IpPrefix>& attached) = 0;

  // nftables commands, as one transaction: all of them hold afterwards, or none.
  virtual Result<void, HostError> change_firewall(const std::string& commands) = 0;
  // The host's table `inet twinspan` as libnftables-json(5) has it; empty when there is none.
  virtual Result<std::string, HostError> read_firewall() = 0;
  // Readable when nftables were changed (tun/firewall_watch.h).
  virtual Result<UniqueFd, HostError> watch_firewall() = 0;
  // That of the claimed instance's devices: rules know its tunnels by it.
  virtual uint32_t link_group() const = 0;

  // Sockets carry the mark that keeps them out of the tunnels' tables. Refused, with the owner
  // named, when the address is taken. Non-blocking.
  virtual Result<std::vector<UniqueFd>, HostError> open_udp(const UdpSocketSpec& spec) = 0;
  // UDP sockets of the address on free ports, for sending ESP (RFC 9611 5): what arrives there is
  // dropped before it is queued, except IKE messages behind a non-ESP marker, by which a peer says
  // that it does not know an SPI, and what routers say about what was sent.
  // Non-blocking, marked as those of open_udp().
  virtual Result<std::vector<UniqueFd>, HostError> open_udp_senders(const IpAddress& local,
                                                                    unsigned sockets) = 0;
  // IP protocol 50, one per worker with a filter on SPI % workers.
  virtual Result<std::vector<UniqueFd>, HostError> open_raw_esp(const IpAddress& local,
                                                                unsigned sockets) = 0;

  // The address of this host inside one of the prefixes, for prefsrc; nullopt when there is none.
  virtual std::optional<IpAddress> find_local_address(const std::vector<IpPrefix>& prefixes) = 0;
  // The smallest MTU of the route to `remote` as marked packets see it; 1500 when unknown.
  virtual unsigned path_mtu(const IpAddress& local, const IpAddress& remote) = 0;

  // What is so at the moment, whoever has changed it.
  virtual FoundRoute find_route(const PacketPath& path) = 0;
  virtual FoundRoute find_outer_route(const IpAddress& local, const IpAddress& remote) = 0;
  virtual DeviceState device_state(const std::string& name) = 0;
  // The tunnel routes in the claimed instance's tables.
  virtual std::vector<TunnelRoute> present_routes() = 0;

  // Removes every device, route and routing rule of the claimed instance, and nothing of others.
  // Ends the claim. The firewall is left as it is.
  virtual void flush() = 0;
};

std::unique_ptr<Host> make_linux_host(Log log);

}  // namespace twinspan::tun
