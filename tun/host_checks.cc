#include "tun/host_checks.h"

#include <fcntl.h>
#include <linux/capability.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "tun/linux_host_error.h"
#include "tun/linux_host_files.h"
#include "tun/tun_device.h"
#include "tun/unique_fd.h"

namespace twinspan::tun {
namespace {

constexpr size_t kListedAddressesMax = 16;
constexpr int kStrictReversePath = 1;
constexpr const char* kFilterOfAll = "net/ipv4/conf/all/rp_filter";

struct NeededCapability {
  unsigned bit;
  const char* name;
  const char* purpose;
};
constexpr NeededCapability kNeededCapabilities[] = {
    {CAP_NET_ADMIN, "CAP_NET_ADMIN", "TUN devices, routes and marked sockets"},
    {CAP_NET_RAW, "CAP_NET_RAW", "raw ESP sockets"},
    {CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE", "UDP port 500"},
};

HostFinding error(HostError text) {
  return {true, std::move(text)};
}
HostFinding warning(HostError text) {
  return {false, std::move(text)};
}

void judge_tun(const HostFacts& facts, std::vector<HostFinding>& findings) {
  if (facts.tun_open_error == 0) return;
  const bool missing = facts.tun_open_error == ENOENT || facts.tun_open_error == ENODEV ||
                       facts.tun_open_error == ENXIO;
  findings.push_back(error(
      {kTunControlPath, errno_text(facts.tun_open_error),
       missing ? "load it with `modprobe tun`; in a container, pass the device in "
                 "(--device /dev/net/tun)"
               : "run it as root, or let its user open the device; in a container, pass it in "
                 "(--device /dev/net/tun)"}));
}

void judge_capabilities(const HostFacts& facts, std::vector<HostFinding>& findings) {
  for (const NeededCapability& needed : kNeededCapabilities) {
    if (facts.capabilities >> needed.bit & 1) continue;
    findings.push_back(error({std::string("privilege ") + needed.name,
                              std::string("missing; it is needed for ") + needed.purpose,
                              "run it as root, or give its service this capability "
                              "(AmbientCapabilities= in systemd)"}));
  }
}

void judge_forwarding(const HostFacts& facts, std::vector<HostFinding>& findings) {
  const auto judge = [&](bool used, bool forwards, const char* family, const char* sysctl) {
    if (!used || forwards) return;
    findings.push_back(warning(
        {std::string(family) + " forwarding",
         "off: only this host itself reaches the tunnels, not the networks behind it",
         std::string("`sysctl -w ") + sysctl + "=1`, and a file in /etc/sysctl.d to keep it"}));
  };
  judge(facts.has_ipv4, facts.forwards_ipv4, "IPv4", "net.ipv4.ip_forward");
  judge(facts.has_ipv6, facts.forwards_ipv6, "IPv6", "net.ipv6.conf.all.forwarding");
}

// Our tunnel devices have 0, which counts for nothing below that of all. A loose filter (2) is no
// better: on a device without an address the kernel takes it for a strict one.
void judge_reverse_path(const HostFacts& facts, std::vector<HostFinding>& findings) {
  if (!facts.has_ipv4 || facts.rp_filter_of_all == 0) return;
  findings.push_back(warning(
      {"net.ipv4.conf.all.rp_filter",
       "it is " + std::to_string(facts.rp_filter_of_all) +
           ", and so is that of the tunnels' devices, whatever their own: of two tunnels to one "
           "network, what comes out of the one is dropped when answers go into the other one",
       "`sysctl -w net.ipv4.conf.all.rp_filter=0`, and a file in /etc/sysctl.d to keep it; the "
       "other interfaces keep their own rp_filter"}));
}

void judge_local_address(const HostFacts& facts, const LocalAddressFact& local,
                         std::vector<HostFinding>& findings) {
  if (!local.present) {
    findings.push_back(
        error({"local address " + local.address.to_string(),
               "not on this host, which has " + facts.present_addresses,
               "add it to an interface, or correct the gateway's ip_configurations (behind NAT, "
               "private_ip_address is the local one)"}));
    return;
  }
  if (local.rp_filter != kStrictReversePath) return;
  findings.push_back(warning(
      {"reverse path filter of " + local.interface,
       "strict: packets of a peer whose address lies in a tunnel's prefixes would be dropped",
       "`sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf." + local.interface +
           ".rp_filter=0`, and a file in /etc/sysctl.d to keep it"}));
}

uint64_t effective_capabilities() {
  const auto status = read_file("/proc/thread-self/status", 64 * 1024);
  return status ? parse_effective_capabilities(*status).value_or(0) : 0;
}

int try_tun_control() {
  const UniqueFd fd(::open(kTunControlPath, O_RDWR | O_CLOEXEC));
  return fd ? 0 : errno;
}

LocalAddressFact find_local_fact(NetlinkSocket& socket, const IpAddress& wanted,
                                 const std::vector<InterfaceAddress>& addresses) {
  LocalAddressFact fact;
  fact.address = wanted;
  const auto found = std::ranges::find(addresses, wanted, &InterfaceAddress::address);
  if (found == addresses.end()) return fact;
  fact.present = true;
  const auto link = find_link(socket, found->interface_index);
  if (!link || !*link) return fact;
  fact.interface = (*link)->name;
  if (wanted.is_v4()) fact.rp_filter = reverse_path_filter(fact.interface);
  return fact;
}

}  // namespace

std::vector<HostFinding> judge_host(const HostFacts& facts) {
  std::vector<HostFinding> findings;
  judge_capabilities(facts, findings);
  judge_tun(facts, findings);
  for (const LocalAddressFact& local : facts.local_addresses) {
    judge_local_address(facts, local, findings);
  }
  judge_forwarding(facts, findings);
  judge_reverse_path(facts, findings);
  return findings;
}

HostFacts gather_host_facts(NetlinkSocket& socket, const std::vector<IpAddress>& local_addresses) {
  HostFacts facts;
  facts.tun_open_error = try_tun_control();
  facts.capabilities = effective_capabilities();
  facts.forwards_ipv4 = read_sysctl("net/ipv4/ip_forward").value_or(0) != 0;
  facts.forwards_ipv6 = read_sysctl("net/ipv6/conf/all/forwarding").value_or(0) != 0;
  facts.rp_filter_of_all = read_sysctl(kFilterOfAll).value_or(0);
  const auto addresses = dump_addresses(socket).value_or(std::vector<InterfaceAddress>{});
  for (const InterfaceAddress& entry : addresses) {
    if (!entry.global || entry.address.is_loopback()) continue;
    (entry.address.is_v4() ? facts.has_ipv4 : facts.has_ipv6) = true;
  }
  facts.present_addresses = list_addresses(addresses);
  for (const IpAddress& local : local_addresses) {
    facts.local_addresses.push_back(find_local_fact(socket, local, addresses));
  }
  return facts;
}

std::optional<int> reverse_path_filter(const std::string& interface) {
  const auto host = read_sysctl(kFilterOfAll);
  const auto own = read_sysctl("net/ipv4/conf/" + interface + "/rp_filter");
  if (!host || !own) return std::nullopt;
  return std::max(*host, *own);
}

std::optional<uint64_t> parse_effective_capabilities(std::string_view status) {
  constexpr std::string_view kField = "\nCapEff:\t";
  const size_t at = status.find(kField);
  if (at == std::string_view::npos) return std::nullopt;
  status.remove_prefix(at + kField.size());
  status = status.substr(0, status.find('\n'));
  uint64_t set = 0;
  const auto [end, error] = std::from_chars(status.data(), status.data() + status.size(), set, 16);
  if (error != std::errc() || end != status.data() + status.size()) return std::nullopt;
  return set;
}

std::string list_addresses(const std::vector<InterfaceAddress>& addresses) {
  std::string text;
  size_t listed = 0;
  for (const InterfaceAddress& entry : addresses) {
    if (entry.address.is_loopback() || entry.address.is_link_local()) continue;
    if (++listed > kListedAddressesMax) return text + ", ...";
    text += (text.empty() ? "" : ", ") + entry.address.to_string();
  }
  return text.empty() ? "none but loopback" : text;
}

}  // namespace twinspan::tun
